"""What the two SYNs agree on: MSS, window scale, SACK, timestamps (RFC 9293 §3.7.1, RFC 7323, RFC 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.wire.tcp import ACK, CWR, ECE, MIN_HEADER_LENGTH

if TYPE_CHECKING:
    from aether.tcp.connection import Connection
    from aether.wire.tcp import Options

DEFAULT_MSS = 536
"""What a SYN without the option means (RFC 9293 §3.7.1)."""
TIMESTAMP_LENGTH = 12
LEAST_MSS = 48
"""Bytes, options included; no peer is believed that asks for less, as on Linux (tcp_min_snd_mss)."""
MAX_SCALE = 14


def negotiate(conn: Connection, options: Options | None, flags: int) -> None:
    """Take what the peer's SYN offers and we want too; `mss` then leaves room for the options in use (RFC 6691).

    SACK is agreed on by RFC 2018 §2, timestamps by RFC 7323 §3.2.
    """
    knobs = conn.host.knobs
    if flags & ACK:
        conn.ecn_ok = knobs.tcp_ecn == "on" and flags & (ECE | CWR) == ECE  # RFC 3168 §6.1.1
    else:
        conn.ecn_ok = knobs.tcp_ecn != "off" and flags & (ECE | CWR) == ECE | CWR
    theirs = DEFAULT_MSS
    if options is not None and knobs.tcp_noopt:
        theirs = options.mss or DEFAULT_MSS
    elif options is not None:
        theirs = options.mss or DEFAULT_MSS
        conn.sack_ok = knobs.tcp_sack and options.sack_permitted
        if knobs.tcp_timestamps and options.timestamp is not None:
            conn.ts_ok = True
            conn.ts_recent, conn.ts_recent_at = options.timestamp[0], conn.host.now
        if knobs.tcp_window_scaling and options.window_scale is not None:
            conn.scaling = True
            conn.snd_wscale = min(options.window_scale, MAX_SCALE)  # RFC 7323 §2.3
    if not conn.scaling:
        conn.rcv_wscale = 0
    overhead = TIMESTAMP_LENGTH if conn.ts_ok else 0
    if conn.options.max_segment:
        theirs = min(theirs, conn.options.max_segment)
    conn.mss = max(min(theirs, conn.layer.network.room_for(conn.remote_ip) - MIN_HEADER_LENGTH), LEAST_MSS) - overhead
    conn.congestion.begin(conn, initial_window(conn))


def initial_window(conn: Connection) -> int:
    """Return how many bytes a connection may send before the first acknowledgement (RFC 6928 §2)."""
    return conn.host.knobs.tcp_initial_window * conn.mss
