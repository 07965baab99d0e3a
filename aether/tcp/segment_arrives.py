"""A segment arrives: RFC 9293 §3.10.7, step by step."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from aether.tcp import decisions, ecn
from aether.tcp.acknowledge import acknowledge, shaken, take_timestamp
from aether.tcp.fastopen import done, pending
from aether.tcp.negotiate import negotiate
from aether.tcp.output import output, refuse, send_ack, send_early_again, send_reset, send_syn
from aether.tcp.reassembly import Reassembly
from aether.tcp.refusals import answer, challenge, may_answer
from aether.tcp.segment import Segment
from aether.tcp.sequence import HALF, MASK
from aether.tcp.states import (
    CAN_RECEIVE,
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    SYN_RECEIVED,
    SYN_SENT,
    TIME_WAIT,
)
from aether.tcp.timers import opened, start_fin_wait_2
from aether.wire.tcp import ACK, FIN, RST, SYN, URG

if TYPE_CHECKING:
    from aether.tcp.connection import Connection
    from aether.tcp.network import Packet
    from aether.wire.tcp import TcpHeader


OUTDATED = 24 * 86_400_000_000
"""After so long without a new timestamp the last one proves nothing: the clock may have gone half around
(RFC 7323 §5.5); in microseconds."""


def segment_arrives(conn: Connection, header: TcpHeader, payload: bytes, packet: Packet) -> None:
    """Handle a segment for a connection that exists."""
    segment = Segment(conn, header, payload)
    if conn.state == SYN_SENT:
        _syn_sent(conn, segment, header)
    elif _acceptable(conn, segment) and _flags_ok(conn, segment):
        if conn.ecn_ok:
            ecn.marked(conn, packet.tos, segment.flags)
        _process(conn, segment)
    if conn.state == CLOSED:
        return
    if segment.news:
        conn.notify()
    output(conn)
    if conn.ack_pending and conn.state != CLOSED:
        send_ack(conn, conn.ack_pending)


def _syn_sent(conn: Connection, segment: Segment, header: TcpHeader) -> None:
    """RFC 9293 §3.10.7.3."""
    host, flags = conn.host, segment.flags
    if flags & ACK and not conn.iss < segment.ack <= conn.snd_nxt:
        host.drop("tcp.syn_sent_unacceptable", conn.number, "the ACK is not for our SYN")
        if not flags & RST:
            refuse(conn, segment, "acknowledges what we never sent")
        return
    if flags & RST:
        if flags & ACK:
            conn.end("rcv RST", errno.ECONNREFUSED)
        else:
            host.drop("tcp.syn_sent_unacceptable", conn.number, "a reset without ACK")
        return
    if not flags & SYN:
        host.drop("tcp.syn_sent_unacceptable", conn.number, "neither SYN nor RST")
        return
    conn.irs = header.sequence
    conn.rcv_nxt = conn.rcv_adv = conn.last_ack_sent = header.sequence + 1
    negotiate(conn, segment.options, flags)
    segment.seq = header.sequence
    if flags & ACK:
        shaken(conn, segment)
        conn.snd_una = conn.iss + 1
        conn.stop("rto")
        _window_of_syn(conn, segment)
        conn.rcv_adv += decisions.syn_window(conn.limit)  # what our SYN has offered
        conn.move("rcv SYN,ACK")
        if conn.fast_open is not None:
            conn.layer.fast_open.answered(conn, segment.options, segment.ack)
            conn.fast_open = None
        _heard(conn)
        conn.ack_pending = "completes the handshake"
        if conn.snd_nxt > conn.snd_una:
            _early_acknowledged(conn, segment)
        opened(conn)
        segment.news = True
        segment.seq += 1
        _text_and_fin(conn, segment)
    else:  # simultaneous open (§3.5, figure 8)
        conn.move("rcv SYN")
        _window_of_syn(conn, segment)
        send_syn(conn)
        if host.knobs.tcp_retransmit:
            conn.start("rto", host.now + conn.round_trip.timeout())


def _early_acknowledged(conn: Connection, segment: Segment) -> None:
    """See which data of our SYN has arrived, and send the rest again at once (RFC 7413 §4.2.2)."""
    if segment.ack > conn.snd_una:
        acked = conn.flight.acknowledge(conn.snd_una, segment.ack)
        conn.flight.arrived.clear()
        conn.snd_una = segment.ack
        conn.send.release(segment.ack)
        conn.delivered += acked.delivered
    send_early_again(conn)


def _window_of_syn(conn: Connection, segment: Segment) -> None:
    """Take the window of a SYN."""
    conn.snd_wnd = conn.snd_wnd_max = segment.window
    conn.snd_wl1, conn.snd_wl2 = segment.seq, conn.snd_una


def _acceptable(conn: Connection, segment: Segment) -> bool:
    """First check: the sequence number (§3.10.7.4), and PAWS (RFC 7323 §5.2, §5.3)."""
    host, seq = conn.host, segment.seq
    stamp = segment.options.timestamp if segment.options is not None else None
    if conn.ts_ok and stamp is not None and not segment.flags & RST:
        age = ((stamp[0] - conn.ts_recent + HALF) & MASK) - HALF
        if host.now - conn.ts_recent_at > OUTDATED:
            age = 0
        if age < 0 and host.knobs.tcp_paws:
            host.drop("tcp.paws", conn.number, f"{-age} ms older")
            if not segment.flags & SYN:
                _report_duplicate(conn, seq, min(seq + len(segment.payload), conn.rcv_nxt))
            answer(conn, segment, "old timestamp")
            return False
        if age >= 0 and seq <= conn.last_ack_sent:  # of several the first, if one ACK answers them (RFC 7323 §4.3)
            segment.recent = stamp[0]
    if conn.state == SYN_RECEIVED:
        if _crossed(conn, segment):
            return True
        if seq == conn.irs and segment.flags & (SYN | ACK | RST) == SYN:  # whatever data it brings again
            segment.recent = -1
            _unacceptable(conn, segment, conn.rcv_adv)
            return False
    edge = max(conn.rcv_adv, conn.rcv_nxt)
    end = seq + segment.length
    if segment.flags & RST:  # by its number alone (RFC 5961 §3.2), whatever it carries (RFC 9293 §3.5.3, SHLD-2)
        ok = seq == conn.rcv_nxt or conn.rcv_nxt < seq < edge
    elif segment.length == 0:
        ok = conn.rcv_nxt <= seq <= edge
    else:
        ok = seq < edge and end > conn.rcv_nxt
    if ok:
        return True
    segment.recent = -1  # RFC 7323 §5.3, R2 before R3: nothing is remembered of what is discarded
    _unacceptable(conn, segment, edge)
    return False


def _crossed(conn: Connection, segment: Segment) -> bool:
    """Take the peer's SYN,ACK of a simultaneous open for the ACK that it is (§3.5, figure 8)."""
    both = SYN | ACK
    if conn.listener is not None or segment.flags & both != both or segment.seq != conn.irs:
        return False
    if not conn.iss < segment.ack <= conn.snd_nxt:
        return False
    segment.flags &= ~SYN
    segment.seq += 1
    segment.length -= 1
    conn.ack_pending = "their SYN came twice"  # below the window, so answered (§3.10.7.4)
    return True


