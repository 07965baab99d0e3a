"""What is in flight, what was lost, and what to send again (RFC 6675; RFC 6582 without SACK).

One record per segment sent, or per several that left as one. Nothing here walks the whole window again and again: an
acknowledgement costs as much as it acknowledges, a SACK block as much as it adds, loss marks move forward only, and
what left as one is taken apart once, at the first sign that not all of it has arrived.
"""

from __future__ import annotations

from bisect import bisect_right
from heapq import heappop, heappush
from typing import NamedTuple

DUP_THRESH = 3
"""Duplicate acknowledgements, or segments SACKed above, that mean a loss (RFC 5681 §3.2)."""

NOT_AGAIN, AGAIN, NEEDLESS = 0, 1, 2
"""Whether a lost segment is under way again; NEEDLESS if it turned out not to have been lost."""


class Sent:
    """A segment that was sent and is not acknowledged yet; or several, of which none is SACKed, lost or sent again."""

    __slots__ = ("again", "end", "lost", "order", "sacked", "sends", "size", "start", "time", "too_large")

    def __init__(self, start: int, end: int, time: int, order: int) -> None:
        self.start = start
        self.end = end
        self.time = time
        """When it was sent last, in microseconds."""
        self.order = order
        """Which of those sent in that microsecond it is, from 0: in virtual time many are."""
        self.sends = 1
        self.sacked = False
        self.lost = False
        """Taken for lost, and not sent again since."""
        self.again = NOT_AGAIN
        """What was taken for lost and sent again, and has not arrived or been lost once more since."""
        self.size = 0
        """Bytes of each segment but the last, if these are several."""
        self.too_large = False
        """Part of one that did not fit its path, and not sent again since."""

    def pieces(self) -> list[Sent]:
        """Return a record of each segment."""
        if not self.size:
            return [self]
        return [Sent(at, min(at + self.size, self.end), self.time, self.order + index)
                for index, at in enumerate(range(self.start, self.end, self.size))]

    def count(self) -> int:
        """Return how many segments these are."""
        return -(-(self.end - self.start) // self.size) if self.size else 1


class Acked(NamedTuple):
    """What an acknowledgement brought."""

    bytes: int
    """Newly acknowledged by it, those SACKed before included."""
    delivered: int
    """Newly known to have arrived."""
    sent_at: int
    """When the latest segment among them was sent; -1 if one was sent twice: whose ACK this is, nobody knows (Karn)."""


class Flight:
    """The segments in flight of one connection; sequence numbers are unbounded integers."""

    __slots__ = (
        "arrived", "by_time", "dup_acks", "lost", "pipe", "sacked", "sacked_bytes", "scanned", "segments", "several",
    )

    def __init__(self) -> None:
        self.segments: dict[int, Sent] = {}
        """By the sequence number that they start with."""
        self.by_time: dict[int, Sent] = {}
        """Those that are thought to be in the network, in the order in which they were sent last; by where they end."""
        self.pipe = 0
        """Bytes that are thought to be in the network (RFC 6675 §2)."""
        self.sacked: list[tuple[int, int]] = []
        """Ranges that the peer has beyond what it acknowledges, in order."""
        self.sacked_bytes = 0
        self.lost: list[int] = []
        """A heap of starts of segments to send again; it may hold some that are no longer lost."""
        self.scanned = 0
        """Everything before this sequence number was looked at for losses."""
        self.dup_acks = 0
        """Duplicate acknowledgements in a row (RFC 5681 §2)."""
        self.arrived: list[Sent] = []
        """What the present acknowledgement says has arrived: for RACK and F-RTO."""
        self.several = False
        """Whether there are records that stand for several segments."""

    def sent(self, start: int, end: int, now: int) -> None:
        """Note that a new segment was sent."""
        self.segments[start] = self.by_time[end] = Sent(start, end, now, self._order(now))
        self.pipe += end - start

    def sent_several(self, start: int, end: int, now: int, size: int) -> None:
        """Note that new segments of `size` bytes each were sent, as one."""
        self.several = True
        self.sent(start, end, now)
        self.segments[start].size = size

    def take_apart(self) -> None:
        """Give every segment a record of its own: from now on each arrives, or is lost, by itself."""
        if not self.several:
            return
        self.several = False
        segments, by_time = self.segments, self.by_time
        self.segments, self.by_time = {}, {}
        for start in sorted(segments):
            for piece in segments[start].pieces():
                self.segments[piece.start] = piece
        for segment in by_time.values():
            at = segment.start
            while at < segment.end:
                piece = self.segments[at]
                self.by_time[piece.end] = piece
                at = piece.end

    def count(self) -> int:
        """Return how many segments are in flight."""
        if not self.several:
            return len(self.segments)
        return sum(segment.count() for segment in self.segments.values())

    def sent_again(self, segment: Sent, now: int) -> None:
        """Note that a segment was sent again."""
        if segment.lost:
            segment.lost = False
            segment.again = AGAIN
            self.pipe += segment.end - segment.start
        segment.too_large = False
        segment.sends += 1
        segment.order = self._order(now)
        segment.time = now
        self.by_time.pop(segment.end, None)
        self.by_time[segment.end] = segment

    def _order(self, now: int) -> int:
        """Return which transmission of this microsecond the next one is."""
        for last in reversed(self.by_time.values()):
            if last.time == now:
                return last.order + (last.count() if last.size else 1)
            break
        return 0

    def acknowledge(self, una: int, ack: int) -> Acked:
        """Remove what lies between `una` and `ack`."""
        delivered = 0
        sent_at = -1
        twice = False
        at = una
        while at < ack:
            segment = self.segments.pop(at)
            if segment.end > ack:
                segment = self._split(segment, ack)
            else:
                self.by_time.pop(segment.end, None)
            end = segment.end
            if not segment.lost and not segment.sacked:
                self.pipe -= end - at
            if not segment.sacked:
                delivered += end - at
                sent_at = max(sent_at, segment.time)
                self.arrived.append(segment)
            twice = twice or segment.sends > 1
            at = end
        if not self.segments:  # an emptied dict keeps its room: much, for thousands that are idle
            self.segments, self.by_time = {}, {}
            self.several = False
        while self.sacked and self.sacked[0][0] < ack:
            low, high = self.sacked.pop(0)
            self.sacked_bytes -= min(high, ack) - low
            if high > ack:
                self.sacked.insert(0, (ack, high))
        return Acked(ack - una, delivered, -1 if twice else sent_at)

    def _split(self, segment: Sent, at: int) -> Sent:
        """Keep the part of a segment from `at` on, and return what is before: an acknowledgement landed inside it."""
        before = Sent(segment.start, at, segment.time, segment.order)
        before.sends, before.sacked, before.lost = segment.sends, segment.sacked, segment.lost
        before.too_large = segment.too_large
        before.again = segment.again
        if segment.size:
            before.size = segment.size
            segment.order += (at - segment.start) // segment.size
        segment.start = at
        self.segments[at] = segment
        if segment.lost:
            heappush(self.lost, at)
        return before

    def cut_off(self, segment: Sent, length: int) -> Sent:
        """Make two records of one segment, the first `length` bytes long; return that one."""
        before = self._split(segment, segment.start + length)
        self.segments[before.start] = before
        if segment.end in self.by_time:
            self.by_time[before.end] = before
            self.by_time = dict(sorted(self.by_time.items(), key=_sent_order))
        return before

    def sack(self, blocks: tuple[tuple[int, int], ...], una: int, snd_nxt: int) -> int:
        """Take SACK blocks; return how many bytes are newly known to have arrived.

        RFC 2018 §5: what lies below `una` or beyond `snd_nxt` says nothing.
        """
        new = 0
        for left, right in blocks:
            if una < right <= snd_nxt and left < right and left >= una:
                gaps, whole = self._unsacked(left, right)
                for low, high in gaps:
                    new += self._mark_sacked(low, high, whole)
        return new

    def _unsacked(self, left: int, right: int) -> tuple[list[tuple[int, int]], tuple[int, int]]:
        """Add a block to the ranges; return the parts of it that are new, and the range that it is in now."""
        ranges = self.sacked
        index = bisect_right(ranges, (left, right)) - 1
        if index < 0 or ranges[index][1] < left:
            index += 1
        first, at, low, high = index, left, left, right
        gaps = []
        while index < len(ranges) and ranges[index][0] <= right:
            start, end = ranges[index]
            if at < start:
                gaps.append((at, start))
            at = max(at, end)
            low, high = min(low, start), max(high, end)
            index += 1
        if at < right:
            gaps.append((at, right))
        ranges[first:index] = [(low, high)]
        self.sacked_bytes += sum(end - start for start, end in gaps)
        return gaps, (low, high)

    def _mark_sacked(self, low: int, high: int, whole: tuple[int, int]) -> int:
        """Mark the segments that low..high makes complete; a part of one waits until `whole` holds all of it."""
        first, last = whole
        count = 0
        at = low if low in self.segments else self._start_of(low)
        while at < high:
            segment = self.segments.get(at)
            if segment is None:
                break
            if first <= at and segment.end <= last and not segment.sacked:
                segment.sacked = True
                segment.again = NOT_AGAIN
                self.by_time.pop(segment.end, None)
                self.arrived.append(segment)
                if segment.lost:
                    segment.lost = False
                else:
                    self.pipe -= segment.end - at
                count += segment.end - at
            at = segment.end
        return count

    def _start_of(self, sequence: int) -> int:
        """Return where the segment starts that holds `sequence`: for the rare block that starts or grows inside one."""
        starts = sorted(self.segments)
        return starts[max(bisect_right(starts, sequence) - 1, 0)] if starts else sequence

    def has_sacked(self, count: int) -> bool:
        """Tell whether so many segments, whole ones, are SACKed."""
        if not self.sacked:
            return False
        for segment in self.segments.values():
            count -= segment.sacked
            if not count:
                return True
        return False

    def forget_sacked(self, una: int) -> bool:
        """Take what was SACKed for lost if the peer has let go of it; return whether it has (RFC 2018 §8).

        It has if it does not acknowledge what it SACKed right behind what it acknowledges.
        """
        if not self.sacked or self.sacked[0][0] > una:
            return False
        for segment in self.segments.values():
            if segment.sacked:
                segment.sacked, segment.lost = False, True
                heappush(self.lost, segment.start)
        self.sacked.clear()
        self.sacked_bytes = 0
        return True

    def detect(self, una: int, mss: int) -> int:
        """Mark what RFC 6675 §4 (IsLost) takes for lost; return how many bytes are newly lost."""
        limit = self._lost_below(mss)
        at = max(self.scanned, una)
        lost = 0
        while at < limit:
            segment = self.segments.get(at)
            if segment is None:
                break
            if not segment.sacked and not segment.lost and segment.sends == 1:
                lost += self.mark_lost(segment)
            at = segment.end
        self.scanned = max(self.scanned, at)
        return lost

    def _lost_below(self, mss: int) -> int:
        """Return where enough has been SACKed above: three ranges, or more than two segments' worth."""
        above = 0
        for count, (low, high) in enumerate(reversed(self.sacked), 1):
            above += high - low
            if count >= DUP_THRESH or above > (DUP_THRESH - 1) * mss:
                return low
        return 0

    def mark_first_lost(self, una: int) -> int:
        """Take the first segment for lost (RFC 6582 §3.2); return its length, 0 if it is so already."""
        segment = self.segments.get(una)
        if segment is None or segment.lost or segment.sacked:
            return 0
        return self.mark_lost(segment)

    def mark_all_lost(self, limit: int, even_again: bool = True) -> None:
        """Take everything before `limit` that is not SACKed for lost: time is up (RFC 6675 §5.1, RFC 5681 §4.3)."""
        for segment in list(self.by_time.values()):
            if segment.end <= limit and (even_again or segment.again != AGAIN):
                self.mark_lost(segment)

    def mark_lost(self, segment: Sent) -> int:
        """Take one segment for lost; return its length in bytes."""
        segment.lost = True
        segment.again = NOT_AGAIN
        self.by_time.pop(segment.end, None)
        self.pipe -= segment.end - segment.start
        heappush(self.lost, segment.start)
        return segment.end - segment.start

    def cut(self, mss: int, largest: int) -> bool:
        """Cut what is in segments larger than `largest` anew, to be sent again (RFC 1191 §6.4): it did not arrive.

        Those that follow each other are cut as one, so that no small rests are left between them. Return whether there
        are any.
        """
        self.take_apart()
        run: list[Sent] = []
        for start in sorted(start for start, segment in self.segments.items() if segment.end - start > largest):
            if run and run[-1].end < start:
                self._cut(run, mss)
                run = []
            run.append(self.segments[start])
        if run:
            self._cut(run, mss)
        return bool(run)

    def _cut(self, run: list[Sent], mss: int) -> None:
        for segment in run:
            del self.segments[segment.start]
            self.by_time.pop(segment.end, None)
            if not segment.lost and not segment.sacked:
                self.pipe -= segment.end - segment.start
        sacked, sends = all(segment.sacked for segment in run), max(segment.sends for segment in run)
        for at in range(run[0].start, run[-1].end, mss):
            self.segments[at] = piece = Sent(at, min(at + mss, run[-1].end), run[0].time, run[0].order)
            piece.sends, piece.sacked, piece.lost, piece.too_large = sends, sacked, not sacked, not sacked
            if piece.lost:
                heappush(self.lost, at)

    def none_lost(self) -> None:
        """Take everything that waits to be sent again for being under way after all: the alarm was false."""
        for start in self.lost:
            segment = self.segments.get(start)
            if segment is not None and segment.lost:
                segment.lost = False
                self.pipe += segment.end - segment.start
                self.by_time[segment.end] = segment
        self.lost.clear()
        for segment in self.segments.values():
            if segment.again:
                segment.again = NEEDLESS
        self.by_time = dict(sorted(self.by_time.items(), key=_sent_order))

    def first_lost(self) -> Sent | None:
        """Return what `next_lost` returns, and change nothing."""
        lost = (self.segments.get(start) for start in sorted(self.lost))
        return next((segment for segment in lost if segment is not None and segment.lost), None)

    def next_lost(self) -> Sent | None:
        """Return the first segment to send again (RFC 6675 §4, NextSeg rule 1)."""
        while self.lost:
            segment = self.segments.get(self.lost[0])
            if segment is not None and segment.lost:
                return segment
            heappop(self.lost)
        return None


def _sent_order(item: tuple[int, Sent]) -> tuple[int, int, int]:
    return item[1].time, item[1].order, item[0]
