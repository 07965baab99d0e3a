"""What a script says, as data. Times in microseconds, numbers as they are written: relative to the script's own."""

from __future__ import annotations

from dataclasses import dataclass, field

from shell.drill.errors import Place
from shell.drill.expressions import Assertion


@dataclass(frozen=True, slots=True)
class Time:
    """When something is to happen."""

    kind: str
    """``absolute`` (since the beginning), ``relative`` (since the line before), or ``any``."""
    start: int = 0
    end: int = -1
    """The end of a range, or when a call that waits returns; -1 for neither."""
    blocking: bool = False


@dataclass(frozen=True, slots=True)
class IpFields:
    """What is said of the IPv4 header; None for what may be anything."""

    ecn: str = ""
    """``noecn``, ``ect0``, ``ect1``, ``ect01`` (either) or ``ce``; empty if nothing is said."""
    tos: int | None = None
    ttl: int | None = None
    identification: int | None = None
    dont_fragment: bool | None = None
    more_fragments: bool = False
    fragment: tuple[int, int] | None = None
    """Which bytes of the IP payload this piece holds: the first, and the one after the last."""


@dataclass(frozen=True, slots=True)
class TcpOption:
    """One option: its name in the language, and its values."""

    name: str
    values: tuple[int, ...] = ()
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Span:
    """Sequence numbers ``first:last(length)``."""

    first: int
    last: int
    length: int


@dataclass(frozen=True, slots=True)
class ScriptPacket:
    """The base of all packets."""

    place: Place
    inbound: bool
    """Whether it goes to the host that is tested."""
    ip: IpFields


@dataclass(frozen=True, slots=True)
class TcpPacket(ScriptPacket):
    """A segment."""

    flags: str
    span: Span
    ack: int | None = None
    window: int | None = None
    urgent: int | None = None
    options: tuple[TcpOption, ...] | None = ()
    """None for any."""
    addresses: tuple[tuple[str, int], tuple[str, int]] | None = None
    """Source and destination, each an address and a port, where they are not those of the connection."""


@dataclass(frozen=True, slots=True)
class UdpPacket(ScriptPacket):
    """A datagram with so many bytes of payload."""

    length: int
    addresses: tuple[tuple[str, int], tuple[str, int]] | None = None


@dataclass(frozen=True, slots=True)
class IcmpPacket(ScriptPacket):
    """An ICMP message: type and code, and what it quotes of a packet."""

    type: int
    code: int
    identifier: int = 0
    sequence: int = 0
    mtu: int = 0
    length: int = 0
    """Bytes of payload of an echo."""
    quoted_span: Span | None = None
    quoted_ack: int | None = None
    quoted_udp: int | None = None


class Expr:
    """The base of all that stands in the parentheses of a call."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Number(Expr):
    """A whole number."""

    value: int


@dataclass(frozen=True, slots=True)
class Float(Expr):
    """A number with a fraction."""

    value: float


@dataclass(frozen=True, slots=True)
class QuotedText(Expr):
    """A text in double quotes, its escapes resolved."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Anything(Expr):
    """``...``: whatever it is."""


@dataclass(frozen=True, slots=True)
class Symbol(Expr):
    """A word of C: a constant, or the field of a structure."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Either(Expr):
    """Constants that are or-ed."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Function(Expr):
    """``htons(8080)`` and the like."""

    name: str
    arguments: tuple[Expr, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Array(Expr):
    """Values in brackets."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Struct(Expr):
    """A structure of C: its fields by name; those without one are named by their number."""

    fields: tuple[tuple[str, Expr], ...]

    def get(self, name: str) -> Expr | None:
        """Return the field of that name."""
        return dict(self.fields).get(name)


@dataclass(frozen=True, slots=True)
class Result:
    """What a call is to return; `value` None for whatever."""

    value: int | None
    errno: str = ""


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """A system call."""

    place: Place
    name: str
    arguments: tuple[Expr, ...]
    places: tuple[Place, ...]
    """Where each argument begins."""
    result: Result


@dataclass(frozen=True, slots=True)
class Code:
    """Assertions about the connection."""

    place: Place
    assertions: tuple[Assertion, ...]


@dataclass(frozen=True, slots=True)
class SysctlLine:
    """A sysctl that is set."""

    place: Place
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SysctlsLine:
    """Sysctls that are set together."""

    place: Place
    settings: tuple[SysctlLine, ...]


Event = ScriptPacket | ScriptCall | Code | SysctlsLine


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """One event of a script, with its time."""

    place: Place
    text: str
    """As it is written, without comments, on one line."""
    time: Time
    event: Event


@dataclass(slots=True)
class ScriptOptions:
    """What the first lines say about where and how a script is played."""

    tolerance: int | None = None
    """Microseconds by which times may differ; None: none in virtual time."""
    mtu: int = 1500
    local_ip: str = "192.168.0.1"
    gateway_ip: str = "192.168.0.2"
    remote_ip: str = "192.0.2.1"
    prefix: int = 16
    bind_port: int = 8080
    connect_port: int = 8080
    timestamp_tick: int = 0
    """Microseconds to which a step of the timestamp clock must amount; 0: it is not looked at."""


@dataclass(slots=True)
class Script:
    """A script that was read."""

    file: str
    source: str
    options: ScriptOptions
    lines: list[ScriptLine]
    knobs: dict[str, str] = field(default_factory=dict)
    """Knobs that a comment ``# aether: knob NAME=VALUE`` asks for."""
    profile: str = "modern"
    seed: int | None = None
    calls_inside: bool = False
    """``# aether: calls inside``: calls that follow a packet at once are made inside its occurrence, as an application
    of the stack makes them, before it is acknowledged."""
    aether_differs: str = ""
    """Why Aether is known to differ from what is written: ``# aether: differs, REASON``."""
    kernel_differs: str = ""
    """Why the kernel is known to differ: ``# kernel: differs, REASON``."""
    kernel_tolerance: int | None = None
    """Microseconds, from ``# kernel: tolerance TIME``."""
