"""Path MTU discovery (RFC 1191, RFC 9293 §3.7.5): a router says that our segments are too large.

The claim is checked as RFC 5927 §7 asks: it must be about a segment that is in flight, and it can only make segments
smaller, never smaller than a floor: below that they may be cut on their way. The network layer sees to both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.output import output
from aether.wire.tcp import MIN_HEADER_LENGTH

if TYPE_CHECKING:
    from aether.tcp.connection import Connection

TIMESTAMP = 12


def too_big(conn: Connection, mtu: int) -> bool:
    """Take an error that says the path takes packets of `mtu` bytes at the most; return whether that was news.

    It is, too, if the host had heard of it from another connection, and this one has larger segments in flight.
    """
    network = conn.layer.network
    claimed = network.narrowed(conn.remote_ip, mtu) - _headers(conn)
    mss = _mss(conn)
    largest = mss if conn.may_be_cut else claimed
    if not conn.flight.cut(mss, largest) and mss >= conn.mss:
        conn.host.drop("icmp.unmatched", conn.number, f"claims an MTU of {mtu}, and it is no smaller")
        return False
    conn.mss = mss
    conn.may_be_cut = network.may_be_cut(conn.remote_ip)
    output(conn)
    return True


def heed(conn: Connection) -> None:
    """Make segments no larger than another connection has found its path, which is ours, to take (RFC 1191 §6.4).

    What is in flight is left alone: if it was too large, an error will say so.
    """
    conn.mss = _mss(conn)


def _mss(conn: Connection) -> int:
    return min(conn.mss, conn.layer.network.room_for(conn.remote_ip) - _headers(conn))


def _headers(conn: Connection) -> int:
    return MIN_HEADER_LENGTH + (TIMESTAMP if conn.ts_ok else 0)
