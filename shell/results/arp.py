"""What `arp` returns."""

from __future__ import annotations

from dataclasses import dataclass

from aether.answers import (
    ArpRow,
)


@dataclass(slots=True)
class ArpTable:
    """The neighbours of one host."""

    host: str
    neighbours: list[ArpRow]
