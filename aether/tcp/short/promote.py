"""From a short connection to a whole one, field for field as `segment_arrives` would have left it.

So a connection may be a short one until anything out of the ordinary happens, or somebody looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp import decisions
from aether.tcp.connection import Connection
from aether.tcp.listener import Listener, take_syn
from aether.tcp.negotiate import negotiate
from aether.tcp.short.record import WINDOW, ShortConnection, deadline_of
from aether.tcp.short.responder import Responder
from aether.tcp.states import ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, LISTEN, SYN_RECEIVED, TIME_WAIT
from aether.wire.tcp import SYN, Options

if TYPE_CHECKING:
    from aether.tcp.listener import ListenerLayer


def promote(layer: ListenerLayer, short: ShortConnection) -> Connection:
    """Return the connection that `short` stands for, with its timers' deadlines; whoever calls sees to the queue."""
    knobs = layer.host.knobs
    conn = Connection(layer, short.key, short.number, LISTEN)
    listener = short.listener
    conn.iss = short.iss
    conn.snd_una = conn.snd_nxt = short.iss
    conn.send.start = conn.send.end = short.iss + 1
    conn.recover = short.iss
    conn.ts_offset = short.ts_offset
    conn.rcv_wscale = layer.receive_scale()
    conn.listener = listener
    conn.take_options(short.options)
    take_syn(conn, short.irs, short.syn_window)
    negotiate(conn, _offered(short), SYN)
    conn.state = short.state
    conn.opened = conn.last_sent = conn.taken_since = short.opened
    conn.last_received = short.received_at
    conn.ts_recent, conn.ts_recent_at = short.stamp, short.received_at
    conn.rcv_adv = conn.rcv_nxt + WINDOW
    conn.snd_nxt = short.snd_nxt
    if short.state == SYN_RECEIVED:
        conn.deadlines["rto"] = deadline_of(short, knobs)
        return conn
    conn.listener = None
    _established(conn, short)
    if short.state in (ESTABLISHED, FIN_WAIT_1):
        if short.state == ESTABLISHED:
            _adopt(conn, short, listener)
        if short.snd_una < short.snd_nxt:
            _in_flight(conn, short)
    elif short.state == FIN_WAIT_2:
        conn.deadlines["fin-wait-2"] = deadline_of(short, knobs)
    elif short.state == TIME_WAIT:
        conn.fin_received = True
        conn.fin_at = short.rcv_nxt - 1
        conn.let_go()
        conn.deadlines["time-wait"] = deadline_of(short, knobs)
    return conn


def _offered(short: ShortConnection) -> Options:
    offered = Options()
    offered.mss, offered.window_scale, offered.sack_permitted = short.mss, short.wscale, True
    offered.timestamp = short.stamp, 0
    return offered


def _established(conn: Connection, short: ShortConnection) -> None:
    trip = conn.round_trip
    trip.srtt, trip.rttvar, trip.minimum = short.srtt, short.rttvar, short.minimum
    trip.compute()
    conn.snd_una = short.snd_una
    conn.snd_wnd, conn.snd_wnd_max = short.window, short.window_max
    conn.snd_wl1, conn.snd_wl2 = short.wl1, short.snd_una
    conn.rcv_nxt, conn.rcv_adv = short.rcv_nxt, short.rcv_adv
    conn.last_ack_sent = short.rcv_nxt  # each answer acknowledges all
    closing = short.state != ESTABLISHED
    conn.fin_queued = conn.fin_sent = closing
    written = short.snd_nxt - closing
    conn.bytes_sent = conn.prr_out = written - short.iss - 1
    conn.delivered = short.snd_una - short.iss - 1
    conn.send.start, conn.send.end = min(short.snd_una, written), written
    if short.requests:
        _answered(conn, short)


def _answered(conn: Connection, short: ShortConnection) -> None:
    """Note what requests and responses left behind."""
    conn.bytes_received = short.rcv_nxt - short.irs - 1 - (short.state == TIME_WAIT)
    conn.rcv_mss = short.rcv_mss
    conn.quick_acks = max(conn.quick_acks - short.requests, 0)
    conn.taken, conn.taken_since = short.taken, short.taken_since
    conn.last_sent = short.sent_at
    clocks, rack = conn.clocks, conn.rack
    if short.snd_una > short.iss + 1:
        rack.rtt = short.rack
        rack.end = rack.fack = short.snd_una
        rack.time = short.rack_at
        clocks.since = short.rack_at + short.rack
    if short.busy:
        clocks.busy = short.busy
    if short.busy_from >= 0:
        clocks.what, clocks.since = "busy", short.busy_from


def _adopt(conn: Connection, short: ShortConnection, listener: Listener) -> None:
    """Give the connection to the application, which would have accepted it long ago."""
    child = listener.socket.child(conn)
    app = listener.socket.app
    assert isinstance(app, Responder)
    app.adopt(child, short.since)


def _in_flight(conn: Connection, short: ShortConnection) -> None:
    """Put the response that is not acknowledged yet back into the buffers."""
    start = short.snd_una
    conn.send.hold(start, short.response)
    conn.flight.sent(start, short.snd_nxt, short.sent_at)
    conn.cwnd_used, conn.cwnd_round = short.snd_nxt - start, short.snd_nxt
    conn.deadlines["rto"] = short.sent_at + conn.round_trip.timeout()
    if conn.host.knobs.tcp_rack:
        probe = short.sent_at + decisions.probe_timeout(short.srtt, single=True)
        conn.deadlines["tlp"] = min(probe, conn.deadlines["rto"])
