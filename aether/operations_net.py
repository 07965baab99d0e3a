"""What a person can do to the network layer of a host, as data: multicast groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.net.igmp import ANY, is_group
from aether.operations import Operation, OperationError, host_named, operation
from aether.wire.address import AddressError, parse_ip

if TYPE_CHECKING:
    from aether.host import Interface
    from aether.world import World


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
