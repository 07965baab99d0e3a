"""The receive buffer grows with what the application takes per round trip (as Linux does it).

A window must hold what arrives in one round trip, and as much again while a loss is repaired. So
when the application has taken more than half of the buffer within a round trip, the buffer is too small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aether.tcp.connection import Connection

INITIAL = 131_072
LARGEST_BUFFER = 15 << 20
"""Bytes; with a window scale of 8, 16 MB could be offered."""


def taken(conn: Connection, count: int) -> None:
    """Count what the application has taken, and enlarge the buffer once a round trip if that was much."""
    now = conn.host.now
    conn.taken += count
    if now - conn.taken_since < max(conn.round_trip.srtt, 1):
        return
    if 2 * conn.taken > conn.limit and conn.limit < LARGEST_BUFFER and not _fixed(conn):
        conn.limit = min(max(2 * conn.taken, conn.limit), LARGEST_BUFFER)
        if conn.host.observer is not None:
            conn.host.observer(conn.host.name, "tcp.window", conn.number, conn.limit, "receive buffer enlarged")
    conn.taken = 0
    conn.taken_since = now


def _fixed(conn: Connection) -> bool:
    return bool(conn.host.knobs.tcp_receive_window or conn.options.receive_buffer)
