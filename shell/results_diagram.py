"""What `tcp diagram` and `follow` return."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Arrow:
    """One transition of the state machine."""

    old: str
    cause: str
    new: str
    action: str
    """What is sent."""
    rfc: str
    taken: list[str] = field(default_factory=list)
    """When a connection took it: a frame's number, or a time such as +0.2016."""


@dataclass(slots=True)
class DiagramReport:
    """The states of TCP, as the table of the stack has them, and the way of one connection through them."""

    arrows: list[Arrow]
    connection: int
    """0 for the diagram alone."""
    current: str
    host: str
    path: list[str]
    """The states in the order in which they were taken."""


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
