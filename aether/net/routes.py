"""The routing table: the longest prefix wins (RFC 1812 §5.2.4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from aether.net.interface import Interface
    from aether.net.neighbours import Neighbour
    from aether.surroundings import Surroundings


class Route(NamedTuple):
    """Where packets for a network go."""

    network: int
    prefix: int
    gateway: bytes | None
    """The next hop's address, or None for a network that we are part of."""
    interface: int


class Numbered(Protocol):
    """Whoever numbers the packets that leave."""

    identification: int


class Way(NamedTuple):
    """The first step to a destination, for whoever composes whole frames: the interface, and the neighbour on it."""

    interface: Interface
    hop: Neighbour
    layer: Numbered


class Routes:
    """The routes of one host, the most specific first."""

    __slots__ = ("host", "table", "ways")
    UNHASHED = ("host", "ways")

    def __init__(self, host: Surroundings) -> None:
        self.host = host
        self.table: list[Route] = []
        self.ways: dict[bytes, Way] = {}
        """What was found out lately, by destination; it says nothing that the routes and neighbours do not."""

    def add(self, address: bytes, prefix: int, gateway: bytes | None, interface: int) -> None:
        """Add a route to the network of `address`, in place of one to the same network."""
        self.remove(address, prefix)
        self.table.append(Route(_network(address, prefix), prefix, gateway, interface))
        self.table.sort(key=_specific_first)

    def remove(self, address: bytes, prefix: int) -> bool:
        """Remove the route to a network; return whether there was one."""
        network = _network(address, prefix)
        self.host.changes()
        self.ways.clear()
        before = len(self.table)
        self.table = [r for r in self.table if (r.network, r.prefix) != (network, prefix)]
        return len(self.table) < before

    def find(self, destination: bytes) -> Route | None:
        """Return the most specific route to a destination."""
        number = int.from_bytes(destination, "big")
        for route in self.table:
            if (number ^ route.network) >> (32 - route.prefix) == 0:
                return route
        return None


def _network(address: bytes, prefix: int) -> int:
    return int.from_bytes(address, "big") >> (32 - prefix) << (32 - prefix)


def _specific_first(route: Route) -> tuple[int, int]:
    return -route.prefix, route.network
