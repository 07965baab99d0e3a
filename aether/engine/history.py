"""The way back: snapshots at intervals, and the input log to get from one to any occurrence after it.

Payload lives in immutable `bytes` that snapshots share, so a snapshot costs what has changed
around it. They are dense near the present and thin out towards the past, under a byte budget.
"""

from __future__ import annotations

import io
import pickle
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any, NamedTuple

from aether.engine.log import Input, InputLog, replay
from aether.world import World

REPLAY_BUDGET_NS = 40_000_000
"""A snapshot is worth it when replaying from the last one would take this long."""
COST_SHARE = 0.15
"""What taking snapshots may cost, as a share of the time that the world itself takes."""
SHARED = 256
"""`bytes` from this length on are shared between snapshots instead of copied."""
BYTE_BUDGET = 64 << 20


class Snapshot(NamedTuple):
    """A world at the end of an occurrence."""

    occurrence: int
    inputs: int
    """How many inputs of the log it has seen."""
    data: bytes
    chunks: tuple[bytes, ...]

    def load(self) -> World:
        """Return the world."""
        world = _Unpickler(io.BytesIO(self.data), self.chunks).load()
        assert isinstance(world, World)
        return world


class _Pickler(pickle.Pickler):
    """Leaves long `bytes` out, and lists them instead."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=5)
        self.chunks: list[bytes] = []
        self.index: dict[int, int] = {}

    def persistent_id(self, obj: Any) -> int | None:
        if type(obj) is not bytes or len(obj) < SHARED:
            return None
        index = self.index.setdefault(id(obj), len(self.chunks))
        if index == len(self.chunks):
            self.chunks.append(obj)
        return index


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, chunks: tuple[bytes, ...]) -> None:
        super().__init__(file)
        self.chunks = chunks

    def persistent_load(self, pid: int) -> bytes:
        return self.chunks[pid]


def take(world: World, inputs: int) -> Snapshot:
    """Return a snapshot of a world that has seen so many inputs."""
    file = io.BytesIO()
    pickler = _Pickler(file)
    pickler.dump(world)
    return Snapshot(world.occurrence, inputs, file.getvalue(), tuple(pickler.chunks))


class History:
    """Snapshots of one run, and its log."""

    def __init__(self, world: World, log: InputLog, clock: Callable[[], int]) -> None:
        """`clock` returns nanoseconds; it decides when snapshots are taken, never what is in them."""
        self.log = log
        self.clock = clock
        self.snapshots = [take(world, len(log.inputs))]
        self.since = 0
        """Nanoseconds of work since the last snapshot."""
        self.worked = 0
        self.spent = 0
        self.last = 0
        """What the last snapshot cost: the next one has to wait until it is a small share again."""

    @property
    def first(self) -> int:
        """The earliest occurrence that one can go back to."""
        return self.snapshots[0].occurrence

    def worked_for(self, world: World, nanoseconds: int) -> None:
        """Count work, and take a snapshot when it is worth it."""
        self.since += nanoseconds
        self.worked += nanoseconds
        dear = self.spent > COST_SHARE * self.worked or self.last > COST_SHARE * self.since
        if dear or self.since < REPLAY_BUDGET_NS:
            return
        began = self.clock()
        self.snapshots.append(take(world, len(self.log.inputs)))
        self.last = self.clock() - began
        self.spent += self.last
        self.since = 0
        self._thin()

    def _thin(self) -> None:
        """Drop the snapshot whose neighbours are closest, measured against its age, until the budget is kept."""
        while len(self.snapshots) > 3 and self.size() > BYTE_BUDGET:
            newest = self.snapshots[-1].occurrence
            worth = [
                (self.snapshots[i + 1].occurrence - self.snapshots[i - 1].occurrence)
                / (newest - self.snapshots[i].occurrence + 1)
                for i in range(1, len(self.snapshots) - 1)
            ]
            del self.snapshots[1 + worth.index(min(worth))]

    def size(self) -> int:
        """Return how many bytes the snapshots hold, shared payload counted once."""
        shared = {id(chunk): len(chunk) for snapshot in self.snapshots for chunk in snapshot.chunks}
        return sum(len(snapshot.data) for snapshot in self.snapshots) + sum(shared.values())

    def world_at(self, occurrence: int) -> World:
        """Return a world of its own, as it was at the end of an occurrence; ValueError if that is out of reach."""
        if occurrence < self.first:
            raise ValueError(f"history starts at ev {self.first}")
        index = bisect_right([snapshot.occurrence for snapshot in self.snapshots], occurrence) - 1
        snapshot = self.snapshots[index]
        return replay(snapshot.load(), self.log.inputs[snapshot.inputs:], occurrence)

    def inputs_before(self, occurrence: int) -> list[Input]:
        """Return the inputs that a world at the end of `occurrence` has seen."""
        return self.log.inputs[:bisect_left(self.log.inputs, occurrence, key=_occurrence)]


def _occurrence(entry: Input) -> int:
    return entry.occurrence
