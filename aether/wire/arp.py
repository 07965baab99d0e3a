from typing import NamedTuple

from aether.wire.error import WireError

REQUEST, REPLY = 1, 2


class ArpPacket(NamedTuple):
    operation: int
    sender_mac: bytes
    sender_ip: bytes
    target_mac: bytes
    target_ip: bytes


def parse(d):
    d = bytes(d)
    if len(d) < 28:
        raise WireError("arp.truncated")
    return ArpPacket(d[7], d[8:14], d[14:18], d[18:24], d[24:28])


def build(p):
    return b"\0\1\x08\0\6\4" + p.operation.to_bytes(2, "big") + p[1] + p[2] + p[3] + p[4]
