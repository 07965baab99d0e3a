"""Ethernet II frames (RFC 894): destination, source, EtherType, payload. No frame check sequence."""

from struct import Struct

from aether.wire.checksum import Buffer
from aether.wire.error import WireError

HEADER_LENGTH = 14
"""Bytes before the payload."""
TYPE_IPV4 = 0x0800
TYPE_ARP = 0x0806
TYPE_IPV6 = 0x86DD
_HEADER = Struct(">6s6sH")


def parse(frame: Buffer) -> tuple[bytes, bytes, int]:
    """Return destination, source and EtherType; WireError `ethernet.truncated`."""
    if len(frame) < HEADER_LENGTH:
        raise WireError("ethernet.truncated", f"{len(frame)} bytes")
    destination, source, ethertype = _HEADER.unpack_from(frame)
    return destination, source, ethertype


def build(destination: bytes, source: bytes, ethertype: int, payload: bytes) -> bytes:
    """Return a frame; it is not padded to Ethernet's 60 bytes."""
    return _HEADER.pack(destination, source, ethertype) + payload
