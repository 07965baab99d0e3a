"""What a person can do to a world, as data: each operation is one occurrence, and is logged.

`apply` changes the world and returns plain data (a number, a string, a tuple). What makes no
sense raises OperationError with a text for the person, and changes nothing. Addresses and
names are text here; they are checked at once, in the constructor.
"""

from __future__ import annotations

import base64
import binascii
import errno
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from aether import knobs
from aether.apps.http_get import HttpGet as HttpGetJob
from aether.apps.http_get import UrlError
from aether.apps.ping import Ping as PingJob
from aether.apps.simple import SERVICES, Hold
from aether.apps.traceroute import METHODS
from aether.apps.traceroute import Traceroute as TracerouteJob
from aether.lab import listen
from aether.sockets import TcpSocket
from aether.udp import UdpSocket
from aether.wire.address import AddressError, parse_ip

if TYPE_CHECKING:
    from aether.host import Host
    from aether.tcp.connection import Connection
    from aether.world import World


class OperationError(ValueError):
    """An operation that cannot be carried out; the text says what, where and what to do next."""


@dataclass(slots=True)
class Operation:
    """The base of all operations."""

    def apply(self, world: World) -> Any:
        """Carry it out, and return the result as plain data."""
        raise NotImplementedError


OPERATIONS: dict[str, type[Operation]] = {}


_O = TypeVar("_O", bound=type[Operation])


def operation(cls: _O) -> _O:
    """Register an operation under its class name, so that logs can be read back."""
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
    fields = {
        name: base64.b64decode(value["base64"]) if isinstance(value, dict) and "base64" in value else value
        for name, value in data.items()
    }
    name = fields.pop("operation", None)
    if name not in OPERATIONS:
        raise OperationError(f"no operation {name!r}")
    try:
        return OPERATIONS[name](**fields)
    except (TypeError, binascii.Error) as problem:
        raise OperationError(f"{name}: {problem}") from None


def host_named(world: World, name: str) -> Host:
    """Return the host called `name`; OperationError if there is none."""
    if name not in world.hosts:
        raise OperationError(f"no host {name!r} here. There are: {', '.join(world.hosts)}")
    return world.hosts[name]


def _address(text: str) -> bytes:
    try:
        return parse_ip(text)
    except AddressError as problem:
        raise OperationError(str(problem)) from None


def _port(port: int, lowest: int = 1) -> int:
    if not lowest <= port <= 65535:
        raise OperationError(f"port must be a number from {lowest} to 65535, not {port}")
    return port


def _said(problem: OSError, what: str) -> OperationError:
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


def _held(host: Host, number: int) -> TcpSocket:
    """Return the socket of a connection that somebody at this host holds."""
    conn = connection_named(host, number)
    if conn.socket is None:
        raise OperationError(f"#{number} is {conn.state}: nobody at {host.name} holds it any more")
    return conn.socket


@operation
@dataclass(slots=True)
class TcpConnect(Operation):
    """Open a connection that the user holds; the result is its number."""

    host: str = "you"
    address: str = ""
    port: int = 0
    local_port: int = 0

    def apply(self, world: World) -> int:
        """Send the SYN."""
        host = host_named(world, self.host)
        address, port = _address(self.address), _port(self.port)
        socket = TcpSocket(host, Hold())
        socket.port = _port(self.local_port, 0)
        try:
            socket.connect(address, port)
        except OSError as problem:
            raise _said(problem, f"connect to {self.address}:{port}") from None
        assert socket.connection is not None
        return socket.connection.number


@operation
@dataclass(slots=True)
class TcpListen(Operation):
    """Listen on a port with a small service: echo, discard, chargen, daytime or hold. The result is the port."""

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
            return listen(host, _port(self.port), SERVICES[self.app](), max(self.backlog, 1)).port
        except OSError as problem:
            raise _said(problem, f"listen on port {self.port}") from None


@operation
@dataclass(slots=True)
class TcpSend(Operation):
    """Send bytes over a connection; the result is how many its buffer took."""

    host: str = "you"
    conn: int = 0
    data: bytes = b""

    def apply(self, world: World) -> int:
        """Write to the socket."""
        socket = _held(host_named(world, self.host), self.conn)
        try:
            return socket.send(self.data)
        except OSError as problem:
            raise _said(problem, f"#{self.conn}") from None


@operation
@dataclass(slots=True)
class TcpClose(Operation):
    """Close our direction of a connection: a FIN after everything that was sent."""

    host: str = "you"
    conn: int = 0

    def apply(self, world: World) -> None:
        """Close the socket; what the peer still sends is no longer wanted."""
        _held(host_named(world, self.host), self.conn).close()


