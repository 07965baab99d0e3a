"""A connection in few words: one that was opened by a peer, asks for small pages, and meets no trouble.

What is predictable about it need not be written down: a `Lean` holds the numbers that differ from one such connection
to the next, and `inflate` makes the whole `Connection` of it, field for field as `segment_arrives` would have left
it, as soon as anything out of the ordinary happens or somebody looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mypy_extensions import mypyc_attr

from aether.tcp.connection import Connection
from aether.tcp.listener import Listener, take_syn
from aether.tcp.negotiate import negotiate
from aether.tcp.prepared import Prepared
from aether.tcp.rack import probe_timeout
from aether.tcp.states import ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, LISTEN, SYN_RECEIVED, TIME_WAIT
from aether.tcp.timers import FIN_TIMEOUT
from aether.wire.tcp import SYN, Options

if TYPE_CHECKING:
    from aether.knobs import Knobs
    from aether.net.neighbours import Neighbour
    from aether.socket_options import SocketOptions
    from aether.tcp.listener import Layer

SCALE = 8
"""The window scale that we offer."""
PATIENCE = 15_000_000
"""How long, in microseconds, a connection may wait for a request before the application is told of it."""
WINDOW = 0xFFFF
"""What a SYN,ACK offers, in bytes."""


class Keeper(Protocol):
    """Who keeps short connections, and makes them whole."""

    def inflate(self, key: bytes) -> Connection | None:
        """Make a connection whole, if there is one by that name here."""

    def rested(self, lean: Lean, now: int) -> bool:
        """End a connection in TIME-WAIT whose timer has fired; False if it has to be whole for that."""


@mypyc_attr(serializable=True, allow_interpreted_subclasses=True)
class Lean:
    """Numbers as in `Connection`, times in microseconds. Some exist only from a state on: the methods say which."""

    __slots__ = (
        "addresses", "busy", "busy_from", "due", "flip", "hop", "irs", "iss", "key", "key_sum", "listener", "minimum",
        "mss", "number", "opened", "options", "queued_at", "queued_order", "rack", "rack_at", "rcv_adv", "rcv_mss",
        "rcv_nxt", "received_at", "requests", "response", "rttvar", "sent_at", "since", "snd_nxt", "snd_una", "srtt",
        "stamp", "state", "syn_window", "taken", "taken_since", "ts_offset", "wake_at", "wake_order", "window",
        "window_max", "wl1", "wscale",
    )
    queued_at: int
    """These four in trace mode only, as in `Sleeper`."""
    queued_order: int
    wake_at: int
    wake_order: int
    due: int
    """When to look at it again."""
    minimum: int
    rack: int
    """The latest round trip of a response, which was sent at `rack_at`."""
    rack_at: int
    rcv_mss: int
    requests: int
    response: bytes
    """What is not acknowledged yet."""
    rttvar: int
    sent_at: int
    since: int
    """When the wait for the next request began."""
    snd_una: int
    srtt: int
    taken: int
    taken_since: int
    busy: int
    """How long responses were under way, without those since `busy_from`, which is -1 when none is."""
    busy_from: int
    window: int
    window_max: int
    wl1: int

    def __init__(
        self, key: bytes, number: int, now: int, listener: Listener, options: SocketOptions, hop: Neighbour, irs: int,
        iss: int, ts_offset: int, stamp: int, mss: int, wscale: int, window: int, addresses: int,
    ) -> None:
        self.key = key
        self.number = number
        self.state = SYN_RECEIVED
        self.opened = self.received_at = now
        self.listener = listener
        self.options = options
        """Those that the listener had when the SYN came."""
        self.hop = hop
        """The neighbour that its frames go to."""
        self.irs = irs
        self.iss = iss
        self.ts_offset = ts_offset
        self.stamp = stamp
        """The peer's latest timestamp (TS.Recent), taken at `received_at`."""
        self.mss = mss
        """What the peer's SYN says."""
        self.wscale = wscale
        self.syn_window = window
        self.rcv_nxt = irs + 1
        self.rcv_adv = irs + 1 + WINDOW
        self.snd_nxt = iss + 1
        self.flip = key[4:8] + key[:4] + key[10:] + key[8:10]
        """The addresses and ports as they stand in what we send."""
        self.addresses = addresses
        self.key_sum = int.from_bytes(key, "big") % 65535
        """What the addresses alone, and with the ports, add to a checksum."""

    def __lt__(self, other: object) -> bool:
        return False

    def wake(self, now: int) -> None:
        """Handle the timer that is due, in trace mode: the rest is over, or there is trouble, which takes it whole."""
        fast: Keeper = self.listener.layer.fast
        if self.state == TIME_WAIT and fast.rested(self, now):
            return
        conn = fast.inflate(self.key)
        assert conn is not None
        conn.wake(now)

    def establish(self, now: int, window: int) -> None:
        """The handshake is done."""
        self.state = ESTABLISHED
        self.since = now
        self.srtt = self.minimum = sample = (now - self.opened) or 1
        self.rttvar = sample >> 1
        self.snd_una = self.snd_nxt
        self.window = self.window_max = window
        self.requests = 0

    def take(self, request: bytes, now: int) -> None:
        """A request has arrived, and the application has taken it."""
        count = len(request)
        self.wl1 = self.rcv_nxt
        self.rcv_nxt += count
        if self.requests:
            self.requests += 1
            self.taken += count
            if count > self.rcv_mss:
                self.rcv_mss = count
        else:
            self.requests = 1
            self.busy = 0
            self.busy_from = -1
            self.taken = self.rcv_mss = count
            self.taken_since = self.opened
        if self.busy_from < 0:
            self.busy_from = now
        if now - self.taken_since >= self.srtt:
            self.taken, self.taken_since = 0, now

    def see_window(self, window: int) -> None:
        """Take the peer's window, in bytes."""
        self.window = window
        if window > self.window_max:
            self.window_max = window

    def measured(self, sample: int) -> None:
        """Take a round trip, as `RoundTrip.sample` does."""
        sample = sample or 1
        self.rttvar += (abs(self.srtt - sample) - self.rttvar) // 4
        self.srtt += (sample - self.srtt) // 8
        if sample < self.minimum:
            self.minimum = sample

    def advertise(self, limit: int, mss: int) -> int:
        """Return the window to offer as it goes on the wire, as `output.advertise` does."""
        rcv_nxt, rcv_adv = self.rcv_nxt, self.rcv_adv
        if rcv_nxt + limit - rcv_adv >= min(limit // 2, mss):
            window = min(limit >> SCALE, 0xFFFF)
        else:
            window = min(-(min(rcv_nxt - rcv_adv, 0) >> SCALE), 0xFFFF)
        if rcv_nxt + (window << SCALE) > rcv_adv:
            self.rcv_adv = rcv_nxt + (window << SCALE)
        return window


def deadline_of(lean: Lean, knobs: Knobs) -> int:
    """Return when the state that a connection is in has lasted for too long."""
    state = lean.state
    if state == SYN_RECEIVED:
        return lean.opened + min(knobs.tcp_rto_initial, knobs.tcp_rto_max)
    if state == TIME_WAIT:
        return lean.received_at + knobs.tcp_time_wait
    if state == FIN_WAIT_2:
        return lean.received_at + FIN_TIMEOUT
    if lean.snd_una < lean.snd_nxt:
        return lean.sent_at + knobs.tcp_rto_min
    return lean.since + PATIENCE


def inflate(layer: Layer, lean: Lean) -> Connection:
    """Return the connection that `lean` stands for, with its timers' deadlines; whoever calls sees to the queue."""
    knobs = layer.host.knobs
    conn = Connection(layer, lean.key, lean.number, LISTEN)
    listener = lean.listener
    conn.iss = lean.iss
    conn.snd_una = conn.snd_nxt = lean.iss
    conn.send.start = conn.send.end = lean.iss + 1
    conn.recover = lean.iss
    conn.ts_offset = lean.ts_offset
    conn.rcv_wscale = layer.receive_scale()
    conn.listener = listener
    conn.take_options(lean.options)
    take_syn(conn, lean.irs, lean.syn_window)
    negotiate(conn, _offered(lean), SYN)
    conn.state = lean.state
    conn.opened = conn.last_sent = conn.taken_since = lean.opened
    conn.last_received = lean.received_at
    conn.ts_recent, conn.ts_recent_at = lean.stamp, lean.received_at
    conn.rcv_adv = conn.rcv_nxt + WINDOW
    conn.snd_nxt = lean.snd_nxt
    conn.round_trip.rto = min(knobs.tcp_rto_initial, knobs.tcp_rto_max)
    if lean.state == SYN_RECEIVED:
        conn.deadlines["rto"] = lean.opened + conn.round_trip.timeout()
        return conn
    conn.listener = None
    _established(conn, lean)
    if lean.state in (ESTABLISHED, FIN_WAIT_1):
        if lean.state == ESTABLISHED:
            _adopt(conn, lean, listener)
        if lean.snd_una < lean.snd_nxt:
            _in_flight(conn, lean)
    elif lean.state == FIN_WAIT_2:
        conn.deadlines["fin-wait-2"] = lean.received_at + FIN_TIMEOUT
    elif lean.state == TIME_WAIT:
        conn.fin_received = True
        conn.fin_at = lean.rcv_nxt - 1
        conn.let_go()
        conn.deadlines["time-wait"] = lean.received_at + knobs.tcp_time_wait
    return conn


def _offered(lean: Lean) -> Options:
    offered = Options()
    offered.mss, offered.window_scale, offered.sack_permitted = lean.mss, lean.wscale, True
    offered.timestamp = lean.stamp, 0
    return offered


def _established(conn: Connection, lean: Lean) -> None:
    trip = conn.round_trip
    trip.srtt, trip.rttvar, trip.minimum = lean.srtt, lean.rttvar, lean.minimum
    knobs = conn.host.knobs
    trip.rto = min(trip.srtt + max(knobs.tcp_rto_min, 4 * trip.rttvar), knobs.tcp_rto_max)
    conn.snd_una = lean.snd_una
    conn.snd_wnd, conn.snd_wnd_max = lean.window, lean.window_max
    conn.snd_wl1, conn.snd_wl2 = lean.wl1, lean.snd_una
    conn.rcv_nxt, conn.rcv_adv = lean.rcv_nxt, lean.rcv_adv
    closing = lean.state != ESTABLISHED
    conn.fin_queued = conn.fin_sent = closing
    written = lean.snd_nxt - closing
    conn.bytes_sent = conn.prr_out = written - lean.iss - 1
    conn.delivered = lean.snd_una - lean.iss - 1
    conn.send.start, conn.send.end = min(lean.snd_una, written), written
    if lean.requests:
        _answered(conn, lean)


def _answered(conn: Connection, lean: Lean) -> None:
    """Note what requests and responses left behind."""
    conn.bytes_received = lean.rcv_nxt - lean.irs - 1 - (lean.state == TIME_WAIT)
    conn.rcv_mss = lean.rcv_mss
    conn.quick_acks = max(conn.quick_acks - lean.requests, 0)
    conn.taken, conn.taken_since = lean.taken, lean.taken_since
    conn.last_sent = lean.sent_at
    clocks, rack = conn.clocks, conn.rack
    if lean.snd_una > lean.iss + 1:
        rack.rtt = lean.rack
        rack.end = rack.fack = lean.snd_una
        rack.time = lean.rack_at
        clocks.since = lean.rack_at + lean.rack
    if lean.busy:
        clocks.busy = lean.busy
    if lean.busy_from >= 0:
        clocks.what, clocks.since = "busy", lean.busy_from


def _adopt(conn: Connection, lean: Lean, listener: Listener) -> None:
    """Give the connection to the application, which would have accepted it long ago."""
    child = listener.socket.child(conn)
    app = listener.socket.app
    assert isinstance(app, Prepared)
    app.adopt(child, lean.since)


def _in_flight(conn: Connection, lean: Lean) -> None:
    """Put the response that is not acknowledged yet back into the buffers."""
    start = lean.snd_una
    conn.send.hold(start, lean.response)
    conn.flight.sent(start, lean.snd_nxt, lean.sent_at)
    conn.cwnd_used, conn.cwnd_round = lean.snd_nxt - start, lean.snd_nxt
    conn.deadlines["rto"] = lean.sent_at + conn.round_trip.timeout()
    if conn.host.knobs.tcp_rack:
        probe = lean.sent_at + probe_timeout(conn.round_trip, True)
        conn.deadlines["tlp"] = min(probe, conn.deadlines["rto"])
