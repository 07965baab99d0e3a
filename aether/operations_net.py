"""What a person can do to the network layer of a host, as data: addresses, multicast groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.net.claims import CONFLICT, Claim
from aether.net.igmp import ANY, is_group
from aether.operations import Operation, OperationError, host_named, operation
from aether.wire.address import BROADCAST_IP, AddressError, parse_ip

if TYPE_CHECKING:
    from aether.host import Interface
    from aether.world import World


MAX_ADDRESSES = 64
"""Addresses of one interface, those that are probed for included."""


@operation
@dataclass(slots=True)
class AddressAdd(Operation):
    """Give an interface one more address, once probing has shown that nobody else has it."""

    host: str = "you"
    address: str = ""
    """With the length of its prefix, such as ``192.168.1.7/24``."""
    interface: int = 0

    def apply(self, world: World) -> None:
        """Begin to probe."""
        host = host_named(world, self.host)
        address, prefix = _address_and_prefix(self.address)
        if not 0 <= self.interface < len(host.interfaces):
            raise OperationError(f"{self.host} has no interface {self.interface}. `ip addresses` lists them")
        if is_group(address) or address in (ANY, BROADCAST_IP) or address[0] in (0, 127) or address[0] > 239:
            raise OperationError(f"{self.address} is no address for a host")
        interface = host.interfaces[self.interface]
        claim = interface.neighbours.claims.get(address)
        if address in host.local or (claim is not None and claim.state != CONFLICT):
            raise OperationError(f"{self.host} has {self.address} already. `ip addresses` lists them")
        if len(interface.addresses) + len(interface.neighbours.claims) >= MAX_ADDRESSES:
            raise OperationError(f"an interface has {MAX_ADDRESSES} addresses at the most")
        Claim(host, interface, address, prefix).start()


@operation
@dataclass(slots=True)
class AddressRemove(Operation):
    """Take an address away, or stop to probe for it."""

    host: str = "you"
    address: str = ""

    def apply(self, world: World) -> None:
        """Remove it, with the route to its network."""
        host = host_named(world, self.host)
        try:
            address = parse_ip(self.address)
        except AddressError as problem:
            raise OperationError(str(problem)) from None
        claims = [claim for one in host.interfaces for claim in one.neighbours.claims.values()]
        found = [claim for claim in claims if claim.address == address]
        for claim in found:
            claim.stop()
        if address in host.local:
            host.remove_address(host.local[address], address)
        elif not found:
            raise OperationError(f"{self.host} has no address {self.address}. `ip addresses` lists them")


@operation
@dataclass(slots=True)
class IgmpJoin(Operation):
    """Become a member of a multicast group."""

    host: str = "you"
    group: str = ""

    def apply(self, world: World) -> None:
        """Join it, and report that."""
        igmp = host_named(world, self.host).igmp
        group, interface = _find(world, self.host, self.group)
        member = igmp.groups.get((interface.index, group))
        if member is not None and member.by_user:
            raise OperationError(f"{self.host} is in group {self.group} already. `igmp groups` lists them")
        try:
            igmp.join(group, interface)
        except OSError as problem:
            raise OperationError(str(problem.strerror)) from None
        igmp.groups[interface.index, group].by_user = True


@operation
@dataclass(slots=True)
class IgmpLeave(Operation):
    """Be a member of a multicast group no more."""

    host: str = "you"
    group: str = ""

    def apply(self, world: World) -> None:
        """Leave it, and tell the routers if nobody else has reported it."""
        igmp = host_named(world, self.host).igmp
        group, interface = _find(world, self.host, self.group)
        member = igmp.groups.get((interface.index, group))
        if member is None or not member.by_user:
            raise OperationError(f"{self.host} has not joined group {self.group}. `igmp groups` lists them")
        member.by_user = False
        igmp.leave(group, interface)


@operation
@dataclass(slots=True)
class IgmpQuery(Operation):
    """Ask, as a router does, who is in a group; without one, who is in any."""

    host: str = "you"
    group: str = ""
    tenths: int = 100
    """Tenths of a second in which members answer; 0 asks as version 1 did."""

    def apply(self, world: World) -> None:
        """Send the query."""
        if not 0 <= self.tenths <= 255:
            raise OperationError(f"the time to answer is from 0 to 25.5 s, not {self.tenths / 10:g} s")
        igmp = host_named(world, self.host).igmp
        group, interface = _find(world, self.host, self.group or "224.0.0.1")
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


def _find(world: World, host: str, group: str) -> tuple[bytes, Interface]:
    """Return a group, and the interface that leads to it."""
    try:
        address = parse_ip(group)
    except AddressError as problem:
        raise OperationError(str(problem)) from None
    if not is_group(address):
        raise OperationError(f"{group} is no group: those are 224.0.0.0 to 239.255.255.255")
    try:
        return address, host_named(world, host).igmp.interface_for(address)
    except OSError as problem:
        raise OperationError(str(problem.strerror)) from None
