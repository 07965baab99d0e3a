"""What a segment is to its connection as a whole: what it acknowledges, how long that took, what is under way.

As Wireshark measures it, for the fields `tcp.analysis`, `tcp.time_relative`, `tcp.time_delta` and `tcp.completeness`.
Every segment of a connection has to be measured once, in order; so nobody measures unless somebody asks.
"""

from __future__ import annotations

from aether.reading.analysis import (
    ACK_LOST_SEGMENT_AGAIN,
    AGAIN,
    FAST_RETRANSMISSION,
    LOST_SEGMENT,
    NOTHING,
    OUT_OF_ORDER,
    SPURIOUS_RETRANSMISSION,
    ZERO_WINDOW_PROBE,
    Analyst,
    Remark,
)
from aether.reading.context import Context, Conversation
from aether.reading.flow import ACK, FIN, HALF, MASK, RST, SYN
from aether.reading.packet import Dissected, Transport
from aether.reading.tcp_options import sacked

LIMIT = 4096
"""Connections that are followed; the oldest is forgotten first."""
MOST_SEGMENTS = 10_000
"""Segments of one direction that may wait for their acknowledgement, as in Wireshark."""
LARGEST_FLIGHT = 2_000_000_000
"""What is more in flight, in bytes, is a jump of sequence numbers."""
PSH = 8
FRAGMENT = 0x3FFF
"""More fragments, and the offset of this one."""
OPENED, ANSWERED, ESTABLISHED, DATA, FINISHED, CUT = 1, 2, 4, 8, 16, 32
"""What was seen of a connection, as `tcp.completeness` adds it up: SYN, SYN and ACK, ACK, data, FIN, RST."""


class Measurements:
    """What is known of a segment; times in microseconds, -1 and 0 where there is nothing to be known."""

    __slots__ = (
        "ack_time", "acked", "completeness", "counted", "delta", "flight", "pushed", "relative", "remark", "reused",
        "round_trip", "rto", "rto_frame")

    def __init__(self, relative: int, delta: int, completeness: int) -> None:
        self.remark = NOTHING
        """How it stands beside those before it."""
        self.relative = relative
        """Since the first segment of its connection."""
        self.delta = delta
        """Since the segment before it."""
        self.completeness = completeness
        """What was seen of the connection before this segment; with it, where it opens one after another."""
        self.acked = 0
        """The frame of the latest segment that it acknowledges."""
        self.ack_time = -1
        """How long that took."""
        self.round_trip = 0
        """How long the handshake took, once it is over."""
        self.flight = 0
        """Bytes that are not acknowledged, these included."""
        self.counted = False
        """Whether it was counted what is in flight."""
        self.pushed = 0
        """Bytes since the last PSH, these included."""
        self.rto = -1
        """How long after what was sent last of all it was sent again."""
        self.rto_frame = 0
        """The frame of that."""
        self.reused = False
        """Whether its ports had a connection before."""

    @property
    def remarkable(self) -> bool:
        """Return whether there is a verdict on it."""
        return bool(self.remark.flags & ~ACK_LOST_SEGMENT_AGAIN or self.reused)

    @property
    def any(self) -> bool:
        """Return whether there is something to say beside what every segment has."""
        return bool(self.remark.flags or self.acked or self.counted or self.reused)


class _Waiting:
    """A segment that is to be acknowledged."""

    __slots__ = ("end", "frame", "start", "time")

    def __init__(self, frame: int, start: int, end: int, time: int) -> None:
        self.frame = frame
        self.start = start
        self.end = end
        self.time = time


class _Flow:
    """One direction of a connection."""

    __slots__ = ("newest", "pushed", "sacked", "stopped", "sure", "waiting")

    def __init__(self) -> None:
        self.waiting: list[_Waiting] = []
        self.newest: _Waiting | None = None
        """The segment that ends last of all."""
        self.pushed = 0
        self.stopped = False
        """Whether the segment before had the flag PSH."""
        self.sure = True
        """Whether it is known what is in flight: not after a gap, until something is acknowledged."""
        self.sacked = 0
        """Bytes that the other end has, beyond what it acknowledges."""


