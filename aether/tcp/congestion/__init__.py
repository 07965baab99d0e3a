"""Congestion control: how large `cwnd` may be. One module per algorithm, one small interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.congestion.cubic import Cubic
from aether.tcp.congestion.none import Unlimited
from aether.tcp.congestion.reno import Reno

if TYPE_CHECKING:
    from aether.tcp.congestion.flow import CongestionControl, Flow


ALGORITHMS: dict[str, type[CongestionControl]] = {"none": Unlimited, "reno": Reno, "cubic": Cubic}


def make(name: str) -> CongestionControl:
    """Return a new instance of the algorithm that the knob tcp.congestion names; ``none`` is without RFC 5681 §3."""
    return ALGORITHMS[name]()


def change(conn: Flow, name: str, window: int, now: int) -> None:
    """Let another algorithm have a connection from now on; `window` is what it may begin with.

    It goes on with the window that the one before leaves, unless either has none: then it begins as at the start,
    from what a loss leaves if it takes over in the midst of a recovery.
    """
    before, control = conn.congestion, make(name)
    conn.congestion, conn.algorithm = control, name
    if before.limits and control.limits:
        return
    control.begin(conn, window)
    if control.limits:
        conn.prior_cwnd = conn.prior_ssthresh = 0
        if conn.phase != "open":
            control.lost(conn, now)
