"""What a person can do to a link, as data. `out` is what you send, `in` what is sent to you."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aether.link.quantities import QuantityError
from aether.link.tape import Tape, unpack
from aether.operations.base import Goes, Operation, OperationError, link_named, operation, tell_link
from aether.operations.box import BoxNat, take_away

if TYPE_CHECKING:
    from aether.link.impairments import Pipe
    from aether.world import World

DIRECTIONS = ("both", "out", "in")
MAX_RULES = 100
"""Rules of a direction; each is asked about every frame."""


def _pipes(world: World, link: str, direction: str) -> list[Pipe]:
    ends = link_named(world, link)
    if direction not in DIRECTIONS:
        raise OperationError(f"the direction is in, out or both, not {direction!r}")
    chosen = {"both": [ends.left, ends.right], "out": [ends.left], "in": [ends.right]}[direction]
    return [end.pipe for end in chosen]


@operation
@dataclass(slots=True)
class LinkSet(Operation):
    """Set one impairment; the result is how it stands now."""

    goes = Goes.EVERYWHERE
    link: str = "lan"
    direction: str = "both"
    what: str = ""
    value: str = ""

    def apply(self, world: World) -> str:
        """Set it for every direction meant."""
        stands = ""
        for pipe in _pipes(world, self.link, self.direction):
            try:
                stands = pipe.set(self.what, self.value, world.now)
            except QuantityError as problem:
                raise OperationError(str(problem)) from None
        tell_link(world, self.link, f"{self.what} {stands} ({self.direction})")
        return stands


@operation
@dataclass(slots=True)
class LinkDrop(Operation):
    """Lose the next frames; with an expression, the next that match it, counted over all directions meant."""

    goes = Goes.EVERYWHERE
    link: str = "lan"
    direction: str = "both"
    count: int = 1
    expression: str = ""

    def apply(self, world: World) -> None:
        """Arm it for every direction meant."""
        if not 0 <= self.count <= 1_000_000:
            raise OperationError(f"how many to drop is from 0 to 1000000, not {self.count}")
        pipes = _pipes(world, self.link, self.direction)
        if self.expression:
            self._rule(world, pipes)
            return
        for pipe in pipes:
            pipe.drop(self.count, world.now)
        tell_link(world, self.link, f"drop next {self.count} ({self.direction})")

    def _rule(self, world: World, pipes: list[Pipe]) -> None:
        from aether.filters import FilterError
        from aether.link.rules import DropRule

        if any(len(pipe.rules) >= MAX_RULES for pipe in pipes):
            raise OperationError(f"there are {MAX_RULES} rules already. Take them away first: link drop off")
        try:
            rule = DropRule(self.expression, self.count)
        except FilterError as problem:
            raise OperationError(str(problem)) from None
        for pipe in pipes:
            pipe.add_rule(rule, world.now)
        tell_link(world, self.link, f"{rule.describe()} ({self.direction})")


@operation
@dataclass(slots=True)
class LinkDropOff(Operation):
    """Lose no frame on purpose any more: neither the next, nor every N-th, nor one that matches."""

    goes = Goes.EVERYWHERE
    link: str = "lan"
    direction: str = "both"

    def apply(self, world: World) -> None:
        """End it for every direction meant."""
        for pipe in _pipes(world, self.link, self.direction):
            pipe.drop_off(world.now)
        tell_link(world, self.link, f"drop off ({self.direction})")


@operation
@dataclass(slots=True)
class LinkScenario(Operation):
    """Make a link as a scenario has it: everything before is taken away, and all of these are set, or nothing is."""

    goes = Goes.EVERYWHERE
    link: str = "lan"
    name: str = ""
    out: dict[str, str] = field(default_factory=dict)
    inward: dict[str, str] = field(default_factory=dict)
    nat: dict[str, str] = field(default_factory=dict)
    """All settings of a NAT; empty if there is none."""

    def apply(self, world: World) -> None:
        """Try it on a pipe that leads nowhere, then set it."""
        from aether.link.impairments import Pipe

        ways = [(self.out, _pipes(world, self.link, "out")[0]), (self.inward, _pipes(world, self.link, "in")[0])]
        for settings, _ in ways:
            trial = Pipe(0, "trial", "out")
            for name, value in settings.items():
                try:
                    trial.set(name, value)
                except QuantityError as problem:
                    raise OperationError(f"{name}: {problem}") from None
        if self.nat:
            BoxNat(self.link, self.nat).apply(world)
        else:
            take_away(world, link_named(world, self.link))
        for settings, pipe in ways:
            pipe.clear_all(world.now)
            for name, value in settings.items():
                pipe.set(name, value, world.now)
        tell_link(world, self.link, f"scenario {self.name}")


@operation
@dataclass(slots=True)
class LinkClear(Operation):
    """Take all impairments away, and with those of both directions the box in the middle."""

    goes = Goes.EVERYWHERE
    link: str = "lan"
    direction: str = "both"

    def apply(self, world: World) -> None:
        """Clear every direction meant."""
        for pipe in _pipes(world, self.link, self.direction):
            pipe.clear_all(world.now)
        if self.direction == "both":
            take_away(world, link_named(world, self.link))
        tell_link(world, self.link, f"clear ({self.direction})")


@operation
@dataclass(slots=True)
class TapePlay(Operation):
    """Let frames of a recorded run come into a link from the world outside, when they came then."""

    goes = Goes.FIRST
    link: str = "lan"
    data: bytes = b""
    """The frames with their times, as `aether.link.tape.pack` writes them."""
    expected: bytes = b""
    """What left in the recorded run, as `aether.link.tape.sums` writes it."""

    def apply(self, world: World) -> None:
        """Put them into the queue."""
        end = world.links[self.link].right if self.link in world.links else None
        if end is None or end.host is not None:
            raise OperationError(f"link {self.link!r} does not lead into the world outside")
        try:
            arrivals = unpack(self.data)
        except ValueError as problem:
            raise OperationError(str(problem)) from None
        end.tape = Tape(end, arrivals, self.expected)
