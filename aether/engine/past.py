"""Looking at the past: a world of its own, brought to any occurrence by snapshot and replay.

The present stands still meanwhile. Nothing can be changed in the past; `fork` makes a new present of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

from aether.engine.history import History
from aether.engine.log import Input, replay
from aether.engine.recorder import EventRecorder
from aether.engine.ring import EventRing
from aether.engine.work import Work
from aether.events import Event
from aether.operations.base import OperationError
from aether.world import World

WINDOW = 1000
"""Events of so many occurrences before the one that is shown are made anew when they are asked for."""


class Past:
    """A view of the past of one history."""

    def __init__(self, history: History, present: World) -> None:
        self.history = history
        self.present = present
        self.world = present
        """The world as it was at `occurrence`."""
        self.latest: list[Event] = []
        """What happened in the occurrence that is shown."""
        self._window: list[Event] = []
        self._window_ends = -1

    @property
    def occurrence(self) -> int:
        """Where we stand."""
        return self.world.occurrence

    def go(
        self, occurrence: int, before: Callable[[World], object] | None = None, work: Work | None = None,
    ) -> None:
        """Go to the end of an occurrence; OperationError if that is out of reach. Interrupted, it stays where it is.

        `before` is asked about the world as it was before that occurrence, if there is such a thing.
        """
        first, last = self.history.first, self.present.occurrence
        if occurrence < first and first > 0:
            raise OperationError(f"history starts at ev {first}, so ev {occurrence} is out of reach")
        if not first <= occurrence <= last:
            raise OperationError(f"occurrence must be from {first} to {last}, not {occurrence}")
        world = self.history.world_at(max(occurrence - 1, first), work)
        self.world, self.latest = world, []
        if occurrence == first:
            return
        if before is not None:
            before(self.world)
        self.step()

    def step(self) -> list[Event]:
        """Go one occurrence on, and return its events; the world must not be the present one."""
        world, at = self.world, self.world.occurrence
        self.latest = self._record(world, self._inputs_from(at), at + 1)
        return self.latest

    def recent(self, work: Work | None = None) -> list[Event]:
        """Return the events of the latest occurrences up to this one, made anew."""
        if self._window_ends != self.occurrence:
            self._window = self.events(self.occurrence - WINDOW + 1, self.occurrence, work)
            self._window_ends = self.occurrence
        return self._window

    def events(self, first: int, last: int, work: Work | None = None) -> list[Event]:
        """Make the events of occurrences `first` to `last` anew, by replay; of those that are in reach."""
        world = self.history.world_at(max(first - 1, self.history.first), work)
        if work is not None:
            work.plan(last - world.occurrence)
        return self._record(world, self._inputs_from(world.occurrence), last, work)

    def _record(self, world: World, inputs: list[Input], until: int, work: Work | None = None) -> list[Event]:
        return record(world, inputs, until, EventRing(), work)

    def _inputs_from(self, occurrence: int) -> list[Input]:
        return inputs_from(self.history, occurrence)


class Scan:
    """Goes through a run once more from the beginning of its history, and makes its events anew, in order."""

    def __init__(self, history: History, until: int) -> None:
        self.history = history
        self.until = until
        """The last occurrence."""
        self.world = history.world_at(history.first)
        self.ring = EventRing()

    def more(self, occurrences: int, work: Work | None = None) -> list[Event] | None:
        """Return the events of so many occurrences more; None at the end."""
        at = self.world.occurrence
        if at >= self.until:
            return None
        self.ring.clear()
        return record(self.world, inputs_from(self.history, at), min(at + occurrences, self.until), self.ring,
                      work)


def record(
    world: World, inputs: list[Input], until: int, ring: EventRing, work: Work | None = None,
) -> list[Event]:
    """Replay a world up to the end of occurrence `until`, and return what happened, as far as `ring` holds it."""
    world.observe(EventRecorder(world, ring))
    replay(world, inputs, until, work)
    world.observe(None)
    return ring.since(0)[0]


def inputs_from(history: History, occurrence: int) -> list[Input]:
    """Return the inputs that come after the end of an occurrence."""
    inputs = history.log.inputs
    return inputs[bisect_left(inputs, occurrence, key=_occurrence):]


def _occurrence(entry: Input) -> int:
    return entry.occurrence
