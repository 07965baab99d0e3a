"""What leaves: segments, acknowledgements, resets; and when (RFC 9293 §3.7, §3.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp import decisions, ecn, rack, user_timeout
from aether.tcp.departure import transmit, transmit_several
from aether.tcp.fastopen import pending
from aether.tcp.negotiate import initial_window
from aether.tcp.sequence import MASK
from aether.tcp.states import CLOSE_WAIT, CLOSED, ESTABLISHED, LISTEN, SYN_RECEIVED, SYN_SENT, TIME_WAIT
from aether.wire import tcp
from aether.wire.tcp import ACK, CWR, ECE, FIN, PSH, RST, SYN

if TYPE_CHECKING:
    from aether.surroundings import Surroundings
    from aether.tcp.connection import Connection
    from aether.tcp.network import Network, Packet
    from aether.tcp.scoreboard import Sent
    from aether.tcp.segment import Segment

CORK_LIMIT = 200_000
"""How long TCP_CORK and MSG_MORE hold back at the most, in microseconds, as on Linux."""
WHY_LOST = {"recovery": "lost", "loss": "after a time-out", "open": "lost"}
"""Why a segment is sent again, by phase, unless it was too large for its path (`aether.tcp.path_mtu`)."""
TOO_LARGE = "too large for the path"
SACK_HEAD, SACK_BLOCK = 4, 8
"""Bytes of a SACK option with its padding, without and for each block."""
SILENT = frozenset((CLOSED, LISTEN, SYN_SENT, SYN_RECEIVED, TIME_WAIT))
"""States in which no data leaves, but for SYN-RECEIVED after a Fast Open; and no FIN, but behind our SYN alone."""


def send_segment(
    conn: Connection, sequence: int, flags: int, payload: bytes = b"", new: bool = False,
    several: int = 0,
) -> None:
    """Send one segment, with the acknowledgement, the window and the options that are in use.

    `new` is True for data that was never sent before: only that carries ECT (RFC 3168 §6.1.4, §6.1.5).
    With `several`, so many bytes of the stream fill the payload of several segments.
    """
    host = conn.host
    tos = conn.options.tos & ~0b11
    if conn.ecn_ok:
        flags |= ecn.flags_for(conn, new)
        tos |= ecn.ECT0 if new else 0
    options = _stamp(conn)
    limit = _blocks_beside(conn, len(payload)) if _has_blocks(conn) else 0
    if limit > 0:
        blocks = _blocks(conn, limit)
        conn.dsack = None  # it is reported once (RFC 2883 §4)
        options += tcp.sack_option([(left & MASK, right & MASK) for left, right in blocks])
    window = advertise(conn)
    conn.ack_pending = ""
    conn.last_ack_sent = conn.rcv_nxt
    if conn.delack_segments:
        conn.delack_segments = 0
        conn.stop("delack")
    counters = host.counters
    counters["tcp.sent"] = counters.get("tcp.sent", 0) + 1
    if several:
        transmit_several(conn, sequence, several, conn.rcv_nxt & MASK, flags | ACK, window, options, tos)
    else:
        transmit(conn, sequence & MASK, conn.rcv_nxt & MASK, flags | ACK, window, options, payload, tos)


def _has_blocks(conn: Connection) -> bool:
    return conn.out_of_order is not None or conn.dsack is not None


def _blocks(conn: Connection, most: int) -> list[tuple[int, int]]:
    """Return the SACK blocks to report, at most so many: first a duplicate (RFC 2883 §4).

    The number of a FIN beyond a hole waits as data does (RFC 2018 §3).
    """
    waiting = conn.out_of_order
    blocks = [] if waiting is None else waiting.blocks(most, conn.fin_at if conn.fin_at > conn.rcv_nxt else -1)
    return ([conn.dsack, *blocks] if conn.dsack is not None else blocks)[:most]


def _blocks_beside(conn: Connection, length: int) -> int:
    """Return how many SACK blocks find room beside so many bytes: options and data together are within the MSS."""
    if not conn.sack_ok:
        return 0
    most = 3 if conn.ts_ok else 4
    return min(most, (conn.mss - length - SACK_HEAD) // SACK_BLOCK) if length else most


def _full(conn: Connection) -> int:
    """Return how many bytes a full segment has now: SACK blocks take of the MSS (RFC 9293 §3.7.1, RFC 6691 §2)."""
    if not _has_blocks(conn):
        return conn.mss
    most = _blocks_beside(conn, conn.mss // 2)
    count = len(_blocks(conn, most)) if most > 0 else 0
    return conn.mss - SACK_HEAD - SACK_BLOCK * count if count > 0 else conn.mss


def timestamp(conn: Connection) -> int:
    """Return the value of our timestamp clock: milliseconds, from a random start (RFC 7323 §5.4)."""
    return (conn.host.now // 1000 + conn.ts_offset) & MASK


def _stamp(conn: Connection) -> bytes:
    """Return the timestamps option, once it is agreed on: in every segment, a reset too (RFC 7323 §3.2)."""
    return tcp.timestamp_option(timestamp(conn), conn.ts_recent) if conn.ts_ok else b""


def advertise(conn: Connection) -> int:
    """Return the window to offer as it goes on the wire, and remember its right edge."""
    rcv_nxt, rcv_adv, scale = conn.rcv_nxt, conn.rcv_adv, conn.rcv_wscale
    window = decisions.offered_window(rcv_nxt, rcv_adv, conn.limit, conn.receive.length, conn.advmss, scale)
    edge = rcv_nxt + (window << scale)
    if edge > rcv_adv:
        conn.rcv_adv = edge
    return window


def send_ack(conn: Connection, why: str) -> None:
    """Send an acknowledgement without data."""
    observer = conn.host.observer
    if observer is not None:
        observer(conn.host.name, "tcp.ack_sent", conn.number, conn.rcv_nxt & MASK, why)
    send_segment(conn, _acceptable_number(conn), ACK)


def _acceptable_number(conn: Connection) -> int:
    """Return the number of a segment without data: SND.NXT, unless the peer's window has shrunk to less than that.

    Then it would lie outside, and what it says be discarded (RFC 9293 §3.8.6, MUST-34; as on Linux). What rounding
    takes off a scaled window is no shrinking.
    """
    edge, number = conn.snd_una + conn.snd_wnd, conn.snd_nxt
    if edge >= number or (conn.scaling and number - edge < 1 << conn.snd_wscale):
        return number
    return max(edge, conn.iss + 1)


def send_syn(conn: Connection) -> None:
    """Send our SYN, or our SYN,ACK, with the options that we offer (RFC 9293 §3.10.1; RFC 7323 §1.3)."""
    host, knobs = conn.host, conn.host.knobs
    answering = conn.state == SYN_RECEIVED
    options = b"" if knobs.tcp_noopt else tcp.build_options(
        mss=conn.advmss,
        window_scale=conn.rcv_wscale if (conn.scaling if answering else knobs.tcp_window_scaling) else None,
        sack_permitted=conn.sack_ok if answering else knobs.tcp_sack,
        timestamp=(timestamp(conn), conn.ts_recent) if (conn.ts_ok if answering else knobs.tcp_timestamps) else None,
        fast_open=conn.fast_open.cookie if conn.fast_open is not None else None,
    )
    window = decisions.syn_window(conn.limit)
    conn.rcv_adv = max(conn.rcv_adv, conn.rcv_nxt + window)
    flags = SYN | ACK | (ECE if conn.ecn_ok else 0) if answering else SYN
    if not answering and knobs.tcp_ecn == "on" and not conn.retransmits:
        flags |= ECE | CWR  # RFC 3168 §6.1.1; one that is lost may have been lost for that (§6.1.1.1)
    host.count("tcp.sent")
    payload = b""
    if conn.snd_nxt == conn.iss:
        conn.snd_nxt += 1
        if conn.fast_open is not None:
            payload = _early(conn)
    if conn.fast_open is not None:
        conn.fast_open.cookie = None  # what is sent again goes without (RFC 7413 §4.2.1, §4.2.2)
    transmit(
        conn, conn.iss & MASK, conn.rcv_nxt & MASK if answering else 0, flags, window, options, payload,
        conn.options.tos & ~0b11)


def send_early_again(conn: Connection) -> None:
    """Send at once what our SYN carried and the peer has not taken (RFC 7413 §4.2.2); no sign of congestion."""
    conn.flight.cut(conn.mss, conn.mss)
    conn.flight.mark_all_lost(conn.snd_nxt)
    while (segment := conn.flight.next_lost()) is not None:
        resend(conn, segment, "the peer did not take the data of the SYN")


def _early(conn: Connection) -> bytes:
    """Take what was written already into the SYN (RFC 7413 §4.2.2); it counts as sent."""
    length = conn.unsent()
    if not length:
        return b""
    conn.flight.sent(conn.snd_nxt, conn.send.end, conn.host.now)
    conn.clocks.become("busy", conn.host.now)
    payload = conn.send.read(conn.snd_nxt, length)
    conn.snd_nxt = conn.send.end
    conn.bytes_sent += length
    return payload


def send_reset(conn: Connection, why: str) -> None:
    """Abort: send a reset that the peer will believe (RFC 9293 §3.10.5)."""
    observer = conn.host.observer
    number = _acceptable_number(conn) & MASK
    if observer is not None:
        observer(conn.host.name, "tcp.reset", conn.number, number, why)
    conn.host.count("tcp.resets_sent")
    transmit(
        conn, number, conn.rcv_nxt & MASK, RST | ACK, 0, _stamp(conn), b"", conn.options.tos & ~0b11)


def refuse(conn: Connection, segment: Segment, why: str) -> None:
    """Answer a segment that is not for us any more, or yet, with a reset that its sender believes (RFC 9293 §3.5.2)."""
    observer = conn.host.observer
    if observer is not None:
        observer(conn.host.name, "tcp.reset", conn.number, segment.ack & MASK, why)
    conn.host.count("tcp.resets_sent")
    transmit(conn, segment.ack & MASK, 0, RST, 0, _stamp(conn), b"", conn.options.tos & ~0b11)


def answer_reset(
    host: Surroundings, network: Network, header: Packet, segment: tcp.TcpHeader, length: int, why: str
) -> None:
    """Answer a segment that belongs to no connection (RFC 9293 §3.5.2, group 1); `length` is its SEG.LEN."""
    if segment.flags & ACK:
        sequence, acknowledgement, flags = segment.acknowledgement, 0, RST
    else:
        sequence, acknowledgement, flags = 0, (segment.sequence + length) & MASK, RST | ACK
    if host.observer is not None:
        host.observer(host.name, "tcp.reset", 0, sequence, why)
    host.count("tcp.resets_sent")
    answer = tcp.build(
        header.destination, header.source, segment.destination_port, segment.source_port, sequence,
        acknowledgement, flags, 0,
    )
    network.send(header.source, tcp.PROTOCOL, answer, source=header.destination)


def output(conn: Connection) -> None:
    """Send what may be sent now: first what was lost, then what is new, then the FIN."""
    if conn.notifying or (conn.state in SILENT and _silent(conn)):
        return
    held = "cwnd"
    if not conn.flight.lost or _resend_lost(conn):
        before = conn.snd_nxt
        if before == conn.snd_una and conn.send.end > before:
            _after_idle(conn)
        held = _send_new(conn)
        if conn.snd_nxt > before and conn.state != SYN_RECEIVED:
            rack.schedule_probe(conn)
            _note_use(conn)
    _watch_window(conn)
    if held != conn.clocks.limit:
        note_limit(conn, held)


def _silent(conn: Connection) -> bool:
    """Tell whether nothing may leave in this state.

    A FIN does not wait for the end of the handshake, if nothing was written before it (RFC 9293 §3.10.4).
    """
    if conn.state not in SILENT:
        return False
    return conn.state != SYN_RECEIVED or not (pending(conn) or (conn.fin_queued and not conn.unsent()))


def held_back(conn: Connection) -> str:
    """Return what keeps data from leaving now, as `output` decides it; empty if nothing does. Nothing changes.

    ``window`` (the peer's), ``cwnd``, ``silly window``, ``cork``, ``nagle``, or ``send buffer``: everything was sent,
    and the application could not write more.
    """
    if _silent(conn):
        return ""
    lost = conn.flight.first_lost()
    if lost is not None and not _room_to_resend(conn, lost):
        return "cwnd"
    if conn.fin_sent:
        return ""
    unsent = conn.send.end - conn.snd_nxt
    if unsent <= 0:
        return _buffer_full(conn)
    full = _full(conn)
    return _cause(conn, _holds(conn, min(unsent, full, conn.snd_una + conn.snd_wnd - conn.snd_nxt), full, unsent))


def _cause(conn: Connection, held: str) -> str:
    """Return what is behind it: a small rest would be a full segment if the send buffer had room for more."""
    return (_buffer_full(conn) or held) if held in ("nagle", "cork") else held


def _buffer_full(conn: Connection) -> str:
    return "send buffer" if conn.socket is not None and conn.socket.wants_to_write else ""


def _holds(conn: Connection, length: int, full: int, unsent: int) -> str:
    """Return what keeps the next `length` bytes, of `unsent` that wait, from leaving as a segment."""
    if length <= 0:
        return "window"
    if in_network(conn) + length > conn.cwnd and conn.flight.pipe:
        return "cwnd"
    if conn.send.records and conn.send.whole(conn.snd_nxt, length) < length:
        return ""  # a record ends here: it can grow no more, so it waits for nothing
    return _holds_small(conn, length, unsent) if length < full else ""


def note_limit(conn: Connection, by: str) -> None:
    """Keep, and report, what holds data back from now on."""
    if by != conn.clocks.limit:
        conn.clocks.limited(by, conn.host.now)
        observer = conn.host.observer
        if observer is not None:
            observer(conn.host.name, "tcp.limited", conn.number, by or "nothing")


def _note_use(conn: Connection) -> None:
    """Keep how much of cwnd is used in a round trip: it grows only if that is enough (RFC 7661 §4.1, as on Linux)."""
    flight = conn.snd_nxt - conn.snd_una
    full = conn.cwnd_limited or flight + conn.mss > conn.cwnd
    if full or conn.snd_una >= conn.cwnd_round or (flight > conn.cwnd_used and not conn.cwnd_full):
        conn.cwnd_full, conn.cwnd_used, conn.cwnd_round = full, flight, conn.snd_nxt


def _after_idle(conn: Connection) -> None:
    """Forget a window that was measured too long ago (RFC 2861 §3, RFC 5681 §4.1)."""
    knobs = conn.host.knobs
    idle = conn.host.now - conn.last_sent
    if not knobs.tcp_slow_start_after_idle or idle < conn.round_trip.rto or not conn.congestion.limits:
        return
    restart = min(initial_window(conn), conn.cwnd)
    if restart < conn.cwnd:
        conn.ssthresh = max(conn.ssthresh if conn.ssthresh < conn.cwnd else 0, conn.cwnd * 3 // 4)
        conn.cwnd = restart
        conn.report_cwnd("after idling")


def push_out(conn: Connection) -> None:
    """Send what was held back for a full segment."""
    length = min(conn.unsent(), _full(conn), conn.snd_una + conn.snd_wnd - conn.snd_nxt)
    if length > 0 and conn.state not in SILENT:
        _emit(conn, conn.send.whole(conn.snd_nxt, length), PSH)
        rack.schedule_probe(conn)
        _note_use(conn)


def send_beyond(conn: Connection, count: int) -> bool:
    """Send up to `count` new segments, whatever cwnd says (RFC 5682 §3.1, step 2b); return whether any left."""
    before, full = conn.snd_nxt, _full(conn)
    for _ in range(count):
        unsent = conn.unsent()
        length = min(unsent, full, conn.snd_una + conn.snd_wnd - conn.snd_nxt)
        if length <= 0:
            break
        if length < full and (held := _holds_small(conn, length, unsent)):
            _hold(conn, held)
            break
        _emit(conn, length, PSH if length == unsent else 0)
    return conn.snd_nxt > before


def probe_tail(conn: Connection) -> None:
    """Send a tail-loss probe: new data if there is some, else the last segment again (RFC 8985 §7.3)."""
    conn.tlp_end = conn.snd_nxt
    conn.tlp_resent = False
    if conn.unsent() and conn.snd_una + conn.snd_wnd - conn.snd_nxt > 0:
        length = min(conn.send.end - conn.snd_nxt, _full(conn), conn.snd_una + conn.snd_wnd - conn.snd_nxt)
        _emit(conn, conn.send.whole(conn.snd_nxt, length), PSH)
        conn.tlp_end = conn.snd_nxt
    else:
        conn.flight.take_apart()
        last = conn.flight.by_time[max(conn.flight.by_time)] if conn.flight.by_time else None
        if last is not None:
            conn.tlp_resent = True
            resend(conn, last, "tail loss probe")
    conn.start("rto", conn.host.now + conn.round_trip.timeout())
    note_limit(conn, held_back(conn))


def in_network(conn: Connection) -> int:
    """Return how many bytes are thought to be in the network; without SACK a duplicate ACK stands for a segment.

    In recovery all of them together stand for no more than was in flight as it began (RFC 9937 §6.2, RecoverFS).
    """
    flight = conn.flight
    if conn.phase == "open" and not conn.host.knobs.tcp_limited_transmit:
        return conn.flight_size()  # RFC 3042 §2: otherwise the first duplicates already let new data out
    if conn.sack_ok or not flight.dup_acks:
        return flight.pipe
    arrived = flight.dup_acks * conn.mss
    if conn.phase == "recovery":
        arrived = min(arrived, conn.prr_flight)
    return max(flight.pipe - arrived, 0)


def _resend_lost(conn: Connection) -> bool:
    """Send again what was lost, as far as cwnd allows; return False if it allows no more."""
    while (segment := conn.flight.next_lost()) is not None:
        if not _room_to_resend(conn, segment):
            conn.cwnd_limited = True
            return False
        resend(conn, segment, TOO_LARGE if segment.too_large else WHY_LOST[conn.phase])
    return True


def _room_to_resend(conn: Connection, segment: Sent) -> bool:
    pipe = in_network(conn)
    return not pipe or pipe + segment.end - segment.start <= conn.cwnd


def resend(conn: Connection, segment: Sent, why: str) -> None:
    """Send a segment again."""
    host = conn.host
    if _has_blocks(conn) and segment.end - segment.start > (most := _full(conn)):
        segment = conn.flight.cut_off(segment, most)  # SACK blocks find room beside the rest (RFC 2018 §4)
    start, length = segment.start, segment.end - segment.start
    if host.observer is not None:
        host.observer(host.name, "tcp.retransmit", conn.number, start & MASK, length, why)
    host.count("tcp.retransmitted")
    conn.retransmits += 1
    conn.undo_count += 1
    conn.prr_out += length
    conn.flight.sent_again(segment, host.now)
    flags = ACK
    if segment.end > conn.send.end:
        flags |= FIN
    payload = conn.send.read(start, min(length, conn.send.end - start)) if start < conn.send.end else b""
    if payload and start + len(payload) == conn.send.end:
        flags |= PSH
    send_segment(conn, start, flags, payload)
    if "rto" not in conn.deadlines:
        conn.start("rto", host.now + conn.round_trip.timeout())


def _send_new(conn: Connection) -> str:
    """Send new data while nothing holds it back, and the FIN with or after it; return what holds back the rest."""
    conn.cwnd_limited = False
    mss = conn.mss
    full = 0
    while not conn.fin_sent:
        unsent = conn.send.end - conn.snd_nxt
        if unsent <= 0:
            if not conn.fin_queued:
                return _buffer_full(conn)
            _emit(conn, 0, FIN)
            break
        room = conn.snd_una + conn.snd_wnd - conn.snd_nxt
        if full != mss:  # once it is the whole MSS, sending takes nothing of it
            full = _full(conn)
        length = min(unsent, full, room)
        held = _holds(conn, length, full, unsent)
        if held:
            _hold(conn, held)
            return _cause(conn, held)
        if conn.send.records and (record := conn.send.whole(conn.snd_nxt, length)) < length:
            _emit(conn, record, PSH)
            continue
        if conn.host.supersegments and (count := _several(conn, min(unsent, room))) > 1:
            _emit_several(conn, count)
            continue
        last = length == unsent
        _emit(conn, length, PSH | FIN if last and conn.fin_queued else PSH if last else 0)
    return ""


def _holds_small(conn: Connection, length: int, unsent: int) -> str:
    """Return what keeps less than a full segment back, or nothing.

    Nagle (RFC 896, RFC 9293 §3.7.4) and the sender's part of silly-window avoidance (RFC 9293 §3.8.6.2.1).
    """
    idle = conn.snd_nxt == conn.snd_una
    if length < unsent:  # the window cuts it
        worth = (length * 2 >= conn.snd_wnd_max and idle) or not conn.host.knobs.tcp_silly_window
        return "" if worth else "silly window"
    if conn.fin_queued:
        return ""
    if conn.options.cork or conn.more:
        return "cork"
    return "" if idle or not conn.host.knobs.tcp_nagle or conn.options.no_delay else "nagle"


def _hold(conn: Connection, by: str) -> None:
    """Do what belongs to holding data back."""
    if by == "cwnd":
        conn.cwnd_limited = True
    elif by == "cork" and "cork" not in conn.deadlines:
        conn.start("cork", conn.host.now + CORK_LIMIT)
    _blocked(conn, by)


def _blocked(conn: Connection, by: str) -> None:
    observer = conn.host.observer
    if observer is not None:
        observer(conn.host.name, "tcp.blocked", conn.number, by)


def _emit(conn: Connection, length: int, flags: int) -> None:
    """Send `length` new bytes, and the FIN if `flags` has it."""
    start, now = conn.snd_nxt, conn.host.now
    end = start + length
    if "cork" in conn.deadlines:
        conn.stop("cork")  # what is held back from now on is younger
    if flags & FIN:
        conn.fin_sent = True
        end += 1
    if start == conn.snd_una and conn.options.user_timeout:
        conn.waiting_since = now
    conn.snd_nxt = end
    conn.bytes_sent += length
    conn.prr_out += length
    conn.last_sent = now
    conn.flight.sent(start, end, now)
    send_segment(conn, start, flags, conn.send.read(start, length), new=True)
    if "rto" not in conn.deadlines and conn.host.knobs.tcp_retransmit:
        if "persist" in conn.deadlines:
            conn.round_trip.backoff = 0  # what probes of a closed window had doubled
        conn.start("rto", now + conn.round_trip.timeout())


def _several(conn: Connection, length: int) -> int:
    """Return how many full segments of the next `length` bytes may go to the device as one: none in times of loss."""
    if (
        conn.ecn_ok or _has_blocks(conn) or conn.phase != "open"
        or conn.flight.sacked or conn.flight.dup_acks or conn.send.records
    ):
        return 0
    count = min(length, conn.cwnd - in_network(conn)) // conn.mss
    return count - 1 if conn.fin_queued and conn.snd_nxt + count * conn.mss == conn.send.end else count


def _emit_several(conn: Connection, count: int) -> None:
    """Send `count` full segments at once; on the way each is lost or arrives by itself."""
    start, now, mss = conn.snd_nxt, conn.host.now, conn.mss
    end = start + count * mss
    if "cork" in conn.deadlines:
        conn.stop("cork")
    conn.flight.sent_several(start, end, now, mss)
    if start == conn.snd_una and conn.options.user_timeout:
        conn.waiting_since = now
    conn.snd_nxt = end
    conn.bytes_sent += end - start
    conn.prr_out += end - start
    conn.last_sent = now
    conn.host.count("tcp.sent", count - 1)
    send_segment(conn, start, PSH if end == conn.send.end else 0, new=True, several=end - start)
    if "rto" not in conn.deadlines and conn.host.knobs.tcp_retransmit:
        if "persist" in conn.deadlines:
            conn.round_trip.backoff = 0  # what probes of a closed window had doubled
        conn.start("rto", now + conn.round_trip.timeout())


def _watch_window(conn: Connection) -> None:
    """Run the persist timer exactly while data waits, nothing is in flight and so no ACK will come (§3.8.6.1)."""
    idle, behind = conn.snd_nxt == conn.snd_una, conn.send.end > conn.snd_nxt
    waiting = idle and behind and "cork" not in conn.deadlines
    clocks = conn.clocks
    if idle and not behind:
        what = ""
    elif behind:
        if not clocks.what and idle:
            conn.waiting_since = conn.host.now
        what = "rwnd" if _window_holds_back(conn) else "busy"
    else:
        full = conn.socket is not None and conn.socket.wants_to_write and _buffer_holds_back(conn)
        what = "sndbuf" if full else "busy"
    if what != clocks.what:
        clocks.become(what, conn.host.now)
    if waiting and "persist" not in conn.deadlines:
        conn.start("persist", conn.host.now + conn.round_trip.timeout())
    elif not waiting and "persist" in conn.deadlines:
        conn.stop("persist")
        conn.round_trip.backoff = 0
    if conn.options.user_timeout:
        user_timeout.watch(conn)


def _window_holds_back(conn: Connection) -> bool:
    """Tell whether it is the peer's window that the next segment does not fit into, and not cwnd."""
    length = min(conn.send.end - conn.snd_nxt, conn.mss)
    if conn.snd_nxt + length <= conn.snd_una + conn.snd_wnd:
        return False
    return not conn.flight.pipe or in_network(conn) + length <= conn.cwnd


def _buffer_holds_back(conn: Connection) -> bool:
    """Tell whether more would leave if the send buffer had room: all of it was sent, and cwnd was not used in full."""
    limited = conn.cwnd_full or (conn.cwnd < conn.ssthresh and 2 * conn.cwnd_used > conn.cwnd)
    waits = conn.state in (ESTABLISHED, CLOSE_WAIT)
    return waits and not limited and 3 * (conn.send.end - conn.send.start) > 2 * conn.options.send_buffer


def window_update(conn: Connection) -> None:
    """Tell the peer that the application has made room, if it is worth a segment (RFC 9293 §3.8.6.2.2)."""
    if conn.state == SYN_RECEIVED:
        return  # the end of the handshake brings it
    most = decisions.room(conn.limit, 0, conn.rcv_wscale)
    more = conn.rcv_nxt + decisions.room(conn.limit, conn.receive.length, conn.rcv_wscale) - conn.rcv_adv
    closed = conn.rcv_adv - conn.rcv_nxt < conn.advmss
    if more >= min(most // 2, 2 * conn.advmss) and (closed or more >= most // 4):
        send_ack(conn, "window update")
