"""UDP: ports, sockets and datagrams (RFC 768, RFC 1122 §4.1)."""

from __future__ import annotations

import errno
from collections.abc import Container
from typing import TYPE_CHECKING, NamedTuple, Protocol

from aether import socket_options as so
from aether.socket_options import EPHEMERAL
from aether.streams import Stream
from aether.wire import udp
from aether.wire.address import show_ip
from aether.wire.error import WireError

if TYPE_CHECKING:
    from aether.knobs import Knobs
    from aether.surroundings import Surroundings

ANY = b"\0\0\0\0"
"""Where a socket is bound to no address: it takes what comes to any."""
MOST_ERRORS = 128
"""Entries of an error queue at the most."""
MAX_GROUPS = 20
"""Multicast groups that one socket is in at the most, as on Linux."""
SO_EE_ORIGIN_LOCAL, SO_EE_ORIGIN_ICMP = 1, 2
"""Where an error in the error queue comes from: ourselves, or whoever sent an ICMP message."""
RECEIVE_BUFFER = 212_992
"""Bytes that wait in a socket at the most, as on Linux."""


class UdpNetwork(Protocol):
    """What UDP asks of the network layer below it, which may choose among several by the address."""

    @property
    def local(self) -> Container[bytes]:
        """Our own addresses."""

    def is_group(self, address: bytes) -> bool:
        """Tell whether an address is a group's."""

    def is_everybody(self, address: bytes) -> bool:
        """Tell whether an address is that of all on a link."""

    def mtu_for(self, destination: bytes) -> int:
        """Return how many bytes a packet to a destination may have without being cut."""

    def source_for(self, destination: bytes, everybody: bool = False) -> bytes | None:
        """Return the address that we send from; None if there is no route, which `everybody` on a link needs not."""

    def largest_for(self, destination: bytes) -> int:
        """Return the largest payload, in bytes, that can go to a destination at all."""

    def send(
        self, destination: bytes, protocol: int, payload: bytes, *, source: bytes | None = None, ttl: int = 0,
        tos: int = 0, dont_fragment: bool = True,
    ) -> bool:
        """Send a packet, in fragments if it may be cut; return False if there is no way."""

    def no_port(self, packet: bytes) -> None:
        """Tell the sender of a packet that nobody here waits for it."""

    def group_interface(self, group: bytes, index: int | None = None) -> int:
        """Return the index of the interface on which a group would be joined; OSError ENODEV."""

    def join(self, group: bytes, index: int | None = None) -> int:
        """Join a group; return the index of the interface. OSError ENODEV, EINVAL, ENOBUFS."""

    def leave(self, group: bytes, index: int) -> None:
        """Leave a group that was joined; OSError ENODEV, EADDRNOTAVAIL."""


class Header(Protocol):
    """What UDP reads of the header that a datagram came with."""

    @property
    def source(self) -> bytes:
        """Whose it is."""

    @property
    def destination(self) -> bytes:
        """Which address it was sent to: ours, or a group's, or everybody's."""

    @property
    def ttl(self) -> int:
        """How many more hops it could have taken."""

    @property
    def tos(self) -> int:
        """Type of service."""


class UdpOwner(Protocol):
    """Whoever has a UDP layer, and sockets."""

    now: int
    udp: Udp
    knobs: Knobs

    def count(self, counter: str, amount: int = 1) -> None:
        """Add to one of its counters."""


class Datagram(NamedTuple):
    """What a UDP socket receives."""

    payload: bytes
    source: bytes
    port: int
    destination: bytes
    interface: int
    ttl: int = 0
    tos: int = 0
    """Time to live, and type of service, of the packet that brought it."""


class QueuedError(NamedTuple):
    """What the error queue tells of one datagram (ip(7), IP_RECVERR)."""

    payload: bytes
    """How the datagram began, as far as the error quotes it."""
    address: bytes
    port: int
    """Where it was sent to."""
    code: int
    """The errno."""
    origin: int
    icmp_type: int
    icmp_code: int
    info: int
    """The MTU, of EMSGSIZE."""

    def fields(self) -> list[int]:
        """Return the fields of struct sock_extended_err."""
        return [self.code, self.origin, self.icmp_type, self.icmp_code, self.info, 0]


class UdpApp(Protocol):
    """Whoever is told when a UDP socket has something."""

    def ready(self, socket: UdpSocket) -> None:
        """Take what is there; called inside the occurrence that brought it."""


