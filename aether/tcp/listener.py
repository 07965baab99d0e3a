"""A listening port and its two queues: handshakes under way, and connections to accept."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from aether.tcp import connection, cookies, decisions
from aether.tcp.fastopen import NOTHING, FastOpen, Verdict
from aether.tcp.negotiate import negotiate
from aether.tcp.opening import Opening
from aether.tcp.output import answer_reset, output, send_syn
from aether.tcp.segment_arrives import segment_arrives
from aether.tcp.states import LISTEN
from aether.tcp.timers import opened
from aether.wire import tcp
from aether.wire.tcp import ACK, CWR, ECE, FIN, MIN_HEADER_LENGTH, RST, SYN

if TYPE_CHECKING:
    from aether.tcp.connection import Connection, Holder
    from aether.tcp.isn import InitialSequence
    from aether.tcp.network import Packet
    from aether.wire.tcp import TcpHeader

LEAST_HALF_OPEN = 8
COOKIES_AFTER = 5_000_000
"""How long after an overflow cookies are still believed (with tcp.syn_cookies auto), in microseconds, on top of
their own age."""


CLASSIC_MSS = 1460
"""What is assumed of a peer whose cookie carries no MSS, in bytes."""


class ListenerLayer(connection.ConnectionLayer, Protocol):
    """What a listener asks of the TCP layer that it belongs to."""

    isn: InitialSequence
    fast_open: FastOpen
    cookie_clock: int
    fast: Any
    """Who keeps short connections."""

    def receive_scale(self) -> int:
        """Return the window scale that we offer."""

    def create(self, key: bytes, state: str, used: int = -1) -> Connection:
        """Make a connection with an initial sequence number; `add` it to let it receive."""

    def add(self, conn: Connection) -> None:
        """Let a connection receive segments."""


class Listener:
    """What a passive open leaves behind (RFC 9293 §3.10.1)."""

    __slots__ = (
        "accepted", "backlog", "cookies_until", "half_open", "host", "ip", "layer", "pending", "port", "resets",
        "socket", "used_cookies",
    )
    UNHASHED = ("layer",)

    def __init__(self, layer: ListenerLayer, ip: bytes, port: int, backlog: int, socket: Holder) -> None:
        self.layer = layer
        self.host = layer.host
        self.ip = ip
        self.port = port
        self.backlog = backlog
        self.socket = socket
        self.half_open = 0
        """Connections in SYN-RECEIVED."""
        self.accepted: list[Connection] = []
        """Established connections that the application has not taken yet."""
        self.pending = 0
        """Connections with data in the SYN whose handshake is not done, or was reset lately (RFC 7413 §5.1)."""
        self.resets: deque[int] = deque()
        """When each of those that were reset counts no more, in microseconds."""
        self.cookies_until = 0
        """Until when an ACK out of the blue may bring a cookie of ours, in microseconds."""
        self.used_cookies: dict[tuple[bytes, int], int] = {}
        """Cookies that opened a connection, with the time when they expire: none does it twice."""

    def arrives(self, key: bytes, header: TcpHeader, payload: bytes, packet: Packet, used: int = -1) -> None:
        """Handle a segment that found no connection but this listener (§3.10.7.2); `used` as for `Tcp.create`."""
        host, flags = self.host, header.flags
        if flags & RST:
            host.drop("tcp.listen_not_syn", detail="a reset")
        elif flags & ACK:
            self._acknowledged(key, header, payload, packet)
        elif not flags & SYN:
            host.drop("tcp.listen_not_syn", detail="neither SYN, ACK nor RST")
        elif flags & FIN and host.knobs.tcp_drop_synfin:
            host.drop("tcp.syn_fin")
        elif self.full():
            host.drop("tcp.backlog_full", detail=f"port {self.port}, backlog {self.backlog}")
        else:
            self._syn(key, header, payload, packet, used)

    def _syn(self, key: bytes, header: TcpHeader, payload: bytes, packet: Packet, used: int) -> None:
        """Third check of §3.10.7.2: a SYN. Data on it is not kept, without Fast Open: the peer sends it again."""
        host = self.host
        options = tcp.usable_options(header.options)
        if options.malformed:
            host.count("tcp.malformed_options")
        crowded = self._crowded()
        how = host.knobs.tcp_syn_cookies
        if how == "always" or (crowded and how == "auto"):
            self._answer_with_cookie(key, header, options, packet)
        elif crowded:
            host.drop("tcp.backlog_full", detail=f"port {self.port}: {self.half_open} handshakes under way")
        else:
            verdict = NOTHING
            if payload or options.fast_open is not None:
                verdict = self._judge(options, len(payload), packet)
            self._remember(key, header, options, used, verdict, payload)

    def _judge(self, options: tcp.Options, length: int, packet: Packet) -> Verdict:
        """Say what becomes of a SYN with data or a cookie in it (RFC 7413 §4.2.2)."""
        wishes, everybody = self.socket.options, self.host.knobs.tcp_fastopen_listeners
        return self.layer.fast_open.judge(
            self, options, length, packet.source, packet.destination,
            wishes.fast_open or (self.backlog if everybody else 0), wishes.fast_open_key, wishes.fast_open_no_cookie)

    def _remember(
        self, key: bytes, header: TcpHeader, options: tcp.Options, used: int, verdict: Verdict, payload: bytes,
    ) -> None:
        host = self.host
        conn = self.layer.create(key, LISTEN, used)
        conn.listener = self
        conn.take_options(self.socket.options)
        take_syn(conn, header.sequence, header.window)
        negotiate(conn, options, header.flags)
        self.layer.add(conn)
        conn.move("rcv SYN")
        if verdict.take:
            self._take_early(conn, payload, verdict)
        else:
            self.half_open += 1
            conn.fast_open = Opening(verdict.cookie) if verdict.cookie is not None else None
        if verdict.cookie is not None:
            self.layer.fast_open.given(conn, verdict.cookie)
        send_syn(conn)
        if host.knobs.tcp_retransmit:
            conn.start("rto", host.now + conn.round_trip.timeout())
        if verdict.take:
            self._offer(conn)
            if conn.receive.length:
                conn.notify()  # whoever has accepted it hears at once that there is something to read
            output(conn)

    def _take_early(self, conn: Connection, payload: bytes, verdict: Verdict) -> None:
        """Take the data of a SYN for the application (RFC 7413 §4.2.2); a FIN with it has to come again."""
        self.pending += 1
        conn.fast_open = Opening(verdict.cookie, queue=self)
        conn.syn_data = True
        conn.snd_una = conn.iss + 1  # what is sent before the handshake ends is acknowledged together with our SYN
        payload = payload[:conn.limit]
        self.layer.fast_open.taken(conn, len(payload))
        if payload:
            conn.receive.append(payload)
            conn.rcv_nxt = conn.rcv_adv = conn.rcv_nxt + len(payload)
            conn.rcv_mss = min(len(payload), conn.advmss)
            conn.bytes_received = len(payload)
            if self.host.observer is not None:
                self.host.observer(self.host.name, "tcp.delivered", conn.number, len(payload))

    def _answer_with_cookie(
        self, key: bytes, header: TcpHeader, offered: tcp.Options, packet: Packet
    ) -> None:
        """Send a SYN,ACK, and remember nothing."""
        host, knobs = self.host, self.host.knobs
        mss = offered.mss or 536
        if knobs.tcp_isn == "predictable":
            isn, _ = self.layer.isn.choose("predictable", key, host.now)  # it proves nothing: that is the point
        else:
            isn = cookies.make(self.layer.isn.secret, key, header.sequence, mss, host.now)
        stamp = scale = None
        sack = ecn = False
        if knobs.tcp_timestamps and offered.timestamp is not None and not knobs.tcp_noopt:
            sack = knobs.tcp_sack and offered.sack_permitted
            ecn = knobs.tcp_ecn != "off" and header.flags & (ECE | CWR) == ECE | CWR
            theirs = offered.window_scale if knobs.tcp_window_scaling else None
            scale = None if theirs is None else self.layer.receive_scale()
            clock = host.now // 1000 + self.layer.cookie_clock
            stamp = cookies.options_in(clock, theirs, sack, ecn), offered.timestamp[0]
        options = b"" if knobs.tcp_noopt else tcp.build_options(
            mss=min(knobs.tcp_mss, self.layer.network.link_room_for(packet.source) - MIN_HEADER_LENGTH),
            window_scale=scale, sack_permitted=sack, timestamp=stamp,
        )
        answer = tcp.build(
            packet.destination, packet.source, header.destination_port, header.source_port, isn,
            header.sequence + 1 & 0xFFFFFFFF, SYN | ACK | (ECE if ecn else 0),
            decisions.syn_window(self.layer.receive_buffer()), options,
        )
        self.cookies_until = host.now + 2 * cookies.PERIOD + COOKIES_AFTER
        host.count("tcp.cookies_sent")
        if host.observer is not None:
            host.observer(host.name, "tcp.cookie", isn, cookies.SIZES[isn >> 24 & 7], "sent")
        self.layer.network.send(packet.source, tcp.PROTOCOL, answer, source=packet.destination)

    def _acknowledged(self, key: bytes, header: TcpHeader, payload: bytes, packet: Packet) -> None:
        """Second check of §3.10.7.2: an ACK is bad, unless it brings a cookie of ours back."""
        host = self.host
        if host.now >= self.cookies_until or header.flags & SYN:
            host.drop("tcp.listen_not_syn", detail="an ACK for a connection that does not exist")
        elif self.full():
            host.drop("tcp.backlog_full", detail=f"port {self.port}, backlog {self.backlog}")
            return
        else:
            cookie = self._valid_cookie(key, header)
            if cookie is not None:
                self._open_by_cookie(key, header, payload, packet, cookie)
                return
            host.drop("tcp.bad_cookie", detail=f"port {self.port}")
        length = len(payload) + (1 if header.flags & SYN else 0) + (1 if header.flags & FIN else 0)
        answer_reset(host, self.layer.network, packet, header, length, "no such connection")

    def _valid_cookie(self, key: bytes, header: TcpHeader) -> cookies.Cookie | None:
        host, isn = self.host, header.acknowledgement - 1 & 0xFFFFFFFF
        if host.knobs.tcp_isn == "predictable":
            known = self.layer.isn.counted(isn, cookies.REMEMBERED)
            cookie = cookies.Cookie(CLASSIC_MSS, host.now + 2 * cookies.PERIOD) if known else None
        else:
            cookie = cookies.check(self.layer.isn.secret, key, header.sequence - 1, isn, host.now)
        if cookie is None or (key, isn) in self.used_cookies:
            return None
        for old in [name for name, expires in self.used_cookies.items() if expires <= host.now]:
            del self.used_cookies[old]
        while len(self.used_cookies) >= cookies.REMEMBERED:
            del self.used_cookies[next(iter(self.used_cookies))]
        self.used_cookies[key, isn] = cookie.expires
        return cookie

    def _open_by_cookie(
        self, key: bytes, header: TcpHeader, payload: bytes, packet: Packet, cookie: cookies.Cookie
    ) -> None:
        """Make the connection that the cookie stands for, as if the SYN had just come, and take the segment."""
        host = self.host
        conn = self.layer.create(key, LISTEN)
        conn.listener = self
        conn.take_options(self.socket.options)
        conn.iss = header.acknowledgement - 1 & 0xFFFFFFFF
        conn.snd_una = conn.snd_nxt = conn.recover = conn.iss + 1
        conn.send.start = conn.send.end = conn.iss + 1
        take_syn(conn, header.sequence - 1 & 0xFFFFFFFF, header.window)
        offered, flags = tcp.Options(), SYN
        offered.mss = cookie.mss
        stamp = tcp.usable_options(header.options).timestamp
        if stamp is not None and host.knobs.tcp_timestamps:
            carried = cookies.options_out(stamp[1])
            offered.timestamp = stamp
            offered.window_scale, offered.sack_permitted = carried.scale, carried.sack
            flags |= ECE | CWR if carried.ecn else 0
            conn.ts_offset = stamp[1] - host.now // 1000
        negotiate(conn, offered, flags)
        conn.rcv_adv = conn.rcv_nxt + decisions.syn_window(self.layer.receive_buffer())
        conn.snd_wnd = conn.snd_wnd_max = header.window << conn.snd_wscale
        host.count("tcp.cookies_accepted")
        if host.observer is not None:
            host.observer(host.name, "tcp.cookie", conn.iss, cookie.mss, "accepted")
        self.layer.add(conn)
        conn.move("rcv cookie")
        opened(conn)
        self.half_open += 1
        self.established(conn)
        segment_arrives(conn, header, payload, packet)

    def would_open(self) -> bool:
        """Tell whether a SYN would open a connection now, without a cookie unless there are always cookies."""
        return not self.full() and (self.host.knobs.tcp_syn_cookies == "always" or not self._crowded())

    def _crowded(self) -> bool:
        return self.half_open >= max(self.backlog, LEAST_HALF_OPEN)

    def full(self) -> bool:
        """Tell whether the queue of connections to accept has no room."""
        return len(self.accepted) >= self.backlog

    def established(self, conn: Connection) -> None:
        """Queue a connection whose handshake is done, and tell the application."""
        self.half_open -= 1
        self._offer(conn)

    def _offer(self, conn: Connection) -> None:
        self.accepted.append(conn)
        conn.backlogged, conn.deferred = True, False
        if self.socket.app is not None:
            self.socket.app.ready(self.socket)

    def accept(self) -> Connection | None:
        """Take the oldest connection out of the queue."""
        if not self.accepted:
            return None
        conn = self.accepted.pop(0)
        conn.backlogged = False
        conn.listener = None
        return conn

    def forget(self, conn: Connection) -> None:
        """Take a connection that has ended out of the queues."""
        if conn.backlogged:
            self.accepted.remove(conn)
            conn.backlogged = False
        else:
            self.half_open -= 1


def take_syn(conn: Connection, sequence: int, window: int) -> None:
    """Take the peer's initial sequence number, and its window, which is never scaled in a SYN (RFC 7323 §2.2)."""
    conn.irs = sequence
    conn.rcv_nxt = conn.rcv_adv = conn.last_ack_sent = sequence + 1
    conn.snd_wnd = conn.snd_wnd_max = window
    conn.snd_wl1, conn.snd_wl2 = sequence, conn.iss
