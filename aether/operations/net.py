"""What a person can do to the network layer of a host, as data: addresses, multicast groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.apps.ping import Ping as PingJob
from aether.apps.traceroute import METHODS
from aether.apps.traceroute import Traceroute as TracerouteJob
from aether.net.claims import CONFLICT, DONE, GIVEN_UP, Claim, claims_of, tell
from aether.net.igmp import ANY
from aether.operations.base import (
    Goes,
    Operation,
    OperationError,
    checked_port,
    explained,
    host_named,
    operation,
    read_address,
    with_verb,
)
from aether.udp import UdpSocket
from aether.wire.address import BROADCAST_IP, AddressError, is_multicast, parse_ip

if TYPE_CHECKING:
    from aether.host import Host
    from aether.net.igmp import Igmp
    from aether.net.interface import Interface
    from aether.world import World


MAX_ADDRESSES = 64
"""Addresses of one interface, those that are probed for included."""


@operation
@dataclass(slots=True)
class AddressAdd(Operation):
    """Give an interface one more address, once probing has shown that nobody else has it."""

    goes = Goes.FIRST
    host: str = "you"
    address: str = ""
    """With the length of its prefix, such as ``192.168.1.7/24``."""
    interface: int = 0

    def apply(self, world: World) -> None:
        """Begin to probe."""
        host = host_named(world, self.host)
        address, prefix = _address_and_prefix(self.address)
        if not 0 <= self.interface < len(host.interfaces):
            raise OperationError(
                f"{with_verb(self.host, 'has')} no interface {self.interface}. `ip addresses` lists them")
        if is_multicast(address) or address in (ANY, BROADCAST_IP) or address[0] in (0, 127) or address[0] > 239:
            raise OperationError(f"{self.address} is no address for a host")
        interface = host.interfaces[self.interface]
        claim = claims_of(interface).get(address)
        if address in host.local or (claim is not None and claim.state != CONFLICT):
            raise OperationError(f"{with_verb(self.host, 'has')} {self.address} already. `ip addresses` lists them")
        if len(interface.addresses) + len(interface.neighbours.claims) >= MAX_ADDRESSES:
            raise OperationError(f"an interface has {MAX_ADDRESSES} addresses at the most")
        Claim(host, interface, address, prefix).start()


@operation
@dataclass(slots=True)
class AddressRemove(Operation):
    """Take an address away, or stop to probe for it."""

    goes = Goes.FIRST
    host: str = "you"
    address: str = ""

    def apply(self, world: World) -> None:
        """Remove it, with the route to its network."""
        host = host_named(world, self.host)
        try:
            address = parse_ip(self.address)
        except AddressError as problem:
            raise OperationError(str(problem)) from None
        claims = [claim for one in host.interfaces for claim in claims_of(one).values()]
        found = [claim for claim in claims if claim.address == address]
        for claim in found:
            claim.give_up()
        if address in host.local:
            host.remove_address(host.local[address], address)
            if not found:
                tell(host, address, DONE, GIVEN_UP, "taken away")
        elif not found:
            raise OperationError(f"{with_verb(self.host, 'has')} no address {self.address}. `ip addresses` lists them")


@operation
@dataclass(slots=True)
class IgmpJoin(Operation):
    """Become a member of a multicast group."""

    goes = Goes.FIRST
    host: str = "you"
    group: str = ""

    def apply(self, world: World) -> None:
        """Join it, and report that."""
        igmp, group, interface = _find(world, self.host, self.group)
        member = igmp.groups.get((interface.index, group))
        if member is not None and member.by_user:
            raise OperationError(
                f"{with_verb(self.host, 'is')} in group {self.group} already. `igmp groups` lists them")
        try:
            igmp.join(group, interface)
        except OSError as problem:
            raise OperationError(str(problem.strerror)) from None
        igmp.groups[interface.index, group].by_user = True


@operation
@dataclass(slots=True)
class IgmpLeave(Operation):
    """Be a member of a multicast group no more."""

    goes = Goes.FIRST
    host: str = "you"
    group: str = ""

    def apply(self, world: World) -> None:
        """Leave it, and tell the routers if nobody else has reported it."""
        igmp, group, interface = _find(world, self.host, self.group)
        member = igmp.groups.get((interface.index, group))
        if member is None or not member.by_user:
            raise OperationError(
                f"{with_verb(self.host, 'has')} not joined group {self.group}. `igmp groups` lists them")
        member.by_user = False
        igmp.leave(group, interface)


@operation
@dataclass(slots=True)
class IgmpQuery(Operation):
    """Ask, as a router does, who is in a group; without one, who is in any."""

    goes = Goes.FIRST
    host: str = "you"
    group: str = ""
    tenths: int = 100
    """Tenths of a second in which members answer; 0 asks as version 1 did."""

    def apply(self, world: World) -> None:
        """Send the query."""
        if not 0 <= self.tenths <= 255:
            raise OperationError(f"the time to answer is from 0 to 25.5 s, not {self.tenths / 10:g} s")
        igmp, group, interface = _find(world, self.host, self.group or "224.0.0.1")
        igmp.query(group if self.group else ANY, interface, self.tenths)


def _address_and_prefix(text: str) -> tuple[bytes, int]:
    ip, _, length = text.partition("/")
    try:
        address = parse_ip(ip)
    except AddressError as problem:
        raise OperationError(str(problem)) from None
    if not length.isascii() or not length.isdigit() or not 1 <= int(length) <= 31:
        raise OperationError(f"an address with a prefix of 1 to 31 bits is needed, like 192.168.1.7/24, not {text!r}")
    return address, int(length)


def _find(world: World, host: str, group: str) -> tuple[Igmp, bytes, Interface]:
    """Return the groups of a host, one of them, and the interface that leads to it."""
    igmp = host_named(world, host).igmp
    try:
        address = parse_ip(group)
    except AddressError as problem:
        raise OperationError(str(problem)) from None
    if not is_multicast(address):
        raise OperationError(f"{group} is no group: those are 224.0.0.0 to 239.255.255.255")
    try:
        return igmp, address, igmp.interface_for(address)
    except OSError as problem:
        raise OperationError(str(problem.strerror)) from None


@operation
@dataclass(slots=True)
class UdpSend(Operation):
    """Send one datagram; the result is the local port that it left from."""

    goes = Goes.FIRST
    host: str = "you"
    address: str = ""
    port: int = 0
    data: bytes = b""
    local_port: int = 0

    def apply(self, world: World) -> int:
        """Send from a socket that lives on, so that an answer finds somebody."""
        host = host_named(world, self.host)
        address, port = read_address(self.address), checked_port(self.port)
        try:
            socket = self._socket(host)
            socket.may_broadcast = True
            socket.send_to(self.data, address, port)
        except OSError as problem:
            raise explained(problem, f"send to {self.address}:{port}") from None
        return socket.port

    def _socket(self, host: Host) -> UdpSocket:
        for socket in host.udp.ports.get(self.local_port, ()):
            return socket
        socket = UdpSocket(host)
        socket.bind(checked_port(self.local_port, 0))
        return socket


@operation
@dataclass(slots=True)
class ArpClear(Operation):
    """Forget all neighbours; the result is how many there were."""

    goes = Goes.EVERYWHERE
    host: str = "you"

    def apply(self, world: World) -> int:
        """Clear the cache of every interface."""
        return sum(interface.neighbours.clear() for interface in host_named(world, self.host).interfaces)


@operation
@dataclass(slots=True)
class ArpWho(Operation):
    """Ask who has an address."""

    goes = Goes.FIRST
    host: str = "you"
    address: str = ""

    def apply(self, world: World) -> None:
        """Send the request on the link where the address would be."""
        host = host_named(world, self.host)
        address = read_address(self.address)
        route = host.routes.find(address)
        if route is None or route.gateway is not None:
            raise OperationError(f"{self.address} is not on a link of {host.name}: ARP asks neighbours only")
        host.interfaces[route.interface].neighbours.ask(address)


@operation
@dataclass(slots=True)
class Ping(Operation):
    """Start a ping; the result is the number of its job. Times in microseconds, sizes in bytes."""

    goes = Goes.FIRST
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
        address = read_address(self.address)
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

    goes = Goes.FIRST
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
        address = read_address(self.address)
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
