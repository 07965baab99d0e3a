"""What the parts of a host's network layer share, and what each of them asks of the others.

IPv4, ICMP and IGMP call one another, and the transports above; so what each is asked for is said here, and none of
them needs to know another's module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from aether.knobs import Knobs
from aether.net.interface import Address, Interface
from aether.net.routes import Routes
from aether.surroundings import Surroundings

if TYPE_CHECKING:
    from aether.wire.ipv4 import Ipv4Header


class Packets(Protocol):
    """What others ask of IPv4."""

    def send(
        self, destination: bytes, protocol: int, payload: bytes, *,
        source: bytes | None = None, ttl: int = 0, tos: int = 0, dont_fragment: bool = True, options: bytes = b"",
        interface: Interface | None = None,
    ) -> bool:
        """Send a packet; return False, with a drop counted, if there is no way."""

    def deliver(self, packet: bytes, header: Ipv4Header, interface: Interface) -> None:
        """Hand a whole packet to its transport protocol."""

    def learn_mtu(self, destination: bytes, mtu: int) -> bool:
        """Believe that a path takes no larger packets; False if that is no news."""


class Errors(Protocol):
    """What others ask of ICMP."""

    def receive(self, payload: bytes, header: Ipv4Header, interface: Interface) -> None:
        """Handle a message."""

    def error(self, kind: int, code: int, packet: bytes, rest: int = 0) -> None:
        """Send an error about a packet."""

    def report(self, kind: int, code: int, rest: int, quoted: bytes, reporter: bytes) -> None:
        """Deliver an error about a packet of ours to whoever sent that packet."""


class Groups(Protocol):
    """What others ask of IGMP."""

    def receive(self, payload: bytes, header: Ipv4Header, interface: Interface) -> None:
        """Handle a message."""

    def listens(self, group: bytes, interface: Interface) -> bool:
        """Tell whether packets to a group are for us."""

    def interface_for(self, group: bytes, index: int | None = None) -> Interface:
        """Return the interface with an index, or the one that leads to a group; OSError ENODEV."""

    def join(self, group: bytes, interface: Interface) -> None:
        """Become a member once more; OSError EINVAL, ENOBUFS."""

    def leave(self, group: bytes, interface: Interface) -> None:
        """Be a member once less; OSError EADDRNOTAVAIL."""


class Segments(Protocol):
    """What the network layer hands to TCP."""

    def receive(self, data: bytes, packet: Any) -> None:
        """Handle a segment that came in `packet`."""

    def failed(self, packet: Any, inner: bytes, error: int, mtu: int = 0) -> None:
        """Take an error about a segment of ours; see `aether.tcp.network.Packet`."""


class Datagrams(Protocol):
    """What the network layer hands to UDP."""

    def receive(self, payload: bytes, header: Any, packet: bytes, interface: int) -> None:
        """Handle a datagram that came in `packet`."""

    def failed(
        self, header: Any, inner: bytes, error: int, hard: bool = True, said: tuple[int, int, int] = (0, 0, 0),
    ) -> bool:
        """Take an error about a datagram of ours; return whether a socket could have sent it."""


class Node(Surroundings):
    """A host as its network layer sees it: interfaces, addresses and routes, and the parts that call one another."""

    ipv4: Packets
    icmp: Errors
    igmp: Groups
    tcp: Segments
    udp: Datagrams

    def __init__(self, name: str, knobs: Knobs | None = None) -> None:
        super().__init__(name, knobs)
        self.elsewhere: Callable[[bytes], bool] | None = None
        """Set where other processes share this host: takes a packet that was put together here, if it is theirs."""
        self.interfaces: list[Interface] = []
        self.local: dict[bytes, Interface] = {}
        """Our own addresses, as the stack looks them up."""
        self.routes = Routes(self)

    def add_address(self, interface: Interface, ip: bytes, prefix: int) -> None:
        """Give an interface an address, and a route to its network."""
        self.changes()
        interface.addresses.append(Address(ip, prefix))
        self.routes.add(ip, prefix, None, interface.index)
        self._index_addresses()

    def remove_address(self, interface: Interface, ip: bytes) -> None:
        """Take an address away, with the route to its network unless another address is in it too."""
        self.changes()
        for address in [a for a in interface.addresses if a.ip == ip]:
            interface.addresses.remove(address)
            if not any((other.mask, other.broadcast) == (address.mask, address.broadcast)
                       for other in interface.addresses):
                self.routes.remove(ip, address.prefix)
        self._index_addresses()

    def set_mtu(self, interface: Interface, mtu: int) -> None:
        """Let packets of so many bytes leave through an interface."""
        self.changes()
        interface.mtu = mtu

    def _index_addresses(self) -> None:
        self.local.clear()
        self.local.update({a.ip: i for i in self.interfaces for a in i.addresses})

    @property
    def address(self) -> bytes:
        """The first address of the first interface; 0.0.0.0 if there is none yet."""
        addresses = self.interfaces[0].addresses if self.interfaces else ()
        return addresses[0].ip if addresses else b"\0\0\0\0"