class UdpSocket:
    """A UDP socket; errors are OSError with the errno that Linux gives."""

    __slots__ = (
        "app", "automatic", "error", "errors", "groups", "host", "ip", "may_broadcast", "mtu_discover", "port", "queue",
        "queued", "reading", "receive_buffer", "remote", "send_buffer", "tell_errors", "tell_tos", "tell_ttl",
        "tell_where", "tos", "ttl", "writing",
    )

    def __init__(self, host: UdpOwner, app: UdpApp | None = None) -> None:
        self.host = host
        self.app = app
        self.ip = ANY
        self.port = 0
        self.remote: tuple[bytes, int] | None = None
        self.queue: list[Datagram] = []
        self.queued = 0
        """Bytes in the queue."""
        self.error = 0
        """The errno of an ICMP error that came back; reading it clears it."""
        self.ttl = 0
        """Of what is sent; 0 for the host's own."""
        self.tos = 0
        self.mtu_discover = so.IP_PMTUDISC_WANT
        """With IP_PMTUDISC_DO nothing is cut: what does not fit is refused."""
        self.send_buffer = self.receive_buffer = RECEIVE_BUFFER
        self.tell_ttl = self.tell_tos = self.tell_where = False
        """What `ancillary` tells of a datagram."""
        self.tell_errors = False
        """Whether errors that may pass are told too, and those of a socket that is not connected."""
        self.errors: list[QueuedError] = []
        """The error queue, filled if errors are told; it shares the receive buffer's limit."""
        self.may_broadcast = False
        """Whether it may send to everybody (RFC 1122 §3.3.6; socket(7), SO_BROADCAST)."""
        self.automatic = False
        """Whether its port was chosen for it, so that it is given back when the connection is dissolved."""
        self.reading = self.writing = True
        """False after that side was shut down."""
        self.groups: list[tuple[bytes, int]] = []
        """The multicast groups that it has joined, each with the index of the interface."""

    def bind(self, port: int = 0, ip: bytes = ANY) -> int:
        """Take a port, or any free one for 0; return it. OSError EADDRINUSE, EADDRNOTAVAIL."""
        layer = self.host.udp
        if ip != ANY and ip not in layer.network.local and not layer.network.is_group(ip):
            raise OSError(errno.EADDRNOTAVAIL, f"{show_ip(ip)} is not an address of {layer.host.name}")
        self.ip = ip
        self.port = layer.register(self, port)
        return self.port

    def connect(self, address: bytes, port: int) -> None:
        """Exchange datagrams with this peer only, and hear of ICMP errors."""
        if not self.port:
            self._choose_port()
        self.remote = address, port

    def disconnect(self) -> None:
        """Dissolve the connection: exchange datagrams with anybody again (connect(2) with AF_UNSPEC)."""
        self.remote = None
        if self.automatic:
            self.host.udp.unregister(self)
            self.port, self.automatic = 0, False

    def _choose_port(self) -> None:
        self.bind()
        self.automatic = True

    def send(self, payload: bytes) -> int:
        """Send to the peer of `connect`; OSError EDESTADDRREQ if there is none, or the pending error."""
        if self.remote is None:
            raise OSError(errno.EDESTADDRREQ, "the socket is not connected")
        return self.send_to(payload, *self.remote)

    def send_to(self, payload: bytes, address: bytes, port: int) -> int:
        """Send a datagram.

        OSError EMSGSIZE, ENETUNREACH, EINVAL, EACCES to everybody without SO_BROADCAST, EPIPE after a shutdown, or the
        pending error.
        """
        self._raise_pending()
        if not self.writing:
            raise BrokenPipeError(errno.EPIPE, "the socket was shut down for sending")
        if not port:
            raise OSError(errno.EINVAL, "nobody has port 0")
        layer = self.host.udp
        network, most = layer.network, layer.network.largest_for(address) - udp.HEADER_LENGTH
        if len(payload) > most:
            raise OSError(errno.EMSGSIZE, f"a datagram carries at most {most} bytes, not {len(payload)}")
        if not self.port:
            self._choose_port()
        source = network.source_for(address, everybody=True)
        if source is None:
            raise OSError(errno.ENETUNREACH, f"no route to {show_ip(address)}")
        if not self.may_broadcast and network.is_everybody(address):
            raise PermissionError(errno.EACCES, f"{show_ip(address)} is everybody: SO_BROADCAST is not set")
        source = source if self.ip == ANY else self.ip
        datagram = udp.build(source, address, self.port, port, payload)
        layer.host.count("udp.sent")
        if not network.send(
            address, udp.PROTOCOL, datagram, source=source, ttl=self.ttl, tos=self.tos,
            dont_fragment=self.mtu_discover == so.IP_PMTUDISC_DO,
        ):
            if self.tell_errors:
                mtu = network.mtu_for(address)
                self.queue_error(QueuedError(b"", address, port, errno.EMSGSIZE, SO_EE_ORIGIN_LOCAL, 0, 0, mtu))
            raise OSError(errno.EMSGSIZE, f"{len(payload)} bytes do not fit into a packet")
        return len(payload)

    def receive(self, flags: int = 0) -> Datagram:
        """Return the next datagram, whole; MSG_PEEK leaves it there.

        OSError EAGAIN if there is none, or the pending error; an empty one from nobody after a shutdown.
        """
        self._raise_pending()
        if not self.queue:
            if not self.reading:
                return Datagram(b"", ANY, 0, ANY, 0)
            raise BlockingIOError(errno.EAGAIN, "no datagram waits")
        if flags & so.MSG_PEEK:
            return self.queue[0]
        datagram = self.queue.pop(0)
        self.queued -= len(datagram.payload)
        return datagram

    def queue_error(self, error: QueuedError) -> None:
        """Keep what the error queue tells, if there is room."""
        if self.queued + len(error.payload) <= self.receive_buffer and len(self.errors) < MOST_ERRORS:
            self.errors.append(error)

    def take_error(self) -> QueuedError:
        """Return the oldest entry of the error queue (MSG_ERRQUEUE); OSError EAGAIN if there is none.

        What is pending is then the next one, or nothing.
        """
        if not self.errors:
            raise BlockingIOError(errno.EAGAIN, "the error queue is empty")
        taken = self.errors.pop(0)
        if taken.origin == SO_EE_ORIGIN_ICMP:
            self.error = self.errors[0].code if self.errors and self.errors[0].origin == SO_EE_ORIGIN_ICMP else 0
        return taken

    def ancillary(self, datagram: Datagram) -> list[tuple[int, int, int]]:
        """Return what was asked to be told of a datagram: level, type and value, as recvmsg(2) has it.

        Of where it came in (IP_PKTINFO) the value is the address that it was sent to.
        """
        where = int.from_bytes(datagram.destination, "big")
        return [(so.SOL_IP, name, value) for wanted, name, value in (
            (self.tell_where, so.IP_PKTINFO, where), (self.tell_ttl, so.IP_TTL, datagram.ttl),
            (self.tell_tos, so.IP_TOS, datagram.tos)) if wanted]

    def shutdown(self, how: int) -> None:
        """Close one direction or both; nothing is sent. OSError ENOTCONN, EINVAL."""
        if how not in (so.SHUT_RD, so.SHUT_WR, so.SHUT_RDWR):
            raise OSError(errno.EINVAL, f"shutdown takes 0, 1 or 2, not {how}")
        if self.remote is None:
            raise OSError(errno.ENOTCONN, "the socket is not connected")
        self.reading = self.reading and how == so.SHUT_WR
        self.writing = self.writing and how == so.SHUT_RD

    def set_option(self, level: int, name: int, value: int) -> None:
        """Set an option, in Linux's units; OSError ENOPROTOOPT, EINVAL."""
        if (level, name, value) == (so.SOL_IP, so.IP_TTL, -1):
            self.ttl = 0
        else:
            so.store(self, level, name, value, so.UDP_OPTIONS)

    def get_option(self, level: int, name: int) -> int:
        """Return an option, in Linux's units; OSError ENOPROTOOPT. SO_ERROR is cleared by reading it."""
        if (level, name) == (so.SOL_SOCKET, so.SO_ERROR):
            code, self.error = self.error, 0
            return code
        if (level, name) == (so.SOL_IP, so.IP_TTL):
            return self.ttl or self.host.knobs.ipv4_ttl
        return so.fetch(self, level, name, so.UDP_OPTIONS)

    def _raise_pending(self) -> None:
        if self.error:
            code, self.error = self.error, 0
            raise OSError(code, errno.errorcode.get(code, "error"))

    def close(self) -> None:
        """Give the port back."""
        self.host.udp.unregister(self)
        for group, index in self.groups:
            self.host.udp.network.leave(group, index)
        self.groups.clear()
        self.app = None

    def join(self, group: bytes, index: int | None = None) -> None:
        """Receive what is sent to a group, on the interface that leads there or the one with this `index`.

        OSError EADDRINUSE if it does already, EINVAL for no group, ENODEV for no interface, ENOBUFS for too many.
        """
        network = self.host.udp.network
        index = network.group_interface(group, index)
        if (group, index) in self.groups:
            raise OSError(errno.EADDRINUSE, f"this socket is in group {show_ip(group)} already")
        if len(self.groups) >= MAX_GROUPS:
            raise OSError(errno.ENOBUFS, f"a socket is in {MAX_GROUPS} groups at the most")
        network.join(group, index)
        self.groups.append((group, index))

    def leave(self, group: bytes, index: int | None = None) -> None:
        """Receive it no more; OSError EADDRNOTAVAIL if this socket has not joined."""
        network = self.host.udp.network
        index = network.group_interface(group, index)
        if (group, index) not in self.groups:
            raise OSError(errno.EADDRNOTAVAIL, f"this socket is not in group {show_ip(group)}")
        self.groups.remove((group, index))
        network.leave(group, index)


