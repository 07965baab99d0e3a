"""Path MTU discovery (RFC 1191, RFC 9293 §3.7.5): a router says that our segments are too large.

The claim is checked as RFC 5927 §7 asks: it must be about a segment that is in flight, and it can only
make segments smaller, never smaller than a floor, which the network layer has seen to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.output import output
from aether.wire.tcp import MIN_HEADER_LENGTH

if TYPE_CHECKING:
    from aether.tcp.connection import Connection

TIMESTAMP = 12


def too_big(conn: Connection, mtu: int) -> None:
    """Take an error that says the path takes packets of `mtu` bytes at the most (RFC 1191 §6.4)."""
    room = conn.layer.network.narrowed(conn.remote_ip, mtu)
    if not room:
        conn.host.drop("icmp.unmatched", conn.number, f"claims an MTU of {mtu}, and it is no smaller")
        return
    mss = room - MIN_HEADER_LENGTH - (TIMESTAMP if conn.ts_ok else 0)
    if mss >= conn.mss:
        return
    conn.mss = mss
    conn.flight.cut(mss)
    output(conn)
