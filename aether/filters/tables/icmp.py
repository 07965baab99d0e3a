"""ICMP (RFC 792)."""

from collections.abc import Callable
from typing import Any

from aether.filters.field import Field, layer_field, protocol_field
from aether.filters.packet import Transport
from aether.filters.record import Record
from aether.filters.tables.ip import BAD, GOOD, STATUS, UNVERIFIED
from aether.filters.values import BYTES, IPV4, UINT8, UINT16, Type
from aether.wire.checksum import checksum

TYPES = {
    "echo reply": 0, "destination unreachable": 3, "source quench": 4, "redirect": 5, "echo request": 8,
    "router advertisement": 9, "router solicitation": 10, "time exceeded": 11, "parameter problem": 12,
    "timestamp request": 13, "timestamp reply": 14,
}
_WITH_IDENTIFIER = (0, 8, 13, 14, 15, 16, 17, 18)
_ECHO = (0, 8)


def _icmp(name: str, kind: Type, help: str, read: Callable[[Transport], Any], **more: Any) -> Field:
    return layer_field("icmp", name, kind, help, lambda icmp, record: read(icmp), **more)


def _identified(index: int, swapped: bool = False) -> Callable[[Transport], int | None]:
    def read(icmp: Transport) -> int | None:
        if icmp.header[0] not in _WITH_IDENTIFIER:
            return None
        value = icmp.header[index]
        return value << 8 & 0xFF00 | value >> 8 if swapped else value
    return read


def _mtu(icmp: Transport) -> int | None:
    return icmp.header[4] if icmp.header[:2] == (3, 4) else None


def _status(icmp: Transport, record: Record) -> int:
    if not icmp.ip.complete:
        return UNVERIFIED
    return BAD if checksum(record.dissect().data[icmp.start:icmp.end]) else GOOD


def _gateway(icmp: Transport, record: Record) -> bytes | None:
    return record.dissect().data[icmp.start + 4:icmp.start + 8] if icmp.header[0] == 5 else None


def _payload(icmp: Transport, record: Record) -> bytes | None:
    has_data = icmp.header[0] in _ECHO and icmp.end > icmp.payload
    return record.dissect().data[icmp.payload:icmp.end] if has_data else None


FIELDS = (
    protocol_field("icmp", "icmp", "the Internet Control Message Protocol",
                   lambda icmp, record: (icmp.start, icmp.end, icmp.end)),
    _icmp("icmp.type", UINT8, "0 echo reply, 3 unreachable, 8 echo request, 11 time exceeded",
          lambda icmp: icmp.header[0], names=TYPES),
    _icmp("icmp.code", UINT8, "what exactly; of type 3: 1 host, 3 port, 4 fragmentation needed",
          lambda icmp: icmp.header[1]),
    _icmp("icmp.ident", UINT16, "identifier of an echo: tells one ping from another", _identified(3)),
    _icmp("icmp.seq", UINT16, "sequence number of an echo", _identified(4)),
    _icmp("icmp.ident_le", UINT16, "the identifier with its bytes swapped, as some systems count",
          _identified(3, True)),
    _icmp("icmp.seq_le", UINT16, "the sequence number with its bytes swapped, as some systems count",
          _identified(4, True)),
    _icmp("icmp.mtu", UINT16, "the MTU of the next hop, in 'fragmentation needed' (RFC 1191)", _mtu),
    layer_field("icmp", "icmp.redir_gw", IPV4, "the better gateway that a redirect names", _gateway),
    _icmp("icmp.checksum", UINT16, "the checksum", lambda icmp: icmp.header[2]),
    layer_field("icmp", "icmp.checksum.status", UINT8, "0 bad, 1 good, 2 not verified", _status, names=STATUS),
    layer_field("icmp", "icmp.payload", BYTES, "the data of an echo", _payload, ours=True),
)
