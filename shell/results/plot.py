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
