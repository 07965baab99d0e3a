"""CUBIC (RFC 9438): after a loss the window grows back along a cubic curve, slowly near the old maximum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.congestion.flow import slow_start

if TYPE_CHECKING:
    from aether.tcp.congestion.flow import Flow

C = 0.4
"""Segments per cubic second (§5)."""
BETA = 0.7
"""What is left of the window after a loss (§4.6)."""
ALPHA = 3 * (1 - BETA) / (1 + BETA)
"""How fast a Reno flow with this beta would grow (§4.3)."""


class Cubic:
    """Windows are counted in segments here, as fractions; times in seconds."""

    __slots__ = ("epoch", "k", "prior", "w_est", "w_max")
    name = "cubic"
    limits = True

    def __init__(self) -> None:
        self.epoch = -1
        """When the present congestion avoidance began, in microseconds; -1 before."""
        self.k = 0.0
        """Seconds until the curve is back at `w_max` (§4.2, equation 2)."""
        self.w_max = 0.0
        self.w_est = 0.0
        """What a Reno flow would have by now (§4.3)."""
        self.prior = 0.0
        """cwnd before the last reduction."""

    def begin(self, conn: Flow, window: int) -> None:
        """Begin with the initial window (RFC 6928)."""
        conn.cwnd = window

    def acknowledged(self, conn: Flow, count: int, now: int) -> None:
        """Slow start below ssthresh (§4.10), else along the curve (§4.2 to §4.5)."""
        if conn.cwnd < conn.ssthresh:
            slow_start(conn, count)
            return
        cwnd = conn.cwnd / conn.mss
        if self.epoch < 0:
            self._begin(cwnd, now)
        elapsed = (now - self.epoch) / 1e6
        acked = count / conn.mss
        self.w_est += (ALPHA if self.w_est < self.prior else 1.0) * acked / cwnd
        if self._curve(elapsed) < self.w_est:
            conn.cwnd = max(conn.cwnd, int(self.w_est * conn.mss))  # the Reno-friendly region
            return
        target = self._curve(elapsed + conn.round_trip.srtt / 1e6)
        target = min(max(target, cwnd), 1.5 * cwnd)
        conn.cwnd += int((target - cwnd) / cwnd * acked * conn.mss)

    def _begin(self, cwnd: float, now: int) -> None:
        self.epoch = now
        self.w_est = cwnd
        if cwnd < self.w_max:
            self.k = ((self.w_max - cwnd) / C) ** (1 / 3)
        else:
            self.k, self.w_max = 0.0, cwnd

    def _curve(self, seconds: float) -> float:
        """Equation 1."""
        return C * (seconds - self.k) ** 3 + self.w_max

    def lost(self, conn: Flow, now: int) -> None:
        """Multiplicative decrease (§4.6), and fast convergence (§4.7)."""
        cwnd = conn.flight_size() / conn.mss
        self.epoch = -1
        self.prior = cwnd
        self.w_max = cwnd * (1 + BETA) / 2 if cwnd < self.w_max else cwnd
        conn.ssthresh = max(int(cwnd * BETA) * conn.mss, 2 * conn.mss)
        conn.cwnd = conn.ssthresh

    def timed_out(self, conn: Flow, now: int) -> None:
        """As after a loss, but from one segment on (§4.8)."""
        self.lost(conn, now)
        conn.cwnd = conn.mss
