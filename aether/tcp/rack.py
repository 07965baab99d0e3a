"""RACK-TLP (RFC 8985): losses found by time, and a probe when the tail of a flight may be lost.

A segment is lost when one that was sent later has arrived, and a little time for reordering has
passed. So a lost retransmission is noticed too, and reordering is not taken for loss. Of two that were
sent in one microsecond, which is usual in virtual time, the order of sending decides, and the sequence
numbers (§6.2, step 2) only within what left as one: by these alone, all new data would look later than
what is sent again in the same moment, and so would tell that this is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp import decisions
from aether.tcp.reordering import PERSISTENCE
from aether.tcp.scoreboard import DUP_THRESH
from aether.timers import NEVER

if TYPE_CHECKING:
    from aether.tcp.connection import Connection
    from aether.tcp.scoreboard import Sent
    from aether.tcp.segment import Segment



def detect(conn: Connection) -> int:
    """Mark what is lost by now (§3.1), start the timer for what may be lost soon (§6.2, step 5); return lost bytes."""
    flight, rack, now = conn.flight, conn.rack, conn.host.now
    window = _window(conn)
    latest = rack.time, rack.order, rack.end
    lost = wait = 0
    overdue: list[Sent] = []
    for segment in flight.by_time.values():
        if (segment.time, segment.order, segment.end) >= latest:
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
    if not rack.reordering and (conn.phase != "open" or conn.flight.has_sacked(DUP_THRESH)):
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
    single = len(conn.flight.segments) == 1 and (not conn.flight.several or conn.flight_size() <= conn.mss)
    conn.start("tlp", min(host.now + decisions.probe_timeout(trip.srtt, single), conn.deadlines.get("rto", NEVER)))


def probed(conn: Connection, segment: Segment, duplicate: bool, plain: bool) -> bool:
    """Look at an acknowledgement while a probe is out (§7.4.2); return True if it says that the probe repaired a loss.

    Only one that goes beyond the probe says so: what was probed for, and the probe, may both have arrived, and one
    acknowledgement been late. `duplicate` if it brings a D-SACK, `plain` if it brings nothing at all.
    """
    if segment.ack < conn.tlp_end:
        return False
    beyond = segment.ack > conn.tlp_end
    if conn.tlp_resent and not duplicate and not beyond and not plain:
        return False
    conn.tlp_end = -1
    return conn.tlp_resent and not duplicate and beyond
