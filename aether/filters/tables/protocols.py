"""The fields of every protocol that is read, as expressions ask for them: made from their layouts.

What stands in a fixed header, and what is asked most, has a getter of its own for plain frames: it reads nothing else.
Everything else is what the protocol's reader finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from struct import calcsize
from typing import Any

from aether.filters.field import FilterField, Getter
from aether.filters.record import Record
from aether.filters.tables import measured
from aether.filters.tables.exchanges import EXCHANGES
from aether.filters.tables.spans import SPANS
from aether.reading import ip, layout, tcp, udp
from aether.reading.context import Context
from aether.reading.packet import HEADERS, Dissected, Transport
from aether.reading.protocols import PROTOCOLS
from aether.reading.tree import Protocol, ReadLayer
from aether.reading.types import BOOLEAN, PROTOCOL, UINT32
from aether.wire.address import show_ip

Quick = Callable[[Dissected, Record], Sequence[Any]]
"""Returns the values that a field has in a plain frame."""
MASK = 0xFFFFFFFF
AGGREGATE = "wlan_aggregate"
"""The protocol that has several packets in a frame."""
LEAST_TYPE = 0x0600
IPV6 = 0x86DD


def fields_of(protocol: Protocol) -> Sequence[FilterField]:
    """Return the protocol itself, its fields, and those that only a conversation knows."""
    return (_protocol(protocol), *(_field(protocol, field) for field in protocol.fields), *STREAMS.get(
        protocol.name, ()), *EXCHANGES.get(protocol.name, ()))


def _field(protocol: Protocol, field: layout.Field) -> FilterField:
    found = _found(protocol.name, field.name)
    quick = QUICK.get(field.name)
    get = found if quick is None else _either(quick, found)
    if quick is None and field.at >= 0:
        get = _from_bytes(field, found) if protocol.name == "eth" else _fixed(protocol.name, field, found)
    elif field.name in ("ip.addr", "tcp.port", "udp.port"):
        get = _both(protocol.name, *(8, 10) if protocol.name == "ip" else (0, 2), found)
    return FilterField(
        field.name, field.type, field.help, get, names=field.names, ours=field.ours, only_true=field.only_true)


def _either(quick: Quick, found: Getter) -> Getter:
    def get(record: Record) -> Sequence[Any]:
        packet = record.packet or record.dissect()
        return quick(packet, record) if packet.plain else found(record)
    return get


def _context(record: Record, packet: Dissected) -> Context | None:
    """Return what is known of a segment's conversation; of what an ICMP error quotes, nothing."""
    return (record.context or record.conversation()) if packet.tcp and not packet.tcp[0].ip.quoted else None


def _found(protocol: str, name: str) -> Getter:
    """Return a getter for what a reader finds."""
    def get(record: Record) -> Sequence[Any]:
        packet = record.packet or record.dissect()
        return packet.read(protocol, _context(record, packet)).found.get(name, ())
    return get


