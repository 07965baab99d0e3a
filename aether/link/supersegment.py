"""A frame of several segments, for a device that cuts it up."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

from aether.wire import tcp

HEADERS = Struct(">6s6sHBBHHHBBH4s4sHHIIHHHH")
"""Ethernet: destination, source, type. IPv4: version and length, TOS, length, identification, fragments, TTL,
protocol, checksum, source, destination. TCP: ports, sequence and acknowledgement number, offset and flags, window,
checksum, urgent pointer."""
_FRAME = HEADERS.pack
MASK = 0xFFFFFFFF


class SuperSegment:
    """A frame with several segments in one, for a device that cuts it up and computes their checksums."""

    __slots__ = ("head", "payload", "size")

    def __init__(self, head: bytes, payload: list[memoryview], size: int) -> None:
        self.head = head
        """All headers; TCP's checksum covers nothing yet but addresses, protocol and length."""
        self.payload = payload
        """Pieces of what the application has written: nothing is copied."""
        self.size = size
        """Bytes of payload of each segment but the last."""

    def frames(self) -> Iterator[bytes]:
        """Return the frames that the device would make of it, for one that does not."""
        (mac, ours, kind, first, tos, _, identification, fragments, ttl, protocol, _, source, destination, port, to,
         sequence, acknowledgement, bits, window, _, _) = HEADERS.unpack_from(self.head)
        options = self.head[HEADERS.size:]
        data = self.payload[0] if len(self.payload) == 1 else memoryview(b"".join(self.payload))
        addresses = int.from_bytes(source + destination, "big") + protocol
        packet = 0x4500 + tos + fragments + (ttl << 8) + addresses
        shared = addresses + port + to + acknowledgement + window + int.from_bytes(options, "big")
        for at in range(0, len(data), self.size):
            piece = data[at:at + self.size]
            flags = bits if at + self.size >= len(data) else bits & ~tcp.PSH
            extra = len(options) + len(piece)
            number = int.from_bytes(piece, "big") % 0xFFFF
            total = shared + extra + 20 + sequence + flags + (number << 8 if extra & 1 else number)
            yield _FRAME(
                mac, ours, kind, first, tos, extra + 40, identification, fragments, ttl, protocol,
                -(packet + extra + 40 + identification) % 0xFFFF, source, destination, port, to, sequence,
                acknowledgement, flags, window, -total % 0xFFFF, 0) + options + piece
            sequence = sequence + self.size & MASK
            identification = identification + 1 & 0xFFFF
