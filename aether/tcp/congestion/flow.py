"""What an algorithm sees of the connection whose window it sets, and the connection of its algorithm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from aether.tcp.rto import RoundTrip


class Flow(Protocol):
    """Windows and sizes in bytes."""

    algorithm: str
    congestion: CongestionControl
    cwnd: int
    ssthresh: int
    mss: int
    phase: str
    prior_cwnd: int
    prior_ssthresh: int
    round_trip: RoundTrip

    def flight_size(self) -> int:
        """Return how many bytes were sent and not acknowledged."""


class CongestionControl(Protocol):
    """What a connection asks of its algorithm; windows in bytes, times in microseconds."""

    name: str
    limits: bool
    """Whether there is a congestion window at all."""

    def begin(self, conn: Flow, window: int) -> None:
        """The handshake says what a segment holds: set cwnd to the initial window, or to what takes its place."""

    def acknowledged(self, conn: Flow, count: int, now: int) -> None:
        """`count` bytes were acknowledged outside of recovery while the window was in use."""

    def lost(self, conn: Flow, now: int) -> None:
        """A loss was noticed: set ssthresh and cwnd for the recovery."""

    def timed_out(self, conn: Flow, now: int) -> None:
        """The retransmission timer ran out: set ssthresh and cwnd."""


def slow_start(conn: Flow, count: int) -> None:
    """Grow by what was acknowledged, by two segments at the most (RFC 5681 §3.1, RFC 3465 §2.2).

    By one while what a time-out gave up is sent again: an acknowledgement of much tells then that holes are filled, not
    that so much has left the network (RFC 3465 §2.3).
    """
    conn.cwnd += min(count, conn.mss if conn.phase == "loss" else 2 * conn.mss)
