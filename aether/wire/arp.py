"""ARP packets for IPv4 over Ethernet (RFC 826)."""

from struct import Struct
from typing import NamedTuple

from aether.wire.checksum import Buffer
from aether.wire.error import WireError

REQUEST = 1
REPLY = 2
LENGTH = 28
"""Bytes of a packet; Ethernet's padding may follow."""
_PACKET = Struct(">HHBBH6s4s6s4s")
_ETHERNET_AND_IPV4 = (1, 0x0800, 6, 4)


class ArpPacket(NamedTuple):
    """An ARP packet; what RFC 826 calls ar$op, ar$sha, ar$spa, ar$tha and ar$tpa."""

    operation: int
    sender_mac: bytes
    sender_ip: bytes
    target_mac: bytes
    target_ip: bytes


def parse(data: Buffer) -> ArpPacket:
    """Read a packet; WireError `arp.truncated` or `arp.unsupported`."""
    if len(data) < LENGTH:
        raise WireError("arp.truncated", f"{len(data)} bytes")
    hardware, protocol, hardware_length, protocol_length, operation, *addresses = _PACKET.unpack_from(data)
    if (hardware, protocol, hardware_length, protocol_length) != _ETHERNET_AND_IPV4:
        raise WireError(
            "arp.unsupported",
            f"hardware {hardware} with {hardware_length} bytes, protocol 0x{protocol:04x} with {protocol_length}",
        )
    if operation not in (REQUEST, REPLY):
        raise WireError("arp.unsupported", f"operation {operation}")
    return ArpPacket(operation, *addresses)


def build(packet: ArpPacket) -> bytes:
    """Return the packet's 28 bytes."""
    return _PACKET.pack(*_ETHERNET_AND_IPV4, *packet)
