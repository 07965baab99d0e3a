"""What `follow` returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Piece:
    """Consecutive bytes of one direction of a stream."""

    direction: str
    """``out`` is what you sent, ``in`` what was sent to you."""
    time_us: int
    frames: list[int]
    offset: int
    """Where it begins in its direction, in bytes."""
    data: str
    """The bytes, hexadecimal."""


@dataclass(slots=True)
class FollowReport:
    """Both directions of a stream, in the order in which the bytes came."""

    what: str
    pieces: list[Piece]
    out: int
    """Bytes in each direction, in all."""
    inward: int
    missing: int
    """Bytes that are known to have been sent, and were not seen."""
    left_out: int
    """Bytes that are not shown; --all shows them."""
    hexadecimal: bool = False
    cut: int = 0
    """Bytes of these frames that the capture has cut off."""
