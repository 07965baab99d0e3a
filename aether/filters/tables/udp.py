"""UDP (RFC 768)."""

from collections.abc import Callable, Sequence
from typing import Any

from aether.filters.field import Field, layer_field, protocol_field
from aether.filters.packet import Transport
from aether.filters.record import Record
from aether.filters.tables.ip import BAD, GOOD, NOT_PRESENT, STATUS, UNVERIFIED
from aether.filters.values import BYTES, UINT16, UINT32, Type
from aether.wire.checksum import transport_checksum_ok


def _udp(name: str, kind: Type, help: str, read: Callable[[Transport], Any], **more: Any) -> Field:
    return layer_field("udp", name, kind, help, lambda udp, record: read(udp), **more)


def _ports(record: Record) -> Sequence[int]:
    layers = (record.packet or record.dissect()).udp
    if len(layers) == 1:
        return layers[0].header[:2]
    return [port for udp in layers for port in udp.header[:2]]


def _stream(record: Record) -> Sequence[int]:
    packet = record.packet or record.dissect()
    context = record.conversation() if packet.udp else None
    return () if context is None else (context.conversation.index,)


def _status(udp: Transport, record: Record) -> int:
    if udp.header[3] == 0:
        return NOT_PRESENT
    if not udp.ip.complete or udp.end - udp.start != udp.header[2]:
        return UNVERIFIED
    ip = udp.ip.header
    return GOOD if transport_checksum_ok(ip[8], ip[9], 17, record.dissect().data[udp.start:udp.end]) else BAD


def _payload(udp: Transport, record: Record) -> bytes | None:
    return record.dissect().data[udp.payload:udp.end] if udp.end > udp.payload else None


FIELDS = (
    protocol_field("udp", "udp", "the User Datagram Protocol", lambda udp, record: (udp.start, udp.payload, udp.end)),
    _udp("udp.srcport", UINT16, "the sender's port", lambda udp: udp.header[0]),
    _udp("udp.dstport", UINT16, "the receiver's port", lambda udp: udp.header[1]),
    Field("udp.port", UINT16, "either port", _ports),
    Field("udp.stream", UINT32, "number of the conversation: two addresses and two ports", _stream),
    _udp("udp.length", UINT16, "length in bytes, with the header", lambda udp: udp.header[2]),
    _udp("udp.checksum", UINT16, "the checksum; 0 is none", lambda udp: udp.header[3]),
    layer_field("udp", "udp.checksum.status", UINT16, "0 bad, 1 good, 2 not verified, 3 there is none", _status,
                names=STATUS),
    layer_field("udp", "udp.payload", BYTES, "the data", _payload),
)
