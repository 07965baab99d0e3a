"""Explicit congestion notification (RFC 3168): a mark instead of a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.wire.tcp import CWR, ECE

if TYPE_CHECKING:
    from aether.tcp.connection import Connection

ECT0, CE = 0b10, 0b11
"""Code points in the two low bits of the IPv4 TOS byte (§5)."""


def marked(conn: Connection, tos: int, flags: int) -> None:
    """Take the marks of an arriving segment (§6.1.3): echo CE until the sender says CWR."""
    if flags & CWR:
        conn.ecn_echo = False
    if tos & 0b11 == CE:
        if not conn.ecn_echo:
            conn.ack_pending = conn.ack_pending or "congestion was marked"
        conn.ecn_echo = True


def echoed(conn: Connection) -> bool:
    """Return whether an ECE asks us to slow down: once per window of data (§6.1.2)."""
    if conn.snd_una <= conn.ecn_reduced_at:
        return False
    conn.ecn_reduced_at = conn.snd_nxt
    conn.ecn_cwr = True
    return True


def flags_for(conn: Connection, new_data: bool) -> int:
    """Return the flags to add to a segment that leaves."""
    flags = ECE if conn.ecn_echo else 0
    if new_data and conn.ecn_cwr:
        conn.ecn_cwr = False
        flags |= CWR
    return flags
