"""What a segment is beside those before it: sent again, out of order, a duplicate ACK, a window update, a keepalive.

Nothing in a segment says so: it follows from what went over the same link before. The rules are Wireshark's, as
`tcp.analysis` has them; each looks at what an end has said so far, and at what the other end has.
"""

from __future__ import annotations

from typing import NamedTuple

from aether.reading.context import NONE, UNKNOWN, Context, Conversation
from aether.reading.flow import ACK, FIN, HALF, MASK, RST, SYN
from aether.reading.packet import Transport

LIMIT = 4096
"""Connections that are followed; the oldest is forgotten first."""
FAST = 20_000
"""Within so many microseconds after duplicate ACKs, what is sent again is sent because of them."""
OVERTAKEN = 3_000
"""Within so many microseconds a segment may have been overtaken, where no round trip is known."""

RETRANSMISSION, FAST_RETRANSMISSION, SPURIOUS_RETRANSMISSION, OUT_OF_ORDER = 1, 2, 4, 8
LOST_SEGMENT, KEEP_ALIVE, KEEP_ALIVE_ACK, DUPLICATE_ACK = 16, 32, 64, 128
ZERO_WINDOW, WINDOW_UPDATE, WINDOW_FULL, ZERO_WINDOW_PROBE, ZERO_WINDOW_PROBE_ACK = 256, 512, 1024, 2048, 4096
ACK_LOST_SEGMENT, ACK_LOST_SEGMENT_AGAIN = 8192, 16384
"""The second is said of those after the first, and is no verdict of its own."""
AGAIN = RETRANSMISSION | FAST_RETRANSMISSION | SPURIOUS_RETRANSMISSION | OUT_OF_ORDER
"""A segment of which all, or the beginning, was to be seen before."""


class Remark(NamedTuple):
    """What is to be said of a segment."""

    flags: int
    """Which of the above it is."""
    duplicate: int = 0
    """Which duplicate ACK in a row it is."""
    first: int = 0
    """The frame whose acknowledgement it repeats."""
    shut: bool = False
    """Whether the other end's window was shut when it was sent."""
    unacknowledged: bool = False
    """Whether something that its end has sent is not acknowledged."""
    answers: str = ""
    """What it answers, a ``keepalive`` or a ``window probe``; empty for neither."""


NOTHING = Remark(0)


class _Side:
    """What one end of a connection has said so far; -1 where nothing is known."""

    __slots__ = (
        "ack", "ack_time", "certain", "duplicates", "first", "flags", "next", "next_time", "scaled", "shut", "window")

    def __init__(self) -> None:
        self.next = -1
        """The sequence number after the last byte it sent."""
        self.next_time = 0
        """When that byte was sent."""
        self.certain = -1
        """The sequence number up to which everything was seen, so that it may be acknowledged."""
        self.ack = -1
        """What it acknowledged last."""
        self.ack_time = 0
        self.window = -1
        """What it offered last, before scaling."""
        self.scaled = -1
        """The same in bytes; -1 where the scale is not known."""
        self.duplicates = 0
        """Duplicate ACKs in a row; -1 after an acknowledgement of what was not seen."""
        self.first = 0
        """The frame that had their number first."""
        self.flags = 0
        """What its latest segment was."""
        self.shut = False
        """Whether that met a window that was shut."""


class _Pair:
    """Both ends of a connection on one link."""

    __slots__ = ("opened", "round_trip", "sides")

    def __init__(self) -> None:
        self.sides = (_Side(), _Side())
        self.opened = -1
        """When the SYN was seen."""
        self.round_trip = 0
        """How long the handshake took, from the SYN to its last ACK; 0 if that is not known."""


