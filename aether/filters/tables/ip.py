"""IPv4 (RFC 791)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aether.filters.field import Field, Getter, layer_field, protocol_field, spread_field
from aether.filters.packet import IpLayer, options
from aether.filters.record import Record
from aether.filters.values import BOOLEAN, BYTES, IPV4, UINT8, UINT16, Type
from aether.wire.checksum import checksum

PROTOCOLS = {"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17}
STATUS = {"bad": 0, "good": 1, "unverified": 2, "not present": 3}
"""What `*.checksum.status` says. A checksum is verified only when the packet is complete."""

BAD, GOOD, UNVERIFIED, NOT_PRESENT = STATUS.values()


def _ip(name: str, kind: Type, help: str, read: Callable[[IpLayer], Any], **more: Any) -> Field:
    return layer_field("ip", name, kind, help, lambda ip, record: read(ip), **more)


def _header(index: int) -> Getter:
    """Return a getter for a number of the header, as short as can be: these are asked most."""
    def get(record: Record) -> Sequence[Any]:
        layers = (record.packet or record.dissect()).ip
        if len(layers) == 1:
            return (layers[0].header[index],)
        return [ip.header[index] for ip in layers]
    return get


def _addresses(record: Record) -> Sequence[Any]:
    layers = (record.packet or record.dissect()).ip
    if len(layers) == 1:
        return layers[0].header[8:10]
    return [address for ip in layers for address in ip.header[8:10]]


def _version(record: Record) -> Sequence[int]:
    packet = record.packet or record.dissect()
    if packet.ethertype == 0x86DD:
        return [byte >> 4 for byte in packet.data[14:15]]
    return [ip.header[0] >> 4 for ip in packet.ip]


def _status(ip: IpLayer, record: Record) -> int:
    return BAD if checksum(record.dissect().data[ip.start:ip.payload]) else GOOD


def _options(ip: IpLayer, record: Record) -> Iterator[tuple[int, bytes]]:
    return options(record.dissect().data, ip.start + 20, ip.payload)


FIELDS = (
    protocol_field("ip", "ip", "the Internet Protocol, version 4", lambda ip, record: (ip.start, ip.payload, ip.end)),
    Field("ip.src", IPV4, "where from", _header(8)),
    Field("ip.dst", IPV4, "where to", _header(9)),
    Field("ip.addr", IPV4, "either address", _addresses),
    Field("ip.proto", UINT8, "what it carries: 1 ICMP, 6 TCP, 17 UDP", _header(6), names=PROTOCOLS),
    Field("ip.ttl", UINT8, "time to live: how many routers it may pass", _header(5)),
    Field("ip.len", UINT16, "total length in bytes, with the header", _header(2)),
    Field("ip.id", UINT16, "identification, the same in all fragments of a packet", _header(3)),
    Field("ip.version", UINT8, "4, and 6 of an IPv6 packet", _version),
    _ip("ip.hdr_len", UINT8, "length of the header in bytes", lambda ip: ip.payload - ip.start),
    Field("ip.dsfield", UINT8, "differentiated services: the old type of service", _header(1)),
    _ip("ip.dsfield.dscp", UINT8, "differentiated services code point", lambda ip: ip.header[1] >> 2),
    _ip("ip.dsfield.ecn", UINT8, "explicit congestion notification: 0 not used, 1 and 2 capable, 3 congestion",
        lambda ip: ip.header[1] & 3),
    _ip("ip.flags", UINT8, "the three flags as a number: 2 DF, 1 MF", lambda ip: ip.header[4] >> 13),
    _ip("ip.flags.rb", BOOLEAN, "the reserved bit", lambda ip: ip.header[4] & 0x8000 != 0),
    _ip("ip.flags.df", BOOLEAN, "do not fragment", lambda ip: ip.header[4] & 0x4000 != 0),
    _ip("ip.flags.mf", BOOLEAN, "more fragments follow", lambda ip: ip.header[4] & 0x2000 != 0),
    _ip("ip.frag_offset", UINT16, "where this fragment belongs, in units of 8 bytes", lambda ip: ip.header[4] & 0x1FFF),
    Field("ip.checksum", UINT16, "the header's checksum", _header(7)),
    layer_field("ip", "ip.checksum.status", UINT8, "0 bad, 1 good, 2 not verified", _status, names=STATUS),
    spread_field("ip", "ip.opt.type", UINT8, "the type of each option",
                 lambda ip, record: [kind for kind, _ in _options(ip, record)]),
    spread_field("ip", "ip.opt.len", UINT8, "the length of each option that has one, in bytes",
                 lambda ip, record: [len(data) for kind, data in _options(ip, record) if kind > 1]),
    spread_field("ip", "ip.payload", BYTES, "what the packet carries",
                 lambda ip, record: [record.dissect().data[ip.payload:ip.end]] if ip.end > ip.payload else [],
                 ours=True),
)
