"""What happens: every kind of event, and every value that an event has.

The fields follow from `events.KINDS`: the field ``tcp.rtt`` asks for the kind, and
``tcp.rtt.srtt`` is one of its values. The few with short names come first.
"""

from collections.abc import Callable, Iterable, Sequence
from errno import errorcode
from typing import Any

from aether.events import DROPS, KINDS
from aether.filters.field import ANY, EVENT, FilterField, Getter
from aether.filters.record import Record
from aether.reading.types import BOOLEAN, BYTES, ETHER, IPV4, NUMBER, TIME, UINT8, UINT16, UINT32, WORD, Type

_TYPES: dict[str, Type] = {
    "number": UINT32, "original": UINT32, "conn": UINT32, "microseconds": TIME, "data": BYTES, "address": IPV4,
    "mac": ETHER, "source": IPV4, "group": IPV4, "destination": IPV4, "local": IPV4, "remote": IPV4,
    "local_port": UINT16, "remote_port": UINT16,
    "inside": IPV4, "inside_port": UINT16, "outside": IPV4, "outside_port": UINT16, "other": IPV4, "other_port": UINT16,
    "protocol": UINT8, "source_port": UINT16, "port": UINT16, "attempt": NUMBER, "waiting": NUMBER, "ttl": UINT8,
    "identification": UINT16, "identifier": UINT16, "sequence": UINT16, "pieces": NUMBER, "length": NUMBER,
    "mtu": NUMBER, "type": UINT8, "code": UINT8, "rtt": TIME, "seq": UINT32, "ack": UINT32, "deadline": TIME,
    "sample": TIME, "srtt": TIME, "rttvar": TIME, "rto": TIME, "cwnd": NUMBER, "ssthresh": NUMBER, "window": NUMBER,
}
"""Types of values by their names, which mean the same in every kind; the others are words."""

_MAIN = {
    "tcp.state": "new", "arp.state": "new", "tcp.timer": "timer", "tcp.rtt": "sample", "tcp.recovery": "phase",
    "tcp.blocked": "by", "tcp.limited": "by", "tcp.error": "error", "tcp.cwnd": "cwnd", "tcp.window": "window",
    "ipv4.pmtu": "mtu", "nat.state": "new", "drop": "reason", "app": "name",
    "user": "operation", "knob": "name", "link": "name",
}
"""The value that stands for its kind: `tcp.state` is the new state. Other kinds are there, or not."""

STATES = (
    "CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",
    "LAST-ACK", "TIME-WAIT",
)
"""As RFC 9293 §3.3.2 calls them. Links ask questions too, so this package knows nothing of the stack above it."""
TIMERS = (
    "rto", "persist", "delack", "tlp", "rack", "keepalive", "user-timeout", "cork", "defer", "time-wait", "fin-wait-2")
ACTIONS = ("started", "stopped", "fired")


def states() -> Iterable[str]:
    """Return the states of a connection."""
    return STATES


def reasons() -> Iterable[str]:
    """Return the reasons of drops."""
    return DROPS


def kinds() -> Iterable[str]:
    """Return the kinds of events."""
    return KINDS


def _actions() -> Iterable[str]:
    return ACTIONS


def _timers() -> Iterable[str]:
    return TIMERS


def _ways() -> Iterable[str]:
    return ("in", "out")


_CHOICES: dict[str, Callable[[], Iterable[str]]] = {
    "tcp.state": states, "tcp.state.old": states, "tcp.state.new": states, "drop": reasons, "drop.reason": reasons,
    "tcp.timer.action": _actions,
}
_EXAMPLES: dict[str, tuple[str, ...]] = {"tcp.timer": TIMERS, "tcp.timer.timer": TIMERS}


def _as(kind: Type, value: Any) -> Any:
    """Return a value of an event as its field has it, None if it is none of that type."""
    if kind.family in ("number", "time"):
        return value if isinstance(value, int) else None
    if kind.family in ("address", "bytes"):
        return bytes(value) if isinstance(value, (bytes, bytearray, memoryview)) else None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None:
        return None
    return str(value) if isinstance(value, int) else type(value).__name__


def _value(kind: str, index: int, type: Type) -> Getter:
    def get(record: Record) -> Sequence[Any]:
        if record.kind != kind or index >= len(record.values):
            return ()
        value = _as(type, record.values[index])
        return () if value is None else (value,)
    return get


def _kind(kind: str) -> Getter:
    def get(record: Record) -> Sequence[bool]:
        return (True,) if record.kind == kind else ()
    return get


def _event(record: Record) -> Sequence[str]:
    return (record.kind,) if record.kind else ()


def _conn(record: Record) -> Sequence[int]:
    number = record.value("conn")
    if not number and record.context is not None:
        number = record.context.conversation.conn
    return (number,) if number else ()


def _host(record: Record) -> Sequence[str]:
    return (record.host,) if record.host else ()


def _direction(record: Record) -> Sequence[str]:
    if record.data is None or not record.sender:
        return ()
    return ("out" if record.sender == record.around.viewpoint else "in",)


