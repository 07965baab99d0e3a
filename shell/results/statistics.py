"""What `conversations`, `endpoints`, `protocols`, `expert` and `io` return."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ConversationRow:
    """Two ends that talked."""

    left: str
    """The end that was heard first."""
    right: str
    frames: int
    bytes: int
    frames_right: int
    """From left to right."""
    bytes_right: int
    frames_left: int
    """From right to left."""
    bytes_left: int
    start_us: int
    """World time of the first frame; in a capture, since its first frame."""
    duration_us: int
    """From the first frame to the last."""


@dataclass(slots=True)
class ConversationTable:
    """Who talked to whom, the most frames first."""

    kind: str
    """``eth``, ``ip``, ``tcp`` or ``udp``."""
    conversations: list[ConversationRow]
    nothing: str = ""
    """Why there is none."""


@dataclass(slots=True)
class EndpointRow:
    """One end."""

    address: str
    frames: int
    bytes: int
    frames_sent: int
    bytes_sent: int
    frames_received: int
    bytes_received: int


@dataclass(slots=True)
class EndpointTable:
    """Who talked, the most frames first."""

    kind: str
    """``eth``, ``ip``, ``tcp`` or ``udp``."""
    endpoints: list[EndpointRow]
    nothing: str = ""
    """Why there is none."""


@dataclass(slots=True)
class ProtocolRow:
    """A protocol inside of others."""

    path: list[str]
    """The protocols from the outermost to this one, such as ``eth``, ``ip``, ``tcp``."""
    frames: int
    bytes: int
    """Of whole frames."""


@dataclass(slots=True)
class ProtocolTree:
    """Which protocols are in which, in the order in which they were seen first."""

    protocols: list[ProtocolRow]
    frames: int
    bytes: int
    nothing: str = ""
    """Why there is none."""


@dataclass(slots=True)
class ExpertRow:
    """One kind of thing that is worth a look."""

    severity: str
    """``error``, ``warning``, ``note`` or ``chat``."""
    protocol: str
    summary: str
    count: int
    frames: list[int]
    """The first of the frames."""
    field: str
    """An expression that selects these frames."""


@dataclass(slots=True)
class ExpertReport:
    """What is odd, the worst first."""

    rows: list[ExpertRow]
    frames: int
    """How many frames were looked at."""
    nothing: str = ""
    """Why there is nothing."""


@dataclass(slots=True)
class IoRow:
    """What went over the wire in an interval."""

    start_us: int
    frames: int
    bytes: int


@dataclass(slots=True)
class IoReport:
    """How much went over the wire, over time."""

    interval_us: int
    rows: list[IoRow]
    frames: int
    bytes: int
    expression: str = ""
    """What was counted; empty for every frame."""
    nothing: str = ""
    """Why there is nothing."""
