"""What an application has written and TCP still keeps, as a list of immutable chunks.

Chunks are never joined or changed, so that snapshots of the world share them. An empty buffer keeps no deque: one
takes 760 bytes as soon as it exists, and most of ten thousand connections have nothing in their buffers.
"""

from collections import deque

MOST_PIECES = 256
"""Pieces of which a frame is made at the most: writev takes 1,024, and many small ones cost more than a copy."""


class SendBuffer:
    """Bytes from `start` on; sequence numbers are unbounded integers."""

    __slots__ = ("chunks", "end", "records", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        """The sequence number of the first byte kept."""
        self.records: deque[int] | None = None
        """Where records end that share no segment with what follows (MSG_EOR); None when there are none."""
        self.end = start
        """The sequence number after the last byte."""
        self.chunks: deque[tuple[int, bytes]] | None = None
        """Each with the sequence number of its first byte; None when there is none."""

    def append(self, data: bytes) -> None:
        """Add what the application wrote."""
        if data:
            if self.chunks is None:
                self.chunks = deque()
            self.chunks.append((self.end, data))
            self.end += len(data)

    def end_record(self) -> None:
        """Let nothing that follows share a segment with what was written."""
        if self.records is None:
            self.records = deque()
        self.records.append(self.end)

    def whole(self, sequence: int, length: int) -> int:
        """Return how many of `length` bytes from `sequence` on belong to one record."""
        for end in self.records or ():
            if sequence < end:
                return min(length, end - sequence)
        return length

    def hold(self, start: int, data: bytes) -> None:
        """Keep what was written, and sent from `start` on, before there was a buffer."""
        self.chunks = deque([(start, data)])

    def release(self, sequence: int) -> None:
        """Forget everything before `sequence`: it was acknowledged."""
        chunks = self.chunks
        if chunks:
            while chunks and chunks[0][0] + len(chunks[0][1]) <= sequence:
                chunks.popleft()
            if not chunks:
                self.chunks = None
        records = self.records
        if records:
            while records and records[0] <= sequence:
                records.popleft()
            if not records:
                self.records = None
        self.start = min(sequence, self.end)

    def read(self, sequence: int, length: int) -> bytes:
        """Return up to `length` bytes from `sequence` on."""
        chunks = self.chunks
        if not chunks:
            return b""
        index = _chunk_at(chunks, sequence)
        first, data = chunks[index]
        piece = data[sequence - first:sequence - first + length]
        if len(piece) == length or index + 1 == len(chunks):
            return piece
        pieces = [piece]
        missing = length - len(piece)
        while missing and index + 1 < len(chunks):
            index += 1
            piece = chunks[index][1][:missing]
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def pieces(self, sequence: int, length: int) -> list[memoryview]:
        """Return `length` bytes from `sequence` on, which there must be, as pieces of the chunks.

        Nothing is copied, unless that would be more pieces than are worth it.
        """
        chunks = self.chunks
        assert chunks is not None
        index = _chunk_at(chunks, sequence)
        pieces = []
        while length:
            first, data = chunks[index]
            piece = memoryview(data)[sequence - first:sequence - first + length]
            pieces.append(piece)
            sequence += len(piece)
            length -= len(piece)
            index += 1
        return pieces if len(pieces) <= MOST_PIECES else [memoryview(b"".join(pieces))]


class ReceiveBuffer:
    """Bytes in order, waiting for the application."""

    __slots__ = ("chunks", "length")

    def __init__(self) -> None:
        self.chunks: deque[bytes] | None = None
        """None when there is nothing in it."""
        self.length = 0

    def append(self, data: bytes) -> None:
        """Add bytes that are next in the stream."""
        if self.chunks is None:
            self.chunks = deque()
        self.chunks.append(data)
        self.length += len(data)

    def take(self, limit: int) -> bytes:
        """Remove and return up to `limit` bytes."""
        chunks = self.chunks
        if chunks is None:
            return b""
        if limit >= self.length:
            data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            self.chunks = None
            self.length = 0
            return data
        pieces = []
        missing = limit
        while missing:
            chunk = chunks.popleft()
            if len(chunk) > missing:
                chunks.appendleft(chunk[missing:])
                chunk = chunk[:missing]
            pieces.append(chunk)
            missing -= len(chunk)
        self.length -= limit
        return b"".join(pieces)

    def peek(self, limit: int) -> bytes:
        """Return up to `limit` bytes and leave them where they are."""
        pieces = []
        for chunk in self.chunks or ():
            pieces.append(chunk[:limit])
            limit -= len(pieces[-1])
            if limit <= 0:
                break
        return b"".join(pieces)


def _chunk_at(chunks: deque[tuple[int, bytes]], sequence: int) -> int:
    """Return the index of the chunk that holds `sequence`: by bisection, a deque being fast near its ends."""
    low, high = 0, len(chunks) - 1
    if sequence >= chunks[high][0]:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if chunks[middle][0] <= sequence:
            low = middle
        else:
            high = middle - 1
    return low
