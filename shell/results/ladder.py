"""What `ladder` returns."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Station:
    """One column: a host, by its name here and its address."""

    name: str
    address: str


@dataclass(slots=True)
class Margin:
    """Something that happened at a station."""

    station: int
    text: str


@dataclass(slots=True)
class Rung:
    """One frame between two stations, or a moment without one (`number` 0)."""

    number: int
    time_us: int
    """When it was sent, or when the moment was."""
    source: int
    """Column of the sender; of a moment, the station it concerns."""
    destination: int
    label: str
    layer: str
    arrived_us: int | None = None
    """When it arrived; null for a frame that did not, or has not yet."""
    lost: str = ""
    """What lost it on the way."""
    dropped: str = ""
    """Why whoever received it discarded it."""
    overtaken_by: int = 0
    """The number of a later frame that arrived before it; 0 if none did."""
    copy_of: int = 0
    altered: str = ""
    injected: bool = False
    """True for a frame that was put in front of a host, and crossed no link."""
    notes: list[Margin] = field(default_factory=list)
    """States and timers that it changed."""


@dataclass(slots=True)
class LadderReport:
    """A page of a ladder."""

    what: str
    stations: list[Station]
    rungs: list[Rung]
    page: int
    pages: int
    total: int
    """Rungs on all pages."""