def _unacceptable(conn: Connection, segment: Segment, edge: int) -> None:
    """Answer with an ACK, so that the peer learns where we are; resets are dropped in silence."""
    host, seq = conn.host, segment.seq
    if segment.flags & RST:
        host.drop("tcp.rst_outside_window", conn.number, f"{seq - conn.rcv_nxt:+} from rcv_nxt")
        return
    if conn.state == SYN_RECEIVED and segment.flags & (SYN | ACK) == SYN and seq == conn.irs:
        host.drop("tcp.old_duplicate", conn.number, "their SYN again")
        if may_answer(conn, segment, "their SYN again"):
            send_syn(conn)  # our SYN,ACK was lost
        return
    if seq >= edge:
        host.drop("tcp.outside_window", conn.number, f"{seq - edge} beyond the window's edge")
        if seq == conn.rcv_nxt and _usable_ack(conn, segment):  # a closed window still lets ACKs in (§3.10.7.4)
            _heard(conn)
            acknowledge(conn, segment)
    else:
        what = f"{segment.length} bytes, all received before"
        host.drop("tcp.old_duplicate", conn.number, what if segment.length else f"{seq - conn.rcv_nxt} from rcv_nxt")
        if not segment.flags & SYN and conn.state != TIME_WAIT:
            _report_duplicate(conn, seq, seq + segment.length)
    if conn.state == TIME_WAIT and segment.flags & FIN:
        conn.start("time-wait", host.now + host.knobs.tcp_time_wait)
    conn.ack_pending = ""
    answer(conn, segment, "unacceptable segment")


