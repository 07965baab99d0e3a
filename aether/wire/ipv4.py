import struct

from aether.wire.checksum import checksum
from aether.wire.error import WireError

PROTO_ICMP, PROTO_IGMP, PROTO_TCP, PROTO_UDP = 1, 2, 6, 17


class Ipv4Header:
    pass


def parse(p, *, verify=True):
    if len(p) < 20:
        raise WireError("ipv4.truncated")
    h = Ipv4Header()
    vi, h.tos, h.total_length, h.identification, ff, h.ttl, h.protocol, h.checksum = struct.unpack_from(">BBHHHBBH", p)
    h.header_length = (vi & 15) * 4
    h.dont_fragment = bool(ff & 0x4000)
    h.more_fragments = bool(ff & 0x2000)
    h.fragment_offset = (ff & 0x1FFF) * 8
    h.source = bytes(p[12:16])
    h.destination = bytes(p[16:20])
    h.options = bytes(p[20 : h.header_length])
    if verify and h.total_length > len(p):
        raise WireError("ipv4.truncated")
    if verify and checksum(p[: h.header_length]):
        raise WireError("ipv4.checksum")
    return h


def parse_quoted(p):
    return parse(p, verify=False)


def decrement_ttl(p):
    b = bytearray(p)
    b[8] -= 1
    b[10:12] = b"\0\0"
    b[10:12] = checksum(b[: (b[0] & 15) * 4]).to_bytes(2, "big")
    return bytes(b)


def build(
    source,
    destination,
    protocol,
    payload,
    *,
    ttl=64,
    tos=0,
    identification=0,
    dont_fragment=True,
    more_fragments=False,
    fragment_offset=0,
    options=b"",
):
    h = bytearray(
        struct.pack(
            ">BBHHHBBH",
            0x45 + len(options) // 4,
            tos,
            20 + len(options) + len(payload),
            identification,
            (0x4000 if dont_fragment else 0) | (0x2000 if more_fragments else 0) | fragment_offset // 8,
            ttl,
            protocol,
            0,
        )
        + source
        + destination
        + options
    )
    h[10:12] = checksum(h).to_bytes(2, "big")
    return bytes(h) + payload
