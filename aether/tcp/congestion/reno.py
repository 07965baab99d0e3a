"""Reno (RFC 5681): slow start, then one segment a round trip; half the window after a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.congestion.flow import slow_start

if TYPE_CHECKING:
    from aether.tcp.congestion.flow import Flow


class Reno:
    """Additive increase, multiplicative decrease."""

    __slots__ = ("acked",)
    name = "reno"
    limits = True

    def __init__(self) -> None:
        self.acked = 0
        """Bytes acknowledged towards the next increase in congestion avoidance."""

    def begin(self, conn: Flow, window: int) -> None:
        """Begin with the initial window (RFC 6928)."""
        conn.cwnd = window

    def acknowledged(self, conn: Flow, count: int, now: int) -> None:
        """Grow: by what was acknowledged in slow start (RFC 5681 §3.1), by one segment a window after it."""
        if conn.cwnd < conn.ssthresh:
            slow_start(conn, count)
            return
        self.acked += count
        if self.acked >= conn.cwnd:
            self.acked -= conn.cwnd
            conn.cwnd += conn.mss

    def lost(self, conn: Flow, now: int) -> None:
        """Halve what was in flight (RFC 5681 §3.2, equation 4)."""
        self.acked = 0
        conn.ssthresh = max(conn.flight_size() // 2, 2 * conn.mss)
        conn.cwnd = conn.ssthresh

    def timed_out(self, conn: Flow, now: int) -> None:
        """Start again with one segment (RFC 5681 §3.1)."""
        self.acked = 0
        conn.ssthresh = max(conn.flight_size() // 2, 2 * conn.mss)
        conn.cwnd = conn.mss
