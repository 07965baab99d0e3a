"""What `udp` returns."""

from __future__ import annotations

from dataclasses import dataclass

from aether.answers import (
    SocketRow,
)


@dataclass(slots=True)
class SocketList:
    """The UDP sockets of one host."""

    host: str
    sockets: list[SocketRow]
