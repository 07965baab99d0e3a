"""The state of one connection: the transmission control block of RFC 9293 §3.3.1."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any, Protocol

from aether.tcp import congestion
from aether.tcp.buffers import ReceiveBuffer, SendBuffer
from aether.tcp.clocks import Clocks
from aether.tcp.reordering import Rack
from aether.tcp.rto import RoundTrip
from aether.tcp.scoreboard import Flight
from aether.tcp.states import CLOSED, TABLE
from aether.timers import NEVER, Sleeper
from aether.wire.tcp import MIN_HEADER_LENGTH

if TYPE_CHECKING:
    from aether.net.ipv4 import Ipv4
    from aether.socket_options import SocketOptions
    from aether.surroundings import Surroundings
    from aether.tcp.network import Network
    from aether.tcp.opening import Opening
    from aether.tcp.reassembly import Reassembly
    from aether.wire.tcp import Options

QUICK_ACKS = 16
"""Segments at the start of a connection that are acknowledged at once, as on Linux."""
INFINITE = 1 << 40


class Empty:
    """The parts that connections of a host share when they rest in TIME-WAIT: nothing is ever put into them."""

    __slots__ = ("congestion", "flight", "rack", "receive")

    def __init__(self) -> None:
        self.flight = Flight()
        self.rack = Rack()
        self.congestion = congestion.make("none")
        self.receive = ReceiveBuffer()


class EarlyData(Protocol):
    """What a connection asks of whoever sees to data in SYNs (RFC 7413)."""

    def answered(self, conn: Connection, options: Options | None, ack: int) -> None:
        """Take the answer to a SYN with data, or with a question for a cookie."""

    def ended(self, conn: Connection, cause: str) -> None:
        """Take note that such a connection has ended before its handshake did."""


class ConnectionLayer(Protocol):
    """What a connection asks of the TCP layer that it belongs to."""

    host: Surroundings
    network: Network
    direct: Ipv4 | None
    """The network layer's, as it stands there."""
    defaults: SocketOptions
    empty: Empty

    @property
    def fast_open(self) -> EarlyData:
        """Who sees to data in SYNs."""

    def receive_buffer(self) -> int:
        """Return how much a new connection may keep for its application, in bytes."""

    def fire(self, conn: Connection, name: str) -> None:
        """Handle a timer that has run out."""

    def remove(self, conn: Connection) -> None:
        """Forget a connection that is closed."""


class Opener(Protocol):
    """What a connection asks of the listener that it came from."""

    def full(self) -> bool:
        """Tell whether the queue of connections to accept has no room."""

    def established(self, conn: Connection) -> None:
        """Queue a connection whose handshake is done, and tell the application."""

    def forget(self, conn: Connection) -> None:
        """Take a connection that has ended out of the queues."""


class App(Protocol):
    """Whoever is told when a socket changes."""

    def ready(self, socket: Any) -> None:
        """Look at the socket."""


class Holder(Protocol):
    """What TCP asks of the socket through which an application holds a connection, or a listener."""

    connection: Connection | None

    @property
    def app(self) -> App | None:
        """Who is to be told; None after it has let go."""

    @property
    def options(self) -> SocketOptions:
        """The options that were set."""

    @property
    def reading(self) -> bool:
        """Whether our side was not shut down for reading."""

    @property
    def wants_to_write(self) -> bool:
        """Whether a send did not take everything."""

    def child(self, conn: Connection) -> Holder:
        """Return a socket of its own for a connection of this listener."""


