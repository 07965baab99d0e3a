"""The two streams of a TCP connection, put together from the frames that one host saw (`follow`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aether.wire import ethernet, ipv4, tcp
from aether.wire.error import WireError
from shell.reading.frames import SeenFrame
from shell.results.follow import Piece

MASK = 0xFFFFFFFF
HALF = 1 << 31
Key = tuple[bytes, bytes, int, int]


@dataclass(slots=True)
class StreamPiece:
    """What matters of a frame: ends, number, bytes."""

    seen: SeenFrame
    key: Key
    """Source and destination, addresses and ports."""
    sequence: int
    acknowledgement: int
    flags: int
    window: int
    """As it stands in the header, not scaled."""
    payload: bytes


def segment_of(seen: SeenFrame) -> StreamPiece | None:
    """Return the TCP segment in a frame; None if there is no whole one."""
    try:
        _, _, kind = ethernet.parse(seen.data)
        if kind != ethernet.TYPE_IPV4:
            return None
        packet = seen.data[ethernet.HEADER_LENGTH:]
        header = ipv4.parse(packet, verify=False)
        if header.protocol != ipv4.PROTO_TCP or header.more_fragments or header.fragment_offset:
            return None
        data = packet[header.header_length:header.total_length]
        found = tcp.parse(data)
    except WireError:
        return None
    return StreamPiece(
        seen, (header.source, header.destination, found.source_port, found.destination_port), found.sequence,
        found.acknowledgement, found.flags, found.window, bytes(data[found.header_length:]))


@dataclass(slots=True)
class _Way:
    """One direction."""

    direction: str
    next: int = -1
    """The sequence number of the next byte, -1 before anything is known."""
    offset: int = 0
    waiting: dict[int, StreamPiece] = field(default_factory=dict)
    """Segments beyond a hole, by sequence number."""

    def take(self, segment: StreamPiece) -> list[tuple[StreamPiece, bytes]]:
        """Return what has become contiguous, with the segments it came in."""
        start = segment.sequence
        if segment.flags & tcp.SYN:
            self.next = (start + 1) & MASK
            return []
        if not segment.payload:
            return []
        if self.next < 0:
            self.next = start
        self.waiting.setdefault(start, segment)
        found = []
        while (ready := self._ready()) is not None:
            del self.waiting[ready.sequence]
            skip = (self.next - ready.sequence) & MASK
            fresh = ready.payload[skip:] if skip < len(ready.payload) else b""
            if fresh:
                self.next = (self.next + len(fresh)) & MASK
                found.append((ready, fresh))
        return found

    def _ready(self) -> StreamPiece | None:
        """Return a waiting segment that begins at or before the next byte."""
        for one in self.waiting.values():
            if ((self.next - one.sequence) & MASK) < HALF:
                return one
        return None

    def missing(self) -> int:
        """Return how many bytes are known to be missing before what waits."""
        return sum(
            (low - self.next) & MASK for low in [min(self.waiting, key=lambda at: (at - self.next) & MASK)]
        ) if self.waiting else 0


class BothStreams:
    """Both directions of one connection."""

    def __init__(self, key: Key) -> None:
        """`key` is as in what you send."""
        source, destination, port, to = key
        self.ways = {key: _Way("out"), (destination, source, to, port): _Way("in")}
        self.pieces: list[Piece] = []

    def follow(self, segments: Iterable[StreamPiece]) -> None:
        """Take segments in the order in which they were seen."""
        for segment in segments:
            way = self.ways.get(segment.key)
            if way is None or segment.seen.direction == "lost" or segment.seen.dropped:
                continue  # no application has seen any of these
            for one, data in way.take(segment):
                self._add(way, one, data)

    def _add(self, way: _Way, segment: StreamPiece, data: bytes) -> None:
        last = self.pieces[-1] if self.pieces else None
        if last is not None and last.direction == way.direction:
            last.frames.append(segment.seen.number)
            last.data += data.hex()
        else:
            self.pieces.append(
                Piece(way.direction, segment.seen.time, [segment.seen.number], way.offset, data.hex()))
        way.offset += len(data)

    def missing(self) -> int:
        """Return how many bytes are known to have been sent, and were not seen."""
        return sum(way.missing() for way in self.ways.values())
