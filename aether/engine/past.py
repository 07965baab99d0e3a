"""Looking at the past: a world of its own, brought to any occurrence by snapshot and replay.

The present stands still meanwhile. Nothing can be changed in the past; `fork` makes a new present of it.
"""

from __future__ import annotations

from bisect import bisect_left

from aether.engine.history import History
from aether.engine.log import Input, replay
from aether.engine.recorder import Recorder
from aether.engine.ring import EventRing
from aether.events import Event
from aether.operations import OperationError
from aether.world import World


class Past:
    """A view of the past of one history."""

    def __init__(self, history: History, present: World) -> None:
        self.history = history
        self.present = present
        self.world = present
        """The world as it was at `occurrence`."""
        self.ring = EventRing(4096)
        """The events of the latest steps through the past."""

    @property
    def occurrence(self) -> int:
        """Where we stand."""
        return self.world.occurrence

    def go(self, occurrence: int) -> None:
        """Go to the end of an occurrence; OperationError if that is out of reach."""
        last = self.present.occurrence
        if not self.history.first <= occurrence <= last:
            raise OperationError(f"occurrence must be from {self.history.first} to {last}, not {occurrence}")
        try:
            self.world = self.history.world_at(occurrence)
        except ValueError as problem:
            raise OperationError(str(problem)) from None

    def step(self) -> list[Event]:
        """Go one occurrence on, and return its events; the world must not be the present one."""
        world, at = self.world, self.world.occurrence
        serial = self.ring.last_serial
        world.observe(Recorder(world, self.ring))
        replay(world, self._inputs_from(at), at + 1)
        world.observe(None)
        return self.ring.since(serial)[0]

    def _inputs_from(self, occurrence: int) -> list[Input]:
        inputs = self.history.log.inputs
        start = bisect_left(inputs, occurrence, key=_occurrence)
        return inputs[start:start + 4096]

    def events(self, first: int, last: int) -> list[Event]:
        """Make the events of occurrences `first` to `last` anew, by replay."""
        world = self.history.world_at(max(first - 1, self.history.first))
        ring = EventRing()
        world.observe(Recorder(world, ring))
        replay(world, self._all_inputs_from(world.occurrence), last)
        return ring.since(0)[0]

    def _all_inputs_from(self, occurrence: int) -> list[Input]:
        inputs = self.history.log.inputs
        return inputs[bisect_left(inputs, occurrence, key=_occurrence):]


def _occurrence(entry: Input) -> int:
    return entry.occurrence
