"""What applications call: non-blocking TCP sockets with Berkeley semantics.

Whatever cannot be done at once raises OSError with the errno that Linux gives. An application
is told by ``app.ready(socket)``, inside the occurrence that changed something; what it sends
in there leaves together when it returns. (UDP sockets are in `aether.udp`.)
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from aether import socket_options as so
from aether.tcp import autotune, congestion, output, timers, user_timeout
from aether.tcp.connection import Connection
from aether.tcp.fastopen import pending
from aether.tcp.info import TcpInfo, tcp_info, unconnected_info
from aether.tcp.listener import Listener
from aether.tcp.negotiate import DEFAULT_MSS, initial_window
from aether.tcp.states import (
    CAN_SEND,
    CLOSED,
    FIN_WAIT_2,
    RESETS,
    SYN_RECEIVED,
    SYN_SENT,
    SYNCHRONIZED,
    TIME_WAIT,
)
from aether.tcp.zerocopy import ZeroCopy
from aether.wire.address import show_ip

if TYPE_CHECKING:
    from aether.stack import Stack
    from aether.tcp.connection import Holder

READABLE, WRITABLE, ERROR, HUNG_UP = 1, 4, 8, 16
"""What `poll` returns, with the values of POLLIN, POLLOUT, POLLERR and POLLHUP."""
ANY = b"\0\0\0\0"


class TcpApp(Protocol):
    """Whoever is told when a socket changes."""

    def ready(self, socket: TcpSocket) -> None:
        """Look at the socket: it may be readable, writable, to accept from, closed or broken."""


class TcpSocket:
    """A TCP socket of one host: first unbound, then a listener or one end of a connection."""

    __slots__ = (
        "app", "closed", "connecting", "connection", "deferred", "host", "ip", "listener", "options", "port", "reading",
        "wants_to_write", "zero_copy",
    )

    def __init__(self, host: Stack, app: TcpApp | None = None) -> None:
        self.host = host
        self.app = app
        self.ip = ANY
        self.port = 0
        self.connection: Connection | None = None
        self.connecting = False
        """True from `connect` on until `connected` has told how that ended."""
        self.listener: Listener | None = None
        self.deferred: tuple[bytes, int] | None = None
        """Where to connect with the first data (TCP_FASTOPEN_CONNECT)."""
        self.options = host.tcp.defaults
        """Shared with others until one is set."""
        self.reading = True
        """False after our side was shut down for reading: what came, or comes, can be read still, and then the end."""
        self.wants_to_write = False
        """True when a send did not take everything: the application hears when there is room."""
        self.closed = False
        self.zero_copy: ZeroCopy | None = None
        """What was sent with MSG_ZEROCOPY; None before the first."""

    def bind(self, port: int, ip: bytes = ANY) -> None:
        """Choose the local address; OSError EADDRNOTAVAIL, EADDRINUSE, EINVAL."""
        if ip != ANY and ip not in self.host.tcp.network.local:
            raise OSError(errno.EADDRNOTAVAIL, f"{show_ip(ip)} is not an address of {self.host.name}")
        if self.port or self.connection is not None:
            raise OSError(errno.EINVAL, "the socket is bound already")
        if port and not self.options.reuse_address and port in self.host.tcp.ports_used:
            raise OSError(errno.EADDRINUSE, f"port {port} is still used by a connection (SO_REUSEADDR)")
        self.ip, self.port = ip, port

    def listen(self, backlog: int = 128) -> None:
        """Wait for connections, or change how many may wait; OSError EADDRINUSE, EINVAL."""
        if self.connection is not None:
            raise OSError(errno.EINVAL, "the socket is connected")
        if self.listener is not None:
            self.listener.backlog = max(backlog, 1)
            return
        self.port = self.port or self.host.tcp.free_port()
        self.listener = self.host.tcp.listen(self.ip, self.port, max(backlog, 1), self)

    def accept(self) -> TcpSocket:
        """Return a socket for the oldest connection that waits; OSError EAGAIN if none does, EINVAL."""
        if self.listener is None:
            raise OSError(errno.EINVAL, "the socket does not listen")
        conn = self.listener.accept()
        if conn is None:
            raise BlockingIOError(errno.EAGAIN, "no connection waits")
        return self.child(conn)

    def child(self, conn: Connection) -> TcpSocket:
        """Return a socket of its own for a connection of this listener."""
        child = TcpSocket(self.host, self.app)
        child.ip, child.port = conn.local_ip, conn.local_port
        child.options = conn.options
        child.connection = conn
        conn.socket = child
        return child

    def connect(self, address: bytes, port: int) -> None:
        """Start to open a connection; it is there when the socket becomes writable.

        Called again it tells how that went, as `connected` does. With TCP_FASTOPEN_CONNECT, and where data may go with
        the SYN, it waits for that, and is writable at once. OSError EISCONN, ENETUNREACH, EADDRINUSE, EADDRNOTAVAIL,
        or as there.
        """
        if self.connecting:
            self.connected()
            return
        self._unused()
        tcp, options = self.host.tcp, self.options
        early = b"" if options.fast_open_connect and tcp.fast_open.enabled() else None
        if early is not None:
            source = self.ip if self.ip != ANY else tcp.network.source_for(address)
            if source is not None and tcp.fast_open.ready(source, address, port, options.fast_open_no_cookie):
                self.deferred = address, port
                return
        tcp.open(address, port, self, self.port, early, self.ip)
        self.connecting = True

    def connected(self) -> None:
        """Tell how a `connect` ended, once; after a failure the socket may try again.

        OSError EALREADY if it is under way, EISCONN if this was told before, ECONNABORTED, or what went wrong.
        """
        conn = self._connected()
        if not self.connecting:
            raise OSError(errno.EISCONN, "the socket is in use already")
        if conn.state in (SYN_SENT, SYN_RECEIVED):
            raise OSError(errno.EALREADY, "the handshake is under way")
        self.connecting = False
        if conn.state == CLOSED:
            code, conn.error = conn.error or errno.ECONNABORTED, 0
            self.connection = conn.socket = None
            raise OSError(code, errno.errorcode.get(code, "error"))

    def _withdrawn(self) -> bool:
        """Tell whether `shutdown` ended an attempt to connect: the socket was never connected, and may try again."""
        conn = self.connection
        return conn is not None and conn.state == CLOSED and conn.snd_una == conn.iss and not self.connecting

    def _unused(self) -> None:
        """Raise OSError EALREADY or EISCONN if there is a connection, or a listener; forget an attempt given up."""
        if self.connection is not None and self._withdrawn():
            self.connection.socket = None
            self.connection = None
        if self.connection is not None or self.listener is not None or self.deferred is not None:
            trying = self.connection is not None and self.connection.state == SYN_SENT
            raise OSError(errno.EALREADY if trying else errno.EISCONN, "the socket is in use already")

    def send_early(self, data: bytes, address: bytes, port: int) -> int:
        """Connect, and let as much of `data` go with the SYN as may (MSG_FASTOPEN, RFC 7413); return how many bytes.

        OSError EINPROGRESS if that is nothing, EOPNOTSUPP where the knob tcp.fastopen forbids it, or as `connect`.
        """
        tcp = self.host.tcp
        if not tcp.fast_open.enabled():
            raise OSError(errno.EOPNOTSUPP, "tcp.fastopen is off, or for servers only")
        if self.deferred is None:
            self._unused()
        else:
            address, port = self.deferred
            self.deferred = None
        conn = tcp.open(address, port, self, self.port, data, self.ip)
        self.connecting = True
        taken = conn.snd_nxt - conn.iss - 1
        self.wants_to_write = taken < len(data)
        if not taken:
            raise BlockingIOError(errno.EINPROGRESS, "nothing could go with the SYN")
        return taken

    def send(self, data: bytes, flags: int = 0) -> int:
        """Take as much of `data` as there is room for; return how many bytes. MSG_MORE: more will follow at once.

        MSG_EOR ends a record: no segment holds its end and what follows. MSG_ZEROCOPY asks for `completions`.
        RFC 9293 §3.10.2. OSError EAGAIN (no room), EPIPE (not connected, or closed for sending), or what ended the
        connection.
        """
        if flags & so.MSG_FASTOPEN:
            raise OSError(errno.EISCONN if self.connection is not None else errno.EINVAL, "send_early() does that")
        if self.deferred is not None:
            return self.send_early(data, *self.deferred)
        conn = self.connection
        if conn is None:
            raise BrokenPipeError(errno.EPIPE, "the socket is not connected")
        self._raise_error(conn)
        if conn.fin_queued or conn.state == CLOSED:
            raise BrokenPipeError(errno.EPIPE, "the socket is closed for sending")
        if conn.state not in CAN_SEND and conn.state not in (SYN_SENT, SYN_RECEIVED):
            raise BrokenPipeError(errno.EPIPE, "the connection is closing")
        room = self._room(conn)
        if room <= 0:
            self.wants_to_write = True
            output.note_limit(conn, output.held_back(conn))
            raise BlockingIOError(errno.EAGAIN, "the send buffer is full")
        piece = data if len(data) <= room else data[:room]
        self.wants_to_write = len(piece) < len(data)
        conn.send.append(piece)
        if flags & so.MSG_EOR and len(piece) == len(data):
            conn.send.end_record()
        if flags & so.MSG_ZEROCOPY and self.options.zero_copy:
            self.zero_copy = self.zero_copy or ZeroCopy()
            self.zero_copy.sent(conn.send.end)
        conn.more = bool(flags & so.MSG_MORE)
        output.output(conn)
        return len(piece)

    def _room(self, conn: Connection) -> int:
        """Return how many bytes `send` takes now; with TCP_NOTSENT_LOWAT in full segments, as Linux allots them."""
        room, lowat = self.options.send_buffer - (conn.send.end - conn.send.start), self.options.notsent_lowat
        return min(room, -(-(lowat - conn.unsent()) // conn.mss) * conn.mss) if lowat else room

    def sendmsg(self, buffers: Sequence[bytes], flags: int = 0) -> int:
        """Send several buffers as one; there is no ancillary data. As `send`."""
        return self.send(b"".join(buffers), flags)

    def receive(self, limit: int = 65536, flags: int = 0) -> bytes:
        """Return what has arrived, up to `limit` bytes; empty after the peer's FIN. MSG_PEEK leaves it there.

        RFC 9293 §3.10.3. OSError EAGAIN (nothing yet), ENOTCONN, or what ended the connection.
        """
        if self.deferred is not None:
            raise BlockingIOError(errno.EAGAIN, "the connection begins with the first data that is sent")
        conn = self._connected()
        if conn.receive.length:
            if flags & so.MSG_PEEK:
                return conn.receive.peek(limit)
            data = conn.receive.take(limit)
            autotune.taken(conn, len(data))
            if not conn.notifying and conn.state != CLOSED:
                output.window_update(conn)
            return data
        if conn.fin_received:
            return b""  # the stream is complete: how the connection ends is for those who write
        self._raise_error(conn)
        if self._withdrawn():
            raise OSError(errno.ENOTCONN, "the attempt to connect was given up")
        if conn.state == CLOSED or not self.reading:
            return b""
        raise BlockingIOError(errno.EAGAIN, "nothing has arrived")

    def ancillary(self) -> list[tuple[int, int, int]]:
        """Return what was asked to be told after reading: level, type and value, as recvmsg(2) has it."""
        conn = self._connected()
        left = conn.receive.length or (1 if conn.fin_received else 0)
        return [(so.SOL_TCP, so.TCP_INQ, left)] if self.options.tell_unread else []

    def completions(self) -> tuple[int, int]:
        """Return the first and last number of calls with MSG_ZEROCOPY that are done; OSError EAGAIN if none are."""
        conn = self._connected()
        found = self.zero_copy.take(conn.snd_una) if self.zero_copy is not None else None
        if found is None:
            raise BlockingIOError(errno.EAGAIN, "the error queue is empty")
        return found

    def recvmsg(self, sizes: Sequence[int], flags: int = 0) -> list[bytes]:
        """Return what has arrived, cut to fit buffers of these sizes. As `receive`."""
        data = self.receive(sum(sizes), flags)
        pieces = []
        for size in sizes:
            pieces.append(data[:size])
            data = data[size:]
        return pieces

    def shutdown(self, how: int = so.SHUT_WR) -> None:
        """Close one direction or both: a FIN follows what was sent (RFC 9293 §3.10.4).

        In SYN-SENT either ends the attempt, and the next call is told ECONNRESET, as on Linux. OSError EINVAL, or
        ENOTCONN: also for a connection that is over, in TIME-WAIT as on Linux.
        """
        if how not in (so.SHUT_RD, so.SHUT_WR, so.SHUT_RDWR):
            raise OSError(errno.EINVAL, f"shutdown takes 0, 1 or 2, not {how}")
        conn = self._connected()
        if conn.state in (CLOSED, TIME_WAIT):
            raise OSError(errno.ENOTCONN, "the connection is over: there is nothing left to shut down")
        if how != so.SHUT_WR:
            self.reading = False
        if conn.state == SYN_SENT:
            conn.end("close", errno.ECONNRESET)
            self.connecting = False
            return
        self.connecting = self.connecting and conn.state == SYN_RECEIVED  # who shuts it down knows that it is open
        if how == so.SHUT_RD or conn.fin_queued:
            return
        conn.fin_queued = True
        if conn.state in CAN_SEND:  # in SYN-RECEIVED the state changes when the handshake is complete
            conn.move("close")
        output.output(conn)

    def close(self) -> None:
        """Let go: close our direction, and refuse whatever arrives from now on.

        Data that has arrived and was not read makes it a reset (RFC 2525 §2.17, RFC 9293 §3.10.4), and so
        does SO_LINGER with a time of 0, in the states where an abort sends one.
        """
        if self.closed:
            return
        self.closed = True
        if self.listener is not None:
            self._stop_listening(self.listener)
        self.app = None
        conn = self.connection
        if conn is None:
            return
        if conn.state == CLOSED:
            conn.socket = None
            return
        if conn.state in RESETS and (conn.receive.length or self.options.linger == 0):
            output.send_reset(conn, "closed with data unread" if conn.receive.length else "closed without lingering")
            conn.end("abort")
            return
        if conn.state != TIME_WAIT:
            self.shutdown()
        conn.socket = None
        if conn.state == FIN_WAIT_2:
            timers.start_fin_wait_2(conn)

    def abort(self) -> None:
        """Reset the connection, or stop listening (RFC 9293 §3.10.5)."""
        if self.listener is not None:
            self.close()
            return
        conn = self.connection
        self.closed = True
        self.app = None
        if conn is not None and conn.state != CLOSED:
            if conn.state in RESETS:
                output.send_reset(conn, "aborted")
            conn.end("abort", errno.ECONNABORTED)
            conn.socket = None

    def _stop_listening(self, listener: Listener) -> None:
        self.host.tcp.stop_listening(listener)  # short ones are given to the application, while there is one
        for conn in [c for c in self.host.tcp.connections.values() if c.listener is listener]:
            output.send_reset(conn, "the listener is closed")
            conn.end("abort")

    def poll(self) -> int:
        """Return what would not block: READABLE, WRITABLE, HUNG_UP and ERROR, or-ed."""
        if self.listener is not None:
            return READABLE if self.listener.accepted else 0
        conn = self.connection
        if conn is None:
            # Whatever is called returns at once: it opens the connection, or says what is wrong.
            return WRITABLE if self.deferred is not None else WRITABLE | HUNG_UP
        over = conn.state == CLOSED
        ended = conn.fin_received or not self.reading or (over and not self._withdrawn())
        mask = READABLE if conn.receive.length or ended else 0
        if conn.fin_queued or over:
            mask |= WRITABLE  # send() fails at once
        elif (conn.state in CAN_SEND or (conn.state == SYN_RECEIVED and pending(conn))) and self._room(conn) > 0:
            mask |= WRITABLE
        if conn.error or (self.zero_copy is not None and self.zero_copy.waits(conn.snd_una)):
            mask |= ERROR
        if over or (ended and conn.fin_queued):
            mask |= HUNG_UP
        return mask

    def ioctl(self, request: int) -> int:
        """Return bytes unread (SIOCINQ) or not yet acknowledged (SIOCOUTQ), as RFC 9293 §3.10.6; OSError ENOTTY."""
        conn = self._connected()
        if request == so.SIOCINQ:
            return conn.receive.length
        if request == so.SIOCOUTQ:
            return conn.send.end - conn.send.start
        raise OSError(errno.ENOTTY, f"no ioctl 0x{request:x} for a TCP socket")

    def fcntl(self, command: int, flags: int = 0) -> int:
        """F_GETFL says O_NONBLOCK, F_SETFL takes it; OSError EINVAL for anything else: no call here ever blocks."""
        if command == so.F_GETFL:
            return so.O_NONBLOCK
        if command == so.F_SETFL and flags & so.O_NONBLOCK:
            return 0
        raise OSError(errno.EINVAL, "a socket of this host is non-blocking, and stays so")

    def set_option(self, level: int, name: int, value: int | str | bytes | tuple[bool, int]) -> None:
        """Set an option, in Linux's units (RFC 9293 §3.9.1); OSError ENOPROTOOPT, EINVAL.

        SO_LINGER takes (on, seconds), TCP_CONGESTION the name of an algorithm, TCP_FASTOPEN_KEY bytes.
        """
        options = replace(self.options)
        if (level, name) == (so.SOL_SOCKET, so.SO_LINGER) and isinstance(value, tuple):
            options.linger = value[1] * so.SECOND if value[0] else -1
        elif (level, name) == (so.SOL_TCP, so.TCP_CONGESTION) and isinstance(value, str):
            if value not in congestion.ALGORITHMS:
                raise OSError(errno.ENOENT, f"no congestion control {value!r}: {', '.join(congestion.ALGORITHMS)}")
            options.congestion = value
        elif (level, name) == (so.SOL_TCP, so.TCP_FASTOPEN_KEY) and isinstance(value, bytes):
            if len(value) not in (16, 32):
                raise OSError(errno.EINVAL, f"a key has 16 bytes, two have 32, not {len(value)}")
            options.fast_open_key = value
        elif isinstance(value, int):
            if level == so.SOL_TCP and name in so.BEFORE_OPENING:
                self._may_set(name, value)
            so.store(options, level, name, value)
        else:
            raise OSError(errno.EINVAL, f"option {name} at level {level} does not take {value!r}")
        self.options = options
        if self.connection is not None:
            self._apply(self.connection, level, name)

    def _may_set(self, name: int, value: int) -> None:
        """Raise OSError for an option of Fast Open that comes too late (EINVAL), or is not allowed (EOPNOTSUPP)."""
        listening = self.listener is not None and name != so.TCP_FASTOPEN_CONNECT
        if self.connection is not None or (self.listener is not None and not listening):
            raise OSError(errno.EINVAL, "it has to be set before the connection begins")
        if name == so.TCP_FASTOPEN_CONNECT and not self.host.tcp.fast_open.enabled():
            raise OSError(errno.EOPNOTSUPP, "tcp.fastopen is off, or for servers only")

    def _apply(self, conn: Connection, level: int, name: int) -> None:
        """Let an option work on a connection that exists already."""
        options = conn.options = self.options
        if level == so.SOL_TCP and name == so.TCP_CONGESTION:
            before = conn.cwnd
            congestion.change(conn, options.congestion, initial_window(conn), conn.host.now)
            if conn.cwnd != before:
                conn.report_cwnd("another congestion control")
            output.output(conn)
        elif level == so.SOL_TCP and name in (so.TCP_NODELAY, so.TCP_CORK):
            corks = name == so.TCP_CORK and options.cork
            if options.no_delay and not corks and "cork" in conn.deadlines:  # tcp(7): that flushes what is held back
                timers.uncork(conn)
            output.output(conn)
        elif (level, name) == (so.SOL_SOCKET, so.SO_KEEPALIVE) and conn.state in SYNCHRONIZED - {TIME_WAIT}:
            timers.start_keepalive(conn)
        elif (level, name) == (so.SOL_TCP, so.TCP_KEEPIDLE):
            timers.idle_time_changed(conn)
        elif (level, name) == (so.SOL_TCP, so.TCP_USER_TIMEOUT):
            conn.waiting_since = self.host.now
            user_timeout.watch(conn)
        elif (level, name) == (so.SOL_SOCKET, so.SO_RCVBUF):
            conn.limit = options.receive_buffer

    def get_option(self, level: int, name: int) -> int | str | bytes | tuple[bool, int] | TcpInfo:
        """Return an option, in Linux's units; OSError ENOPROTOOPT. SO_ERROR is cleared by reading it."""
        conn = self.connection
        if (level, name) == (so.SOL_SOCKET, so.SO_ERROR):
            if conn is None:
                return 0
            code = conn.error or conn.soft_error
            conn.error = conn.soft_error = 0
            return code
        if (level, name) == (so.SOL_SOCKET, so.SO_LINGER):
            return self.options.linger >= 0, max(self.options.linger, 0) // so.SECOND
        if (level, name) == (so.SOL_TCP, so.TCP_CONGESTION):
            return conn.algorithm if conn else self.options.congestion or self.host.knobs.tcp_congestion
        if (level, name) == (so.SOL_TCP, so.TCP_INFO):
            if conn is None:
                return unconnected_info(self.host.knobs, self.listener)
            return tcp_info(conn, self.host.now)
        if (level, name) == (so.SOL_TCP, so.TCP_FASTOPEN_KEY):
            return self.options.fast_open_key or self.host.tcp.fast_open.keys()
        if (level, name) == (so.SOL_TCP, so.TCP_MAXSEG) and conn is not None:
            return conn.mss
        return so.fetch(self.options, level, name) or self._default(level, name)

    def _default(self, level: int, name: int) -> int:
        """Return what an option means that was never set, in Linux's units."""
        knobs = self.host.knobs
        return {
            (so.SOL_TCP, so.TCP_KEEPIDLE): knobs.tcp_keepalive_time // so.SECOND,
            (so.SOL_TCP, so.TCP_KEEPINTVL): knobs.tcp_keepalive_interval // so.SECOND,
            (so.SOL_TCP, so.TCP_KEEPCNT): knobs.tcp_keepalive_probes,
            (so.SOL_TCP, so.TCP_SYNCNT): timers.SYN_RETRIES,
            (so.SOL_TCP, so.TCP_LINGER2): timers.FIN_TIMEOUT // so.SECOND,
            (so.SOL_TCP, so.TCP_MAXSEG): DEFAULT_MSS,
            (so.SOL_SOCKET, so.SO_RCVBUF): (
                self.connection.limit if self.connection is not None else self.host.tcp.receive_buffer()),
            (so.SOL_IP, so.IP_TTL): knobs.ipv4_ttl,
        }.get((level, name), 0)

    def _connected(self) -> Connection:
        if self.connection is None:
            raise OSError(errno.ENOTCONN, "the socket is not connected")
        return self.connection

    def _raise_error(self, conn: Connection) -> None:
        if conn.error and conn.state == CLOSED:
            code, conn.error = conn.error, 0
            raise OSError(code, errno.errorcode.get(code, "error"))


def socket_of(held: Holder) -> TcpSocket:
    """Return the socket of a connection, or a listener, as what an application knows it."""
    assert isinstance(held, TcpSocket)
    return held