class Udp:
    """The UDP layer of one host."""

    __slots__ = ("host", "network", "ports", "stream")
    UNHASHED = ("network",)

    def __init__(self, host: Surroundings, network: UdpNetwork) -> None:
        self.host = host
        self.network = network
        self.ports: dict[int, list[UdpSocket]] = {}
        self.stream: Stream

    def seed(self, seed: int) -> None:
        """Take the randomness for ephemeral ports."""
        self.stream = Stream(seed, self.host.name, "udp.ports")

    def register(self, socket: UdpSocket, port: int) -> int:
        """Give a port to a socket."""
        if not port:
            port = self._free_port()
        taken = self.ports.setdefault(port, [])
        if any(ANY in (other.ip, socket.ip) or other.ip == socket.ip for other in taken):
            raise OSError(errno.EADDRINUSE, f"UDP port {port} is in use")
        taken.append(socket)
        return port

    def _free_port(self) -> int:
        low, high = EPHEMERAL
        start = self.stream.between(low, high)
        for offset in range(high - low + 1):
            port = low + (start - low + offset) % (high - low + 1)
            if not self.ports.get(port):
                return port
        raise OSError(errno.EAGAIN, "every ephemeral port is in use")

    def unregister(self, socket: UdpSocket) -> None:
        """Take the port back."""
        sockets = self.ports.get(socket.port, [])
        if socket in sockets:
            sockets.remove(socket)
            if not sockets:
                del self.ports[socket.port]

    def find(self, destination: bytes, port: int, source: bytes, source_port: int) -> UdpSocket | None:
        """Return the socket that suits best: a connected one, then one bound to the address."""
        best = None
        for socket in self.ports.get(port, ()):
            if socket.remote is not None:
                if socket.remote == (source, source_port):
                    return socket
            elif socket.ip == destination or (socket.ip == ANY and best is None):
                best = socket
        return best

    def receive(self, payload: bytes, header: Header, packet: bytes, interface: int) -> None:
        """Handle a datagram that came in `packet`, at the interface of this index."""
        host = self.host
        try:
            datagram = udp.parse(payload, header.source, header.destination)
        except WireError as problem:
            host.drop(problem.reason, detail=problem.detail)
            return
        socket = self.find(header.destination, datagram.destination_port, header.source, datagram.source_port)
        if socket is None:
            host.drop("udp.no_port", detail=f"port {datagram.destination_port}")
            if header.destination in self.network.local:
                self.network.no_port(packet)
            return
        data = payload[8:datagram.length]
        if socket.queued + len(data) > socket.receive_buffer:
            host.drop("udp.buffer_full", detail=f"port {socket.port}")
            return
        host.count("udp.received")
        if host.observer is not None:
            host.observer(
                host.name, "udp.delivered", header.source, datagram.source_port, datagram.destination_port, len(data)
            )
        socket.queue.append(
            Datagram(
                data, header.source, datagram.source_port, header.destination, interface, header.ttl, header.tos))
        socket.queued += len(data)
        if socket.app is not None:
            socket.app.ready(socket)

    def failed(
        self, header: Header, inner: bytes, error: int, hard: bool = True, said: tuple[int, int, int] = (0, 0, 0),
    ) -> bool:
        """Take an error about a datagram of ours (RFC 1122 §4.1.3.3), which left with this header.

        `said` are the type and the code of the ICMP message, and the MTU that it names. Return whether a socket could
        have sent it. As on Linux, a socket that is connected is told of those that will not pass (`hard`); of all
        others, and one that is not connected of any at all, if it has asked (IP_RECVERR).
        """
        source_port = inner[0] << 8 | inner[1]
        port = inner[2] << 8 | inner[3]
        socket = self.find(header.source, source_port, header.destination, port)
        if socket is None:
            self.host.drop("icmp.unmatched", detail=f"about UDP port {source_port}")
            return False
        if error == errno.EMSGSIZE and socket.mtu_discover == so.IP_PMTUDISC_DONT:
            hard = False
        if socket.tell_errors or (hard and socket.remote is not None):
            socket.error = error
            if socket.tell_errors:
                kind, code, mtu = said
                socket.queue_error(QueuedError(
                    inner[udp.HEADER_LENGTH:], header.destination, port, error, SO_EE_ORIGIN_ICMP, kind, code, mtu))
            if socket.app is not None:
                socket.app.ready(socket)
        else:
            self.host.count("udp.soft_errors")
        return True
