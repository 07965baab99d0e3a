"""What `tcp` returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from aether.answers import (
    ConnectionDetail,
    ConnectionRow,
    ListenerRow,
)
from shell.results.limits import LimitsSide


@dataclass(slots=True)
class ConnectionList:
    """The connections of one host, and where it listens."""

    host: str
    connections: list[ConnectionRow]
    """All of them, in the order of their numbers, also where the drawn list leaves some out."""
    listeners: list[ListenerRow]
    every: bool = False
    """Whether the drawn list leaves out none of those in TIME-WAIT."""
    ended: int = 0
    """How many others there were, as far as events are kept; counted where there are none now."""
    hint: str = ""
    """How to see those that ended."""


@dataclass(slots=True)
class Connected:
    """A connection that was opened, or is being opened."""

    connection: int
    state: str
    outcome: str
    """``done``, ``failed``, ``waiting``, ``paused``, ``detached`` or ``background``."""
    remote: str
    error: str = ""
    hint: str = ""


@dataclass(slots=True)
class Sent:
    """Data was handed to a connection or a socket."""

    connection: int
    """0 for UDP."""
    length: int
    outcome: str
    hint: str = ""
    answer: str = ""
    """What came back meanwhile, printable."""
    answered: int = 0
    """How many bytes came back."""


@dataclass(slots=True)
class ConnectionReport:
    """All about one connection."""

    connection: ConnectionDetail
    states: list[str] = field(default_factory=list)
    """The states it went through, as far as events are still kept."""
    limits: LimitsSide | None = None
    """What limits what it sends; None where no events are kept."""
