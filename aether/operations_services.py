"""What a person can do with a host's services, as data: names."""

from __future__ import annotations

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