def _heard(conn: Connection) -> None:
    """The peer lives: nothing less than an acceptable segment shows it (RFC 9293 §3.8.4)."""
    conn.last_received = conn.host.now
    conn.keepalives = conn.soft_error = 0


def _usable_ack(conn: Connection, segment: Segment) -> bool:
    """Tell whether a segment that is dropped acknowledges something nevertheless."""
    return bool(segment.flags & ACK) and conn.state in CAN_RECEIVE and conn.snd_una <= segment.ack <= conn.snd_nxt


def _flags_ok(conn: Connection, segment: Segment) -> bool:
    """Second to fifth check: RST, SYN, ACK (§3.10.7.4; RFC 5961 §3.2, §4.2, where RFC 793 believed them)."""
    host, flags = conn.host, segment.flags
    if flags & RST:
        if segment.seq == conn.rcv_nxt or not host.knobs.tcp_challenge_ack:
            conn.end("rcv RST", _error_of_reset(conn))
        else:
            host.drop("tcp.rst_not_exact", conn.number, f"{segment.seq - conn.rcv_nxt:+} from rcv_nxt")
            challenge(conn, "reset inside the window")
        return False
    if flags & SYN:
        host.drop("tcp.unexpected_syn", conn.number)
        if host.knobs.tcp_challenge_ack:
            challenge(conn, "SYN inside a connection")
        else:
            send_reset(conn, "SYN inside a connection")
            conn.end("rcv RST", errno.ECONNRESET)
        return False
    if not flags & ACK:
        host.drop("tcp.no_ack", conn.number)
        return False
    if conn.state == SYN_RECEIVED:
        if not conn.iss < segment.ack <= conn.snd_nxt:
            host.drop("tcp.future_ack", conn.number, "the ACK is not for our SYN")
            refuse(conn, segment, "acknowledges what we never sent")
            return False
        if conn.listener is not None and conn.listener.full() and not pending(conn):
            host.drop("tcp.backlog_full", conn.number, f"port {conn.local_port}: nobody accepts")
            return False
        _handshake_done(conn, segment)
    return True


def _error_of_reset(conn: Connection) -> int:
    """Return what the application is told of a reset, 0 if nothing is lost by it.

    A peer that had sent all it had, and then wants nothing any more, is a reader that is gone: EPIPE, as on Linux.
    """
    state = conn.state
    if state == TIME_WAIT or (state in (CLOSING, LAST_ACK) and conn.snd_una >= conn.send.end):
        return 0  # only our FIN is not acknowledged
    if state == CLOSE_WAIT:
        return errno.EPIPE
    return errno.ECONNREFUSED if state == SYN_RECEIVED and not pending(conn) else errno.ECONNRESET


def _handshake_done(conn: Connection, segment: Segment) -> None:
    take_timestamp(conn, segment)
    shaken(conn, segment)
    conn.snd_una = max(conn.snd_una, conn.iss + 1)
    conn.snd_wnd = conn.snd_wnd_max = segment.window
    conn.snd_wl1, conn.snd_wl2 = segment.seq, segment.ack
    conn.stop("rto")
    early = pending(conn)
    done(conn)
    conn.move("rcv ACK")
    if conn.snd_nxt > conn.snd_una:  # data has left before (RFC 7413 §4.2.2), or a FIN alone
        if not early and conn.bytes_sent:
            _early_acknowledged(conn, segment)
        elif conn.host.knobs.tcp_retransmit:
            conn.start("rto", conn.host.now + conn.round_trip.timeout())
    _heard(conn)
    opened(conn)
    if conn.fin_queued:
        conn.move("close")  # the application has closed already (§3.10.4)
    segment.news = True
    if conn.listener is not None:
        conn.answers_from = 0  # what anybody sends to a half-open connection is counted apart, as on Linux
        if early:
            return
        defer = conn.options.defer_accept
        if defer and not segment.payload:
            conn.deferred = True
            conn.start("defer", conn.host.now + defer)
        else:
            conn.listener.established(conn)