class _Connection:
    """A connection on one link."""

    __slots__ = ("completeness", "first", "flows", "last", "opened", "round_trip")

    def __init__(self, time: int) -> None:
        self.first = self.last = time
        self.flows = (_Flow(), _Flow())
        self.completeness = 0
        self.opened = -1
        self.round_trip = 0


class Measurer:
    """Follows the connections on every link, and measures each segment."""

    def __init__(self) -> None:
        self._analyst = Analyst()
        self._connections: dict[tuple[str, Conversation], _Connection] = {}
        self._ports: dict[tuple[str, bytes, int, bytes, int], Conversation] = {}
        """The latest connection between two ends, in the direction of its SYN."""

    def measure(
        self, link: str, packet: Dissected, context: Context | None, number: int, time: int,
    ) -> Measurements | None:
        """Return what a frame is to its connection; None if it is no segment of one. `time` is in microseconds.

        What an ICMP error quotes belongs to its connection, too; there is no verdict on it. Of a datagram only the
        times are known.
        """
        if context is None or not packet.tcp:
            if context is None or not packet.udp or packet.udp[0].ip.quoted or not _counts(packet.udp[0]):
                return None
            return self._timed(link, context, time)[0]
        segment = packet.tcp[0]
        quoted = segment.ip.quoted
        if not quoted and segment.ip.header[4] & FRAGMENT:
            return None
        length, flags = segment.carried, segment.header[4]
        found, known, first = self._timed(link, context, time)
        found.reused = first and not quoted and self._reuses(link, context, segment)
        _complete(known, flags, length, first)
        if found.reused:
            found.completeness = known.completeness
        if not quoted:
            self._judge(link, packet, context, known, number, time, found)
        return found

    def _timed(self, link: str, context: Context, time: int) -> tuple[Measurements, _Connection, bool]:
        """Return the times of a frame in its conversation, what is known of that, and whether it is the first of it."""
        key = link, context.conversation
        known = self._connections.get(key)
        first = known is None
        if known is None:
            known = self._connections[key] = _Connection(time)
            if len(self._connections) > LIMIT:
                del self._connections[next(iter(self._connections))]
        found = Measurements(time - known.first, time - known.last, known.completeness)
        known.last = time
        return found, known, first

    def _judge(
        self, link: str, packet: Dissected, context: Context, known: _Connection, number: int, time: int,
        found: Measurements,
    ) -> None:
        """Enter what is to be said of a segment beside those before it."""
        segment = packet.tcp[0]
        header, ip, length = segment.header, segment.ip.header, segment.carried
        found.remark = remark = self._analyst.judge(link, segment, length, context, number, time)
        flags = header[4]
        if flags & (SYN | ACK) == SYN:
            known.opened = time
        elif flags & (SYN | ACK) == ACK and not known.round_trip and known.opened >= 0:
            known.round_trip = time - known.opened
        reverse = (ip[8], header[0]) > (ip[9], header[1])
        mine, other = known.flows[::-1] if reverse else known.flows
        if flags & ACK:
            other.sure = True
        other.sacked = sacked(packet.data, segment.start + 20, segment.payload)
        _send(header, length, mine, remark, number, time, found)
        _acknowledge(header, other, time, found)
        _in_flight(flags, length, mine, context.seq_base, found)
        if found.any:
            found.round_trip = known.round_trip

    def _reuses(self, link: str, context: Context, segment: Transport) -> bool:
        """Tell whether a connection begins with a SYN where there was another one, and take note of it."""
        header, ip = segment.header, segment.ip.header
        here = ip[8], header[0], ip[9], header[1]
        there = here[2:] + here[:2]
        before = self._ports.get((link, *here)) or self._ports.get((link, *there))
        self._ports[link, *here] = context.conversation
        if len(self._ports) > LIMIT:
            del self._ports[next(iter(self._ports))]
        return before is not None and header[4] & (SYN | ACK) == SYN