@operation
@dataclass(slots=True)
class TcpAbort(Operation):
    """End a connection with a reset."""

    host: str = "you"
    conn: int = 0

    def apply(self, world: World) -> None:
        """Send the reset, whether somebody holds the connection or not."""
        host = host_named(world, self.host)
        conn = connection_named(host, self.conn)
        if conn.socket is None:
            conn.socket = TcpSocket(host)
            conn.socket.connection = conn
        conn.socket.abort()


@operation
@dataclass(slots=True)
class TcpUnlisten(Operation):
    """Stop listening on a port; handshakes under way and connections that nobody took are reset."""

    host: str = "you"
    port: int = 0

    def apply(self, world: World) -> None:
        """Close the listener."""
        host = host_named(world, self.host)
        for listener in list(host.tcp.listeners.values()):
            if listener.port == self.port:
                listener.socket.close()
                return
        raise OperationError(f"nobody listens on port {self.port} at {host.name}")


@operation
@dataclass(slots=True)
class UdpSend(Operation):
    """Send one datagram; the result is the local port that it left from."""

    host: str = "you"
    address: str = ""
    port: int = 0
    data: bytes = b""
    local_port: int = 0

    def apply(self, world: World) -> int:
        """Send from a socket that lives on, so that an answer finds somebody."""
        host = host_named(world, self.host)
        address, port = _address(self.address), _port(self.port)
        try:
            socket = self._socket(host)
            socket.send_to(self.data, address, port)
        except OSError as problem:
            raise _said(problem, f"send to {self.address}:{port}") from None
        return socket.port

    def _socket(self, host: Host) -> UdpSocket:
        for socket in host.udp.ports.get(self.local_port, ()):
            return socket
        socket = UdpSocket(host)
        socket.bind(_port(self.local_port, 0))
        return socket


@operation
@dataclass(slots=True)
class ArpClear(Operation):
    """Forget all neighbours; the result is how many there were."""

    host: str = "you"

    def apply(self, world: World) -> int:
        """Clear the cache of every interface."""
        return sum(interface.neighbours.clear() for interface in host_named(world, self.host).interfaces)


@operation
@dataclass(slots=True)
class ArpWho(Operation):
    """Ask who has an address."""

    host: str = "you"
    address: str = ""

    def apply(self, world: World) -> None:
        """Send the request on the link where the address would be."""
        host = host_named(world, self.host)
        address = _address(self.address)
        route = host.routes.find(address)
        if route is None or route.gateway is not None:
            raise OperationError(f"{self.address} is not on a link of {host.name}: ARP asks neighbours only")
        host.interfaces[route.interface].neighbours.ask(address)


@operation
@dataclass(slots=True)
class Ping(Operation):
    """Start a ping; the result is the number of its job. Times in microseconds, sizes in bytes."""

    host: str = "you"
    address: str = ""
    count: int = 4
    size: int = 56
    interval_us: int = 1_000_000
    ttl: int = 0
    """0 is the host's own."""
    tos: int = 0
    dont_fragment: bool = False
    pattern: bytes = b""
    """What is repeated over the payload; empty for bytes that count from 0."""

    def apply(self, world: World) -> int:
        """Send the first request."""
        host = host_named(world, self.host)
        address = _address(self.address)
        if not 1 <= self.count <= 1_000_000:
            raise OperationError(f"count must be from 1 to 1000000, not {self.count}")
        if not 0 <= self.size <= 65_507:
            raise OperationError(f"size must be from 0 to 65507 bytes, not {self.size}")
        if self.interval_us < 1000:
            raise OperationError("the interval must be at least 1ms")
        if not 0 <= self.ttl <= 255:
            raise OperationError(f"ttl must be from 1 to 255, not {self.ttl}")
        if not 0 <= self.tos <= 255:
            raise OperationError(f"tos must be from 0 to 255, not {self.tos}")
        identifier = 1 + host.jobs_started & 0xFFFF
        job = PingJob(
            host, address, identifier, self.count, self.size, self.interval_us, self.ttl, tos=self.tos,
            dont_fragment=self.dont_fragment, pattern=self.pattern)
        number = host.add_job(job)
        job.start()
        return number


@operation
@dataclass(slots=True)
class Traceroute(Operation):
    """Start to look for the routers on the way to an address; the result is the number of its job."""

    host: str = "you"
    address: str = ""
    method: str = "udp"
    """``udp`` or ``icmp``: what is sent."""
    max_hops: int = 30
    probes: int = 3
    """How many for each hop."""

    def apply(self, world: World) -> int:
        """Send the first probe."""
        host = host_named(world, self.host)
        address = _address(self.address)
        if self.method not in METHODS:
            raise OperationError(f"the method is {' or '.join(METHODS)}, not {self.method!r}")
        if not 1 <= self.max_hops <= 255:
            raise OperationError(f"the hops are from 1 to 255, not {self.max_hops}")
        if not 1 <= self.probes <= 10:
            raise OperationError(f"the probes for a hop are from 1 to 10, not {self.probes}")
        identifier = 1 + host.jobs_started & 0xFFFF
        job = TracerouteJob(host, address, identifier, self.method, self.max_hops, self.probes)
        number = host.add_job(job)
        job.start()
        return number


