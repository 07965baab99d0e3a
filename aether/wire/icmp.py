import struct
from typing import NamedTuple

from aether.wire.checksum import checksum
from aether.wire.error import WireError

ECHO_REPLY, DESTINATION_UNREACHABLE, ECHO_REQUEST, TIME_EXCEEDED, PARAMETER_PROBLEM = 0, 3, 8, 11, 12
NETWORK_UNREACHABLE, HOST_UNREACHABLE, PROTOCOL_UNREACHABLE, PORT_UNREACHABLE, FRAGMENTATION_NEEDED = 0, 1, 2, 3, 4
TTL_EXCEEDED = 0


class IcmpMessage(NamedTuple):
    type: int
    code: int
    rest: int
    payload: bytes

    @property
    def identifier(self):
        return self.rest >> 16

    @property
    def sequence(self):
        return self.rest & 0xFFFF


def parse(d, *, verify=True):
    if len(d) < 8:
        raise WireError("icmp.truncated")
    if verify and checksum(d):
        raise WireError("icmp.checksum")
    return IcmpMessage(d[0], d[1], int.from_bytes(d[4:8], "big"), bytes(d[8:]))


def build(m):
    b = bytearray(struct.pack(">BBHI", m.type, m.code, 0, m.rest) + m.payload)
    b[2:4] = checksum(b).to_bytes(2, "big")
    return bytes(b)