def _process(conn: Connection, segment: Segment) -> None:
    """Fifth to eighth check: the acknowledgement, urgent data, the text, the FIN (§3.10.7.4)."""
    host = conn.host
    if host.observer is not None and segment.length:
        host.observer(host.name, "tcp.accepted", conn.number, segment.seq & MASK, segment.length)
    if not acknowledge(conn, segment):
        return
    _heard(conn)
    if conn.fin_sent and conn.snd_una == conn.snd_nxt and not _fin_acknowledged(conn):
        return
    _text_and_fin(conn, segment)


def _text_and_fin(conn: Connection, segment: Segment) -> None:
    """Sixth to eighth check: what comes behind the acknowledgement, in a SYN,ACK too (§3.10.7.3)."""
    if segment.flags & URG and conn.state in CAN_RECEIVE:  # after the peer's FIN nothing can be urgent
        _urgent(conn, segment)
    if segment.payload:
        _text(conn, segment)
    if (segment.flags & FIN or conn.fin_at >= 0) and _fin_is_next(conn, segment):
        _fin(conn, segment)
    elif segment.flags & FIN and not conn.ack_pending:
        conn.ack_pending = "FIN again" if conn.fin_received else "FIN beyond a hole"


def _urgent(conn: Connection, segment: Segment) -> None:
    """Sixth check: note how far urgent data goes; it is delivered in line (RFC 9293 §3.8.5, RFC 6093 §6)."""
    up = segment.seq + segment.urgent
    if up > max(conn.rcv_up, conn.rcv_nxt):
        conn.rcv_up = up
        host = conn.host
        if host.observer is not None:
            host.observer(host.name, "tcp.urgent", conn.number, up - conn.rcv_nxt)
        segment.news = True


def _fin_acknowledged(conn: Connection) -> bool:
    """Our FIN has arrived; return False if that was the end."""
    if conn.state == FIN_WAIT_1:
        conn.move("rcv ACK of FIN")
        if conn.socket is None:
            start_fin_wait_2(conn)
    elif conn.state == CLOSING:
        conn.move("rcv ACK of FIN")
        conn.rest()
    elif conn.state == LAST_ACK:
        conn.end("rcv ACK of FIN")
        return False
    return True


def _text(conn: Connection, segment: Segment) -> None:
    """Seventh check: the data."""
    host, payload, seq = conn.host, segment.payload, segment.seq
    if conn.state not in CAN_RECEIVE:
        host.drop("tcp.after_close", conn.number, f"{len(payload)} bytes after the peer's FIN")
        return
    if conn.deferred and conn.listener is not None:
        conn.stop("defer")
        conn.listener.established(conn)
    if not conn.backlogged and (conn.socket is None or (conn.state != ESTABLISHED and not conn.socket.reading)):
        if seq + len(payload) <= conn.rcv_nxt:
            return  # nothing of it is new
        host.drop("tcp.after_close", conn.number, f"{len(payload)} bytes for nobody")
        refuse(conn, segment, "data after close")
        conn.end("abort", errno.ECONNRESET)
        return
    old = seq < conn.rcv_nxt
    if old:
        _report_duplicate(conn, seq, conn.rcv_nxt)
        payload = payload[conn.rcv_nxt - seq:]
        seq = conn.rcv_nxt
    payload = payload[:max(conn.rcv_adv, conn.rcv_nxt) - seq]
    if seq > conn.rcv_nxt:
        _beyond_a_hole(conn, seq, payload)
        return
    length = len(payload)
    conn.rcv_mss = max(conn.rcv_mss, min(length, conn.advmss))  # a device may hand over several segments in one
    conn.receive.append(payload)
    conn.rcv_nxt += length
    waiting = conn.out_of_order
    if waiting is not None:
        if not old:
            _report_duplicate(conn, *waiting.duplicate(seq, seq + length))
        for piece in waiting.take(conn.rcv_nxt):
            conn.receive.append(piece)
            conn.rcv_nxt += len(piece)
            length += len(piece)
        if not waiting.starts and conn.fin_at <= conn.rcv_nxt:
            conn.out_of_order = None
    conn.bytes_received += length
    segment.news = True
    if host.observer is not None:
        host.observer(host.name, "tcp.delivered", conn.number, length)
    _plan_ack(conn, len(payload), waiting is not None)


