"""What `tcp diagram` returns."""

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
