"""No congestion control, as in 1986: only the peer's window limits what is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aether.tcp.congestion.flow import Flow

UNLIMITED = 1 << 40


class Unlimited:
    """A window that never closes."""

    __slots__ = ()
    name = "none"
    limits = False

    def begin(self, conn: Flow, window: int) -> None:
        """Open the window."""
        conn.cwnd = UNLIMITED

    def acknowledged(self, conn: Flow, count: int, now: int) -> None:
        """Keep the window open."""
        conn.cwnd = UNLIMITED

    def lost(self, conn: Flow, now: int) -> None:
        """Ignore the loss."""
        conn.cwnd = UNLIMITED

    def timed_out(self, conn: Flow, now: int) -> None:
        """Ignore the loss."""
        conn.cwnd = UNLIMITED
