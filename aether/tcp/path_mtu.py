"""Path MTU discovery (RFC 1191, RFC 9293 §3.7.5): a router says that our segments are too large.

The claim is checked as RFC 5927 §7 asks: it must be about a segment that is in flight, and it can only
make segments smaller, never smaller than a floor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.output import output

if TYPE_CHECKING:
    from aether.tcp.connection import Connection

FLOOR = 552
"""Bytes; no smaller MTU is believed, as on Linux (min_pmtu)."""
HEADERS = 40
TIMESTAMP = 12
PLATEAUS = (32_000, 17_914, 8_166, 4_352, 2_002, 1_492, 1_006, 552)
"""What to try when an old router names no MTU (RFC 1191 §7.1)."""


def too_big(conn: Connection, mtu: int, length: int) -> None:
    """Take an ICMP "fragmentation needed" about a packet of `length` bytes; `mtu` 0 if the router names none."""
    if mtu == 0:
        mtu = next((size for size in PLATEAUS if size < length), FLOOR)
    mtu = max(mtu, FLOOR)
    host = conn.host
    if not host.ipv4.learn_mtu(conn.remote_ip, mtu):
        host.drop("icmp.unmatched", conn.number, f"claims an MTU of {mtu}, and it is no smaller")
        return
    mss = mtu - HEADERS - (TIMESTAMP if conn.ts_ok else 0)
    if mss >= conn.mss:
        return
    conn.mss = mss
    conn.flight.cut(mss)
    output(conn)