def _fixed(layer: str, field: layout.Field, found: Getter) -> Getter:
    """Return a getter for what stands in a fixed header that is read at once, as short as can be."""
    place = _word(layer, field)
    if place is None:
        return found
    index, mask = place
    layers_of = attrgetter(layer)
    if not mask and field.unit == 1:
        def whole(record: Record) -> Sequence[Any]:
            packet = record.packet or record.dissect()
            if packet.plain:
                layers = layers_of(packet)
                return (layers[0].header[index],) if layers else ()
            return found(record)
        return whole
    if field.type is BOOLEAN:
        def flag(record: Record) -> Sequence[Any]:
            packet = record.packet or record.dissect()
            if packet.plain:
                layers = layers_of(packet)
                return (layers[0].header[index] & mask != 0,) if layers else ()
            return found(record)
        return flag
    low, unit = mask & -mask, field.unit

    def number(record: Record) -> Sequence[Any]:
        packet = record.packet or record.dissect()
        if packet.plain:
            layers = layers_of(packet)
            return ((layers[0].header[index] & mask) // low * unit,) if layers else ()
        return found(record)
    return number


def _both(layer: str, first: int, last: int, found: Getter) -> Getter:
    """Return a getter for two values of a fixed header that follow each other."""
    layers_of = attrgetter(layer)

    def get(record: Record) -> Sequence[Any]:
        packet = record.packet or record.dissect()
        if packet.plain:
            layers = layers_of(packet)
            return layers[0].header[first:last] if layers else ()
        return found(record)
    return get


def _word(layer: str, field: layout.Field) -> tuple[int, int] | None:
    """Return which number of a fixed header has a field, and with which of its bits; 0 for all of them."""
    header = HEADERS.get(layer)
    if header is None or field.at < 0:
        return None
    at = 0
    for index, size in enumerate(calcsize(f"!{code}") for code in _codes(header.format)):
        if at <= field.at < at + size:
            behind = at + size - field.at - field.width
            bits = field.mask or ((1 << 8 * field.width) - 1 if field.width < size else 0)
            return index, bits << 8 * behind
        at += size
    return None


def _codes(form: str) -> list[str]:
    """Return the parts of a struct's format: ``!BB4s`` has three."""
    codes, count = [], ""
    for char in form[1:]:
        count += char
        if char.isalpha():
            codes.append(count)
            count = ""
    return codes


def _from_bytes(field: layout.Field, found: Getter) -> Getter:
    """Return a getter for what stands in Ethernet's header."""
    start, stop, of = field.at, field.at + field.width, field.of

    def get(record: Record) -> Sequence[Any]:
        packet = record.packet or record.dissect()
        if packet.plain or not packet.wrapped:
            return (of(packet.data[start:stop]),) if packet.ethernet else ()
        return found(record)
    return get


def _layer(name: str, read: Callable[[Any, Dissected], Any]) -> Quick:
    """Return a getter for one value of a layer; `read` returns None where it is absent."""
    layers_of = attrgetter(name)

    def get(packet: Dissected, record: Record) -> Sequence[Any]:
        layers = layers_of(packet)
        value = read(layers[0], packet) if layers else None
        return () if value is None else (value,)
    return get


def _relative(read: Callable[[Transport, Context | None], Any]) -> Quick:
    """Return a getter for what depends on the connection of a segment."""
    def get(packet: Dissected, record: Record) -> Sequence[Any]:
        if not packet.tcp:
            return ()
        value = read(packet.tcp[0], record.context or record.conversation())
        return () if value is None else (value,)
    return get


def _sequence(segment: Transport, context: Context | None) -> int:
    return (segment.header[2] - (context.seq_base if context else 0)) & MASK


def _acknowledgement(segment: Transport, context: Context | None) -> int:
    used = segment.header[4] & 16 and context is not None
    return (segment.header[3] - context.ack_base) & MASK if used and context else segment.header[3]


def _next(segment: Transport, context: Context | None) -> int:
    used = segment.end - segment.payload + (segment.header[4] & 3 != 0)
    return (_sequence(segment, context) + used) & MASK


def _window(segment: Transport, context: Context | None) -> int:
    return segment.header[5] << context.scale if context and context.scale > 0 else segment.header[5]


def _factor(segment: Transport, context: Context | None) -> int | None:
    return None if segment.header[4] & 2 else tcp.factor(context)


def _payload(layer: Any, packet: Dissected) -> bytes | None:
    return packet.data[layer.payload:layer.end] if layer.end > layer.payload else None


def _eth_type(packet: Dissected, record: Record) -> Sequence[int]:
    return (packet.ethertype,) if packet.ethertype >= LEAST_TYPE else ()


def _eth_length(packet: Dissected, record: Record) -> Sequence[int]:
    return (packet.ethertype,) if 0 <= packet.ethertype < LEAST_TYPE else ()


def _addresses(packet: Dissected, record: Record) -> Sequence[bytes]:
    return (packet.data[:6], packet.data[6:12]) if packet.ethernet else ()


def _version(packet: Dissected, record: Record) -> Sequence[int]:
    if packet.ethertype == IPV6:
        return [byte >> 4 for byte in packet.data[14:15]]
    return [layer.header[0] >> 4 for layer in packet.ip]


def _udp_status(layer: Transport, packet: Dissected) -> int:
    _, _, length, received = layer.header
    return udp.status(layer.ip, packet.data, layer.start, layer.end, length, received)


def _first_line(request: bool, index: int, name: str) -> Quick:
    """Return a getter for a word of the first line of an HTTP message."""
    found = _found("http", name)

    def get(packet: Dissected, record: Record) -> Sequence[Any]:
        message = packet.http
        if message is not None and message.several:
            return found(record)
        if message is None or not (message.is_request if request else message.is_response):
            return ()
        words = message.words
        word = words[index] if index < len(words) else b""
        if not request and index == 1:
            return (int(word),)
        return (word.decode("utf-8", "replace"),) if word or request else ()
    return get


QUICK: dict[str, Quick] = {
    "eth.type": _eth_type, "eth.len": _eth_length, "eth.addr": _addresses,
    "eth.addr.oui": lambda packet, record: [int.from_bytes(each[:3], "big") for each in _addresses(packet, record)],
    "ip.src_host": _layer("ip", lambda layer, packet: show_ip(layer.header[8])),
    "ip.dst_host": _layer("ip", lambda layer, packet: show_ip(layer.header[9])),
    "ip.host": lambda packet, record: [show_ip(each) for layer in packet.ip for each in layer.header[8:10]],
    "ip.version": _version, "ip.payload": _layer("ip", _payload),
    "ip.checksum.status": _layer("ip", lambda layer, packet: ip.status(packet.data[layer.start:layer.payload])),
    "udp.payload": _layer("udp", _payload), "udp.checksum.status": _layer("udp", _udp_status),
    "tcp.payload": _layer("tcp", _payload),
    "tcp.checksum.status": _layer("tcp", lambda layer, packet: tcp.status(
        layer.ip, packet.data[layer.start:layer.end])),
    "tcp.len": _layer("tcp", lambda layer, packet: layer.end - layer.payload),
    "tcp.seq": _relative(_sequence), "tcp.nxtseq": _relative(_next), "tcp.ack": _relative(_acknowledgement),
    "tcp.window_size": _relative(_window), "tcp.window_size_scalefactor": _relative(_factor),
    **{name: _first_line(request, index, name) for name, request, index in (
        ("http.request.method", True, 0), ("http.request.uri", True, 1), ("http.request.version", True, 2),
        ("http.response.version", False, 0), ("http.response.code", False, 1), ("http.response.phrase", False, 2))},
}
"""Getters for plain frames alone. They say what the readers say: a test asks both about every frame of the corpora."""


def _stream(layer: str) -> Getter:
    """Return a getter for the number of a conversation."""
    def get(record: Record) -> Sequence[int]:
        packet = record.packet or record.dissect()
        context = record.conversation() if getattr(packet, layer) else None
        if context is None:
            return ()
        return context.around if layer == "udp" and context.around else (context.conversation.index,)
    return get


STREAMS: dict[str, Sequence[FilterField]] = {
    "udp": (FilterField(
        "udp.stream", UINT32, "number of the conversation: two addresses and two ports", _stream("udp")),
        *measured.DATAGRAMS),
    "tcp": (FilterField(
        "tcp.stream", UINT32, "number of the connection as Wireshark counts them, from 0; see conn", _stream("tcp")),
        *measured.FIELDS),
}
"""What is no protocol's own: data, and what nothing in a frame says; by the table where it stands."""


def _protocol(protocol: Protocol) -> FilterField:
    """Return the field of a protocol: its header's bytes, and those that can be searched."""
    name = protocol.name
    located = SPANS.get(name)

    def spans(record: Record) -> Iterable[tuple[int, int, int]]:
        packet = record.packet or record.dissect()
        several = bool(packet.wrapped) and any(each.name == AGGREGATE for each, _, _ in packet.wrapped)
        if located is not None and not several:
            return located(packet)
        layers = packet.read("" if several else name, _context(record, packet)).layers
        return [_span(layer) for layer in layers if layer.name == name]

    def header(record: Record) -> Sequence[bytes]:
        return [record.dissect().data[start:end] for start, end, _ in spans(record)]

    def whole(record: Record) -> Sequence[bytes]:
        return [record.dissect().data[start:end] for start, _, end in spans(record)]
    return FilterField(name, PROTOCOL, protocol.help, header, whole=whole)


def _span(layer: ReadLayer) -> tuple[int, int, int]:
    end = layer.offset + layer.length
    return layer.offset, end, end


LAYERS = {protocol.title: fields_of(protocol) for protocol in PROTOCOLS}
"""Titles and fields, in the order of the docs."""
