"""A frame of several segments, for a device that cuts it up."""

from __future__ import annotations

from collections.abc import Iterator

from aether.wire import tcp
from aether.wire.compose import HEADERS, tcp_frame

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
        (mac, ours, _, _, tos, _, identification, fragments, ttl, _, _, source, destination, port, to,
         sequence, acknowledgement, bits, window, _, _) = HEADERS.unpack_from(self.head)
        options = self.head[HEADERS.size:]
        data = self.payload[0] if len(self.payload) == 1 else memoryview(b"".join(self.payload))
        for at in range(0, len(data), self.size):
            piece = data[at:at + self.size]
            flags = (bits if at + self.size >= len(data) else bits & ~tcp.PSH) & 0x1FF
            yield tcp_frame(
                mac, ours, tos, identification, fragments, ttl, source, destination, port, to, sequence,
                acknowledgement, flags, window, options, piece)
            sequence = sequence + self.size & MASK
            identification = identification + 1 & 0xFFFF
