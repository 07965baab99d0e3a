"""Switches, one or all of a profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether import knobs
from aether.operations.base import Goes, Operation, OperationError, host_named, operation

if TYPE_CHECKING:
    from aether.host import Host
    from aether.world import World


def _turn(host: Host, knob: knobs.Knob, value: knobs.Value) -> None:
    """Turn a knob of a host, and tell that; nothing is told of one that stands there already."""
    old = getattr(host.knobs, knob.attribute)
    if old == value:
        return
    host.turn(knob.attribute, value)
    if host.observer is not None:
        host.observer(host.name, "knob", knob.name, knobs.show(knob, old), knobs.show(knob, value))


@operation
@dataclass(slots=True)
class KnobSet(Operation):
    """Turn a knob; the result is the old and the new value, as a person writes them."""

    goes = Goes.EVERYWHERE
    host: str = "you"
    name: str = ""
    value: str = ""

    def apply(self, world: World) -> tuple[str, str]:
        """Set it at once: for what exists where that makes sense, else for what comes."""
        host = host_named(world, self.host)
        try:
            knob = knobs.find(self.name)
            value = knobs.parse(knob, self.value)
        except knobs.KnobError as problem:
            raise OperationError(str(problem)) from None
        old = getattr(host.knobs, knob.attribute)
        _turn(host, knob, value)
        return knobs.show(knob, old), knobs.show(knob, value)


@operation
@dataclass(slots=True)
class ProfileSet(Operation):
    """Turn all knobs as a profile has them; the result is the names of those that changed."""

    goes = Goes.EVERYWHERE
    host: str = "you"
    name: str = "modern"

    def apply(self, world: World) -> list[str]:
        """Set the knobs in place: connections hold on to the same object."""
        host = host_named(world, self.host)
        try:
            wanted = knobs.profile(self.name)
        except knobs.KnobError as problem:
            raise OperationError(str(problem)) from None
        changed = []
        for knob in knobs.KNOBS.values():
            value = getattr(wanted, knob.attribute)
            if getattr(host.knobs, knob.attribute) != value:
                _turn(host, knob, value)
                changed.append(knob.name)
        return changed
