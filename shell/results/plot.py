"""What `plot` returns."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Series:
    """Points that belong together."""

    name: str
    times_us: list[int]
    values: list[float]
    style: str = "line"
    """``line``: straight from point to point; ``steps``: it holds until it changes; ``points``: each for itself."""


@dataclass(slots=True)
class PlotReport:
    """A plot of one connection, as one host sees it."""

    kind: str
    connection: int
    host: str
    title: str
    unit: str
    """Of the values."""
    series: list[Series]
    notes: list[str] = field(default_factory=list)
    opened_us: int | None = None
    """World time at which the connection was made, from which the time is counted; None: the beginning of the world."""
    others: list[int] = field(default_factory=list)
    """More connections in the same field."""

    def origin(self) -> int:
        """Return the world time that is 0 on the axis."""
        return self.opened_us or 0

    def unit_of_time(self, span: int) -> tuple[int, str]:
        """Return the microseconds of the unit for so many microseconds, and its name."""
        return (1_000_000, "s") if span >= 2_000_000 else (1_000, "ms")

    def time_title(self, unit: str) -> str:
        """Return what the axis of time shows."""
        return f"{unit} of world time" if self.opened_us is None else f"{unit} since #{self.connection} was opened"


@dataclass(slots=True)
class PlotTable:
    """The points of a plot, for other programs."""

    header: list[str]
    rows: list[list[str]]
