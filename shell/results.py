"""What commands return: plain data, which the views draw and ``--json`` prints as it is.

Names that end in ``_us`` are microseconds of world time. Addresses are text. The fields and
their names are the documented schema of ``--json``: fields may be added, none is renamed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aether.answers import (
    ArpRow,
    CacheRow,
    ConnectionDetail,
    ConnectionRow,
    FragmentRow,
    HostRow,
    KnobRow,
    Lease,
    LinkRow,
    ListenerRow,
    PathRow,
    RouteRow,
    SocketRow,
)


@dataclass(slots=True)
class Message:
    """Something was done; there is no more to it than a sentence."""

    message: str
    hint: str = ""
    """What one might do next."""


@dataclass(slots=True)
class Status:
    """What runs, where, and how busily."""

    lab: str
    """``SIM`` or ``TAP``."""
    device: str
    address: str
    """Ours as it is now; empty if there is none."""
    host_address: str
    seed: int
    mode: str
    """``trace`` or ``bench``."""
    running: bool
    speed: str
    occurrence: int
    time_us: int
    frames: int
    spin: float
    """Share of the time spent spinning, 0.0 to 1.0."""
    yielding: float
    """Share of the time spent yielding."""
    sleep: float
    """Share of the time spent sleeping."""
    events: int
    """Events kept in the ring."""
    lost: int
    """Events that were pushed out of the ring."""
    tracing: bool
    hosts: list[HostRow] = field(default_factory=list)
    waits: str = "engine"
    """Whose shares these are: those of the ``engine``, or, in a simulation that models them, of your ``cores``, or the
    means over several ``workers`` behind a TAP."""
    fault: str = ""
    """What made the world stop, such as a TAP that was removed; empty if nothing did."""
    workers: int = 1
    """How many processes handle frames, each with a whole stack."""
    offload: str = ""
    """Begins with ``on`` or ``off``: whether the kernel cuts our large segments and computes checksums, and we take the
    same of it; then what that means. Empty in the simulation."""
    memory: int | None = None
    """Bytes that this program has in memory, those of its workers included; None in the simulation, whose answers
    repeat exactly, and where the system does not tell."""
    lost_frames: int = 0
    """Frames that the links lost; `drops` tells why."""


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


@dataclass(slots=True)
class ConnectionList:
    """The connections of one host, and where it listens."""

    host: str
    connections: list[ConnectionRow]
    """All of them, in the order of their numbers, also where the drawn list leaves some out."""
    listeners: list[ListenerRow]
    every: bool = False
    """Whether the drawn list leaves out none of those in TIME-WAIT."""
    ended: int = 0
    """How many others there were, as far as events are kept; counted where there are none now."""
    hint: str = ""
    """How to see those that ended."""


@dataclass(slots=True)
class Connected:
    """A connection that was opened, or is being opened."""

    connection: int
    state: str
    outcome: str
    """``done``, ``failed``, ``waiting``, ``paused``, ``detached`` or ``background``."""
    remote: str
    error: str = ""
    hint: str = ""


@dataclass(slots=True)
class Sent:
    """Data was handed to a connection or a socket."""

    connection: int
    """0 for UDP."""
    length: int
    outcome: str
    hint: str = ""
    answer: str = ""
    """What came back meanwhile, printable."""
    answered: int = 0
    """How many bytes came back."""


@dataclass(slots=True)
class ConnectionReport:
    """All about one connection."""

    connection: ConnectionDetail
    states: list[str] = field(default_factory=list)
    """The states it went through, as far as events are still kept."""


@dataclass(slots=True)
class SocketList:
    """The UDP sockets of one host."""

    host: str
    sockets: list[SocketRow]


@dataclass(slots=True)
class ArpTable:
    """The neighbours of one host."""

    host: str
    neighbours: list[ArpRow]


@dataclass(slots=True)
class RouteTable:
    """The routes of one host, and what it knows of paths."""

    host: str
    routes: list[RouteRow]
    paths: list[PathRow]


@dataclass(slots=True)
class FragmentList:
    """The unfinished packets of one host."""

    host: str
    packets: list[FragmentRow]


@dataclass(slots=True)
class PingLine:
    """One answer to a ping."""

    sequence: int
    rtt_us: int
    ttl: int
    length: int
    duplicate: bool = False


@dataclass(slots=True)
class PingReport:
    """How a ping went so far."""

    job: int
    address: str
    outcome: str
    sent: int
    received: int
    replies: list[PingLine]
    errors: list[str]
    min_us: int
    average_us: int
    max_us: int
    hint: str = ""
    mdev_us: int = 0
    """The standard deviation of the round trips, as `ping` calls it."""
    duplicates: int = 0
    lost: float = 0.0
    """The share of requests without an answer, 0.0 to 1.0; the last counts once it has been waited for."""
    elapsed_us: int = 0

    @property
    def failure(self) -> str:
        """What to say when nobody answered."""
        return f"{self.address} does not answer" if self.outcome == "done" and not self.received else ""


@dataclass(slots=True)
class TraceProbe:
    """One probe of a traceroute."""

    address: str
    """Who answered; empty if nobody has."""
    rtt_us: int
    """-1 if nobody has answered."""
    mark: str
    """Such as ``!H``: the host is unreachable."""


@dataclass(slots=True)
class TraceHop:
    """The probes with one time to live."""

    ttl: int
    probes: list[TraceProbe]


@dataclass(slots=True)
class TraceReport:
    """The way to a host, as far as it is known."""

    job: int
    address: str
    method: str
    """``udp`` or ``icmp``."""
    outcome: str
    reached: bool
    hops: list[TraceHop]
    hint: str = ""


@dataclass(slots=True)
class HttpReport:
    """What came of fetching a page."""

    job: int
    url: str
    outcome: str
    status: int
    """The HTTP status code, 0 before there is one."""
    reason: str
    headers: list[str]
    body: str
    """The page, printable, at most 2,000 characters of it."""
    length: int
    """Bytes of the page that arrived."""
    took_us: int
    error: str = ""
    hint: str = ""
    redirects: list[str] = field(default_factory=list)
    """The URLs that pointed to this one."""


@dataclass(slots=True)
class LeaseReport:
    """How a host is configured, and what its DHCP client does."""

    host: str
    lease: Lease
    outcome: str = "done"
    hint: str = ""


@dataclass(slots=True)
class DnsLine:
    """One record of an answer."""

    name: str
    type: str
    ttl: int
    """Seconds for which it may be remembered."""
    data: str


@dataclass(slots=True)
class DnsReport:
    """What came of asking for a name."""

    job: int
    name: str
    type: str
    outcome: str
    records: list[DnsLine]
    """The aliases that were followed, then the records that were asked for."""
    code: str
    """``no error``, ``no such name`` and the like; ``no error`` without records: no record of this type."""
    server: str
    over: str
    """``udp``, ``tcp`` or ``cache``."""
    tries: int
    took_us: int
    hint: str = ""

    @property
    def failure(self) -> str:
        """What to say when there was nothing to find."""
        if self.outcome != "done" or self.code == "no error":
            return ""
        return f"{self.name}: {self.code}"


@dataclass(slots=True)
class DnsCacheReport:
    """What the resolver of one host remembers."""

    host: str
    servers: list[str]
    domain: str
    """Where names without a dot are looked for."""
    hits: int
    misses: int
    entries: list[CacheRow]


@dataclass(slots=True)
class LinkReport:
    """What the links do to frames."""

    links: list[LinkRow]


@dataclass(slots=True)
class KnobList:
    """Knobs of one host."""

    host: str
    knobs: list[KnobRow]
    title: str = ""


@dataclass(slots=True)
class KnobReport:
    """One knob."""

    host: str
    knob: KnobRow
    message: str = ""


@dataclass(slots=True)
class ProgramReport:
    """A program that ran at the host's side."""

    program: str
    status: int
    output: str
    """What it printed, control characters escaped."""
    outcome: str = "done"
    hint: str = ""

    @property
    def failure(self) -> str:
        """What to say when it failed."""
        return f"{self.program} ended with status {self.status}" if self.status else ""


@dataclass(slots=True)
class HelpLine:
    """One line of the list of commands."""

    name: str
    verbs: str
    help: str


@dataclass(slots=True)
class HelpGroup:
    """Commands that belong together."""

    title: str
    lines: list[HelpLine]


@dataclass(slots=True)
class HelpIndex:
    """All commands."""

    groups: list[HelpGroup]
    keys: list[HelpLine]


@dataclass(slots=True)
class HelpPage:
    """One command, or one noun with its verbs, in detail."""

    usage: list[str]
    description: str
    arguments: list[HelpLine]
    options: list[HelpLine]
    examples: list[str]
    more: list[HelpLine]
