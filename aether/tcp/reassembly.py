"""Segments beyond a hole: kept in order, without overlaps, until the hole is filled (RFC 9293 §3.10.7.4)."""

from bisect import bisect_left, insort
from collections.abc import Iterator


class Reassembly:
    """Pieces that arrived out of order; sequence numbers are unbounded integers."""

    __slots__ = ("latest", "pieces", "ranges", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        """Where each piece starts, in order."""
        self.pieces: dict[int, bytes] = {}
        self.ranges: list[tuple[int, int]] = []
        """The blocks that the pieces make, in order: what SACK reports (RFC 2018 §3)."""
        self.latest: list[int] = []
        """Starts of blocks, the most recently changed first (RFC 2018 §4)."""

    def __len__(self) -> int:
        return len(self.starts)

    def add(self, start: int, data: bytes) -> int:
        """Keep what is new of `data`; return how many bytes that was."""
        end = start + len(data)
        new = list(self._gaps(start, end))
        for low, high in new:
            self.pieces[low] = data[low - start:high - start]
            insort(self.starts, low)
        if start < end:
            self._merge(start, end)
        return sum(high - low for low, high in new)

    def stands_alone(self, start: int, end: int) -> bool:
        """Tell whether start..end would be a block of its own, with a hole before and behind it."""
        index = bisect_left(self.ranges, (start, start))
        return not (index and self.ranges[index - 1][1] >= start) and not (
            index < len(self.ranges) and self.ranges[index][0] <= end)

    def duplicate(self, start: int, end: int) -> tuple[int, int]:
        """Return the first part of start..end that a block covers already (RFC 2883 §4); an empty one if none does."""
        at = max(bisect_left(self.ranges, (start, start)) - 1, 0)
        for low, high in self.ranges[at:at + 2]:
            if low < end and start < high:
                return max(low, start), min(high, end)
        return start, start

    def _gaps(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Find the parts of start..end that no block covers yet."""
        index = max(bisect_left(self.ranges, (start, start)) - 1, 0)
        at = start
        while index < len(self.ranges) and self.ranges[index][0] < end:
            low, high = self.ranges[index]
            if at < low:
                yield at, low
            at = max(at, high)
            index += 1
        if at < end:
            yield at, end

    def _merge(self, start: int, end: int) -> None:
        first = bisect_left(self.ranges, (start, start))
        if first and self.ranges[first - 1][1] >= start:
            first -= 1
        last = first
        while last < len(self.ranges) and self.ranges[last][0] <= end:
            low, high = self.ranges[last]
            start, end = min(start, low), max(end, high)
            if low in self.latest:
                self.latest.remove(low)
            last += 1
        self.ranges[first:last] = [(start, end)]
        self.latest.insert(0, start)
        del self.latest[8:]

    def take(self, rcv_nxt: int) -> list[bytes]:
        """Remove and return, in order, what has become contiguous with `rcv_nxt`."""
        taken: list[bytes] = []
        count = 0
        for start in self.starts:
            if start > rcv_nxt:
                break
            count += 1
            piece = self.pieces.pop(start)[rcv_nxt - start:]
            if piece:
                taken.append(piece)
                rcv_nxt += len(piece)
        if count:
            del self.starts[:count]
        while self.ranges and self.ranges[0][0] <= rcv_nxt:
            low, high = self.ranges.pop(0)
            if low in self.latest:
                self.latest.remove(low)
            if high > rcv_nxt:
                self.ranges.insert(0, (rcv_nxt, high))
                self.latest.append(rcv_nxt)
                break
        return taken

    def remember(self, fin: int) -> None:
        """Note that a FIN with this number came: it waits in the order of blocks as data does."""
        start = next((low for low, high in self.ranges if high == fin), fin)
        if start in self.latest:
            self.latest.remove(start)
        self.latest.insert(0, start)
        del self.latest[8:]

    def blocks(self, limit: int, fin: int = -1) -> list[tuple[int, int]]:
        """Return up to `limit` blocks to report, the most recently changed first (RFC 2018 §4).

        A FIN that waits at `fin` takes a number as a byte does (§3).
        """
        ends = dict(self.ranges)
        if fin >= 0:
            ends[next((low for low, high in self.ranges if high == fin), fin)] = fin + 1
        chosen = [(low, ends[low]) for low in self.latest if low in ends]
        chosen += [block for block in sorted(ends.items()) if block not in chosen] if len(chosen) < limit else []
        return chosen[:limit]
