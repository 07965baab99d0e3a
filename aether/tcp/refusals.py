"""ACKs in answer to what a connection does not accept, and how many of them.

Two ends that disagree about sequence numbers refuse each other's ACKs, and would answer them for ever: an ACK storm.
So only one such ACK leaves in a while (RFC 5961 §7; as on Linux, `tcp_invalid_ratelimit`). Data and FINs outside the
window are answered always: they leave when a timer or new ground says so, not in answer to what was refused, and their
sender needs to hear where we are. SYNs, resets and false acknowledgements are not, whatever comes with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.output import send_ack
from aether.wire.tcp import SYN

if TYPE_CHECKING:
    from aether.tcp.connection import Connection
    from aether.tcp.segment import Segment

EMPTY = ", without data"
"""Ends the reason of an ACK that answers an ACK."""


def answer(conn: Connection, segment: Segment, why: str) -> None:
    """Tell with an ACK where we are, in answer to a segment that is dropped (RFC 9293 §3.10.7.4)."""
    if not segment.length:
        why += EMPTY
    if may_answer(conn, segment, why):
        send_ack(conn, why)


def challenge(conn: Connection, what: str) -> None:
    """Send a challenge ACK, whatever the segment was, within the rate (RFC 5961 §3, §4, §5, §7)."""
    why = f"challenge: {what}"
    if _in_time(conn, why):
        conn.host.count("tcp.challenge_acks")
        send_ack(conn, why)


def may_answer(conn: Connection, segment: Segment, why: str) -> bool:
    """Tell whether a segment that is dropped may be answered now; what is held back is counted and reported."""
    return (segment.length > 0 and not segment.flags & SYN) or _in_time(conn, why)


def _in_time(conn: Connection, why: str) -> bool:
    """Take the turn of this connection, if it is time; per connection, so that others learn nothing of it."""
    host = conn.host
    interval = host.knobs.tcp_invalid_ratelimit
    if interval and host.now < conn.answers_from:
        host.count("tcp.acks_held")
        if host.observer is not None:
            host.observer(host.name, "tcp.ack_held", conn.number, why)
        return False
    conn.answers_from = host.now + interval
    return True
