"""What an acknowledgement brings: round trips, the peer's window, and what tells of losses.

RFC 9293 §3.10.7.4 (fifth check), RFC 6298, RFC 2018, RFC 2883.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp import ecn, rack, recovery
from aether.tcp.output import timestamp
from aether.tcp.refusals import challenge
from aether.tcp.sequence import HALF, MASK, unwrap
from aether.wire.tcp import ECE

if TYPE_CHECKING:
    from aether.tcp.connection import Connection
    from aether.tcp.segment import Segment


UNMEASURED = 3_000_000
"""The retransmission timer after a handshake that could not be measured, in microseconds."""


def acknowledge(conn: Connection, segment: Segment) -> bool:
    """Process the acknowledgement of a segment; return False if the segment must be dropped (RFC 5961 §5.2)."""
    ack = segment.ack
    if ack > conn.snd_nxt:
        conn.host.drop("tcp.future_ack", conn.number, f"{ack - conn.snd_nxt} beyond snd_nxt")
        challenge(conn, "acknowledges what was never sent")
        return False
    if ack < conn.snd_una - max(conn.snd_wnd_max, 1):
        conn.host.drop("tcp.old_ack", conn.number, f"{conn.snd_una - ack} before snd_una")
        challenge(conn, "old acknowledgement")
        return False
    if segment.recent >= 0:
        take_timestamp(conn, segment)
    edge_before = conn.snd_una + conn.snd_wnd
    update_window(conn, segment)
    if ack < conn.snd_una:
        _overtaken(conn, segment)
        return True
    if conn.ecn_ok and segment.flags & ECE:
        conn.prior_cwnd = conn.prior_ssthresh = 0  # nothing of before is given back (RFC 4015 §3.4)
        if ecn.echoed(conn):
            recovery.slow_down(conn, "the network marked congestion")
    sacked, duplicate = _take_sack(conn, segment)
    same = segment.length == 0 and conn.snd_una + conn.snd_wnd == edge_before
    if conn.tlp_end >= 0 and rack.probed(conn, segment, duplicate, same and not sacked and ack == conn.snd_una):
        recovery.slow_down(conn, "the probe repaired a loss")
    if ack > conn.snd_una:
        _advance(conn, segment, sacked)
    elif conn.snd_nxt > conn.snd_una:
        if sacked:
            _measure_sacked(conn)
        recovery.duplicate(conn, sacked, same)
    conn.flight.arrived.clear()
    return True


def _overtaken(conn: Connection, segment: Segment) -> None:
    """An acknowledgement was overtaken on its way: it still says what has arrived (RFC 6675 §5: any ACK)."""
    sacked, _ = _take_sack(conn, segment)
    if sacked:
        recovery.duplicate(conn, sacked, False)
    conn.flight.arrived.clear()


def take_timestamp(conn: Connection, segment: Segment) -> None:
    """Remember the timestamp of a segment whose sequence number and acknowledgement are acceptable (RFC 7323 §4.3)."""
    if segment.recent >= 0:
        conn.ts_recent, conn.ts_recent_at = segment.recent, conn.host.now


def update_window(conn: Connection, segment: Segment) -> None:
    """Take the peer's window, unless an older segment brings an older one (RFC 9293 §3.10.7.4)."""
    if segment.ack < conn.snd_una:
        return
    if conn.snd_wl1 < segment.seq or (conn.snd_wl1 == segment.seq and conn.snd_wl2 <= segment.ack):
        window = segment.window
        observer = conn.host.observer
        if observer is not None and (window == 0) != (conn.snd_wnd == 0):
            observer(conn.host.name, "tcp.window", conn.number, window, "closed" if window == 0 else "opened")
        conn.snd_wnd = window
        conn.snd_wnd_max = max(conn.snd_wnd_max, window)
        conn.snd_wl1, conn.snd_wl2 = segment.seq, segment.ack
        conn.probes = 0


def _take_sack(conn: Connection, segment: Segment) -> tuple[int, bool]:
    """Return the bytes that are newly SACKed, and whether the first block reports a duplicate (RFC 2883 §4)."""
    if not conn.sack_ok or segment.options is None or not segment.options.sack:
        return 0, False
    conn.flight.take_apart()
    una = max(conn.snd_una, segment.ack)
    blocks = []
    for left, right in segment.options.sack:
        start = unwrap(left, una)
        blocks.append((start, start + ((right - left + HALF) & MASK) - HALF))
    low, high = blocks[0]
    duplicate = high <= segment.ack or (len(blocks) > 1 and blocks[1][0] <= low and high <= blocks[1][1])
    if duplicate:
        del blocks[0]
        conn.host.count("tcp.dsack_received")
        recovery.duplicate_reported(conn, low, high)
    return conn.flight.sack(tuple(blocks), una, conn.snd_nxt), duplicate


