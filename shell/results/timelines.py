"""What `timeline`, `fork` and `compare` return."""

from __future__ import annotations

from dataclasses import dataclass, field

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
    last_delivery_us: int = -1
    """When the last of them did; -1 if none has."""
    sent_bytes: int = 0
    """Bytes that were put on links, in frames, by anybody."""
    largest_queue: int = 0
    """The most bytes that have waited before a limited rate."""


@dataclass(slots=True)
class Advantage:
    """One measure by which one side is better."""

    measure: str
    """``delivered``, ``last_delivery_us``, ``sent_bytes``, ``retransmitted`` or ``largest_queue``."""
    better: str
    """``left`` or ``right``."""
    text: str
    """The same in words."""


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
    differences: list[Advantage] = field(default_factory=list)
    """By what one side is better; the weightiest first."""
