"""What `back`, `goto` and `live` return."""

from __future__ import annotations

from dataclasses import dataclass

from shell.results.time import EventRow


@dataclass(slots=True)
class Position:
    """Which moment is shown."""

    occurrence: int
    present: int
    time_us: int
    past: bool
    events: list[EventRow]
    changes: list[str]
    first: int
    """The earliest occurrence that one can go back to."""