@operation
@dataclass(slots=True)
class HttpGet(Operation):
    """Start to fetch a URL such as http://192.168.1.1/; the result is the number of the job."""

    host: str = "you"
    url: str = ""

    def apply(self, world: World) -> int:
        """Open the connection, or look the name up first."""
        host = host_named(world, self.host)
        job = HttpGetJob(host, self.url)
        try:
            job.start()
        except UrlError as problem:
            raise OperationError(str(problem)) from None
        except OSError as problem:
            raise _said(problem, f"connect to {self.url}") from None
        return host.add_job(job)


@operation
@dataclass(slots=True)
class JobCancel(Operation):
    """End a job before it is done."""

    host: str = "you"
    job: int = 0

    def apply(self, world: World) -> None:
        """Cancel it."""
        host = host_named(world, self.host)
        if self.job not in host.jobs:
            raise OperationError(f"no job {self.job} at {host.name}")
        host.jobs[self.job].cancel()


@operation
@dataclass(slots=True)
class KnobSet(Operation):
    """Turn a knob; the result is the old and the new value, as a person writes them."""

    host: str = "you"
    name: str = ""
    value: str = ""

    def apply(self, world: World) -> tuple[str, str]:
        """Set it at once: for what exists where that makes sense, else for what comes."""
        host = host_named(world, self.host)
        try:
            knob = knobs.find(self.name)
            value = knobs.parse(knob, self.value)
        except knobs.KnobError as problem:
            raise OperationError(str(problem)) from None
        old = getattr(host.knobs, knob.attribute)
        host.tcp.fast.forget()
        setattr(host.knobs, knob.attribute, value)
        if host.observer is not None:
            host.observer(host.name, "knob", self.name, knobs.show(knob, old), knobs.show(knob, value))
        return knobs.show(knob, old), knobs.show(knob, value)


@operation
@dataclass(slots=True)
class ProfileSet(Operation):
    """Turn all knobs as a profile has them; the result is the names of those that changed."""

    host: str = "you"
    name: str = "modern"

    def apply(self, world: World) -> list[str]:
        """Set the knobs in place: connections hold on to the same object."""
        host = host_named(world, self.host)
        try:
            wanted = knobs.profile(self.name)
        except knobs.KnobError as problem:
            raise OperationError(str(problem)) from None
        changed = []
        for knob in knobs.KNOBS.values():
            old, value = getattr(host.knobs, knob.attribute), getattr(wanted, knob.attribute)
            if old != value:
                host.tcp.fast.forget()
                setattr(host.knobs, knob.attribute, value)
                changed.append(knob.name)
                if host.observer is not None:
                    host.observer(host.name, "knob", knob.name, knobs.show(knob, old), knobs.show(knob, value))
        return changed


@operation
@dataclass(slots=True)
class SendFrame(Operation):
    """Put crafted bytes on the wire from a host's first interface; the result is the frame's number.

    The stack of the host knows nothing of it. With `no_rst`, what comes back for the same four-tuple
    is not answered with a reset.
    """

    data: bytes = b""
    host: str = "you"
    no_rst: bool = False

    def apply(self, world: World) -> int:
        """Transmit the frame."""
        host = host_named(world, self.host)
        port = host.interfaces[0].port
        if port is None:
            raise OperationError(f"{host.name} has no link")
        data = self.data
        if self.no_rst and len(data) >= 38 and data[12:14] == b"\x08\x00" and data[23] == 6:
            at = 14 + 4 * (data[14] & 0x0F)
            host.tcp.silent[data[30:34] + data[26:30] + data[at + 2:at + 4] + data[at:at + 2]] = True
        return port.transmit(data)


@operation
@dataclass(slots=True)
class InjectFrame(Operation):
    """Put crafted bytes onto a host, as if they came from the wire: into the queue of its first interface."""

    data: bytes = b""
    host: str = "you"

    def apply(self, world: World) -> int:
        """Number the frame and let it arrive next; the result is its number."""
        host = host_named(world, self.host)
        port = host.interfaces[0].port
        if port is None:
            raise OperationError(f"{host.name} has no link")
        return port.inject(self.data)


def _register_the_rest() -> None:
    from aether import (  # noqa: F401  (they register themselves)
        operations_attack,
        operations_calls,
        operations_link,
        operations_load,
        operations_net,
        operations_reading,
        operations_services,
        operations_workers,
    )


_register_the_rest()
