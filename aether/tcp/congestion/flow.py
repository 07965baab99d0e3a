"""What an algorithm sees of the connection whose window it sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from aether.tcp.rto import RoundTrip


class Flow(Protocol):
    """Windows and sizes in bytes."""

    cwnd: int
    ssthresh: int
    mss: int
    round_trip: RoundTrip

    def flight_size(self) -> int:
        """Return how many bytes were sent and not acknowledged."""
