"""What `break` returns, and what is told when time stops at a breakpoint."""

from __future__ import annotations

from dataclasses import dataclass, field

from shell.results.time import EventRow


@dataclass(slots=True)
class BreakpointRow:
    """One breakpoint."""

    number: int
    text: str
    enabled: bool
    temporary: bool
    ignore: int
    hits: int
    commands: list[str] = field(default_factory=list)


@dataclass(slots=True)
class BreakpointList:
    """All breakpoints."""

    breakpoints: list[BreakpointRow]


@dataclass(slots=True)
class BreakpointHit:
    """Time has stopped at a breakpoint."""

    breakpoint: int
    at: str
    """As it was typed."""


@dataclass(slots=True)
class Stopped:
    """Where time stopped, and what happened there."""

    occurrence: int
    time_us: int
    reason: str
    """``found``, ``breakpoint``, ``nothing`` (nothing more is to come), ``present`` (the past ends here), ``limit``,
    ``time`` (behind a TAP: it took too long) or ``interrupted``."""
    breakpoints: list[int]
    events: list[EventRow]
    changes: list[str]
    """Fields of connections that this occurrence changed."""
    hint: str = ""
