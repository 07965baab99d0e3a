"""What RACK remembers of one connection (RFC 8985 §5, §6); what it concludes from that is in `aether.tcp.rack`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aether.tcp.scoreboard import Sent

PERSISTENCE = 16
"""Recoveries for which a wider reordering window is kept (§6.2, step 4)."""
LEAST_DEGREE, MOST_DEGREE = 3, 300
"""As on Linux (tcp_reordering, tcp_max_reordering)."""
NOWHERE = 1 << 62


class Rack:
    """What RACK remembers of one connection; times in microseconds."""

    __slots__ = ("degree", "dsack_round", "end", "fack", "multiplier", "order", "persist", "reordering", "rtt", "time")

    def __init__(self) -> None:
        self.time = 0
        """When the latest-sent segment among those that arrived was sent (RACK.xmit_ts)."""
        self.order = 0
        """Which of those sent in that microsecond it is."""
        self.end = 0
        """Where it ends (RACK.end_seq)."""
        self.rtt = 0
        self.fack = 0
        """The highest sequence number known to have arrived."""
        self.reordering = False
        """Whether a segment ever arrived after a later one (RACK.reordering_seen)."""
        self.degree = LEAST_DEGREE
        """How far one was overtaken, in segments, at the most; it is told of, and nothing follows from it."""
        self.multiplier = 1
        """The reordering window in quarters of the least round trip (RACK.reo_wnd_mult)."""
        self.persist = PERSISTENCE
        self.dsack_round = 0
        """What must be acknowledged before another D-SACK widens the window."""

    def arrived(self, segments: list[Sent], now: int, least: int, mss: int) -> None:
        """Take what one acknowledgement says has arrived (§6.2, steps 1 to 3); `least` is the least round trip.

        Reordered is what lies below something that an acknowledgement *before* told of: of what one tells of,
        nobody knows the order.
        """
        fack = top = self.fack
        low = NOWHERE
        for segment in segments:
            time, order, end = segment.time, segment.order, segment.end
            if segment.size:
                order += segment.count() - 1
            rtt = now - time
            if segment.sends > 1:
                if rtt < least:
                    continue  # the acknowledgement is for an earlier transmission of it
            elif end < fack and segment.start < low:
                low = segment.start
            if end > top:
                top = end
            if (time, order, end) > (self.time, self.order, self.end):
                self.time, self.order, self.end, self.rtt = time, order, end, rtt
        self.fack = top
        if low < NOWHERE:
            self.reordering = True
            self.degree = min(max(self.degree, -(-(top - low) // mss)), MOST_DEGREE)

    def recovered(self) -> None:
        """A recovery has ended: after a while the window goes back to normal."""
        self.persist -= 1
        if self.persist <= 0:
            self.multiplier = 1
