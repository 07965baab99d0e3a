"""What `ip` returns."""

from __future__ import annotations

from dataclasses import dataclass

from aether.answers import (
    AddressRow,
    FragmentRow,
    PathRow,
    RouteRow,
)


@dataclass(slots=True)
class RouteTable:
    """The routes of one host, and what it knows of paths."""

    host: str
    routes: list[RouteRow]
    paths: list[PathRow]


@dataclass(slots=True)
class FragmentList:
    """The unfinished packets of one host."""

    host: str
    packets: list[FragmentRow]


@dataclass(slots=True)
class AddressList:
    """The addresses of a host."""

    host: str
    addresses: list[AddressRow]
    outcome: str = "done"
    hint: str = ""
