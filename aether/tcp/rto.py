"""The retransmission time-out (RFC 6298), with the figures that Linux uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp import decisions

if TYPE_CHECKING:
    from aether.knobs import Knobs


class RoundTrip:
    """What is known of the round-trip time of one connection; all in microseconds."""

    __slots__ = ("backoff", "knobs", "minimum", "rto", "rttvar", "srtt")

    def __init__(self, knobs: Knobs) -> None:
        self.knobs = knobs
        self.srtt = 0
        """Smoothed round-trip time; 0 until the first measurement."""
        self.rttvar = 0
        self.minimum = 0
        self.rto = knobs.tcp_rto_initial
        """The time-out as computed, without backoff."""
        self.backoff = 0
        """How often the timer has doubled (RFC 6298 §5.5)."""

    def sample(self, rtt: int) -> None:
        """Take a measurement (RFC 6298 §2.2, §2.3); never one of a retransmitted segment (Karn's rule, §3)."""
        rtt = max(rtt, 1)
        self.srtt, self.rttvar = decisions.smoothed(self.srtt, self.rttvar, rtt)
        self.minimum = min(self.minimum, rtt) if self.minimum else rtt
        self.backoff = 0
        self.compute()

    def compute(self) -> None:
        """Let the time-out follow from what was measured."""
        knobs = self.knobs
        self.rto = decisions.retransmission_timeout(self.srtt, self.rttvar, knobs.tcp_rto_min, knobs.tcp_rto_max)

    def timeout(self) -> int:
        """Return the time-out to use now, with backoff."""
        return decisions.backed_off(self.rto, self.backoff, self.knobs.tcp_rto_max)
