"""Echo, discard and hold: the smallest services, over TCP and UDP (RFC 862, RFC 863)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aether.sockets import TcpSocket
    from aether.udp import UdpSocket

CHUNK = 65_536
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

    __slots__ = ("received", "total")

    def __init__(self) -> None:
        self.received = b""
        """The last bytes received, at most `KEPT`."""
        self.total = 0

    def session(self) -> Service:
        """Every connection has its own bytes."""
        return Hold()

    def serve(self, socket: TcpSocket) -> None:
        """Read everything and remember the end of it."""
        while True:
            data = socket.receive(CHUNK)
            if not data:
                return
            self.total += len(data)
            self.received = (self.received + data)[-KEPT:]


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


SERVICES: dict[str, type[Service]] = {"echo": Echo, "discard": Discard, "hold": Hold}
