"""Proportional Rate Reduction (RFC 6937): during recovery, send in proportion to what arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aether.tcp.connection import Connection


def begin(conn: Connection) -> None:
    """Note what is in flight as recovery begins (§3.1)."""
    conn.prr_delivered = conn.prr_out = 0
    conn.prr_flight = max(conn.flight_size(), 1)


def update(conn: Connection, delivered: int, pipe: int) -> None:
    """Set cwnd for what may be sent after an acknowledgement (§3.1, PRR-SSRB); all in bytes."""
    conn.prr_delivered += delivered
    if pipe > conn.ssthresh:
        allowed = -(-conn.prr_delivered * conn.ssthresh // conn.prr_flight) - conn.prr_out
    else:
        limit = max(conn.prr_delivered - conn.prr_out, delivered) + conn.mss
        allowed = min(conn.ssthresh - pipe, limit)
    conn.cwnd = pipe + max(allowed, 0)