def direction_at_host(record: Record) -> Sequence[str]:
    """Return the direction as the record's own host sees it: for expressions that name a host."""
    if record.data is None or not record.sender:
        return ()
    return ("out" if record.sender == record.host else "in",)


def _time(record: Record) -> Sequence[int]:
    return (record.time,)


def _lost(record: Record) -> Sequence[bool]:
    return (True,) if record.kind == "frame.lost" or record.lost else ()


def _cause(record: Record) -> Sequence[str]:
    if record.kind == "frame.lost":
        return (str(record.values[2]),) if len(record.values) > 2 else ()
    return (record.lost,) if record.lost else ()


def _reason(record: Record) -> Sequence[str]:
    if record.kind == "drop":
        return (str(record.values[0]),) if record.values else ()
    return (record.dropped,) if record.dropped else ()


def _error(record: Record) -> Sequence[str]:
    if record.kind != "tcp.error" or len(record.values) < 2:
        return ()
    error = record.values[1]
    return (errorcode.get(error, str(error)) if isinstance(error, int) else str(error),)


_SPECIAL: dict[str, Getter] = {
    "frame.lost": _lost, "frame.lost.cause": _cause, "drop": _reason, "drop.reason": _reason, "tcp.error": _error,
    "tcp.error.error": _error,
}
_OF_FRAMES = frozenset(("frame.lost", "frame.lost.cause", "drop", "drop.reason"))
"""What became of a frame: asked of frames that are lost or dropped later too, not only of events."""


def _declared() -> list[FilterField]:
    """Return the fields that follow from the kinds of events."""
    fields = []
    for kind, declared in KINDS.items():
        main = _MAIN.get(kind, "")
        names = [(kind, main, declared.help), *(
            (f"{kind}.{value}", value, f"of {kind}: {_EXPLAINED.get(value, value)}") for value in declared.fields)]
        for name, value, help in names:
            type = _TYPES.get(value, WORD) if value else BOOLEAN
            if value:
                get = _value(kind, declared.fields.index(value), type)
            else:
                get = _kind(kind)
            fields.append(FilterField(
                name, type, help, _SPECIAL.get(name, get), about=ANY if name in _OF_FRAMES else EVENT,
                choices=_CHOICES.get(name), examples=_EXAMPLES.get(name, ()), ours=True, only_true=not value))
    return fields


_EXPLAINED = {
    "conn": "the connection's number", "seq": "sequence number, as on the wire", "ack": "acknowledgement number, as on "
    "the wire", "why": "why, in words", "how": "how, in words", "cause": "what caused it", "length": "in bytes",
    "cwnd": "congestion window in bytes", "ssthresh": "slow start threshold in bytes", "rto": "retransmission time-out",
    "srtt": "smoothed round trip", "rttvar": "variation of the round trip", "sample": "the round trip just measured",
    "reason": "why it was discarded", "timer": "which timer", "action": "started, stopped or fired",
    "deadline": "when it runs out, in world time", "old": "before", "new": "after", "mac": "Ethernet address",
    "microseconds": "for how long", "number": "the frame's number", "original": "the frame it is a copy of",
    "link": "which link", "group": "a multicast address", "data": "the frame's bytes", "what": "what, in words",
    "detail": "more, in words", "waiting": "how many packets wait",
    "attempt": "how many times it was asked", "pieces": "how many fragments",
    "window": "in bytes", "operation": "the name of what was done", "error": "such as ETIMEDOUT",
    "local": "our address", "local_port": "our port", "remote": "the other end's address",
    "remote_port": "the other end's port", "by": "what it waits for", "phase": "which phase",
}

_TIMER = KINDS["tcp.timer"].fields

FIELDS = (
    FilterField("event", WORD, "the kind of event", _event, about=EVENT, choices=kinds, ours=True),
    FilterField("conn", UINT32, "the number of the connection, one for each incarnation", _conn, about=ANY, ours=True),
    FilterField("host", WORD, "where it happened: the name of a host, or of a link", _host, about=ANY,
                examples=("you", "host"), ours=True),
    FilterField("dir", WORD, "in or out: of a frame, as you see it, or as the host sees it that the expression names",
                _direction, choices=_ways, ours=True),
    FilterField("time", TIME, "when it happened: world time in seconds", _time, about=ANY, ours=True),
    FilterField("timer.kind", WORD, "of tcp.timer: which timer", _value("tcp.timer", _TIMER.index("timer"), WORD),
                about=EVENT, choices=_timers, ours=True),
    FilterField("timer.action", WORD, "of tcp.timer: started, stopped or fired",
                _value("tcp.timer", _TIMER.index("action"), WORD), about=EVENT, choices=_actions, ours=True),
    FilterField("timer.deadline", TIME, "of tcp.timer: when it runs out, in world time",
                _value("tcp.timer", _TIMER.index("deadline"), TIME), about=EVENT, ours=True),
    *_declared(),
)
