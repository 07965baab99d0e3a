"""What an acknowledgement brings: round trips, windows, congestion control, recovery.

RFC 9293 §3.10.7.4 (fifth check), RFC 5681, RFC 6582, RFC 6675, RFC 6298.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.output import resend, send_ack, timestamp
from aether.tcp.recovery import DUP_THRESH
from aether.tcp.sequence import HALF, MASK, unwrap

if TYPE_CHECKING:
    from aether.tcp.connection import Connection
    from aether.tcp.segment import Segment


def acknowledge(conn: Connection, segment: Segment) -> bool:
    """Process the acknowledgement of a segment; return False if the segment must be dropped."""
    ack = segment.ack
    if ack > conn.snd_nxt:
        conn.host.drop("tcp.future_ack", conn.number, f"{ack - conn.snd_nxt} beyond snd_nxt")
        send_ack(conn, "acknowledges what was never sent")
        return False
    if ack < conn.snd_una - max(conn.snd_wnd_max, 1):
        conn.host.drop("tcp.old_ack", conn.number, f"{conn.snd_una - ack} before snd_una")
        conn.host.tcp.challenge(conn, "old acknowledgement")
        return False
    window_before = conn.snd_una + conn.snd_wnd
    update_window(conn, segment)
    if ack < conn.snd_una:
        return True
    sacked = _take_sack(conn, segment)
    if ack > conn.snd_una:
        _advance(conn, segment)
    elif conn.snd_nxt > conn.snd_una:
        same = segment.length == 0 and conn.snd_una + conn.snd_wnd == window_before
        _duplicate(conn, sacked, same)
    return True


def update_window(conn: Connection, segment: Segment) -> None:
    """Take the peer's window, unless an older segment brings an older one (RFC 9293 §3.10.7.4)."""
    if segment.ack < conn.snd_una:
        return
    if conn.snd_wl1 < segment.seq or (conn.snd_wl1 == segment.seq and conn.snd_wl2 <= segment.ack):
        window = segment.window << conn.snd_wscale
        observer = conn.host.observer
        if observer is not None and (window == 0) != (conn.snd_wnd == 0):
            observer(conn.host.name, "tcp.window", conn.number, window, "closed" if window == 0 else "opened")
        conn.snd_wnd = window
        conn.snd_wnd_max = max(conn.snd_wnd_max, window)
        conn.snd_wl1, conn.snd_wl2 = segment.seq, segment.ack
        conn.probes = 0


def _take_sack(conn: Connection, segment: Segment) -> int:
    if not conn.sack_ok or segment.options is None or not segment.options.sack:
        return 0
    una = max(conn.snd_una, segment.ack)
    blocks = []
    for left, right in segment.options.sack:
        start = unwrap(left, una)
        blocks.append((start, start + ((right - left + HALF) & MASK) - HALF))
    return conn.flight.sack(tuple(blocks), una, conn.snd_nxt)


def _advance(conn: Connection, segment: Segment) -> None:
    """New data is acknowledged."""
    host, ack = conn.host, segment.ack
    limited = conn.cwnd_limited or (conn.cwnd < conn.ssthresh and 2 * conn.flight_size() >= conn.cwnd)
    acked = conn.flight.acknowledge(conn.snd_una, ack)
    conn.snd_una = ack
    conn.send.release(ack)
    _measure(conn, segment, acked.sent_at)
    if conn.phase == "open":
        conn.flight.dup_acks = 0
        if limited:
            _grow(conn, acked.bytes)
        if conn.sack_ok and conn.flight.sacked:
            _look_for_losses(conn)
    elif ack >= conn.recover:
        _recovered(conn)
    else:
        _partial(conn, acked.bytes)
    if conn.snd_una == conn.snd_nxt:
        conn.stop("rto")
    elif host.knobs.tcp_retransmit:
        conn.start("rto", host.now + conn.round_trip.timeout())
    if conn.socket is not None and conn.socket.wants_to_write:
        segment.news = True


def _measure(conn: Connection, segment: Segment, sent_at: int) -> None:
    """Take a round-trip sample: of a segment sent once (Karn), or by the echoed timestamp (RFC 7323 §4)."""
    now, trip = conn.host.now, conn.round_trip
    if sent_at >= 0:
        sample = now - sent_at
    elif conn.ts_ok and segment.options is not None and segment.options.timestamp is not None:
        echoed = segment.options.timestamp[1]
        elapsed = (timestamp(conn) - echoed) & MASK
        if not echoed or elapsed > 600_000:
            return
        sample = elapsed * 1000
    else:
        return
    trip.sample(sample)
    observer = conn.host.observer
    if observer is not None:
        observer(conn.host.name, "tcp.rtt", conn.number, sample, trip.srtt, trip.rttvar, trip.rto)


def _grow(conn: Connection, count: int) -> None:
    before = conn.cwnd
    conn.congestion.acknowledged(conn, count, conn.host.now)
    if conn.cwnd != before:
        conn.report_cwnd("slow start" if before < conn.ssthresh else "congestion avoidance")


def _duplicate(conn: Connection, sacked: int, same: bool) -> None:
    """A duplicate acknowledgement (RFC 5681 §2), or one that brings only SACK blocks."""
    if conn.sack_ok:
        if sacked:
            _look_for_losses(conn)
        return
    if not same:
        return
    conn.flight.dup_acks += 1
    # RFC 6582 §3.2: not for duplicates of what was sent before the last recovery began.
    if conn.phase == "open" and conn.flight.dup_acks >= DUP_THRESH and conn.snd_una > conn.recover:
        _start_recovery(conn, "three duplicate acknowledgements")


def _look_for_losses(conn: Connection) -> None:
    if conn.flight.detect(conn.snd_una, conn.mss) and conn.phase == "open":
        _start_recovery(conn, "enough was SACKed above it")


def _start_recovery(conn: Connection, why: str) -> None:
    """Enter recovery, and send the first lost segment again whatever cwnd is (RFC 5681 §3.2, RFC 6675 §5, step 4.3)."""
    if not conn.host.knobs.tcp_retransmit:
        return
    conn.recover = conn.snd_nxt
    conn.congestion.lost(conn, conn.host.now)
    conn.phase = "recovery"
    conn.report_recovery("recovery", why)
    conn.report_cwnd("loss")
    if not conn.sack_ok:
        conn.flight.mark_first_lost(conn.snd_una)
    first = conn.flight.next_lost()
    if first is not None:
        resend(conn, first, why)


def _partial(conn: Connection, count: int) -> None:
    """Some of what was lost has arrived, and the next hole begins here (RFC 6582 §3.2, RFC 6675 §5)."""
    flight = conn.flight
    flight.dup_acks = 0
    if conn.phase == "loss":
        _grow(conn, count)
    if conn.sack_ok:
        flight.detect(conn.snd_una, conn.mss)
    elif conn.phase == "recovery":
        first = flight.segments.get(conn.snd_una)
        if first is not None and first.sends == 1:
            flight.mark_first_lost(conn.snd_una)


def _recovered(conn: Connection) -> None:
    """Everything that was in flight when the loss was noticed has arrived."""
    conn.flight.dup_acks = 0
    if conn.phase == "recovery":
        conn.cwnd = min(conn.ssthresh, max(conn.flight.pipe, conn.mss) + conn.mss)
        conn.report_cwnd("recovered")
    conn.report_recovery("open", f"ended {conn.phase}")
    conn.phase = "open"
