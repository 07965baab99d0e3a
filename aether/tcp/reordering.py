"""What RACK remembers of one connection (RFC 8985 §5, §6); what it concludes from that is in `aether.tcp.rack`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aether.tcp.scoreboard import Sent

PERSISTENCE = 16
"""Recoveries for which a wider reordering window is kept (§6.2, step 4)."""


class Rack:
    """What RACK remembers of one connection; times in microseconds."""

    __slots__ = ("dsack_round", "end", "fack", "multiplier", "persist", "reordering", "rtt", "time")

    def __init__(self) -> None:
        self.time = 0
        """When the latest-sent segment among those that arrived was sent (RACK.xmit_ts)."""
        self.end = 0
        """Where it ends (RACK.end_seq)."""
        self.rtt = 0
        self.fack = 0
        """The highest sequence number known to have arrived."""
        self.reordering = False
        """Whether a segment ever arrived after a later one (RACK.reordering_seen)."""
        self.multiplier = 1
        """The reordering window in quarters of the least round trip (RACK.reo_wnd_mult)."""
        self.persist = PERSISTENCE
        self.dsack_round = 0
        """What must be acknowledged before another D-SACK widens the window."""

    def arrived(self, segment: Sent, now: int, least: int) -> None:
        """Take one segment that has arrived (§6.2, steps 1 to 3); `least` is the least round trip."""
        rtt = now - segment.time
        if segment.sends > 1:
            if rtt < least:
                return  # the acknowledgement is for an earlier transmission of it
        elif segment.end < self.fack:
            self.reordering = True
        self.fack = max(self.fack, segment.end)
        if (segment.time, segment.end) > (self.time, self.end):
            self.time, self.end, self.rtt = segment.time, segment.end, rtt

    def recovered(self) -> None:
        """A recovery has ended: after a while the window goes back to normal."""
        self.persist -= 1
        if self.persist <= 0:
            self.multiplier = 1
