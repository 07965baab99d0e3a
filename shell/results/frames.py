"""What `frames` and `frame` return, and the lines of the trace."""

from __future__ import annotations

from dataclasses import dataclass, field

from shell.results.time import EventRow


@dataclass(slots=True)
class FrameRow:
    """One frame in one line, as seen from one host."""

    number: int
    time_us: int
    direction: str
    """``in``, ``out``, or ``lost`` for one that never arrived."""
    layer: str
    """The highest protocol that is known: ethernet, arp, ipv4, icmp, udp or tcp."""
    source: str
    destination: str
    flags: str
    """TCP flags by their letters, empty for other protocols."""
    info: str
    length: int
    """Bytes, the Ethernet header included."""
    dropped: str
    """The reason for which it was discarded, or empty."""
    notes: list[str] = field(default_factory=list)
    time: str = ""
    """Its time as `frames --time` asks for it; empty where nothing is asked."""


@dataclass(slots=True)
class TraceLine:
    """One line of the trace."""

    time_us: int
    frame: FrameRow | None
    """The frame, or null for something that happened without one."""
    text: str
    """What happened, when it was no frame."""


@dataclass(slots=True)
class FrameList:
    """The latest frames."""

    frames: list[FrameRow]
    earlier: int
    """How many frames before these were not listed."""
    nothing: str = ""
    """Why the list is empty: what there is, and how to see it; empty if the list is not."""


@dataclass(slots=True)
class Field:
    """One field of a header."""

    name: str
    """Its name in filter expressions, such as ``tcp.seq``."""
    label: str
    offset: int
    """Where it begins in the frame, in bytes."""
    length: int
    text: str
    """What it says, in words."""
    value: str = ""
    """The same as Wireshark's JSON has it: ``0x0012``, ``64``, ``192.168.1.1``."""
    part: bool = False
    """Whether it is a part of the field before it, such as one flag of several."""


@dataclass(slots=True)
class Layer:
    """One header, or the data, of a frame."""

    key: str
    """One letter that marks its bytes."""
    name: str
    """``eth``, ``arp``, ``ip``, ``icmp``, ``udp``, ``tcp``, ``data`` or ``padding``."""
    offset: int
    length: int
    summary: str
    fields: list[Field] = field(default_factory=list)
    problem: str = ""
    """What is malformed, or empty."""


@dataclass(slots=True)
class FrameDetail:
    """One frame in full."""

    row: FrameRow
    layers: list[Layer]
    data: str
    """All bytes, as hexadecimal digits."""
    events: list[EventRow]
    """What the frame caused."""
    field: str = ""
    """The field to light, or empty."""
    every_byte: bool = False
    """Whether no bytes are left out where it is drawn."""
