"""What a person can do with a host's services, as data: addresses and names."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.apps import dns_zone
from aether.operations import Operation, OperationError, host_named, operation
from aether.wire.address import AddressError, parse_ip

if TYPE_CHECKING:
    from aether.world import World


@operation
@dataclass(slots=True)
class DnsAsk(Operation):
    """Start to look a name up; the result is the number of the job. For an address, PTR asks for its name."""

    host: str = "you"
    name: str = ""
    type: str = "A"
    server: str = ""
    """Whom to ask instead of the servers that the host knows."""

    def apply(self, world: World) -> int:
        """Ask."""
        host = host_named(world, self.host)
        kind = dns_zone.TYPES.get(self.type.upper())
        if kind is None:
            raise OperationError(f"no record type {self.type!r}. There are: {', '.join(dns_zone.TYPES)}")
        name = self.name
        try:
            if self.type.upper() == "PTR" and (":" in name or name.replace(".", "").isdigit()):
                name = dns_zone.reverse_name(dns_zone.parse_ipv6(name) if ":" in name else parse_ip(name))
            servers = [parse_ip(self.server)] if self.server else None
            lookup = host.resolver.resolve(name, kind, servers=servers)
        except (AddressError, ValueError) as problem:
            raise OperationError(str(problem)) from None
        number = host.add_job(lookup)
        lookup.start()
        return number


@operation
@dataclass(slots=True)
class DnsFlush(Operation):
    """Forget what a resolver remembers; the result is how many entries that were."""

    host: str = "you"

    def apply(self, world: World) -> int:
        """Clear the cache."""
        return host_named(world, self.host).resolver.cache.clear()


@operation
@dataclass(slots=True)
class DhcpStart(Operation):
    """Give up the address there is, and ask for one by DHCP."""

    host: str = "you"

    def apply(self, world: World) -> None:
        """Send the DISCOVER."""
        client = host_named(world, self.host).dhcp
        try:
            client.start()
        except OSError as problem:
            raise _port_taken(problem) from None


@operation
@dataclass(slots=True)
class DhcpRenew(Operation):
    """Ask for more time now."""

    host: str = "you"

    def apply(self, world: World) -> None:
        """Send the REQUEST."""
        if not host_named(world, self.host).dhcp.renew():
            raise OperationError(f"{self.host} has no lease. `dhcp start` asks for one")


@operation
@dataclass(slots=True)
class DhcpRelease(Operation):
    """Give the leased address back."""

    host: str = "you"

    def apply(self, world: World) -> None:
        """Send the RELEASE."""
        if not host_named(world, self.host).dhcp.release():
            raise OperationError(f"{self.host} has no lease. `dhcp start` asks for one")


@operation
@dataclass(slots=True)
class DhcpInform(Operation):
    """Ask for everything but an address."""

    host: str = "you"

    def apply(self, world: World) -> None:
        """Send the INFORM."""
        client = host_named(world, self.host).dhcp
        try:
            if not client.inform():
                raise OperationError(f"{self.host} needs a static address for this, and DHCP is {client.state}")
        except OSError as problem:
            raise _port_taken(problem) from None


def _port_taken(problem: OSError) -> OperationError:
    name = errno.errorcode.get(problem.errno or 0, "error")
    return OperationError(f"DHCP needs UDP port 68: {problem.strerror} ({name})")
