"""What the commands return that let time pass, and the events that rows of others are made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class TimeReport:
    """Where time stands."""

    running: bool
    occurrence: int
    time_us: int
    next: str
    next_us: int | None
    """World time at which the next occurrence is due; None if nothing is."""
    passed_us: int = 0
    """How much world time passed under this command."""
    note: str = ""
    """What does not stand still with it; empty if everything does."""


@dataclass(slots=True)
class EventRow:
    """One event, in words."""

    time_us: int
    host: str
    kind: str
    text: str


@dataclass(slots=True)
class Occurrence:
    """One occurrence, and what it caused."""

    number: int
    time_us: int
    what: str
    events: list[EventRow]


@dataclass(slots=True)
class StepReport:
    """What the steps did, and what comes next."""

    occurrences: list[Occurrence]
    changed: list[str]
    """What is different now, as ``#1 snd_una 1 → 1461`` and ``drops 2 → 3``."""
    next: str
    next_us: int | None
    note: str = ""
    """What does not stand still meanwhile; empty if everything does."""
