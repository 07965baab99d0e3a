"""The two streams of a TCP connection, put together from the frames that one host saw (`follow`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from aether.reading.flow import HALF, MASK
from aether.reading.packet import segment_in
from aether.wire import tcp
from shell.reading.frames import SeenFrame
from shell.results.follow import Piece

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
    length: int
    """Bytes of data by the packet's length: more than `payload` has where the frame was cut off."""


def segment_of(seen: SeenFrame) -> StreamPiece | None:
    """Return the TCP segment in a frame; None if there is no whole one."""
    if seen.context is None:
        return None
    found = segment_in(seen.data)
    if found is None:
        return None
    source_port, destination_port, sequence, acknowledgement, offset_and_flags, window = found.header[:6]
    payload = seen.data[found.payload:found.end]
    return StreamPiece(
        seen, (found.ip.header[8], found.ip.header[9], source_port, destination_port), sequence, acknowledgement,
        offset_and_flags & 0x0FFF, window, payload, max(found.carried, len(payload)))


Fresh = tuple[StreamPiece, bytes, int]
"""Bytes that have become contiguous: the segment they came in, and where they begin in their direction."""


@dataclass(slots=True)
class _Way:
    """One direction."""

    direction: str
    first: int = -1
    """The sequence number of the first byte, -1 before anything is known."""
    at: int = 0
    """How many bytes are known without a hole, those included that a capture has cut off."""
    cut: int = 0
    """How many those are."""
    waiting: dict[int, StreamPiece] = field(default_factory=dict)
    """Segments beyond a hole, by their place in the stream; of several at one place, the longest."""
    places: list[int] = field(default_factory=list)
    """The places of those, as a heap."""

    def take(self, segment: StreamPiece) -> list[Fresh]:
        """Return what has become contiguous, with the segments it came in, and where it begins."""
        start = segment.sequence
        if segment.flags & tcp.SYN:
            start = (start + 1) & MASK
            if self.first < 0:
                self.first = start
        if not segment.length:
            return []
        if self.first < 0:
            self.first = start
        distance = (start - self.first - self.at) & MASK
        place = self.at + (distance if distance < HALF else distance - MASK - 1)
        if place > self.at:
            self._hold(place, segment)
            return []
        found: list[Fresh] = []
        self._fresh(place, segment, found)
        while self.places and self.places[0] <= self.at:
            place = heappop(self.places)
            self._fresh(place, self.waiting.pop(place), found)
        return found

    def _hold(self, place: int, segment: StreamPiece) -> None:
        before = self.waiting.get(place)
        if before is None:
            heappush(self.places, place)
        if before is None or (len(before.payload), before.length) < (len(segment.payload), segment.length):
            self.waiting[place] = segment

    def _fresh(self, place: int, segment: StreamPiece, found: list[Fresh]) -> None:
        """Add what of a segment is new, which begins at the next byte or before."""
        data = segment.payload[self.at - place:]
        if data:
            found.append((segment, data, self.at))
        end = place + segment.length
        if end > self.at:
            self.cut += end - self.at - len(data)
            self.at = end

    def missing(self) -> int:
        """Return how many bytes are known to be missing before what waits."""
        return self.places[0] - self.at if self.places else 0


@dataclass(slots=True)
class _Said:
    """What one end said before the other did."""

    direction: str
    time: int
    offset: int
    frames: list[int]
    parts: list[bytes]
    end: int
    """Where it ends in its direction, in bytes."""


class BothStreams:
    """Both directions of one connection."""

    def __init__(self, key: Key) -> None:
        """`key` is as in what you send."""
        source, destination, port, to = key
        self.ways = {key: _Way("out"), (destination, source, to, port): _Way("in")}
        self._said: list[_Said] = []

    def follow(self, segments: Iterable[StreamPiece]) -> None:
        """Take segments in the order in which they were seen."""
        for segment in segments:
            way = self.ways.get(segment.key)
            if way is None or segment.seen.direction == "lost" or segment.seen.dropped:
                continue  # no application has seen any of these
            for one, data, offset in way.take(segment):
                self._add(way.direction, offset, one, data)

    def _add(self, direction: str, offset: int, segment: StreamPiece, data: bytes) -> None:
        last = self._said[-1] if self._said else None
        if last is not None and last.direction == direction and last.end == offset:
            last.frames.append(segment.seen.number)
            last.parts.append(data)
            last.end += len(data)
        else:
            self._said.append(_Said(
                direction, segment.seen.time, offset, [segment.seen.number], [data], offset + len(data)))

    def pieces(self, limit: int | None = None) -> list[Piece]:
        """Return what was said, in order, at most `limit` bytes of it."""
        found: list[Piece] = []
        for said in self._said:
            if limit is not None and limit <= 0:
                break
            data = b"".join(said.parts)[:limit]
            found.append(Piece(said.direction, said.time, said.frames, said.offset, data.hex()))
            if limit is not None:
                limit -= len(data)
        return found

    def length(self, direction: str) -> int:
        """Return how many bytes of a direction there are."""
        return sum(way.at - way.cut for way in self.ways.values() if way.direction == direction)

    def cut(self) -> int:
        """Return how many bytes the capture has cut off."""
        return sum(way.cut for way in self.ways.values())

    def missing(self) -> int:
        """Return how many bytes are known to have been sent, and were not seen."""
        return sum(way.missing() for way in self.ways.values())