def _counts(datagram: Transport) -> bool:
    """Tell whether Wireshark takes the time of a datagram: not of an empty one, nor where its length makes no sense."""
    length = datagram.header[2]
    if not length:
        return datagram.carried > 0
    # That of a fragment may be larger than what is there.
    return length > 8 and (length - 8 <= datagram.carried or datagram.ip.header[4] & FRAGMENT != 0)


def _complete(known: _Connection, flags: int, length: int, first: bool) -> None:
    """Take note of what a segment adds to what was seen of its connection; of the first, only a SYN counts."""
    if first:
        if flags & (SYN | ACK) == SYN:
            known.completeness = OPENED | (DATA if length else 0)
        return
    if flags & (SYN | ACK) == SYN | ACK:
        known.completeness |= ANSWERED
    elif flags & (SYN | ACK) == ACK:
        known.completeness |= DATA if length else ESTABLISHED
    if flags & (FIN | ACK) == FIN | ACK:
        known.completeness |= FINISHED
    if flags & RST:
        known.completeness |= CUT


def _after(left: int, right: int) -> bool:
    """Tell whether `left` comes after `right` in sequence space."""
    return 0 < (left - right) & MASK < HALF


def _send(
    header: tuple[int, ...], length: int, mine: _Flow, remark: Remark, number: int, time: int, found: Measurements,
) -> None:
    """Take note of what a segment sends."""
    sequence, flags = header[2], header[4]
    if remark.flags & LOST_SEGMENT:
        mine.sure = False
    if remark.flags & AGAIN and not remark.flags & (FAST_RETRANSMISSION | SPURIOUS_RETRANSMISSION | OUT_OF_ORDER):
        # It is held against the eldest segment that waits, which is mostly the one that is sent again.
        eldest = mine.waiting[0] if mine.waiting else mine.newest
        if eldest is not None:
            found.rto, found.rto_frame = time - eldest.time, eldest.frame
    end = (sequence + length) & MASK
    if length or flags & (SYN | FIN):
        end = (end + bool(flags & (SYN | FIN))) & MASK
        if len(mine.waiting) < MOST_SEGMENTS:
            mine.waiting.append(_Waiting(number, sequence, end, time))
    if (mine.newest is None or _after(end, mine.newest.end)) and not remark.flags & ZERO_WINDOW_PROBE:
        mine.newest = _Waiting(number, sequence, end, time)


def _acknowledge(header: tuple[int, ...], other: _Flow, time: int, found: Measurements) -> None:
    """Take off what a segment acknowledges from what waits for it."""
    acknowledged = header[3]
    kept = []
    for one in reversed(other.waiting):
        if acknowledged == one.end:
            found.acked, found.ack_time = one.frame, time - one.time
        elif _after(acknowledged, one.start) and _after(one.end, acknowledged):
            one.start = acknowledged
            kept.append(one)
        elif _after(one.end, acknowledged):
            kept.append(one)
    if len(kept) < len(other.waiting):
        other.waiting = kept[::-1]


def _in_flight(flags: int, length: int, mine: _Flow, base: int, found: Measurements) -> None:
    """Count what is in flight."""
    waiting = mine.waiting
    if not length or not waiting or not mine.sure:
        return
    first = min((one.start - base) & MASK for one in waiting)
    last = max((one.end - base) & MASK for one in waiting)
    flight = (last - first - mine.sacked) & MASK
    if flags & SYN and flight:
        flight -= 1  # a SYN that carries data counts by these alone
    found.counted = True
    if 0 < flight < LARGEST_FLIGHT:
        found.flight = flight
    mine.pushed = length if mine.stopped else mine.pushed + length
    mine.stopped = flags & PSH != 0
    if found.flight:
        found.pushed = mine.pushed