class Analyst:
    """Follows the connections on every link, and says what each segment is beside those before it."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, Conversation], _Pair] = {}

    def judge(self, link: str, segment: Transport, length: int, context: Context, number: int, time: int) -> Remark:
        """Return what a segment is that carries so many bytes, in microseconds of any clock."""
        key = link, context.conversation
        pair = self._pairs.get(key)
        if pair is None:
            pair = self._pairs[key] = _Pair()
            if len(self._pairs) > LIMIT:
                del self._pairs[next(iter(self._pairs))]
        header, ip = segment.header, segment.ip.header
        reverse = (ip[8], header[0]) > (ip[9], header[1])
        mine, other = pair.sides[::-1] if reverse else pair.sides
        flags = header[4]
        if flags & (SYN | ACK) == SYN:
            pair.opened = time
        elif flags & (SYN | ACK) == ACK and not pair.round_trip and pair.opened >= 0:
            pair.round_trip = time - pair.opened
        found = _alone(header, length, mine, other)
        answers, duplicate, first = "", 0, mine.first
        if not length and not flags & (SYN | FIN | RST) and header[2] == mine.next and header[3] == mine.ack:
            found |= _acknowledges_again(header[5], mine, other)
            if other.flags & (KEEP_ALIVE | ZERO_WINDOW_PROBE):
                answers = "window probe" if other.shut else "keepalive"
        if found & DUPLICATE_ACK:
            mine.duplicates = duplicate = max(mine.duplicates, 0) + 1
        if header[3] != mine.ack:
            mine.first, mine.duplicates = number, 0
        if other.certain >= 0 and flags & ACK and _before(other.certain, header[3]):
            found |= _acknowledges_unseen(other)
        if (length or flags & (SYN | FIN)) and not found & KEEP_ALIVE:
            found |= _again(header, length, mine, other, time, pair.round_trip or OVERTAKEN)
        scale, shut = context.conversation.directions[reverse].scale, other.window == 0
        waits = other.ack >= 0 and mine.next >= 0 and _before(other.ack, mine.next)
        _take(header, length, mine, found, time)
        mine.shut = shut
        if flags & SYN or scale == NONE:
            mine.scaled = header[5]
        else:
            mine.scaled = header[5] << scale if scale != UNKNOWN else -1
        if not found and not answers:
            return NOTHING
        return Remark(found, duplicate, first if duplicate else 0, shut, waits, answers)


def _before(left: int, right: int) -> bool:
    """Tell whether `left` comes before `right` in sequence space."""
    return 0 < (right - left) & MASK < HALF


def _alone(header: tuple[int, ...], length: int, mine: _Side, other: _Side) -> int:
    """Return what a segment is by its own numbers, and by the window that it was sent into."""
    sequence, flags, window = header[2], header[4], header[5]
    if length == 1 and sequence == mine.next and other.window == 0:
        return ZERO_WINDOW_PROBE
    found = 0
    plain = not flags & (SYN | FIN | RST)
    if window == 0 and plain:
        found |= ZERO_WINDOW
    if mine.next >= 0 and not flags & RST and _before(mine.next, sequence):
        found |= LOST_SEGMENT
    if not plain:
        return found
    if length <= 1 and mine.next >= 0 and sequence == (mine.next - 1) & MASK:
        found |= KEEP_ALIVE
    if length and other.scaled >= 0 and (sequence + length - other.ack - other.scaled) & MASK == 0:
        found |= WINDOW_FULL
    return found


def _acknowledges_again(window: int, mine: _Side, other: _Side) -> int:
    """Return what a segment without data is that repeats number and acknowledgement of the one before."""
    if window != mine.window:
        return WINDOW_UPDATE if window else 0
    if not window:
        return ZERO_WINDOW_PROBE_ACK if other.flags & ZERO_WINDOW_PROBE else 0
    return KEEP_ALIVE_ACK if other.flags & KEEP_ALIVE else DUPLICATE_ACK


def _acknowledges_unseen(other: _Side) -> int:
    """Return what a segment is that acknowledges what the other end was not seen to send: once is enough."""
    if _before(other.certain, other.next):
        other.certain = other.next
        return ACK_LOST_SEGMENT
    told, other.duplicates = other.duplicates != 0, -1
    return ACK_LOST_SEGMENT_AGAIN if told else ACK_LOST_SEGMENT


def _again(header: tuple[int, ...], length: int, mine: _Side, other: _Side, time: int, overtaken: int) -> int:
    """Return what a segment is that begins before what was seen last; 0 if it does not."""
    sequence = header[2]
    end = (sequence + length) & MASK
    if length and other.ack > 0 and not _before(other.ack, end):
        return SPURIOUS_RETRANSMISSION
    if mine.next < 0 or not _before(sequence, mine.next):
        return 0
    if length > 1 and sequence == (mine.next - 1) & MASK:
        return 0  # the one byte may have been a probe of the window
    # The acknowledgement of what was not seen counts as many duplicates there, too.
    if (other.duplicates >= 2 or other.duplicates < 0) and other.ack == sequence and time - other.ack_time < FAST:
        return FAST_RETRANSMISSION
    if time - mine.next_time < overtaken and (end + bool(header[4] & (SYN | FIN))) & MASK != mine.next:
        return OUT_OF_ORDER
    return RETRANSMISSION


def _take(header: tuple[int, ...], length: int, mine: _Side, found: int, time: int) -> None:
    """Take note of what a segment said."""
    sequence, flags = header[2], header[4]
    end = (sequence + length + bool(flags & (SYN | FIN))) & MASK
    if not found & ZERO_WINDOW_PROBE and (mine.next < 0 or _before(mine.next, end)):
        mine.next, mine.next_time = end, time
    if not found & ZERO_WINDOW_PROBE and (mine.certain < 0 or sequence == mine.certain):
        mine.certain = mine.next
    mine.window, mine.ack, mine.ack_time, mine.flags = header[5], header[3], time, found
