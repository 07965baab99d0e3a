"""What every layer asks of the host that it lives in: the time, knobs, timers, counters, who looks on, randomness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aether.knobs import Knobs, Value
from aether.streams import Stream

if TYPE_CHECKING:
    from aether.events import Observer
    from aether.timers import Queue


class Setting(Protocol):
    """What a host takes from the world that it lives in."""

    seed: int
    now: int
    queue: Queue
    stride: int
    """How many workers are one host: more than 1 where others answer for it too."""


class Surroundings:
    """The part of a host that belongs to no layer. Layers keep it as `host`, and change nothing else of it."""

    world: Setting
    queue: Queue

    def __init__(self, name: str, knobs: Knobs | None = None) -> None:
        self.name = name
        self.now = 0
        """World time in microseconds, as of the occurrence that this host took part in last."""
        self.knobs = knobs or Knobs()
        self.drops: dict[str, int] = {}
        """How often each reason of `events.DROPS` discarded something."""
        self.counters: dict[str, int] = {}
        """How often each of `counters.COUNTERS` was counted; those that never were are missing."""
        self.observer: Observer | None = None
        self.short_cuts = False
        """Whether short connections may go by the shortest way; see `World.allow_short_cuts`."""
        self.supersegments = 0
        """Bytes of payload, of several segments, that may leave in one frame, to be cut up at the device; 0: none."""

    def changes(self) -> None:
        """What others predict from is about to change: a knob, who listens, an address, a route, an MTU.

        Every change of one of these says so here, before it is made: what was predicted is made whole under what it
        was agreed under, for which a number that is compared later would come too late.
        """

    def turn(self, attribute: str, value: Value) -> None:
        """Give a knob a value: no knob of a host changes in any other way."""
        self.changes()
        setattr(self.knobs, attribute, value)

    def stream(self, *names: str) -> Stream:
        """Return a stream of randomness for one consumer at this host."""
        return Stream(self.world.seed, self.name, *names)

    def drop(self, reason: str, conn: int = 0, detail: str = "") -> None:
        """Count, and report, that something received was discarded, and why."""
        self.drops[reason] = self.drops.get(reason, 0) + 1
        if self.observer is not None:
            self.observer(self.name, "drop", reason, conn, detail)

    def count(self, counter: str, amount: int = 1) -> None:
        """Add to one of this host's counters."""
        self.counters[counter] = self.counters.get(counter, 0) + amount
