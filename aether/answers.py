"""What queries return: plain data, numbers and text.

Addresses are as people write them, times are microseconds (names that end in ``_us``), sizes
are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class ConnectionRow:
    """One connection in a list."""

    number: int
    """Names this incarnation of the four-tuple, the same at both ends."""
    state: str
    local: str
    remote: str
    sent: int
    """Bytes of payload that were sent for the first time."""
    received: int
    """Bytes of payload that arrived in order."""
    unread: int
    """Bytes that wait for the application."""
    opened_us: int
    """World time at which it was made."""


@dataclass(slots=True)
class TimerRow:
    """A timer that runs."""

    name: str
    left_us: int
    """How long until it fires."""


@dataclass(slots=True)
class ConnectionDetail:
    """All about one connection. Sequence numbers count from the initial one, which is 0."""

    number: int
    host: str
    state: str
    local: str
    remote: str
    opened_us: int
    age_us: int
    error: str
    """What ended it, or empty."""
    snd_una: int
    snd_nxt: int
    snd_wnd: int
    snd_buffered: int
    """Bytes the application has written that are not acknowledged."""
    rcv_nxt: int
    rcv_wnd: int
    rcv_unread: int
    rcv_out_of_order: int
    """Bytes kept beyond a hole."""
    in_flight: int
    mss: int
    cwnd: int | None
    """Congestion window in bytes; None where there is none."""
    ssthresh: int | None
    """Slow start threshold in bytes; None before the first loss."""
    congestion: str
    phase: str
    """``open``, ``disorder``, ``cwr``, ``recovery`` or ``loss``, as on Linux."""
    sacked: int
    """Segments that have arrived behind a hole."""
    lost: int
    """Segments that are taken for lost, whether they were sent again or not."""
    under_way_again: int
    """Those that were sent again, and have not arrived."""
    reordering: int
    """How many segments one was overtaken by at the most; at least 3."""
    busy_us: int
    """For how long something was in flight, or to be sent."""
    rwnd_limited_us: int
    """For how much of that the peer's window held data back."""
    sndbuf_limited_us: int
    """For how much of it all was sent, and the application waited for room in the send buffer."""
    srtt_us: int
    rttvar_us: int
    rto_us: int
    retransmits: int
    sent: int
    received: int
    options: list[str]
    """The TCP options in use."""
    timers: list[TimerRow]
    iss: int
    """Our initial sequence number, as on the wire."""
    irs: int
    """The peer's initial sequence number, as on the wire."""


@dataclass(slots=True)
class ListenerRow:
    """A port on which somebody listens."""

    local: str
    backlog: int
    half_open: int
    """Handshakes under way."""
    waiting: int
    """Connections that the application has not accepted yet."""
    application: str


@dataclass(slots=True)
class SocketRow:
    """A UDP socket."""

    local: str
    remote: str
    queued: int
    """Bytes that wait for the application."""
    application: str


@dataclass(slots=True)
class ArpRow:
    """One neighbour."""

    address: str
    mac: str
    state: str
    waiting: int
    """Packets that wait for the hardware address."""
    next_us: int | None
    """How long until something happens to the entry by itself."""


@dataclass(slots=True)
class Lease:
    """How an interface is configured, and what its DHCP client does."""

    state: str
    """``off``, ``init``, ``selecting``, ``requesting``, ``checking``, ``bound``, ``renewing``, ``rebinding``,
    ``informing``."""
    source: str
    """Where the address is from: ``dhcp``, ``static``, or ``none``."""
    address: str
    prefix: int
    router: str
    name_servers: list[str]
    domain: str
    mtu: int
    server: str
    """The server that granted the lease."""
    renew_us: int | None
    """How long until T1; None if nothing is due."""
    rebind_us: int | None
    """How long until T2."""
    expires_us: int | None
    """How long the lease lasts."""
    tries: int
    """Messages sent in this exchange."""


@dataclass(slots=True)
class RouteRow:
    """One route of a host."""

    network: str
    """Address and prefix length."""
    gateway: str
    """The next hop; empty for a network that the host is part of."""
    interface: int
    link: str
    mtu: int
    """Bytes of the largest packet on that link."""


@dataclass(slots=True)
class PathRow:
    """What routers said about the path to a destination."""

    destination: str
    mtu: int
    left_us: int
    """How long it is believed."""


@dataclass(slots=True)
class FragmentRow:
    """A packet of which fragments are missing."""

    source: str
    destination: str
    protocol: int
    identification: int
    pieces: int
    received: int
    """Bytes of payload that are there."""
    total: int | None
    """Bytes of the whole payload; None until the last fragment has come."""
    memory: int
    """Bytes that it takes."""
    left_us: int
    """How long the rest is waited for."""
    refused: str
    """The drop reason for which nothing more of it is taken."""


@dataclass(slots=True)
class CacheRow:
    """What a resolver remembers of one name and type."""

    name: str
    type: str
    """``any`` for a name that does not exist."""
    left_us: int
    """How long it is believed."""
    data: list[str]
    """The records; empty when it is known that there are none."""
    note: str
    """Why there are none."""


