"""What a segment is beside those before it: sent again, a duplicate ACK, a window update, a keepalive.

Nothing in a segment says so: it follows from what went over the same link before.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from aether.wire import ipv4, tcp

MAX_FLOWS = 4096
"""Flows that are followed; the oldest is forgotten first."""
_HALF = 1 << 31
_MODULUS = 1 << 32
_FIELDS = Struct("!IIBBH")
"""Sequence number, acknowledgement, data offset, flags, window."""
_SHORTEST = 54
"""The least length of a frame with a TCP header, in bytes."""
_KIND_END, _KIND_NOP, _KIND_SACK = 0, 1, 5


@dataclass(slots=True)
class _Direction:
    """What one end of a connection has said so far."""

    first: int
    """The sequence number it was first seen with."""
    next: int
    """The sequence number after the last byte it sent."""
    ack: int = -1
    """What it acknowledged last; -1 for nothing yet."""
    window: int = -1
    """What it offered last, before scaling; -1 for nothing yet."""
    repeated: int = 0
    """Duplicate ACKs in a row."""
    probed: str = ""
    """What the other end asked with: a keepalive or a window probe that this end has not answered."""


@dataclass(slots=True, frozen=True)
class _Segment:
    """The fields that matter here, and the length of the data in bytes."""

    sequence: int
    acknowledgement: int
    flags: int
    window: int
    length: int
    sacks: bool

    @property
    def end(self) -> int:
        """The sequence number after this segment; SYN and FIN count as one each (RFC 9293 §3.4)."""
        return (self.sequence + self.length + bool(self.flags & tcp.SYN) + bool(self.flags & tcp.FIN)) % _MODULUS


class Marks:
    """Follows the connections on every link, and says in words what is remarkable about a segment."""

    def __init__(self) -> None:
        self._directions: dict[tuple[str, bytes], _Direction] = {}

    def read(self, link: str, frame: bytes, *, late: bool = False) -> str:
        """Return what a frame is beside those before it on its link, or nothing.

        ``late`` says that it is seen where it arrives: then what comes out of turn may have been
        overtaken as well as sent again.
        """
        if len(frame) < _SHORTEST or frame[12:14] != b"\x08\x00" or frame[23] != ipv4.PROTO_TCP:
            return ""
        start = 14 + (frame[14] & 15) * 4
        if frame[20] & 0x3F or frame[21] or len(frame) < start + 20:  # a fragment, or cut off
            return ""
        segment = _segment(frame, start)
        if segment is None or segment.flags & tcp.RST:
            return ""
        source, destination = bytes(frame[26:30]), bytes(frame[30:34])
        ports = bytes(frame[start:start + 4])
        key = link, source + destination + ports
        other = self._directions.get((link, destination + source + ports[2:] + ports[:2]))
        mine = self._directions.get(key)
        if mine is None or (segment.flags & tcp.SYN and segment.sequence != mine.first):
            self._begin(key, segment)
            return ""
        word = _compare(segment, mine, other, late)
        _follow(segment, mine)
        return word

    def _begin(self, key: tuple[str, bytes], segment: _Segment) -> None:
        mine = self._directions[key] = _Direction(segment.sequence, segment.end)
        _follow(segment, mine)
        if len(self._directions) > MAX_FLOWS:
            del self._directions[next(iter(self._directions))]


def _segment(frame: bytes, start: int) -> _Segment | None:
    """Read the fields; None where the header makes no sense."""
    sequence, acknowledgement, offset, flags, window = _FIELDS.unpack_from(frame, start + 4)
    header = (offset >> 4) * 4
    length = 14 + int.from_bytes(frame[16:18], "big") - start - header
    if header < 20 or length < 0:
        return None
    return _Segment(sequence, acknowledgement, flags, window, length,
                    header > 20 and _has_sack(frame[start + 20:start + header]))


def _has_sack(options: bytes) -> bool:
    """Tell whether options have SACK blocks; whatever is malformed has none."""
    index = 0
    while index + 1 < len(options) and options[index] != _KIND_END:
        if options[index] == _KIND_SACK:
            return True
        index += 1 if options[index] == _KIND_NOP else max(options[index + 1], 2)
    return False


def _before(left: int, right: int) -> bool:
    """Tell whether `left` comes before `right` in sequence space (RFC 9293 §3.4)."""
    return 0 < (right - left) % _MODULUS < _HALF


def _compare(segment: _Segment, mine: _Direction, other: _Direction | None, late: bool) -> str:
    """Return what a segment is beside what its end, and the other end, said before."""
    plain = not segment.flags & (tcp.SYN | tcp.FIN)
    if plain and segment.length <= 1 and (segment.sequence + 1) % _MODULUS == mine.next and mine.next != mine.first:
        return _asks(segment, mine, other)
    if segment.end != segment.sequence:
        if not _before(segment.sequence, mine.next):
            return ""
        return "late, or sent again" if late else "retransmission"
    if not segment.flags & tcp.ACK or segment.acknowledgement != mine.ack or segment.sequence != mine.next:
        return "zero window" if segment.window == 0 != mine.window else ""
    return _acknowledges_again(segment, mine, other)


def _asks(segment: _Segment, mine: _Direction, other: _Direction | None) -> str:
    """Return what a segment below the next sequence number is for (RFC 9293 §3.8.4, §3.8.6.1)."""
    if other is None:
        return "keepalive"
    if segment.length and other.ack >= 0 and _before(other.ack, mine.next) and other.window != 0:
        return "retransmission"
    other.probed = "window probe" if other.window == 0 else "keepalive"
    return other.probed


def _acknowledges_again(segment: _Segment, mine: _Direction, other: _Direction | None) -> str:
    """Return what an ACK without data is that acknowledges nothing new."""
    if mine.probed:
        return f"answers the {mine.probed}" + (", zero window" if segment.window == 0 else "")
    if segment.window != mine.window and not segment.sacks:
        return "zero window" if segment.window == 0 else "window update"
    if other is not None and _before(segment.acknowledgement, other.next):
        return f"duplicate ACK {mine.repeated + 1}"
    return ""


def _follow(segment: _Segment, mine: _Direction) -> None:
    """Take note of what a segment said."""
    if segment.flags & tcp.ACK:
        again = segment.end == segment.sequence and segment.acknowledgement == mine.ack
        mine.repeated = mine.repeated + 1 if again and (segment.window == mine.window or segment.sacks) else 0
        mine.ack = segment.acknowledgement
    mine.probed = ""
    mine.window = segment.window
    if _before(mine.next, segment.end):
        mine.next = segment.end
