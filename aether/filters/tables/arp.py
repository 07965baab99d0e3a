"""ARP (RFC 826, RFC 5227)."""

from collections.abc import Callable, Sequence
from typing import Any

from aether.filters.field import Field, Getter
from aether.filters.record import Record
from aether.filters.values import BOOLEAN, ETHER, IPV4, PROTOCOL, UINT8, UINT16

Arp = tuple[Any, ...]

OPERATIONS = {"request": 1, "reply": 2, "reverse request": 3, "reverse reply": 4}


def _arp(read: Callable[[Arp], Any]) -> Getter:
    def get(record: Record) -> Sequence[Any]:
        arp = (record.packet or record.dissect()).arp
        if arp is None:
            return ()
        value = read(arp)
        return () if value is None else (value,)
    return get


def _bytes(record: Record) -> Sequence[bytes]:
    packet = record.packet or record.dissect()
    return () if packet.arp is None else (packet.data[14:22 + 2 * (packet.arp[2] + packet.arp[3])],)


def _whole(record: Record) -> Sequence[bytes]:
    packet = record.packet or record.dissect()
    return () if packet.arp is None else (packet.data[14:],)


def _address(index: int, length: int, kind: int, expected: int) -> Getter:
    return _arp(lambda arp: arp[index] if len(arp[index]) == length and arp[kind] == expected else None)


def _gratuitous(arp: Arp) -> bool | None:
    return True if arp[6] == arp[8] else None


def _probe(arp: Arp) -> bool | None:
    return True if arp[4] == 1 and not any(arp[6]) and any(arp[8]) else None


def _announcement(arp: Arp) -> bool | None:
    return True if arp[4] == 1 and arp[6] == arp[8] else None


FIELDS = (
    Field("arp", PROTOCOL, "the Address Resolution Protocol", _bytes, whole=_whole),
    Field("arp.opcode", UINT16, "1 request, 2 reply", _arp(lambda arp: arp[4]), names=OPERATIONS),
    Field("arp.src.hw_mac", ETHER, "the sender's Ethernet address", _address(5, 6, 0, 1)),
    Field("arp.src.proto_ipv4", IPV4, "the sender's IPv4 address", _address(6, 4, 1, 0x0800)),
    Field("arp.dst.hw_mac", ETHER, "the target's Ethernet address", _address(7, 6, 0, 1)),
    Field("arp.dst.proto_ipv4", IPV4, "the target's IPv4 address: the one asked for", _address(8, 4, 1, 0x0800)),
    Field("arp.isgratuitous", BOOLEAN, "asks for, or tells, the sender's own address", _arp(_gratuitous),
          only_true=True),
    Field("arp.isprobe", BOOLEAN, "a request from 0.0.0.0: is this address free?", _arp(_probe),
          only_true=True),
    Field("arp.isannouncement", BOOLEAN, "a request for the sender's own address", _arp(_announcement),
          only_true=True),
    Field("arp.hw.type", UINT16, "kind of hardware address; 1 is Ethernet", _arp(lambda arp: arp[0])),
    Field("arp.hw.size", UINT8, "length of hardware addresses in bytes", _arp(lambda arp: arp[2])),
    Field("arp.proto.type", UINT16, "kind of protocol address; 0x0800 is IPv4", _arp(lambda arp: arp[1])),
    Field("arp.proto.size", UINT8, "length of protocol addresses in bytes", _arp(lambda arp: arp[3])),
)
