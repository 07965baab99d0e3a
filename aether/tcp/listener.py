"""A listening port and its two queues: handshakes under way, and connections to accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.tcp.negotiate import negotiate
from aether.tcp.output import answer_reset, send_syn
from aether.tcp.segment import Segment
from aether.tcp.states import LISTEN
from aether.wire.error import WireError
from aether.wire.tcp import ACK, RST, SYN

if TYPE_CHECKING:
    from aether.host import Host
    from aether.sockets import TcpSocket
    from aether.tcp.connection import Connection
    from aether.wire.ipv4 import Ipv4Header
    from aether.wire.tcp import TcpHeader


LEAST_HALF_OPEN = 8


class Listener:
    """What a passive open leaves behind (RFC 9293 §3.10.1)."""

    __slots__ = ("accepted", "backlog", "half_open", "host", "ip", "port", "socket")

    def __init__(self, host: Host, ip: bytes, port: int, backlog: int, socket: TcpSocket) -> None:
        self.host = host
        self.ip = ip
        self.port = port
        self.backlog = backlog
        self.socket = socket
        self.half_open = 0
        """Connections in SYN-RECEIVED."""
        self.accepted: list[Connection] = []
        """Established connections that the application has not taken yet."""

    def arrives(self, key: bytes, header: TcpHeader, payload: bytes, packet: Ipv4Header) -> None:
        """Handle a segment that found no connection but this listener (§3.10.7.2)."""
        host, flags = self.host, header.flags
        if flags & RST:
            host.drop("tcp.listen_not_syn", detail="a reset")
        elif flags & ACK:
            host.drop("tcp.listen_not_syn", detail="an ACK for a connection that does not exist")
            answer_reset(host, packet, header, len(payload), "no such connection")
        elif not flags & SYN:
            host.drop("tcp.listen_not_syn", detail="neither SYN, ACK nor RST")
        elif self.full() or self.half_open >= max(self.backlog, LEAST_HALF_OPEN):
            host.drop("tcp.backlog_full", detail=f"port {self.port}, backlog {self.backlog}")
        else:
            self._syn(key, header)

    def _syn(self, key: bytes, header: TcpHeader) -> None:
        """Third check of §3.10.7.2: a SYN. Data on it is not kept: the peer sends it again."""
        host = self.host
        conn = host.tcp.create(key, LISTEN)
        conn.listener = self
        try:
            segment = Segment(conn, header, b"")
        except WireError as problem:
            host.drop(problem.reason, conn.number, problem.detail)
            return
        conn.irs = header.sequence
        conn.rcv_nxt = conn.rcv_adv = header.sequence + 1
        conn.snd_wnd = conn.snd_wnd_max = header.window
        conn.snd_wl1, conn.snd_wl2 = header.sequence, conn.iss
        negotiate(conn, segment.options, header.flags)
        host.tcp.add(conn)
        self.half_open += 1
        conn.move("rcv SYN")
        send_syn(conn)
        conn.snd_nxt = conn.iss + 1
        if host.knobs.tcp_retransmit:
            conn.start("rto", host.now + conn.round_trip.timeout())

    def full(self) -> bool:
        """Tell whether the queue of connections to accept has no room."""
        return len(self.accepted) >= self.backlog

    def established(self, conn: Connection) -> None:
        """Queue a connection whose handshake is done, and tell the application."""
        self.half_open -= 1
        self.accepted.append(conn)
        conn.backlogged = True
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
