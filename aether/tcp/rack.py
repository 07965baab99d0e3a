"""RACK-TLP (RFC 8985): losses found by time, and a probe when the tail of a flight may be lost.

A segment is lost when one that was sent later has arrived, and a little time for reordering has
passed. So a lost retransmission is noticed too, and reordering is not taken for loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.recovery import DUP_THRESH
from aether.tcp.reordering import PERSISTENCE

if TYPE_CHECKING:
    from aether.tcp.connection import Connection
    from aether.tcp.recovery import Sent

MAX_ACK_DELAY = 200_000
"""How long the acknowledgement of a single segment may be delayed (§7.2, TLP.max_ack_delay), in microseconds."""
FIRST_PROBE = 1_000_000
"""The probe time-out before anything was measured (§7.2)."""


def detect(conn: Connection) -> int:
    """Mark what is lost by now (§3.1), start the timer for what may be lost soon (§6.2, step 5); return lost bytes."""
    flight, rack, now = conn.flight, conn.rack, conn.host.now
    window = _window(conn)
    lost = wait = 0
    overdue: list[Sent] = []
    for segment in flight.by_time.values():
        if (segment.time, segment.end) >= (rack.time, rack.end):
            break
        left = segment.time + rack.rtt + window - now
        if left <= 0:
            overdue.append(segment)
        else:
            wait = max(wait, left)
            break  # what was sent after it has even longer to go
    for segment in overdue:
        lost += flight.mark_lost(segment)
    if wait:
        conn.start("rack", now + wait)
    else:
        conn.stop("rack")
    return lost


def _window(conn: Connection) -> int:
    """Return how long to wait for reordered segments (§6.2, step 4)."""
    rack = conn.rack
    if not rack.reordering and (
        conn.phase != "open" or conn.flight.sacked_bytes >= DUP_THRESH * conn.mss
    ):
        return 0
    return min(rack.multiplier * conn.round_trip.minimum // 4, conn.round_trip.srtt)


def duplicate_reported(conn: Connection) -> None:
    """A D-SACK came: a retransmission was not needed, so wait a little longer (§6.2, step 4)."""
    rack = conn.rack
    if conn.snd_una >= rack.dsack_round:
        rack.dsack_round = conn.snd_nxt
        rack.multiplier += 1
        rack.persist = PERSISTENCE


def schedule_probe(conn: Connection) -> None:
    """Start the probe timer after new data, or after an acknowledgement (§7.2)."""
    host, trip = conn.host, conn.round_trip
    wanted = (
        conn.phase == "open" and conn.sack_ok and not conn.flight.sacked and conn.flight.pipe > 0
        and host.knobs.tcp_rack and host.knobs.tcp_retransmit and conn.tlp_end < 0
    )
    if not wanted:
        conn.stop("tlp")
        return
    timeout = 2 * trip.srtt if trip.srtt else FIRST_PROBE
    if conn.flight_size() <= conn.mss:
        timeout += MAX_ACK_DELAY
    deadline = host.now + timeout
    if deadline >= conn.deadlines.get("rto", deadline):
        conn.stop("tlp")  # the retransmission timer is as early
    else:
        conn.start("tlp", deadline)


def probed(conn: Connection, ack: int, duplicate: bool) -> bool:
    """Look at an acknowledgement after a probe (§7.4); return True if it says that the probe repaired a loss."""
    if conn.tlp_end < 0 or ack < conn.tlp_end:
        return False
    resent = conn.tlp_resent
    conn.tlp_end = -1
    conn.tlp_resent = False
    return resent and not duplicate