def _advance(conn: Connection, segment: Segment, sacked: int) -> None:
    """New data is acknowledged."""
    host, ack = conn.host, segment.ack
    used = conn.cwnd_full or (conn.cwnd < conn.ssthresh and 2 * conn.cwnd_used > conn.cwnd)
    if conn.ecn_ok and segment.flags & ECE:
        used = False  # RFC 3168 §6.1.2: no growth by an acknowledgement that echoes congestion
    sacked_at = _sacked_at(conn) if sacked else -1
    acked = conn.flight.acknowledge(conn.snd_una, ack)
    conn.snd_una = ack
    if conn.options.user_timeout:
        conn.waiting_since = host.now
    conn.send.release(ack)
    conn.delivered += acked.delivered + sacked
    _measure(conn, segment, acked.sent_at if acked.sent_at >= 0 else sacked_at)
    recovery.advanced(conn, segment, acked, sacked, used)
    if conn.snd_una == conn.snd_nxt:
        conn.stop("rto")  # RFC 6298 §5.2
        conn.cwnd_full, conn.cwnd_used, conn.cwnd_round = False, 0, 0
    elif host.knobs.tcp_retransmit:
        conn.start("rto", host.now + conn.round_trip.timeout())  # RFC 6298 §5.3
    rack.schedule_probe(conn)
    if conn.socket is not None and conn.socket.wants_to_write:
        segment.news = True


def shaken(conn: Connection, segment: Segment) -> None:
    """The peer has acknowledged our SYN: measure the round trip, unless it was sent again and nothing tells which one.

    Then the timer begins with three seconds (RFC 6298 §5.7). After two losses the first window is one segment
    (RFC 5681 §3.1; of one loss the timer of one second may be the cause, RFC 6928 §2), as on Linux.
    """
    trip, stamp = conn.round_trip, segment.options.timestamp if segment.options is not None else None
    if not conn.retransmits:
        _sample(conn, conn.host.now - conn.opened)
    elif conn.ts_ok and stamp is not None and stamp[1]:
        _sample(conn, (timestamp(conn) - stamp[1] & MASK) * 1000)
    else:
        trip.rto = min(max(trip.rto, UNMEASURED), conn.host.knobs.tcp_rto_max)
    trip.backoff = 0
    if conn.retransmits > 1 and conn.congestion.name != "none":
        conn.cwnd = conn.mss
        conn.report_cwnd("the handshake lost segments")


def _sacked_at(conn: Connection) -> int:
    """Return when the latest of the segments that this acknowledgement SACKs, and that were sent once, left; or -1."""
    return max((segment.time for segment in conn.flight.arrived if segment.sends == 1), default=-1)


def _measure(conn: Connection, segment: Segment, sent_at: int) -> None:
    """Take a round-trip sample: of what was sent once at that time (Karn), or by the echoed timestamp (RFC 7323 §4).

    What an echo says is no guess: it names the transmission that has arrived, be it the first or a later one.
    """
    now = conn.host.now
    if sent_at >= 0:
        _sample(conn, now - sent_at)
    elif conn.ts_ok and segment.options is not None and segment.options.timestamp is not None:
        echoed = segment.options.timestamp[1]
        elapsed = ((timestamp(conn) - echoed) & MASK) * 1000
        if echoed and elapsed <= now - conn.opened + 1000:  # else we never sent it
            _sample(conn, elapsed)


def _measure_sacked(conn: Connection) -> None:
    """Take a sample of what was SACKed, too: it has been acknowledged, and what is lost may have held up the rest."""
    sent_at = _sacked_at(conn)
    if sent_at >= 0:
        _sample(conn, conn.host.now - sent_at)


def _sample(conn: Connection, sample: int) -> None:
    trip = conn.round_trip
    trip.sample(sample)
    observer = conn.host.observer
    if observer is not None:
        observer(conn.host.name, "tcp.rtt", conn.number, sample, trip.srtt, trip.rttvar, trip.rto)
