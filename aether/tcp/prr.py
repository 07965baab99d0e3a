"""Proportional Rate Reduction (RFC 9937): during recovery, send in proportion to what arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aether.tcp.connection import Connection


def begin(conn: Connection, delivered: int) -> None:
    """Note how much can still arrive as recovery begins (§6.1, RecoverFS), `delivered` by this ACK included.

    What was SACKed before counts no more: it will not be delivered during this recovery. Without SACK nothing is taken
    off, and so nothing is added.
    """
    conn.prr_delivered = conn.prr_out = 0
    conn.prr_flight = max(conn.flight_size() - conn.flight.sacked_bytes + (delivered if conn.sack_ok else 0), 1)


def update(conn: Connection, delivered: int, pipe: int, safe: bool) -> None:
    """Set cwnd for what may be sent after an ACK (§6.2), or after a timer, which delivers nothing; in bytes.

    `safe` if SND.UNA has advanced and no further loss is indicated (SafeACK).
    """
    if not conn.sack_ok:  # bogus duplicates are worth no more than was outstanding
        delivered = min(delivered, conn.prr_flight - conn.prr_delivered)
    if delivered <= 0 and conn.prr_out:
        return
    conn.prr_delivered += delivered
    if pipe > conn.ssthresh:
        allowed = -(-conn.prr_delivered * conn.ssthresh // conn.prr_flight) - conn.prr_out
    else:
        allowed = max(conn.prr_delivered - conn.prr_out, delivered) + (conn.mss if safe else 0)
        allowed = min(conn.ssthresh - pipe, allowed)
    if allowed <= 0 and not conn.prr_out:
        allowed = conn.mss  # the first retransmission leaves in any case
    conn.cwnd = pipe + max(allowed, 0)
