"""Ethernet II (RFC 894) and the length field of IEEE 802.3."""

from collections.abc import Callable, Sequence
from typing import Any

from aether.filters.field import Field, Getter
from aether.filters.packet import Dissected
from aether.filters.record import Record
from aether.filters.values import BOOLEAN, ETHER, PROTOCOL, UINT16

TYPES = {"ipv4": 0x0800, "ip": 0x0800, "arp": 0x0806, "ipv6": 0x86DD}
LEAST_TYPE = 0x0600
"""From here on the field is a type, and below a length."""


def _ethernet(read: Callable[[Dissected], Sequence[Any]]) -> Getter:
    def get(record: Record) -> Sequence[Any]:
        packet = record.packet or record.dissect()
        return read(packet) if packet.ethernet else ()
    return get


def _type(packet: Dissected) -> Sequence[int]:
    return (packet.ethertype,) if packet.ethertype >= LEAST_TYPE else ()


def _length(packet: Dissected) -> Sequence[int]:
    return (packet.ethertype,) if packet.ethertype < LEAST_TYPE else ()


def _ipv6(packet: Dissected) -> Sequence[bytes]:
    return (packet.data[14:],) if packet.ethertype == TYPES["ipv6"] else ()


def _bit(mask: int, *places: int) -> Getter:
    return _ethernet(lambda packet: [bool(packet.data[place] & mask) for place in places])


FIELDS = (
    Field("eth", PROTOCOL, "Ethernet", _ethernet(lambda packet: (packet.data[:14],)),
          whole=_ethernet(lambda packet: (packet.data,))),
    Field("eth.dst", ETHER, "where to", _ethernet(lambda packet: (packet.data[:6],))),
    Field("eth.src", ETHER, "where from", _ethernet(lambda packet: (packet.data[6:12],))),
    Field("eth.addr", ETHER, "either address", _ethernet(lambda packet: (packet.data[:6], packet.data[6:12]))),
    Field("eth.type", UINT16, "what it carries: 0x0800 IPv4, 0x0806 ARP", _ethernet(_type), names=TYPES),
    Field("eth.len", UINT16, "the length of an IEEE 802.3 frame", _ethernet(_length)),
    Field("eth.dst.ig", BOOLEAN, "the destination is a group (or broadcast) address", _bit(1, 0)),
    Field("eth.dst.lg", BOOLEAN, "the destination's address is locally administered", _bit(2, 0)),
    Field("eth.src.ig", BOOLEAN, "the source is a group address, which is wrong", _bit(1, 6)),
    Field("eth.src.lg", BOOLEAN, "the source's address is locally administered", _bit(2, 6)),
    Field("eth.ig", BOOLEAN, "either address is a group's", _bit(1, 0, 6)),
    Field("eth.lg", BOOLEAN, "either address is locally administered", _bit(2, 0, 6)),
    Field("ipv6", PROTOCOL, "IPv6, of which nothing more is dissected", _ethernet(_ipv6), whole=_ethernet(_ipv6)),
)
