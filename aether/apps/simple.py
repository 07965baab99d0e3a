"""The smallest services, over TCP and UDP: echo, discard, character generator, daytime (RFC 862, 863, 864, 867)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.socket_options import SO_SNDBUF, SOL_SOCKET

if TYPE_CHECKING:
    from aether.sockets import TcpSocket
    from aether.udp import Datagram, UdpSocket

CHUNK = 65_536
PRINTABLE = bytes(range(0x20, 0x7F))
CHARGEN_BUFFER, CHARGEN_BULK = 16_384, 262_144
"""Bytes that the character generator keeps at the most; the second where many segments leave as one."""
BULK = b"bulk\r\n"
"""What a peer says to the character generator that measures TCP: it then keeps `CHARGEN_WHOLE` bytes."""
CHARGEN_WHOLE = 4_194_304
"""More than any window here, so that the windows decide how fast it goes, and not this."""
KEPT = 4096
"""Bytes that `Hold` remembers of what it received, for a person to look at."""


class Service:
    """The part that every small TCP service shares: accepting, and closing when the peer has."""

    __slots__ = ()

    def ready(self, socket: TcpSocket) -> None:
        """Accept, or serve."""
        if socket.listener is not None:
            while socket.listener.accepted:
                child = socket.accept()
                child.app = self.session()
            return
        try:
            self.serve(socket)
        except BlockingIOError:
            return
        except OSError:
            socket.close()

    def session(self) -> Service:
        """Return the application of one new connection."""
        return self

    def serve(self, socket: TcpSocket) -> None:
        """Do what the service does."""
        raise NotImplementedError


class Echo(Service):
    """Sends back what it receives (RFC 862)."""

    __slots__ = ("pending",)

    def __init__(self) -> None:
        self.pending = b""
        """What was received and did not fit into the send buffer yet."""

    def session(self) -> Service:
        """Every connection has its own pending bytes."""
        return Echo()

    def serve(self, socket: TcpSocket) -> None:
        """Move bytes from one direction to the other while both have room."""
        while True:
            if not self.pending:
                self.pending = socket.receive(CHUNK)
                if not self.pending:
                    socket.close()
                    return
            taken = socket.send(self.pending)
            self.pending = self.pending[taken:]


class Discard(Service):
    """Throws away what it receives (RFC 863)."""

    __slots__ = ()

    def serve(self, socket: TcpSocket) -> None:
        """Read everything."""
        while socket.receive(CHUNK):
            pass
        socket.close()


class Hold(Service):
    """Keeps the connection and the last bytes received: for a person to look at and to answer by hand."""

    __slots__ = ("reading", "received", "total")

    def __init__(self) -> None:
        self.received = b""
        """The last bytes received, at most `KEPT`."""
        self.total = 0
        self.reading = True
        """False leaves what arrives in the receive buffer, until a person takes it."""

    def session(self) -> Service:
        """Every connection has its own bytes."""
        return Hold()

    def serve(self, socket: TcpSocket) -> None:
        """Read everything and remember the end of it."""
        while self.reading and self.take(socket, CHUNK):
            pass

    def take(self, socket: TcpSocket, limit: int) -> bytes:
        """Read once, and remember it; empty after the peer's FIN. BlockingIOError if nothing waits."""
        data = socket.receive(limit)
        self.total += len(data)
        self.received = (self.received + data)[-KEPT:]
        return data


class UdpEcho:
    """Sends datagrams back (RFC 862), but never to another echo port: two of them would never stop."""

    __slots__ = ()

    def ready(self, socket: UdpSocket) -> None:
        """Answer every datagram that waits."""
        while socket.queue:
            datagram = socket.receive()
            if datagram.port >= 1024:
                try:
                    socket.send_to(datagram.payload, datagram.source, datagram.port)
                except OSError:
                    socket.host.count("udp.echo_failed")


class UdpDiscard:
    """Throws datagrams away (RFC 863)."""

    __slots__ = ()

    def ready(self, socket: UdpSocket) -> None:
        """Read everything."""
        while socket.queue:
            socket.receive()

class Chargen(Service):
    """Sends lines of characters until the peer has enough (RFC 864)."""

    __slots__ = ("bulk", "pending")

    def __init__(self) -> None:
        self.bulk = False
        """True for a peer that wants as much as TCP can carry."""
        self.pending = b""

    def session(self) -> Service:
        """Every connection begins with the first line."""
        return Chargen()

    def serve(self, socket: TcpSocket) -> None:
        """Fill the send buffer, and throw away what arrives.

        The buffer is small, so that an endless stream leaves time for others; for who asks, it is large.
        """
        try:
            while data := socket.receive(CHUNK):
                self.bulk = self.bulk or data == BULK
            socket.close()
            return
        except BlockingIOError:
            pass
        lines, buffer = (MANY_LINES, CHARGEN_BULK) if socket.host.supersegments else (ALL_LINES, CHARGEN_BUFFER)
        if self.bulk and not socket.host.supersegments:
            lines, buffer = MANY_LINES, CHARGEN_WHOLE
        if socket.options.send_buffer > buffer or (self.bulk and socket.options.send_buffer < buffer):
            socket.set_option(SOL_SOCKET, SO_SNDBUF, buffer // 2)
        while True:
            if not self.pending:
                self.pending = lines
            self.pending = self.pending[socket.send(self.pending):]


class UdpChargen:
    """Answers a datagram with one line (RFC 864): less than what amplifies, and never to another service."""

    __slots__ = ()

    def ready(self, socket: UdpSocket) -> None:
        """Answer every datagram that waits, with no more bytes than a line."""
        while socket.queue:
            datagram = socket.receive()
            _answer(socket, datagram, chargen_line(0))


class Daytime(Service):
    """Tells the time, and closes (RFC 867)."""

    __slots__ = ()

    def ready(self, socket: TcpSocket) -> None:
        """Tell everybody who connects."""
        while socket.listener is not None and socket.listener.accepted:
            child = socket.accept()
            child.app = None
            try:
                child.send(daytime(child.host.now))
            except OSError:
                continue
            finally:
                child.close()


class UdpDaytime:
    """Tells the time in a datagram (RFC 867)."""

    __slots__ = ()

    def ready(self, socket: UdpSocket) -> None:
        """Answer every datagram that waits."""
        while socket.queue:
            datagram = socket.receive()
            _answer(socket, datagram, daytime(socket.host.now))


def _answer(socket: UdpSocket, datagram: Datagram, data: bytes) -> None:
    """Answer a client; another service's port would answer too, and never stop."""
    if datagram.port >= 1024:
        try:
            socket.send_to(data, datagram.source, datagram.port)
        except OSError:
            socket.host.count("udp.answer_failed")


def chargen_line(number: int) -> bytes:
    """Return a line of 72 of the 95 printable characters, each line beginning one further on (RFC 864)."""
    start = number % len(PRINTABLE)
    return (PRINTABLE * 2)[start:start + 72] + b"\r\n"


ALL_LINES = b"".join(chargen_line(number) for number in range(len(PRINTABLE)))
MANY_LINES = ALL_LINES * 9


def daytime(now: int) -> bytes:
    """Return the time in words. No clock is asked, so it counts from the beginning of the world."""
    return f"{now // 1_000_000} seconds after the beginning of the world\r\n".encode()


SERVICES: dict[str, type[Service]] = {
    "echo": Echo, "discard": Discard, "chargen": Chargen, "daytime": Daytime, "hold": Hold,
}
