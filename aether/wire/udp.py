"""UDP datagrams (RFC 768)."""

from struct import Struct
from typing import NamedTuple

from aether.wire.checksum import Buffer, transport_checksum, transport_checksum_ok
from aether.wire.error import WireError

HEADER_LENGTH = 8
PROTOCOL = 17
MAX_PAYLOAD = 65_535 - HEADER_LENGTH
"""Bytes that the length field allows; an IPv4 packet has room for 20 less."""
_HEADER = Struct(">HHHH")


class UdpHeader(NamedTuple):
    """A header; `length` counts its own 8 bytes too, `checksum` 0 means that there is none."""

    source_port: int
    destination_port: int
    length: int
    checksum: int


def parse(datagram: Buffer, source_ip: bytes, destination_ip: bytes, *, verify: bool = True) -> UdpHeader:
    """Read the header of a datagram, whose payload is `datagram[8:length]`; more bytes may follow.

    WireError `udp.truncated`, or `udp.checksum` unless `verify` is false; a datagram without a checksum is
    accepted (RFC 1122 §4.1.3.4).
    """
    if len(datagram) < HEADER_LENGTH:
        raise WireError("udp.truncated", f"{len(datagram)} bytes")
    header = UdpHeader._make(_HEADER.unpack_from(datagram))
    length = header.length
    if not HEADER_LENGTH <= length <= len(datagram):
        raise WireError("udp.truncated", f"length {length} in {len(datagram)} bytes")
    if verify and header.checksum and not transport_checksum_ok(
        source_ip, destination_ip, PROTOCOL, datagram[:length]
    ):
        raise WireError("udp.checksum", f"0x{header.checksum:04x}")
    return header


def build(source_ip: bytes, destination_ip: bytes, source_port: int, destination_port: int, payload: bytes) -> bytes:
    """Return a datagram with its checksum; one that is 0 is written as 0xffff. ValueError for too much payload."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a UDP datagram carries at most {MAX_PAYLOAD} bytes, not {len(payload)}")
    length = HEADER_LENGTH + len(payload)
    bare = _HEADER.pack(source_port, destination_port, length, 0) + payload
    value = transport_checksum(source_ip, destination_ip, PROTOCOL, bare) or 0xFFFF
    return _HEADER.pack(source_port, destination_port, length, value) + payload
