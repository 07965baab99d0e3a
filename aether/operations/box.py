"""Boxes in the middle of a link, as data: put one there, take it away, see what it remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aether.answers import BoxReport, SessionRow
from aether.link.nat import PROTOCOLS, Nat
from aether.link.nat_table import NatSession, read_settings, shown
from aether.link.quantities import QuantityError
from aether.operations.base import Goes, Operation, OperationError, link_named, operation, tell_link
from aether.wire.address import show_ip
from aether.wire.ipv4 import PROTO_ICMP

if TYPE_CHECKING:
    from aether.link.port import Link
    from aether.world import World


@operation
@dataclass(slots=True)
class BoxNat(Operation):
    """Put a NAT with an empty table into a link, in the place of the one that may be there."""

    goes = Goes.EVERYWHERE
    link: str = "lan"
    settings: dict[str, str] = field(default_factory=dict)

    def apply(self, world: World) -> None:
        """OperationError for settings that make no sense, and if nobody inside has an address."""
        link = link_named(world, self.link)
        try:
            settings = read_settings(self.settings)
        except QuantityError as problem:
            raise OperationError(str(problem)) from None
        box = Nat(link.left, _address(world, link), settings, world.seed)
        take_away(world, link)
        link.put(box, world.now)
        tell_link(world, self.link, f"box {box.describe()}")


@operation
@dataclass(slots=True)
class BoxClear(Operation):
    """Take the box away, with all that it remembers."""

    goes = Goes.EVERYWHERE
    link: str = "lan"

    def apply(self, world: World) -> None:
        """Take it away, if there is one."""
        if take_away(world, link_named(world, self.link)):
            tell_link(world, self.link, "box clear")


def _address(world: World, link: Link) -> bytes:
    """Return the address at the inside end, that of the host which was named first."""
    for host in world.hosts.values():
        for interface in host.interfaces:
            if interface.port is link.left and interface.addresses:
                return interface.addresses[0].ip
    raise OperationError(f"nobody at the inside end of {link.name} has an address that a NAT could take. "
                         "`ip add ADDRESS/PREFIX` gives one")


def take_away(world: World, link: Link) -> bool:
    """Take the box of a link away; return whether there was one."""
    box = link.left.pipe.box
    if box is None:
        return False
    box.stop()
    link.put(None, world.now)
    return True


def box(world: World, link: str = "lan") -> BoxReport:
    """Return the box of a link, and its table: a query."""
    found = link_named(world, link).left.pipe.box
    if not isinstance(found, Nat):
        return BoxReport(link, "", "", {}, [])
    table = found.table
    rows = [_row(session, table.expires(session), world.now)
            for mapping in table.by_outside.values() for session in mapping.sessions.values()]
    return BoxReport(link, "nat", show_ip(table.outside), shown(table.settings), rows)


def _row(session: NatSession, expires: int, now: int) -> SessionRow:
    query = session.mapping.inside[0] == PROTO_ICMP
    (protocol, inside, inside_port), (_, outside, outside_port) = session.mapping.inside, session.mapping.outside
    return SessionRow(
        PROTOCOLS[protocol], f"{show_ip(inside)}:{inside_port}", f"{show_ip(outside)}:{outside_port}",
        show_ip(session.other[1]) + ("" if query else f":{session.other[2]}"), session.state,
        now - session.last, max(expires - now, 0))
