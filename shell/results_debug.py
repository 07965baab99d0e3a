"""What the debugger's commands return: breakpoints, explanations, timelines, comparisons."""

from __future__ import annotations

from dataclasses import dataclass, field

from shell.results import EventRow, FrameRow


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


@dataclass(slots=True)
class Because:
    """One link of a chain of decisions."""

    time_us: int
    host: str
    what: str
    source: str
    """File and line of the decision."""


@dataclass(slots=True)
class Explanation:
    """Why something happened, or does not happen."""

    question: str
    answer: str
    chain: list[Because]
    rfc: str = ""
    knob: str = ""
    """The knob that decides, with its present value."""
    counter: str = ""
    remedy: str = ""
    """What would change it."""


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


@dataclass(slots=True)
class FieldLine:
    """A field that expressions may ask about."""

    name: str
    type: str
    help: str
    wireshark: bool
    """Whether Wireshark has it too, by this name."""
    words: list[str]
    """What it may be compared with by name; empty if there are no names."""


@dataclass(slots=True)
class FieldGroup:
    """Fields that belong together."""

    title: str
    fields: list[FieldLine]


@dataclass(slots=True)
class FieldList:
    """All fields, or those that begin in one way."""

    groups: list[FieldGroup]
