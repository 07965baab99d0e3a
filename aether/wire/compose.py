"""Whole frames in one go, for those who know all headers of one: Ethernet, IPv4, and TCP or ICMP behind them.

Each protocol's module reads and writes its own header, and says what the fields mean. Here is what spans several of
them, each time with what its reader or writer wants together in one field; everything in network order.
"""

from struct import Struct

from aether.wire.ethernet import TYPE_IPV4
from aether.wire.ipv4 import PROTO_TCP

PLAIN = 0x08004500
"""The Ethernet type, version and header length, and type of service of a plain packet."""

HEADERS = Struct(">6s6sHBBHHHBBH4s4sHHIIHHHH")
"""Ethernet: destination, source, type. IPv4: version and length, TOS, length, identification, fragments, TTL,
protocol, checksum, source, destination. TCP: ports, sequence and acknowledgement number, offset and flags, window,
checksum, urgent pointer."""
PACKET = Struct(">BBHHHBBH4s4sHHIIHHHH")
"""The same from IPv4 on."""
GATHERED = Struct(">15sBHHHBBH12sIIHH")
"""Hardware addresses, type and first byte; TOS, length, identification, fragments, TTL, protocol, checksum, both ends,
sequence and acknowledgement number, offset and flags, window."""
STAMPED = Struct(">6s6xIQH12sIIIIIII")
"""A frame up to its timestamp: hardware address, type to TOS, length to protocol, checksum, addresses and ports,
sequence and acknowledgement number, offset to window, checksum and urgent pointer, option, and both timestamps."""
SYN_OPTIONS = Struct(">HHIIII")
"""The options of a SYN, from byte 54 on: MSS, SACK permitted with the timestamp's head, the timestamps, the scale."""
SEGMENT = Struct(">6s10sHHIH12sIIIHHIII")
"""A frame: hardware address, source and type to TOS, length, identification, fragments to protocol, checksum,
addresses and ports, sequence and acknowledgement number, offset to window, checksum, urgent pointer, option, stamps."""
SYN_SEGMENT = Struct(">6s10sHHIH12sIIIHHHHIIII")
"""The same with the options of a SYN."""
ECHO = Struct(">6s6xIHHHBBH4s4sHHI")
"""A frame: hardware address, type to TOS, length, identification, fragments, TTL, protocol, checksum, addresses; the
message's type and code, its checksum, identifier and sequence number."""
ECHO_REPLY = Struct(">6s6sIHHHBBH4s4sHHI")
"""The same, with the other hardware address too."""

_frame = HEADERS.pack


def tcp_frame(
    to: bytes, ours: bytes, tos: int, identification: int, fragments: int, ttl: int, source: bytes, destination: bytes,
    source_port: int, destination_port: int, sequence: int, acknowledgement: int, flags: int, window: int,
    options: bytes, payload: bytes | memoryview,
) -> bytes:
    """Return a frame with a segment and both checksums; `to` and `ours` are hardware addresses.

    `fragments` are the flags of IPv4 with the offset, `options` a multiple of 4 bytes; all of it has to fit.
    """
    extra = len(options) + len(payload)
    length = extra + 40
    addresses = int.from_bytes(source + destination, "big")
    bits = 0x5000 + (len(options) << 10) | flags
    total = addresses + PROTO_TCP + extra + 20 + source_port + destination_port
    total += sequence + acknowledgement + bits + window
    if options:
        total += int.from_bytes(options, "big")
    if payload:
        number = int.from_bytes(payload, "big") % 0xFFFF
        total += number << 8 if extra & 1 else number
    return _frame(
        to, ours, TYPE_IPV4, 0x45, tos, length, identification, fragments, ttl, PROTO_TCP,
        -(0x4500 + tos + length + identification + fragments + (ttl << 8) + PROTO_TCP + addresses) % 0xFFFF,
        source, destination, source_port, destination_port, sequence, acknowledgement, bits, window,
        -total % 0xFFFF, 0) + options + payload
