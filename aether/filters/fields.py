"""The fields that expressions can name: their types, what they mean, and how to read them from a record.

The tables themselves are in `tables`, one module a protocol. Names and meanings are Wireshark's
wherever Wireshark has the field; the others are marked as ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from aether.filters.record import Record
from aether.filters.values import PROTOCOL, Type

Getter = Callable[[Record], Sequence[Any]]
"""Returns every value that a field has in a record; none if it has no such field."""

FRAME, EVENT, ANY = "frame", "event", "any"
"""What a field is about: a frame as such, an event, or either."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field."""

    name: str
    type: Type
    help: str
    get: Getter
    about: str = FRAME
    """FRAME, EVENT or ANY: decides which records an expression is asked of."""
    names: Mapping[str, int] | None = None
    """Names of values, in small letters, that may stand for their numbers."""
    choices: Callable[[], Iterable[str]] | None = None
    """The only words that make sense, if they can be counted."""
    examples: tuple[str, ...] = ()
    """Words to offer where others make sense too."""
    whole: Getter | None = None
    """What `contains` and `matches` search in a protocol: from its beginning to the end of the packet."""
    ours: bool = False
    """Whether Wireshark has no such field."""
    only_true: bool = False
    """Whether it exists only when it is true, as `frame.lost` does."""

    @property
    def protocol(self) -> str:
        """Return the first part of the name."""
        return self.name.partition(".")[0]


@lru_cache(maxsize=1)
def all_fields() -> Mapping[str, Field]:
    """Return all fields by their names, in the order of the docs."""
    from aether.filters.tables import TABLES

    return {field.name: field for table in TABLES.values() for field in table}


_OTHER_NAMES = {
    "tcp.sport": "tcp.srcport", "tcp.dport": "tcp.dstport", "udp.sport": "udp.srcport", "udp.dport": "udp.dstport",
    "tcp.flags.rst": "tcp.flags.reset", "tcp.flags.psh": "tcp.flags.push", "tcp.flags.ece_echo": "tcp.flags.ece",
    "tcp.win": "tcp.window_size", "tcp.mss": "tcp.options.mss_val", "tcp.data": "tcp.payload",
    "tcp.sequence": "tcp.seq", "tcp.syn": "tcp.flags.syn", "tcp.fin": "tcp.flags.fin", "tcp.rst": "tcp.flags.reset",
    "tcp.push": "tcp.flags.push", "tcp.psh": "tcp.flags.push", "tcp.options.mss_value": "tcp.options.mss_val",
    "udp.data": "udp.payload", "udp.len": "udp.length", "ip.protocol": "ip.proto", "ip.source": "ip.src",
    "ip.destination": "ip.dst", "ip.df": "ip.flags.df", "ip.mf": "ip.flags.mf", "ip.tos": "ip.dsfield",
    "icmp.id": "icmp.ident", "icmp.sequence": "icmp.seq", "arp.op": "arp.opcode", "arp.src": "arp.src.proto_ipv4",
    "arp.dst": "arp.dst.proto_ipv4", "arp.sender": "arp.src.proto_ipv4", "arp.target": "arp.dst.proto_ipv4",
    "mac.src": "eth.src", "mac.dst": "eth.dst", "eth.mac": "eth.addr", "ethernet": "eth", "ipv4": "ip",
    "bootp": "dhcp", "src": "ip.src", "dst": "ip.dst", "port": "tcp.port", "state": "tcp.state",
    "data": "tcp.payload", "syn": "tcp.flags.syn",
    "frame.length": "frame.len", "frame.time": "frame.time_relative", "dns.name": "dns.qry.name",
    "http.method": "http.request.method", "http.status": "http.response.code", "http.code": "http.response.code",
    "http.uri": "http.request.uri", "connection": "conn", "direction": "dir", "reason": "drop.reason",
    "timer": "timer.kind", "tcp.timer.kind": "timer.kind", "kind": "event",
}
"""What people write, from other tools or from memory."""


def suggestion(name: str) -> str:
    """Return ``Did you mean …?`` for a name that is no field's, or where the fields are listed."""
    known = all_fields()
    guess = _OTHER_NAMES.get(name.lower())
    if guess is None and name.lower() in known:
        guess = name.lower()
    if guess is None and name.startswith("ipv4."):
        guess = next((field for field in (name.replace("ipv4.", "ip.", 1),) if field in known), None)
    if guess is None:
        head, dot, tail = name.rpartition(".")
        inside = [field for field in known if dot and field.startswith(f"{head}.")]
        close = get_close_matches(name, inside, 1, 0.75) or get_close_matches(name, known, 1, 0.72)
        same_end = [field for field in known if dot and field.rpartition(".")[2] == tail and field.startswith(
            f"{head.partition('.')[0]}.")]
        guess = next(iter(close or same_end), None)
    return f" Did you mean {guess}?" if guess else " `help filters` lists them all."


def near(word: str, choices: Iterable[str]) -> str:
    """Return ``Did you mean …?`` for a word that is none of the choices, or what there is."""
    choices = list(choices)
    plain = {choice.lower().replace("_", "-"): choice for choice in choices}
    close = get_close_matches(word.lower().replace("_", "-"), plain, 1, 0.6)
    if close:
        return f" Did you mean {plain[close[0]]}?"
    if len(choices) <= 12:
        return f" There are {', '.join(choices[:-1])} and {choices[-1]}."
    inside = [choice for choice in choices if word.lower() in choice.lower()][:3]
    return f" There is {', '.join(inside)}, for example." if inside else ""


def layer_field(
    layer: str, name: str, kind: Type, help: str, read: Callable[[Any, Record], Any], **more: Any
) -> Field:
    """Declare a field with one value in each layer of a kind; `read` returns None where it is absent."""
    def get(record: Record) -> Sequence[Any]:
        layers = getattr(record.packet or record.dissect(), layer)
        if len(layers) == 1:
            value = read(layers[0], record)
            return () if value is None else (value,)
        return [value for value in [read(part, record) for part in layers] if value is not None]
    return Field(name, kind, help, get, **more)


def spread_field(
    layer: str, name: str, kind: Type, help: str, read: Callable[[Any, Record], Iterable[Any]], **more: Any
) -> Field:
    """Declare a field that may have several values in each layer of a kind."""
    def get(record: Record) -> Sequence[Any]:
        return [value for part in getattr(record.packet or record.dissect(), layer) for value in read(part, record)]
    return Field(name, kind, help, get, **more)


def protocol_field(layer: str, name: str, help: str, span: Callable[[Any, Record], tuple[int, int, int]]) -> Field:
    """Declare a protocol; `span` returns where its header begins and ends, and where its packet ends."""
    def header(record: Record) -> Sequence[bytes]:
        packet = record.packet or record.dissect()
        return [packet.data[start:end] for start, end, _ in (span(part, record) for part in getattr(packet, layer))]

    def whole(record: Record) -> Sequence[bytes]:
        packet = record.packet or record.dissect()
        return [packet.data[start:end] for start, _, end in (span(part, record) for part in getattr(packet, layer))]
    return Field(name, PROTOCOL, help, header, whole=whole)