class Connection(Sleeper):
    """One connection of one host. Sequence numbers are unbounded (see `aether.tcp.sequence`), times microseconds.

    Its fields are in groups, each with the files that may change it (a test keeps to that); whoever makes a connection
    (`layer`, `listener`, `short.promote`) fills in what it begins with. They are in one object, for a segment looks at
    many of them: a second look-up for each would be dear.

    - life: who it is, who holds it, its timers. `sockets`, `segment_arrives`, `timers` and `fastopen` change it.
    - send: what is sent, and what may be. `output`, `acknowledge`, `segment_arrives`, `negotiate`, `path_mtu`.
    - receive: what came, and what may come. `segment_arrives`, `output`, `autotune`, `negotiate`.
    - acknowledging: what the peer is to be told. `segment_arrives`, `output`, `ecn`, `refusals`, `timers`.
    - agreed: the options in use. `negotiate`, `acknowledge`, `ecn`.
    - recovery: round trips, congestion, losses. `recovery`, `segment_arrives`, `output`, `acknowledge`, `timers`,
      `rack`, `prr`, `frto`, `eifel` and `congestion`.

    Its methods, in order: its life; reports; what is in flight; timers; its end, and telling the application.
    """

    __slots__ = (
        "ack_pending", "advmss", "algorithm", "answers_from", "backlogged", "bytes_received", "bytes_sent", "clocks",
        "congestion", "cwnd", "cwnd_full", "cwnd_limited", "cwnd_round", "cwnd_used", "deadlines", "deferred",
        "delack_segments", "delivered", "dsack", "ecn_cwr", "ecn_echo", "ecn_ok", "ecn_reduced_at", "error",
        "fast_open", "fin_at", "fin_queued", "fin_received", "fin_sent", "flight", "frto", "host", "irs", "iss",
        "keepalives", "key", "last_ack_sent", "last_received", "last_sent", "layer", "limit", "listener", "local_ip",
        "local_port", "may_be_cut", "more", "mss", "notifying", "number", "opened", "options", "out_of_order", "phase",
        "prior_cwnd", "prior_ssthresh", "probes", "prr_delivered", "prr_flight", "prr_out", "quick_acks", "rack",
        "rcv_adv", "rcv_mss", "rcv_nxt", "rcv_up", "rcv_wscale", "receive", "recover", "remote_ip", "remote_port",
        "retransmits", "round_trip", "sack_ok", "scaling", "send", "snd_nxt", "snd_una", "snd_wl1", "snd_wl2",
        "snd_wnd", "snd_wnd_max", "snd_wscale", "socket", "soft_error", "ssthresh", "state", "syn_data", "taken",
        "taken_since", "tlp_end", "tlp_resent", "ts_offset", "ts_ok", "ts_recent", "ts_recent_at", "undo_count",
        "undo_from", "undo_stamp", "waiting_since",
    )
    UNHASHED = ("algorithm", "layer")

    def __init__(self, layer: ConnectionLayer, key: bytes, number: int, state: str) -> None:
        super().__init__()
        # life
        self.layer = layer
        self.host = host = layer.host
        self.key = key
        """Remote and local address, remote and local port: in IPv4, bytes 26-38 of a frame that arrives for it."""
        self.number = number
        """Names this incarnation of the four-tuple, the same at both ends."""
        size = (len(key) - 4) // 2
        self.remote_ip, self.local_ip = key[:size], key[size:-4]
        self.remote_port = key[-4] << 8 | key[-3]
        self.local_port = key[-2] << 8 | key[-1]
        self.state = state
        self.socket: Holder | None = None
        """What the application holds; None before it accepts and after it closes."""
        self.options = layer.defaults
        """The options of the socket that holds it, or held it."""
        self.listener: Opener | None = None
        """The listener that it came from, until it is accepted."""
        self.error = 0
        """The errno that ended it."""
        self.soft_error = 0
        """The errno of the last ICMP error about it, until an acknowledgement shows that it has passed (RFC 9293
        §3.9.2.2, SHLD-25)."""
        self.opened = host.now
        self.deferred = False
        """Established, and not shown to the application before data comes (TCP_DEFER_ACCEPT)."""
        self.backlogged = False
        """True while it stands in its listener's queue of accepted connections."""
        self.fast_open: Opening | None = None
        """While the handshake is under way: what it has of Fast Open; None if nothing."""
        self.syn_data = False
        """Whether data in the SYN was taken."""
        self.notifying = False
        """True while the application is told of something: what it sends then leaves afterwards, in one go."""
        self.keepalives = 0
        self.clocks = Clocks()
        self.deadlines: dict[str, int] = {}
        """When each timer goes off, by its name; only the earliest stands in the world's queue."""

        # send: the sequence space of RFC 9293 §3.3.1, figure 3
        self.iss = self.snd_una = self.snd_nxt = 0
        self.snd_wnd = self.snd_wnd_max = 0
        self.snd_wl1 = self.snd_wl2 = 0
        self.snd_wscale = 0
        self.send = SendBuffer(0)
        self.fin_queued = self.fin_sent = False
        self.flight = Flight()
        knobs = host.knobs
        self.advmss = min(knobs.tcp_mss, layer.network.link_room_for(self.remote_ip) - MIN_HEADER_LENGTH)
        """The MSS that we ask for, in bytes: the interface's (RFC 9293 §3.7.2), for the path to us may be another."""
        self.may_be_cut = layer.network.may_be_cut(self.remote_ip)
        """Whether what we send arrives only if it is cut on its way."""
        self.mss = 536
        """The payload of a full segment that we send, in bytes, options taken off (RFC 9293 §3.7.1)."""
        self.more = False
        """The application said that more will follow at once (MSG_MORE)."""
        self.probes = 0
        """Zero-window probes, or keepalives, without an answer."""
        self.waiting_since = 0
        """Under TCP_USER_TIMEOUT: since when what is in flight, or held back by a closed window, waits."""
        self.last_sent = host.now
        self.bytes_sent = 0

        # receive: the sequence space of RFC 9293 §3.3.1, figure 4
        self.irs = self.rcv_nxt = self.rcv_adv = 0
        self.rcv_wscale = 0
        """How far the windows that we send are shifted (RFC 7323 §2.3)."""
        self.limit = layer.receive_buffer()
        """How much may wait for the application, in bytes."""
        self.receive = ReceiveBuffer()
        self.taken = 0
        """Bytes that the application has taken since `taken_since`, within about a round trip."""
        self.taken_since = host.now
        self.out_of_order: Reassembly | None = None
        """What waits beyond a hole; None when there is none."""
        self.fin_received = False
        self.fin_at = -1
        """The sequence number of the peer's FIN, once it was seen, perhaps beyond a hole; -1 before."""
        self.rcv_mss = 0
        """The largest payload that has arrived, in bytes."""
        self.rcv_up = 0
        """Where urgent data ends; 0 before any (RFC 9293 §3.8.5)."""
        self.last_received = host.now
        self.bytes_received = 0

        # acknowledging
        self.ack_pending = ""
        """Why an acknowledgement is due at the end of this occurrence; empty if none is."""
        self.delack_segments = 0
        """Segments received and not acknowledged yet."""
        self.quick_acks = QUICK_ACKS
        self.last_ack_sent = 0
        """What our last segment acknowledged (RFC 7323 §4.3, Last.ACK.sent)."""
        self.answers_from = 0
        """From when on another ACK may answer what is not acceptable (`aether.tcp.refusals`)."""
        self.dsack: tuple[int, int] | None = None
        """A duplicate to report with the next acknowledgement (RFC 2883)."""

        # agreed
        self.sack_ok = self.ts_ok = self.scaling = False
        self.ts_recent = self.ts_recent_at = 0
        self.ts_offset = 0
        self.ecn_ok = self.ecn_echo = self.ecn_cwr = False
        self.ecn_reduced_at = 0

        # recovery
        self.round_trip = RoundTrip(knobs)
        self.algorithm = knobs.tcp_congestion
        """The name of its congestion control, also when it rests and has let go of that."""
        self.congestion = congestion.make(self.algorithm)
        self.cwnd = INFINITE
        self.cwnd_limited = False
        """Whether cwnd is what holds data back now."""
        self.cwnd_full = False
        """Whether cwnd was used in full in this round trip, which lasts until `cwnd_round` is acknowledged."""
        self.cwnd_used = self.cwnd_round = 0
        """If not, how much was in flight at the most, in bytes. All three are 0 when nothing is in flight."""
        self.ssthresh = INFINITE
        self.phase = "open"
        """``open``, ``recovery`` (after duplicate ACKs or SACKs) or ``loss`` (after a time-out)."""
        self.recover = 0
        """What must be acknowledged for a recovery to end (RFC 6582 §3.2)."""
        self.rack = Rack()
        self.tlp_end = -1
        """What must be acknowledged for a tail-loss probe to be answered; -1 when none is out (RFC 8985 §7)."""
        self.tlp_resent = False
        self.frto = 0
        self.prr_delivered = self.prr_out = 0
        self.prr_flight = 1
        self.prior_cwnd = self.prior_ssthresh = 0
        self.undo_from = -1
        """What the latest recovery has sent again begins here; -1 if nothing can be undone."""
        self.undo_stamp = -1
        """The timestamp of the first retransmission since then, until an acknowledgement has told for what it is."""
        self.undo_count = 0
        """Retransmissions since then that no D-SACK has reported yet."""
        self.delivered = 0
        """Bytes that are known to have arrived."""
        self.retransmits = 0

    def take_options(self, options: SocketOptions) -> None:
        """Take the options of the socket that opens or accepts it, before the first segment is sent."""
        self.options = options
        if options.max_segment:
            self.advmss = min(self.advmss, options.max_segment)
        if options.receive_buffer:
            self.limit = options.receive_buffer
        if options.congestion:
            self.algorithm = options.congestion
            self.congestion = congestion.make(self.algorithm)

    def move(self, cause: str) -> None:
        """Change the state as the table says when `cause` happens."""
        transition = TABLE[self.state, cause]
        old, self.state = self.state, transition.new
        observer = self.host.observer
        if observer is not None:
            observer(self.host.name, "tcp.state", self.number, old, transition.new, cause)

    def let_go(self) -> None:
        """Give up, in TIME-WAIT, whatever will not be needed again: thousands may rest at the same time.

        What is empty from now on is shared by all of them, so that they cost little memory and fast snapshots.
        """
        shared = self.layer.empty
        self.out_of_order = None
        self.flight = shared.flight
        self.rack, self.congestion = shared.rack, shared.congestion
        if not self.receive.length:
            self.receive = shared.receive

    def rest(self) -> None:
        """Rest in TIME-WAIT for two maximum segment lifetimes (RFC 9293 §3.6.1)."""
        for name in list(self.deadlines):
            self.stop(name)
        self.let_go()
        self.start("time-wait", self.host.now + self.host.knobs.tcp_time_wait)

    def report_cwnd(self, why: str) -> None:
        """Report that the congestion window has changed."""
        observer = self.host.observer
        if observer is not None:
            observer(self.host.name, "tcp.cwnd", self.number, self.cwnd, self.ssthresh, why)

    def report_recovery(self, phase: str, why: str) -> None:
        """Report that loss recovery starts or ends."""
        observer = self.host.observer
        if observer is not None:
            observer(self.host.name, "tcp.recovery", self.number, phase, why)

    def flight_size(self) -> int:
        """Return how many bytes were sent and not acknowledged (RFC 5681 §2, FlightSize)."""
        return self.snd_nxt - self.snd_una

    def room(self) -> int:
        """Return how much fits into a packet to the peer, header and options of TCP taken off."""
        return self.layer.network.room_for(self.remote_ip) - MIN_HEADER_LENGTH

    def unsent(self) -> int:
        """Return how many bytes the application has written that were not sent yet."""
        return max(self.send.end - max(self.snd_nxt, self.send.start), 0)

    def start(self, name: str, deadline: int) -> None:
        """Start a timer, or set it anew; `deadline` in microseconds of world time."""
        observer = self.host.observer
        if observer is not None:
            observer(self.host.name, "tcp.timer", self.number, name, "started", deadline)
        self.deadlines[name] = deadline
        self.host.queue.wake(self, min(self.deadlines.values()))

    def stop(self, name: str) -> None:
        """Stop a timer, if it runs."""
        if name in self.deadlines:
            deadline = self.deadlines.pop(name)
            if not self.deadlines:
                self.deadlines = {}  # without the room that an emptied one keeps
            observer = self.host.observer
            if observer is not None:
                observer(self.host.name, "tcp.timer", self.number, name, "stopped", deadline)
            self.host.queue.wake(self, min(self.deadlines.values(), default=NEVER))

    def wake(self, now: int) -> None:
        """Handle the timer that is due."""
        self.host.now = now
        name = min(self.deadlines, key=self.deadlines.__getitem__)
        if name == "rto" and self.deadlines.get("tlp") == self.deadlines[name]:
            name = "tlp"  # the probe goes first (RFC 8985 §7.2)
        del self.deadlines[name]
        if self.host.observer is not None:
            self.host.observer(self.host.name, "tcp.timer", self.number, name, "fired", now)
        self.layer.fire(self, name)
        if self.state != CLOSED:
            self.host.queue.wake(self, min(self.deadlines.values(), default=NEVER))

    def end(self, cause: str, error: int = 0) -> None:
        """Move to CLOSED for good: forget the connection, and tell the application."""
        host = self.host
        if self.state == CLOSED:
            return
        self.move(cause)
        self.error = error
        if error and host.observer is not None:
            host.observer(host.name, "tcp.error", self.number, error)
        self.deadlines.clear()
        host.queue.wake(self, NEVER)
        if self.fast_open is not None:
            self.layer.fast_open.ended(self, cause)
        self.layer.remove(self)
        self.out_of_order = None
        self.flight = Flight()
        self.send = SendBuffer(self.snd_nxt)
        self.notify()

    def give_up(self, cause: str) -> None:
        """End it for want of an answer: the application is told of the ICMP error that says why, if one came."""
        self.end(cause, self.soft_error or errno.ETIMEDOUT)

    def notify(self) -> None:
        """Tell the application that something changed, then send what it wrote meanwhile."""
        socket = self.socket
        if socket is None or socket.app is None or self.notifying:
            return
        self.notifying = True
        try:
            socket.app.ready(socket)
        finally:
            self.notifying = False
