"""Connections and listeners that the user holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.apps.simple import SERVICES, Hold
from aether.lab import listen
from aether.sockets import TcpSocket, socket_of

if TYPE_CHECKING:
    from aether.world import World
from aether.operations.base import (
    Goes,
    Operation,
    OperationError,
    checked_port,
    connection_named,
    explained,
    held_socket,
    host_named,
    operation,
    read_address,
)


@operation
@dataclass(slots=True)
class TcpConnect(Operation):
    """Open a connection that the user holds; the result is its number."""

    goes = Goes.FIRST
    host: str = "you"
    address: str = ""
    port: int = 0
    local_port: int = 0
    early: bytes | None = None
    """Data that goes with the SYN as far as it may (RFC 7413), and else when the handshake is done."""

    def apply(self, world: World) -> int:
        """Send the SYN."""
        host = host_named(world, self.host)
        address, port = read_address(self.address), checked_port(self.port)
        socket = TcpSocket(host, Hold())
        socket.port = checked_port(self.local_port, 0)
        try:
            if self.early is None:
                socket.connect(address, port)
            else:
                socket.send(self.early[_opened_early(socket, address, port, self.early):])
        except OSError as problem:
            raise explained(problem, f"connect to {self.address}:{port}") from None
        assert socket.connection is not None
        return socket.connection.number


def _opened_early(socket: TcpSocket, address: bytes, port: int, data: bytes) -> int:
    """Connect with data in the SYN; return how many bytes of it there are."""
    if not socket.host.tcp.fast_open.enabled():
        raise OperationError(
            "data cannot go with the SYN here: tcp.fastopen is off, or for servers only. "
            "(knob set tcp.fastopen client)")
    try:
        return socket.send_early(data, address, port)
    except BlockingIOError:
        return 0


@operation
@dataclass(slots=True)
class TcpListen(Operation):
    """Listen on a port with a small service: echo, discard, chargen, daytime or hold. The result is the port."""

    goes = Goes.EVERYWHERE
    host: str = "you"
    port: int = 0
    app: str = "hold"
    backlog: int = 128

    def apply(self, world: World) -> int:
        """Start to listen."""
        host = host_named(world, self.host)
        if self.app not in SERVICES:
            raise OperationError(f"no service {self.app!r}. There are: {', '.join(SERVICES)}")
        try:
            return listen(host, checked_port(self.port), SERVICES[self.app](), max(self.backlog, 1)).port
        except OSError as problem:
            raise explained(problem, f"listen on port {self.port}") from None


@operation
@dataclass(slots=True)
class TcpSend(Operation):
    """Send bytes over a connection; the result is how many its buffer took."""

    goes = Goes.OWNER
    host: str = "you"
    conn: int = 0
    data: bytes = b""

    def apply(self, world: World) -> int:
        """Write to the socket."""
        socket = held_socket(host_named(world, self.host), self.conn)
        try:
            return socket.send(self.data)
        except OSError as problem:
            raise explained(problem, f"#{self.conn}") from None


@operation
@dataclass(slots=True)
class TcpClose(Operation):
    """Close our direction of a connection: a FIN after everything that was sent."""

    goes = Goes.OWNER
    host: str = "you"
    conn: int = 0

    def apply(self, world: World) -> None:
        """Close the socket; what the peer still sends is no longer wanted."""
        held_socket(host_named(world, self.host), self.conn).close()


@operation
@dataclass(slots=True)
class TcpAbort(Operation):
    """End a connection with a reset."""

    goes = Goes.OWNER
    host: str = "you"
    conn: int = 0

    def apply(self, world: World) -> None:
        """Send the reset, whether somebody holds the connection or not."""
        host = host_named(world, self.host)
        conn = connection_named(host, self.conn)
        if conn.socket is None:
            conn.socket = TcpSocket(host)
            conn.socket.connection = conn
        socket_of(conn.socket).abort()


@operation
@dataclass(slots=True)
class TcpUnlisten(Operation):
    """Stop listening on a port; handshakes under way and connections that nobody took are reset."""

    goes = Goes.EVERYWHERE
    host: str = "you"
    port: int = 0

    def apply(self, world: World) -> None:
        """Close the listener."""
        host = host_named(world, self.host)
        for listener in list(host.tcp.listeners.values()):
            if listener.port == self.port:
                socket_of(listener.socket).close()
                return
        raise OperationError(f"nobody listens on port {self.port} at {host.name}")
