"""What `tcp read` returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ReadReport:
    """What one read took out of a connection's receive buffer."""

    connection: int
    length: int
    """Bytes that were read."""
    data: str
    """The bytes, printable; the first 500."""
    left: int
    """Bytes that still wait."""
