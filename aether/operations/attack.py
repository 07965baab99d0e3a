"""An attack in the lab, as data. It can address nobody but the two ends of the lab's own link."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aether.attacks.kinds import ATTACKS
from aether.attacks.station import LINK
from aether.operations.base import Goes, Operation, OperationError, host_named, operation
from aether.wire.address import AddressError, parse_ip

if TYPE_CHECKING:
    from aether.world import World

MOST_MOVES = 100_000
"""Moves of one attack."""
LONGEST_ATTACK = 600_000_000
"""Microseconds that one attack may take."""
VICTIMS = ("you", "host")


@operation
@dataclass(slots=True)
class AttackStart(Operation):
    """Begin an attack; the result is the number of the job, at `you`. -1 leaves a number as the attack has it."""

    goes = Goes.FIRST
    kind: str = ""
    victim: str = "you"
    count: int = -1
    every: int = -1
    lasting: int = -1
    port: int = -1
    conn: int = -1
    offset: int = -1
    kernel: str = ""
    """The address of the kernel's end, where `host` is the kernel."""

    def apply(self, world: World) -> int:
        """Make the attacker, and let it begin."""
        if self.kind not in ATTACKS:
            raise OperationError(f"no attack {self.kind!r}. There are: {', '.join(ATTACKS)}")
        you = host_named(world, "you")
        if any(getattr(job, "NAME", "") in ATTACKS and not job.done for job in you.jobs.values()):
            raise OperationError("another attack is under way. `attack stop` ends it")
        kind = ATTACKS[self.kind]
        said = {
            name: getattr(self, name) for name in ("count", "every", "lasting", "port", "conn", "offset")
            if getattr(self, name) != -1
        }
        plan = replace(kind.PLAN, **said)
        if not 1 <= plan.count <= MOST_MOVES:
            raise OperationError(f"an attack makes from 1 to {MOST_MOVES:,} moves, not {plan.count}")
        if not 0 <= plan.every <= LONGEST_ATTACK or not 0 <= plan.count * plan.every + plan.lasting <= LONGEST_ATTACK:
            raise OperationError(f"an attack takes at most {LONGEST_ATTACK // 60_000_000} minutes")
        if not 0 <= plan.port <= 65_535:
            raise OperationError(f"port must be a number from 0 to 65535, not {plan.port}")
        attack = kind(world, self.victim, *self._ends(world), plan)
        try:
            attack.start()
        except ValueError as problem:
            raise OperationError(str(problem)) from None
        return you.add_job(attack)

    def _ends(self, world: World) -> tuple[bytes, bytes]:
        """Return the victim's address and hardware address; nobody beyond the lab's link has any here."""
        you = world.hosts["you"]
        if self.victim == "you":
            return _address(you), you.interfaces[0].mac
        if self.victim not in VICTIMS:
            raise OperationError(f"an attack is on {' or '.join(VICTIMS)}, the two ends of the lab's link, and on "
                                 f"nobody else: not {self.victim!r}")
        if "host" in world.hosts:
            host = world.hosts["host"]
            return _address(host), host.interfaces[0].mac
        return self._kernel(world)

    def _kernel(self, world: World) -> tuple[bytes, bytes]:
        """Return the kernel's end of our own TAP, whose hardware address we must have learned."""
        you = world.hosts["you"]
        try:
            address = parse_ip(self.kernel)
        except AddressError as problem:
            raise OperationError(str(problem)) from None
        route = you.routes.find(address)
        entry = you.interfaces[0].neighbours.entries.get(address)
        if route is None or route.gateway or route.interface or world.links[LINK].right.host is not None:
            raise OperationError(f"{self.kernel} is not at the other end of the lab's own link")
        if entry is None or not entry.mac:
            raise OperationError(f"the hardware address of {self.kernel} is not known yet. First: ping {self.kernel}")
        return address, entry.mac


def _address(host: object) -> bytes:
    addresses = host.interfaces[0].addresses  # type: ignore[attr-defined]
    if not addresses:
        raise OperationError("the victim has no address yet")
    found: bytes = addresses[0].ip
    return found
