"""What a person can do with one direction of a connection, as data: read slowly, or say that no more will be sent."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.apps.simple import Hold
from aether.operations.base import Goes, Operation, OperationError, connection_named, host_named, operation
from aether.sockets import socket_of

if TYPE_CHECKING:
    from aether.host import Host
    from aether.sockets import TcpSocket
    from aether.world import World


def _by_hand(host: Host, number: int) -> tuple[TcpSocket, Hold]:
    """Return a connection's socket and the part that reads it; OperationError if a person does not hold it."""
    socket = connection_named(host, number).socket
    app = socket.app if socket is not None else None
    if socket is None or not isinstance(app, Hold):
        raise OperationError(f"#{number} is not held by hand at {host.name}: an application reads it. "
                             "`tcp connect`, or `tcp listen PORT --app hold`, leaves a connection to you")
    return socket_of(socket), app


def _say(host: Host, what: str) -> None:
    """Tell whoever looks what the person did."""
    if host.observer is not None:
        host.observer(host.name, "app", "hold", what)


@operation
@dataclass(slots=True)
class TcpReading(Operation):
    """Read what arrives at once, or leave it in the receive buffer until it is asked for."""

    goes = Goes.OWNER
    host: str = "you"
    conn: int = 0
    on: bool = True

    def apply(self, world: World) -> None:
        """Start or stop; what waits is read when it starts."""
        host = host_named(world, self.host)
        socket, app = _by_hand(host, self.conn)
        app.reading = self.on
        _say(host, f"#{self.conn} is {'read at once' if self.on else 'not read'}")
        app.ready(socket)


@operation
@dataclass(slots=True)
class TcpRead(Operation):
    """Read once, at most so many bytes; the result is what was read."""

    goes = Goes.OWNER
    host: str = "you"
    conn: int = 0
    limit: int = 65_536

    def apply(self, world: World) -> bytes:
        """Take it out of the receive buffer."""
        host = host_named(world, self.host)
        socket, app = _by_hand(host, self.conn)
        try:
            data = app.take(socket, self.limit)
        except BlockingIOError:
            data = b""
        except OSError as problem:
            raise OperationError(f"#{self.conn}: {problem.strerror or problem}") from None
        _say(host, f"one read of #{self.conn}: {len(data)} bytes")
        return data


@operation
@dataclass(slots=True)
class TcpShutdown(Operation):
    """Send no more, and go on reading: half of a connection is closed (RFC 9293 §3.6)."""

    goes = Goes.OWNER
    host: str = "you"
    conn: int = 0

    def apply(self, world: World) -> None:
        """A FIN follows what was sent."""
        socket, _ = _by_hand(host_named(world, self.host), self.conn)
        try:
            socket.shutdown()
        except OSError as problem:
            name = errno.errorcode.get(problem.errno or 0, "error")
            raise OperationError(f"#{self.conn}: {problem.strerror or problem} ({name})") from None
