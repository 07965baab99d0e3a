"""Congestion control: how large `cwnd` may be. One module per algorithm, one small interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aether.tcp.congestion.cubic import Cubic
from aether.tcp.congestion.none import Unlimited
from aether.tcp.congestion.reno import Reno

if TYPE_CHECKING:
    from aether.tcp.congestion.flow import Flow


class CongestionControl(Protocol):
    """What a connection asks of its algorithm; windows in bytes, times in microseconds."""

    name: str

    def acknowledged(self, conn: Flow, count: int, now: int) -> None:
        """`count` bytes were acknowledged outside of recovery while the window was in use."""

    def lost(self, conn: Flow, now: int) -> None:
        """A loss was noticed: set ssthresh and cwnd for the recovery."""

    def timed_out(self, conn: Flow, now: int) -> None:
        """The retransmission timer ran out: set ssthresh and cwnd."""


ALGORITHMS: dict[str, type[CongestionControl]] = {"none": Unlimited, "reno": Reno, "cubic": Cubic}


def make(name: str) -> CongestionControl:
    """Return a new instance of the algorithm that the knob tcp.congestion names; ``none`` is without RFC 5681 §3."""
    return ALGORITHMS[name]()