@dataclass(slots=True)
class DnsCache:
    """The cache of one resolver, and whom it asks."""

    servers: list[str]
    domain: str
    hits: int
    misses: int
    entries: list[CacheRow]


@dataclass(slots=True)
class CounterRow:
    """One counter."""

    name: str
    count: int


@dataclass(slots=True)
class AddressRow:
    """One address of a host, in use or on its way to be."""

    interface: int
    address: str
    """Such as ``192.168.1.2/24``."""
    link: str
    mac: str
    state: str
    """``in use``, ``probing``, ``announcing`` (in use, and just told to everybody) or ``conflict``."""
    detail: str
    """How many probes or announcements were sent, or who else has it."""


@dataclass(slots=True)
class GroupRow:
    """One multicast group that a host is in."""

    group: str
    link: str
    state: str
    """``delaying`` before it reports, ``idle`` otherwise."""
    users: int
    """How many sockets, and the user, have joined it."""
    last_reporter: bool
    """Whether nobody has reported it after us: then the routers are told when we leave."""
    report_us: int | None
    """Until it is reported, unless another member does; None if nothing is to be reported."""


@dataclass(slots=True)
class IcmpRow:
    """How often one kind of ICMP message came and went."""

    type: int
    code: int
    name: str
    received: int
    sent: int


@dataclass(slots=True)
class IcmpCounts:
    """What a host's ICMP layer has done."""

    rows: list[IcmpRow]
    limited: int
    """Errors that were not sent because of a rate limit."""
    waiting: list[int]
    """The identifiers of echo requests whose replies somebody waits for."""
    allowances: dict[str, int]
    """How many errors a destination may get at once now, by its address; others have the whole burst."""


@dataclass(slots=True)
class DropRow:
    """One reason for which something was discarded."""

    reason: str
    count: int
    help: str
    rfc: str
    knob: str
    """The knob that decides, if one does."""


@dataclass(slots=True)
class LossRow:
    """Frames that one direction of a link lost, for one cause: no host ever had them, so no host discarded them."""

    link: str
    direction: str
    """``out`` for what you send, ``in`` for what is sent to you."""
    cause: str
    """What lost them, such as ``loss``, ``burst``, ``queue``, ``mtu``, ``down``, ``drop next`` or ``your rule``."""
    count: int


@dataclass(slots=True)
class KnobRow:
    """One knob."""

    name: str
    value: str
    default: str
    classic: str
    help: str
    rfc: str
    type: str
    choices: list[str]
    """What it can be; for a number the lowest and the highest value."""


@dataclass(slots=True)
class HostRow:
    """One host."""

    name: str
    addresses: list[str]
    mac: str
    connections: int
    drops: int


@dataclass(slots=True)
class LinkRow:
    """What one direction of a link does to frames."""

    link: str
    direction: str
    """``out`` for what you send, ``in`` for what is sent to you."""
    latency_us: int
    """How long a frame takes across it anyhow."""
    settings: list[str]
    """Such as ``loss 5%``; empty when frames pass unharmed."""


@dataclass(slots=True)
class SessionRow:
    """A session of a NAT: who inside talks with whom, and as which address and port."""

    protocol: str
    inside: str
    """Address and port, or the identifier of an ICMP query."""
    outside: str
    other: str
    """The other end."""
    state: str
    idle_us: int
    expires_us: int
    """When it is forgotten, in microseconds from now, if nothing comes before."""


@dataclass(slots=True)
class BoxReport:
    """The box in the middle of a link."""

    link: str
    box: str
    """``nat``; empty if there is none."""
    outside: str
    """The address that the other end sees."""
    settings: dict[str, str]
    sessions: list[SessionRow]


@dataclass(slots=True)
class Next:
    """What happens next."""

    time_us: int | None
    """World time at which it is due; None if nothing is."""
    what: str


@dataclass(slots=True)
class Overview:
    """What the toolbar shows of a host."""

    connections: int
    drops: int
    lost: int
    """Frames that the links lost."""
    turned: list[str] = field(default_factory=list)
    """The knobs that differ from the default, as ``name=value``."""


@dataclass(slots=True)
class AtStake:
    """The connections that somebody has who is about to end."""

    connections: int
    living: int
    """Those that do more than rest in TIME-WAIT."""


@dataclass(slots=True)
class WorkerRow:
    """One core of a host, since it counts anew. Shares (0.0 to 1.0) are of the time up to the latest frame."""

    worker: int
    connections: int
    """Those whose frames come to it."""
    frames: int
    busy: float
    """At work, or waking up."""
    spin: float
    yielding: float
    sleep: float
    wakes: int
    """How often it had to wake up for a frame."""


@dataclass(slots=True)
class ProcessorReport:
    """The cores that a host is thought to have."""

    host: str
    rows: list[WorkerRow]
    skew: float
    """Frames of the core that has most, as a multiple of an even share; 0 before any frame."""
    passed_us: int
    """World time over which they count, which is up to the latest frame; shares are of it."""
    cost_us: int
    """What a frame takes, and what waking up takes: the knobs loop.cost and loop.wake."""
    wake_us: int
