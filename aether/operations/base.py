"""What a person can do to a world, as data: each operation is one occurrence, and is logged.

`apply` changes the world and returns plain data (a number, a string, a tuple). What makes no
sense raises OperationError with a text for the person, and changes nothing. Addresses and
names are text here; they are checked at once, in the constructor.
"""

from __future__ import annotations

import base64
import errno
from dataclasses import asdict, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from aether import plain
from aether.sockets import TcpSocket, socket_of
from aether.wire.address import AddressError, parse_ip

if TYPE_CHECKING:
    from aether.host import Host
    from aether.link.port import Link
    from aether.net.interface import Interface
    from aether.tcp.connection import Connection
    from aether.world import World


_YOURS = {"is": "are", "has": "have"}
"""Verbs that have a form of their own after `you`; the others lose their s."""


class OperationError(ValueError):
    """An operation that cannot be carried out; the text says what, where and what to do next."""


class Goes(Enum):
    """Which of several workers behind one device carry an operation out (`aether.engine.shards`)."""

    EVERYWHERE = "everywhere"
    """It changes what a host is, and so each worker's part of it."""
    FIRST = "first"
    """To worker 0, which has what makes a host one: all but the connections that peers open."""
    OWNER = "owner"
    """To the worker that has connection `conn` of `host`."""


@dataclass(slots=True)
class Operation:
    """The base of all operations."""

    goes: ClassVar[Goes]
    """Where it is carried out. Each class says it of itself: there is no answer that would do for one that does not."""

    def apply(self, world: World) -> Any:
        """Carry it out, and return the result as plain data."""
        raise NotImplementedError


OPERATIONS: dict[str, type[Operation]] = {}


_O = TypeVar("_O", bound=type[Operation])


def operation(cls: _O) -> _O:
    """Register an operation under its class name, so that logs can be read back; TypeError if it goes nowhere."""
    if "goes" not in cls.__dict__:
        raise TypeError(f"{cls.__name__} does not say to which workers it goes")
    OPERATIONS[cls.__name__] = cls
    return cls


def to_data(op: Operation) -> dict[str, Any]:
    """Return an operation as plain data: what JSON knows, with bytes as base64 text."""
    fields = {
        name: {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for name, value in asdict(op).items()
    }
    return {"operation": type(op).__name__, **fields}


def from_data(data: dict[str, Any]) -> Operation:
    """Read back what `to_data` made; OperationError for anything else."""
    fields = dict(data)
    name = fields.pop("operation", None)
    if not isinstance(name, str) or name not in OPERATIONS:
        raise OperationError(f"no operation {name!r:.60}")
    try:
        return plain.read(OPERATIONS[name], fields)
    except plain.DataError as problem:
        raise OperationError(f"{name}: {problem}") from None


def first_interface(host: Host) -> Interface:
    """Return the first interface of a host; OperationError if it has none."""
    if not host.interfaces:
        raise OperationError(f"{with_verb(host.name, 'has')} no interface")
    return host.interfaces[0]


def link_named(world: World, name: str) -> Link:
    """Return the link called `name`; OperationError if there is none."""
    if name not in world.links:
        raise OperationError(f"no link {name!r} here. There are: {', '.join(world.links)}")
    return world.links[name]


def tell_link(world: World, link: str, what: str) -> None:
    """Report that a link does something else to frames from now on."""
    if world.observer is not None:
        world.observer(link, "link", link, what)


def host_named(world: World, name: str) -> Host:
    """Return the host called `name`; OperationError if there is none."""
    if name not in world.hosts:
        raise OperationError(f"no host {name!r} here. There are: {', '.join(world.hosts)}")
    return world.hosts[name]


def with_verb(host: str, verb: str) -> str:
    """Return a host with its verb, as a sentence begins: ``host has``, ``you have``."""
    return f"{host} {_YOURS.get(verb) or verb.removesuffix('s')}" if host == "you" else f"{host} {verb}"


def read_address(text: str) -> bytes:
    try:
        return parse_ip(text)
    except AddressError as problem:
        raise OperationError(str(problem)) from None


def checked_port(port: int, lowest: int = 1) -> int:
    if not lowest <= port <= 65535:
        raise OperationError(f"port must be a number from {lowest} to 65535, not {port}")
    return port


def explained(problem: OSError, what: str) -> OperationError:
    """Turn a socket's error into a message for the person."""
    name = errno.errorcode.get(problem.errno or 0, "error")
    return OperationError(f"{what}: {problem.strerror or problem} ({name})")


def connection_named(host: Host, number: int) -> Connection:
    """Return the connection with this number at a host; OperationError if there is none."""
    for conn in host.tcp.connections.values():
        if conn.number == number:
            return conn
    which = "tcp conns" if host.name == "you" else f"tcp conns --host {host.name}"
    raise OperationError(f"no connection #{number} at {host.name}. `{which}` shows those that there are")


def held_socket(host: Host, number: int) -> TcpSocket:
    """Return the socket of a connection that somebody at this host holds."""
    conn = connection_named(host, number)
    if conn.socket is None:
        raise OperationError(f"#{number} is {conn.state}: nobody at {host.name} holds it any more")
    return socket_of(conn.socket)
