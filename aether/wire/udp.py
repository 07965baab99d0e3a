import struct
from typing import NamedTuple

from aether.wire.checksum import transport_checksum
from aether.wire.error import WireError


class UdpHeader(NamedTuple):
    source_port: int
    destination_port: int
    length: int
    checksum: int


def parse(d, s, t, *, verify=True):
    if len(d) < 8:
        raise WireError("udp.truncated")
    h = UdpHeader(*struct.unpack_from(">HHHH", d))
    if not 8 <= h.length <= len(d):
        raise WireError("udp.truncated")
    if verify and h.checksum and transport_checksum(s, t, 17, d[: h.length]):
        raise WireError("udp.checksum")
    return h


def build(s, t, sp, dp, p):
    h = struct.pack(">HHHH", sp, dp, 8 + len(p), 0) + p
    c = transport_checksum(s, t, 17, h) or 0xFFFF
    return h[:6] + c.to_bytes(2, "big") + p
