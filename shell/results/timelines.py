"""What `timeline`, `fork` and `compare` return."""

from __future__ import annotations

from dataclasses import dataclass

from shell.results.frames import FrameRow


@dataclass(slots=True)
class TimelineRow:
    """One timeline."""

    name: str
    current: bool
    parent: str
    forked_at: int
    occurrence: int
    time_us: int
    inputs: int


@dataclass(slots=True)
class TimelineList:
    """All timelines."""

    timelines: list[TimelineRow]


@dataclass(slots=True)
class LogRow:
    """One input of a timeline."""

    occurrence: int
    time_us: int
    what: str


@dataclass(slots=True)
class InputList:
    """What came from outside, in order."""

    timeline: str
    inputs: list[LogRow]


@dataclass(slots=True)
class Side:
    """One side of a comparison."""

    name: str
    frames: int
    occurrences: int
    time_us: int
    retransmitted: int
    lost: int
    drops: dict[str, int]
    connections: list[str]
    """What became of each connection."""
    delivered: int
    """Bytes that reached applications."""


@dataclass(slots=True)
class Comparison:
    """Two runs side by side."""

    left: Side
    right: Side
    same_until: int
    """So many frames are the same in both."""
    left_frames: list[FrameRow]
    """What follows, as you saw it."""
    right_frames: list[FrameRow]
    verdict: str
