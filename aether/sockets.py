"""What applications call: non-blocking TCP sockets with Berkeley semantics.

Whatever cannot be done at once raises OSError with the errno that Linux gives. An application
is told by ``app.ready(socket)``, inside the occurrence that changed something; what it sends
in there leaves together when it returns. (UDP sockets are in `aether.udp`.)
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Protocol

from aether.tcp import autotune, output
from aether.tcp.connection import SEND_BUFFER, Connection
from aether.tcp.listener import Listener
from aether.tcp.states import CAN_SEND, CLOSED, SYN_RECEIVED, SYN_SENT
from aether.tcp.timers import FIN_TIMEOUT
from aether.wire.address import show_ip

if TYPE_CHECKING:
    from aether.host import Host

READABLE, WRITABLE, HUNG_UP, ERROR = 1, 4, 16, 8
"""What `poll` returns, with the values of POLLIN, POLLOUT, POLLHUP and POLLERR."""
ANY = b"\0\0\0\0"


class TcpApp(Protocol):
    """Whoever is told when a socket changes."""

    def ready(self, socket: TcpSocket) -> None:
        """Look at the socket: it may be readable, writable, to accept from, closed or broken."""


def _error(code: int, text: str) -> OSError:
    return OSError(code, text)


class TcpSocket:
    """A TCP socket of one host: first unbound, then a listener or one end of a connection."""

    __slots__ = (
        "app", "closed", "connection", "host", "ip", "keepalive", "keepalive_idle",
        "listener", "no_delay", "port", "send_limit", "wants_to_write",
    )

    def __init__(self, host: Host, app: TcpApp | None = None) -> None:
        self.host = host
        self.app = app
        self.ip = ANY
        self.port = 0
        self.connection: Connection | None = None
        self.listener: Listener | None = None
        self.no_delay = False
        """TCP_NODELAY: small segments do not wait (RFC 9293 §3.7.4)."""
        self.send_limit = SEND_BUFFER
        """SO_SNDBUF, in bytes."""
        self.keepalive = False
        """SO_KEEPALIVE."""
        self.keepalive_idle = 0
        """TCP_KEEPIDLE in microseconds; 0 takes the knob's."""
        self.wants_to_write = False
        """True when a send did not take everything: the application hears when there is room."""
        self.closed = False

    def bind(self, port: int, ip: bytes = ANY) -> None:
        """Choose the local address; OSError EADDRNOTAVAIL, EINVAL."""
        if ip != ANY and ip not in self.host.local:
            raise _error(errno.EADDRNOTAVAIL, f"{show_ip(ip)} is not an address of {self.host.name}")
        if self.port or self.connection is not None:
            raise _error(errno.EINVAL, "the socket is bound already")
        self.ip, self.port = ip, port

    def listen(self, backlog: int = 128) -> None:
        """Wait for connections; OSError EADDRINUSE, EISCONN."""
        if self.connection is not None:
            raise _error(errno.EISCONN, "the socket is connected")
        self.port = self.port or self.host.tcp.free_port()
        self.listener = self.host.tcp.listen(self.ip, self.port, max(backlog, 1), self)

    def accept(self) -> TcpSocket:
        """Return a socket for the oldest connection that waits; OSError EAGAIN if none does, EINVAL."""
        if self.listener is None:
            raise _error(errno.EINVAL, "the socket does not listen")
        conn = self.listener.accept()
        if conn is None:
            raise BlockingIOError(errno.EAGAIN, "no connection waits")
        child = TcpSocket(self.host, self.app)
        child.ip, child.port = conn.local_ip, conn.local_port
        child.connection = conn
        conn.socket = child
        return child

    def connect(self, address: bytes, port: int) -> None:
        """Start to open a connection; it is there when the socket becomes writable.

        OSError EISCONN, ENETUNREACH, EADDRINUSE, EADDRNOTAVAIL.
        """
        if self.connection is not None or self.listener is not None:
            raise _error(errno.EISCONN, "the socket is in use already")
        self.host.tcp.open(address, port, self, self.port)

    def send(self, data: bytes) -> int:
        """Take as much of `data` as there is room for; return how many bytes.

        OSError EAGAIN (no room), ENOTCONN, EPIPE (closed for sending), or what ended the connection.
        """
        conn = self._connected()
        self._raise_error(conn)
        if conn.fin_queued or conn.state == CLOSED:
            raise BrokenPipeError(errno.EPIPE, "the socket is closed for sending")
        if conn.state not in CAN_SEND and conn.state not in (SYN_SENT, SYN_RECEIVED):
            raise BrokenPipeError(errno.EPIPE, "the connection is closing")
        room = self.send_limit - (conn.send.end - conn.send.start)
        if room <= 0:
            self.wants_to_write = True
            raise BlockingIOError(errno.EAGAIN, "the send buffer is full")
        piece = data if len(data) <= room else data[:room]
        self.wants_to_write = len(piece) < len(data)
        conn.send.append(piece)
        output.output(conn)
        return len(piece)

    def receive(self, limit: int = 65536, peek: bool = False) -> bytes:
        """Return what has arrived, up to `limit` bytes; empty after the peer's FIN.

        OSError EAGAIN (nothing yet), ENOTCONN, or what ended the connection.
        """
        conn = self._connected()
        if conn.receive.length:
            if peek:
                return conn.receive.peek(limit)
            data = conn.receive.take(limit)
            autotune.taken(conn, len(data))
            if not conn.notifying and conn.state != CLOSED:
                output.window_update(conn)
            return data
        self._raise_error(conn)
        if conn.fin_received or conn.state == CLOSED:
            return b""
        raise BlockingIOError(errno.EAGAIN, "nothing has arrived")

    def shutdown(self) -> None:
        """Close our direction: a FIN follows what was sent (RFC 9293 §3.10.4). OSError ENOTCONN."""
        conn = self._connected()
        if conn.fin_queued or conn.state == CLOSED:
            return
        if conn.state == SYN_SENT:
            conn.end("abort")
            return
        conn.fin_queued = True
        conn.move("close")
        output.output(conn)

    def close(self) -> None:
        """Let go: close our direction, and refuse whatever arrives from now on.

        Data that has arrived and was not read makes it a reset (RFC 2525 §2.17, RFC 9293 §3.10.4).
        """
        if self.closed:
            return
        self.closed = True
        self.app = None
        if self.listener is not None:
            self._stop_listening(self.listener)
        conn = self.connection
        if conn is None or conn.state == CLOSED:
            return
        if conn.receive.length:
            output.send_reset(conn, "closed with data unread")
            conn.end("abort")
            return
        conn.socket = None
        if not conn.fin_queued:
            conn.socket = self
            self.shutdown()
            conn.socket = None
        if conn.state == "FIN-WAIT-2":
            conn.start("fin-wait-2", self.host.now + FIN_TIMEOUT)

    def abort(self) -> None:
        """Reset the connection (RFC 9293 §3.10.5)."""
        conn = self.connection
        self.closed = True
        self.app = None
        if conn is not None and conn.state != CLOSED:
            if conn.state != SYN_SENT:
                output.send_reset(conn, "aborted")
            conn.end("abort", errno.ECONNABORTED)

    def _stop_listening(self, listener: Listener) -> None:
        self.host.tcp.listeners.pop((listener.ip, listener.port), None)
        for conn in [c for c in self.host.tcp.connections.values() if c.listener is listener]:
            output.send_reset(conn, "the listener is closed")
            conn.end("abort")

    def poll(self) -> int:
        """Return what would not block: READABLE, WRITABLE, HUNG_UP and ERROR, or-ed."""
        if self.listener is not None:
            return READABLE if self.listener.accepted else 0
        conn = self.connection
        if conn is None:
            return 0
        mask = READABLE if conn.receive.length or conn.fin_received else 0
        if conn.state in CAN_SEND and not conn.fin_queued and conn.send.end - conn.send.start < self.send_limit:
            mask |= WRITABLE
        if conn.error:
            mask |= ERROR
        if conn.state == CLOSED:
            mask |= HUNG_UP
        return mask

    def _connected(self) -> Connection:
        if self.connection is None:
            raise _error(errno.ENOTCONN, "the socket is not connected")
        return self.connection

    def _raise_error(self, conn: Connection) -> None:
        if conn.error and conn.state == CLOSED:
            code, conn.error = conn.error, 0
            raise _error(code, errno.errorcode.get(code, "error"))