def _report_duplicate(conn: Connection, start: int, end: int) -> None:
    """Let the next acknowledgement say that this came twice: the first part of one that did (RFC 2883 §4, §4.1)."""
    if conn.sack_ok and conn.host.knobs.tcp_dsack and end > start:
        conn.dsack = start, end


def _beyond_a_hole(conn: Connection, seq: int, payload: bytes) -> None:
    """Keep it or not, and say at once where the hole is (RFC 5681 §3.2)."""
    host = conn.host
    waiting = conn.out_of_order or Reassembly()
    if host.knobs.tcp_out_of_order == "drop":
        host.drop("tcp.out_of_order", conn.number, f"seq is {seq - conn.rcv_nxt} beyond rcv_nxt")
    elif len(waiting.ranges) >= host.knobs.tcp_holes and waiting.stands_alone(seq, seq + len(payload)):
        host.drop("tcp.too_many_holes", conn.number, f"there are {len(waiting.ranges)} of them")
    else:
        _report_duplicate(conn, *waiting.duplicate(seq, seq + len(payload)))
        if waiting.add(seq, payload):
            conn.out_of_order = waiting
            if host.observer is not None:
                host.observer(host.name, "tcp.buffered", conn.number, seq & MASK, len(payload))
        else:
            host.drop("tcp.old_duplicate", conn.number, "it waits behind the hole already")
    conn.ack_pending = "duplicate: a hole"


def _plan_ack(conn: Connection, length: int, filled: bool) -> None:
    """Let the acknowledgement leave at the end of the occurrence, or wait."""
    conn.delack_segments += decisions.segments_in(length, conn.advmss)
    delay = conn.host.knobs.tcp_delayed_ack
    why = decisions.why_ack_now(conn.quick_acks, conn.delack_segments, delay, filled)
    if conn.quick_acks > 0 and not filled:
        conn.quick_acks -= 1
    if why:
        conn.ack_pending = why
    elif "delack" not in conn.deadlines:
        conn.start("delack", conn.host.now + delay)


def _fin_is_next(conn: Connection, segment: Segment) -> bool:
    """Tell whether a FIN stands where the data ends; one beyond a hole is remembered until data fills or passes it.

    Of several the first ends the stream. One that data went past was none, and must not hide the one that is still to
    come: the peer repeats that until it is acknowledged.
    """
    if conn.fin_received or conn.state == CLOSED:
        return False
    known = conn.fin_at
    places = [known] if known >= 0 else []
    if segment.flags & FIN:
        places.append(segment.seq + len(segment.payload))
    if conn.rcv_nxt in places:
        conn.fin_at = conn.rcv_nxt
        return True
    edge = max(conn.rcv_adv, conn.rcv_nxt)
    conn.fin_at = min((place for place in places if conn.rcv_nxt < place < edge), default=-1)
    if conn.fin_at >= 0:
        conn.out_of_order = waiting = conn.out_of_order or Reassembly()
        if segment.flags & FIN and conn.fin_at == places[-1]:
            waiting.remember(conn.fin_at)
            if conn.fin_at == known:
                duplicate = conn.dsack[0] if conn.dsack is not None and conn.dsack[1] == known else known
                _report_duplicate(conn, duplicate, known + 1)
    elif conn.out_of_order is not None and not conn.out_of_order.starts:
        conn.out_of_order = None
    return False


def _fin(conn: Connection, segment: Segment) -> None:
    """Eighth check: the FIN bit."""
    conn.fin_received = True
    conn.out_of_order = None  # nothing comes after a FIN
    conn.rcv_nxt += 1
    conn.ack_pending = "FIN"
    segment.news = True
    if conn.state in (ESTABLISHED, FIN_WAIT_1):
        conn.move("rcv FIN")
    elif conn.state == FIN_WAIT_2:
        conn.move("rcv FIN")
        conn.rest()
