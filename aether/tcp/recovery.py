"""Loss recovery as a small state machine: open, recovery (after duplicate ACKs or SACKs), loss (after a time-out).

RFC 5681 §3.2, RFC 6582 (without SACK), RFC 6675 (with SACK), RFC 8985 (with RACK), RFC 9937 (PRR); and what was no loss
after all: RFC 5682 (F-RTO), RFC 3522 (Eifel), RFC 3708 (D-SACK).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp import eifel, frto, prr, rack
from aether.tcp.output import in_network, resend
from aether.tcp.reordering import LEAST_DEGREE
from aether.tcp.scoreboard import DUP_THRESH

if TYPE_CHECKING:
    from aether.tcp.connection import Connection
    from aether.tcp.scoreboard import Acked
    from aether.tcp.segment import Segment


RENEGED = "the retransmission timer ran out, and the peer let go of what it had SACKed"


def advanced(conn: Connection, segment: Segment, acked: Acked, sacked: int, used: bool) -> None:
    """`snd_una` has advanced; `used` if so much of the congestion window was used that it may grow (RFC 7661 §4)."""
    delivered = acked.delivered + sacked
    if conn.phase == "open":
        conn.flight.dup_acks = 0
        if used:
            _grow(conn, acked.bytes)
        if conn.sack_ok:
            _look(conn, delivered, True)
        return
    if conn.undo_stamp >= 0 and eifel.spurious(conn, segment):
        _undo(conn, "the original has arrived, says its timestamp: the retransmission was spurious")
    elif conn.frto and frto.acknowledged(conn, advanced=True):
        _undo(conn, "the time-out was spurious: what was slow has arrived")
    elif conn.snd_una >= conn.recover:
        if conn.phase == "loss":
            _grow(conn, acked.bytes)
        _ended(conn)
    elif conn.frto == frto.SECOND:
        _grow(conn, acked.bytes)
    else:
        _partial(conn, acked.bytes, delivered)


def duplicate(conn: Connection, sacked: int, same: bool) -> None:
    """A duplicate acknowledgement (RFC 5681 §2), or one that brings only SACK blocks."""
    if conn.frto and (sacked or same) and frto.acknowledged(conn, advanced=False):
        _undo(conn, "the time-out was spurious: what was slow has arrived")
        return
    if conn.sack_ok:
        if sacked:
            conn.delivered += sacked
            _look(conn, sacked, False)
        return
    if not same:
        return
    conn.flight.take_apart()
    conn.flight.dup_acks += 1
    # RFC 6582 §3.2: not for duplicates of what was sent before the last recovery began.
    if conn.phase == "open" and conn.flight.dup_acks >= DUP_THRESH and conn.snd_una > conn.recover:
        _start(conn, "three duplicate acknowledgements", conn.mss)
    else:
        _proportion(conn, conn.mss, False)


def _look(conn: Connection, delivered: int, advanced: bool) -> None:
    """Look for losses, by time (RACK) or by what was SACKed above (RFC 6675), after an ACK of so many bytes."""
    if not conn.host.knobs.tcp_retransmit:
        return
    lost = 0
    if conn.host.knobs.tcp_rack:
        conn.rack.arrived(conn.flight.arrived, conn.host.now, conn.round_trip.minimum, conn.mss)
        lost = rack.detect(conn)
    else:
        lost = conn.flight.detect(conn.snd_una, conn.mss)
    if lost and conn.phase == "open":
        why = "later segments have arrived" if conn.host.knobs.tcp_rack else "enough was SACKed above it"
        _start(conn, why, delivered)
    else:
        _proportion(conn, delivered, advanced and not lost)


def reordering_timer(conn: Connection) -> None:
    """The time for reordered segments to arrive is over (RFC 8985 §6.3)."""
    if rack.detect(conn) and conn.phase == "open":
        _start(conn, "later segments have arrived", 0)


def _start(conn: Connection, why: str, delivered: int) -> None:
    """Enter recovery, and send the first lost segment again whatever cwnd is (RFC 5681 §3.2, RFC 6675 §5, step 4.3).

    So many bytes were delivered by the acknowledgement that says so; none if it was a timer.
    """
    if not conn.host.knobs.tcp_retransmit:
        return
    if not conn.sack_ok:
        conn.flight.mark_first_lost(conn.snd_una)
    _remember(conn)
    conn.recover = conn.snd_nxt
    conn.tlp_end = -1
    conn.stop("tlp")
    prr.begin(conn, delivered)
    conn.congestion.lost(conn, conn.host.now)
    conn.phase = "recovery"
    _proportion(conn, delivered, False)
    conn.report_recovery("recovery", why)
    conn.report_cwnd("loss")
    first = conn.flight.next_lost()
    if first is not None:
        resend(conn, first, why)


def _proportion(conn: Connection, delivered: int, safe: bool) -> None:
    """Let proportional rate reduction say how much may leave now."""
    if conn.phase == "recovery" and conn.host.knobs.tcp_prr and conn.congestion.limits:
        prr.update(conn, delivered, in_network(conn), safe)


def _partial(conn: Connection, count: int, delivered: int) -> None:
    """Some of what was lost has arrived, and the next hole begins here (RFC 6582 §3.2, RFC 6675 §5)."""
    flight = conn.flight
    if conn.sack_ok or conn.phase == "loss":
        flight.dup_acks = 0
        if conn.phase == "loss":
            _grow(conn, count)
        if conn.sack_ok:
            _look(conn, delivered, True)
        return
    # Each duplicate before stood for a segment: all of those that are acknowledged now but the one that was sent again.
    told = min(flight.dup_acks, max(count // conn.mss - 1, 0))
    flight.dup_acks -= told
    flight.mark_first_lost(conn.snd_una)
    _proportion(conn, count - told * conn.mss, False)
    first = flight.segments.get(conn.snd_una)
    if first is not None:
        resend(conn, first, "a partial acknowledgement")  # at once, whatever cwnd is (§3.2, step 5)


def _grow(conn: Connection, count: int) -> None:
    before = conn.cwnd
    conn.congestion.acknowledged(conn, count, conn.host.now)
    if conn.cwnd != before:
        conn.report_cwnd("slow start" if before < conn.ssthresh else "congestion avoidance")


def _ended(conn: Connection) -> None:
    """Everything that was in flight when the loss was noticed has arrived."""
    conn.flight.dup_acks = 0
    conn.frto = frto.OFF
    conn.rack.recovered()
    if conn.phase == "recovery" and conn.congestion.limits:
        if conn.sack_ok or conn.host.knobs.tcp_prr:
            conn.cwnd = conn.ssthresh  # RFC 9937 §6.4
        else:
            conn.cwnd = min(conn.ssthresh, max(conn.flight.pipe, conn.mss) + conn.mss)
        conn.report_cwnd("recovered")
    conn.report_recovery("open", f"ended {conn.phase}")
    conn.phase = "open"


def timed_out(conn: Connection) -> None:
    """The retransmission timer ran out (RFC 6298 §5.4 to §5.6, RFC 5681 §3.1, RFC 5682)."""
    first = conn.phase != "loss"
    conn.flight.take_apart()
    if first and sum(segment.sacked for segment in conn.flight.segments.values()) >= DUP_THRESH:
        conn.rack.degree = LEAST_DEGREE  # so many duplicates, and a time-out: it was taken for too large, as on Linux
    reneged = conn.flight.forget_sacked(conn.snd_una)
    if reneged:
        conn.host.count("tcp.reneged")
    if first:
        _remember(conn)
        conn.congestion.timed_out(conn, conn.host.now)
        conn.phase = "loss"
        conn.report_cwnd("time-out")
        conn.report_recovery("loss", RENEGED if reneged else "the retransmission timer ran out")
    elif conn.congestion.limits:
        conn.cwnd = min(conn.cwnd, conn.mss)
    conn.recover = conn.snd_nxt
    conn.round_trip.backoff += 1
    conn.flight.dup_acks = 0
    conn.tlp_end = -1
    conn.stop("tlp")
    conn.stop("rack")
    if frto.begin(conn, reneged):
        conn.flight.mark_first_lost(conn.snd_una)
    else:
        conn.flight.mark_all_lost(conn.recover)
    earliest = conn.flight.next_lost()
    if earliest is not None:
        resend(conn, earliest, "time-out")  # whatever cwnd says (RFC 6298 §5.4)


def _remember(conn: Connection) -> None:
    """Keep what has to be given back if the loss turns out to be none."""
    conn.prior_cwnd, conn.prior_ssthresh = conn.cwnd, conn.ssthresh
    conn.undo_from = conn.snd_una
    conn.undo_count = 0
    if conn.phase == "open":
        eifel.resending(conn)  # never in the middle of a recovery (RFC 3522 §3.2, RFC 4015 §3.1)


def duplicate_reported(conn: Connection, low: int, high: int) -> None:
    """A D-SACK: something sent again had arrived already (RFC 2883, RFC 3708), perhaps in a recovery that is over."""
    if not (conn.tlp_resent and high == conn.tlp_end):
        rack.duplicate_reported(conn)  # the duplicate of a probe says nothing of reordering
    if conn.undo_from < 0 or conn.undo_count <= 0 or high <= conn.undo_from:
        return
    conn.undo_count = max(conn.undo_count - max(-(-(high - low) // conn.mss), 1), 0)
    if conn.undo_count == 0:
        _undo(conn, "every retransmission turned out to be a duplicate")


def _undo(conn: Connection, why: str) -> None:
    """The loss was none: give back what was taken (RFC 5682 §3.4, RFC 4015)."""
    conn.flight.none_lost()
    conn.flight.dup_acks = 0
    conn.cwnd = max(conn.cwnd, conn.prior_cwnd)
    conn.ssthresh = max(conn.ssthresh, conn.prior_ssthresh)
    conn.phase = "open"
    conn.frto = frto.OFF
    conn.undo_from = conn.undo_stamp = -1
    conn.undo_count = 0
    conn.host.count("tcp.undone")
    conn.report_recovery("open", why)
    conn.report_cwnd("undone")


def slow_down(conn: Connection, why: str) -> None:
    """Reduce the window as after a loss, with nothing to send again (RFC 3168 §6.1.2, RFC 8985 §7.4)."""
    if conn.phase == "open":
        conn.congestion.lost(conn, conn.host.now)
        conn.undo_from = -1  # what was taken before is not given back any more
        conn.report_cwnd(why)
