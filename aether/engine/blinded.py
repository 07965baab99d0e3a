"""A core that shows one end of its world alone: everything else is hidden, or refused with a reason.

It stands in the place of the core, so whoever asks, follows events, steps or breaks sees no more than a person at that
end. The core itself goes on behind it, as `whole`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from aether.engine.core import Core, CoreStatus, Hit
from aether.engine.loop import Loop, StepResult
from aether.engine.ring import EventRing
from aether.events import Event
from aether.operations.base import Operation
from aether.operations.frames import SendFrame
from aether.seen import Eyes, Seen, hidden, may
from aether.world import World

T = TypeVar("T")
FARTHEST = 20_000
"""Occurrences elsewhere that one step passes over at the most."""


class _Eyes(Eyes):
    """Eyes for several threads."""

    def __init__(self, since: int) -> None:
        super().__init__(since)
        self._lock = threading.Lock()

    def see(self, events: Iterable[Event]) -> list[Event]:
        """Return what of some events can be seen."""
        with self._lock:
            return super().see(events)


class BlindedRing(EventRing):
    """A ring of which only those events can be read that can be seen."""

    def __init__(self, ring: EventRing, eyes: Eyes) -> None:
        self._ring = ring
        self._eyes = eyes
        self._read = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ring, name)

    def __len__(self) -> int:
        return len(self._ring)

    @property
    def lost(self) -> int:
        """How many events were pushed out."""
        return self._ring.lost

    def catch_up(self) -> None:
        """See what nobody has read yet: numbers are given in order."""
        events, _ = self._ring.since(self._read)
        if events:
            self._read = max(self._read, events[-1].serial)
            self._eyes.see(events)

    def since(self, serial: int, limit: int = 1 << 30) -> tuple[list[Event], int]:
        """Return the events after `serial` that can be seen: `limit` or a few more, and how many were lost."""
        self.catch_up()
        found: list[Event] = []
        missed = 0
        while len(found) < limit:
            events, lost = self._ring.since(serial, limit)
            missed += lost
            if not events:
                break
            serial = events[-1].serial
            found += self._eyes.see(events)
        return found, missed


class Blinded(Core):
    """A core as a person at one end sees it."""

    def __init__(self, whole: Core, since: int, past: Iterable[Event] = ()) -> None:
        """`since` is the occurrence after which anything can be seen; `past` are events that the ring has not."""
        self._whole = whole
        self.eyes = _Eyes(since)
        self.eyes.see(past)
        self.ring: BlindedRing = BlindedRing(whole.ring, self.eyes)

    @property
    def whole(self) -> Core:
        """The core behind it."""
        return self._whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    def stop(self) -> None:
        """Stop the core behind it."""
        self._whole.stop()

    def see(self, events: Iterable[Event]) -> list[Event]:
        """Return what of some events can be seen."""
        self.ring.catch_up()
        return self.eyes.see(events)

    def ask(self, query: Callable[[World], T]) -> T:
        """Return what `query` reads of the end that can be seen."""
        return self._whole.ask(lambda world: query(_seen(world)))

    def do(self, operation: Operation) -> Any:
        """Carry out an operation that a person at that end can do."""
        if not may(operation):
            raise hidden(f"{type(operation).__name__}: what is beyond your own end, and the switches of your stack,")
        result = self._whole.do(operation)
        if isinstance(operation, SendFrame):
            self.ring.catch_up()
            return self.eyes.numbers.get(result, result)
        return result

    def wait(self, query: Callable[[World], bool], world_us: int) -> bool:
        """Wait until something is true of the end that can be seen."""
        return self._whole.wait(lambda world: query(_seen(world)), world_us)

    def step(self, count: int = 1) -> list[StepResult]:
        """Go on to the next occurrences that can be seen."""
        found: list[StepResult] = []

        def visible(events: list[Event], world: World) -> bool:
            if events:
                found.append(StepResult(world.occurrence, world.now, events))
            return bool(events)

        while len(found) < count and self.step_until(visible, FARTHEST)[0]:
            pass
        return found

    def step_until(self, test: Hit, limit: int) -> tuple[bool, int]:
        """Step until `test` is true of what can be seen of an occurrence."""
        self.ring.catch_up()
        return self._whole.step_until(self._blinded(test), limit)

    def run_until(self, test: Hit, world_us: int) -> bool:
        """Let time go on until `test` is true of what can be seen of an occurrence."""
        self.ring.catch_up()
        return self._whole.run_until(self._blinded(test), world_us)

    def set_breakpoint(self, hit: Hit | None) -> None:
        """Ask `hit` about what can be seen of every occurrence."""
        self.ring.catch_up()
        self._whole.set_breakpoint(self._blinded(hit) if hit is not None else None)

    def set_mode(self, mode: str) -> None:
        """Refuse benchmark mode, which has no events."""
        if mode != "trace":
            raise hidden("what benchmark mode measures")
        self._whole.set_mode(mode)

    def go_to(self, occurrence: int, before: Callable[[World], object] | None = None) -> None:
        """Look at an earlier moment, though not at one before anything could be seen."""
        if occurrence < self.eyes.since:
            raise hidden(f"what was before ev {self.eyes.since}")
        self._whole.go_to(occurrence, None if before is None else lambda world: before(_seen(world)))

    def events(self) -> list[Event]:
        """Return the latest events that can be seen."""
        return self.see(self._whole.events())

    def events_of(self, occurrence: int) -> list[Event]:
        """Return the events of one occurrence that can be seen."""
        return self.see(self._whole.events_of(occurrence))

    def with_loop(self, what: Callable[[Loop], T]) -> T:
        """Refuse: the loop has everything."""
        raise hidden("the run as a whole, with what was done to it before,")

    def status(self) -> CoreStatus:
        """Return how the core is, counted at the end that can be seen."""
        found = self._whole.status()
        self.ring.catch_up()
        return replace(
            found, frames=len(self.eyes.numbers), inputs=0, history_from=max(found.history_from, self.eyes.since),
            drops=self.ask(lambda world: sum(world.hosts[self.eyes.host].drops.values())))

    def _blinded(self, hit: Hit) -> Hit:
        return lambda events, world: hit(self.eyes.see(events), _seen(world))


def _seen(world: World) -> World:
    return Seen(world)  # type: ignore[return-value]
