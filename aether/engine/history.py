"""The way back: snapshots at intervals, and the input log to get from one to any occurrence after it.

Payload lives in immutable `bytes` that snapshots share, so a snapshot costs what has changed
around it. They are dense near the present and around the place that was visited last, and thin
out towards the past, under a byte budget. Where the budget cannot hold what is needed to get
there in time, as with a thousand busy connections, the beginning is given up: history then
starts later.
"""

from __future__ import annotations

import io
import pickle
from bisect import bisect_left
from collections.abc import Callable
from typing import Any, NamedTuple

from aether.engine.log import Input, InputLog, replay
from aether.engine.work import Work
from aether.world import World

REPLAY_BUDGET_NS = 40_000_000
"""A snapshot is worth it when replaying from the last one would take this long."""
COST_SHARE = 0.15
"""What taking snapshots may cost, as a share of the time that the world itself takes."""
SHARED = 256
"""`bytes` from this length on are shared between snapshots instead of copied."""
BYTE_BUDGET = 56 << 20
"""What all snapshots may hold; the last two are kept whatever they hold."""
MOST_INPUTS = 1_000_000
"""Inputs that a log may have: about 250 MB, a minute of what trace mode takes under load. Then history begins later."""
LONGEST_REPLAY_NS = 10_000_000_000
"""Nobody should wait longer than that for a moment of the past: before it, history is given up."""
APPROACHES = (4096, 1024, 64)
"""So many occurrences before a place that is visited, snapshots are laid: one seldom goes back only once."""
NEAR_KEPT = 6
NEAR_LARGEST = 12 << 20
"""Larger worlds take too long to lay snapshots of on the way, in bytes."""


class Snapshot(NamedTuple):
    """A world at the end of an occurrence, or some time after it."""

    occurrence: int
    inputs: int
    """How many inputs of the log it has seen."""
    data: bytes
    chunks: tuple[bytes, ...]
    worked: int = 0
    """How many nanoseconds of work lie before it."""

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


def take(world: World, inputs: int, worked: int = 0) -> Snapshot:
    """Return a snapshot of a world that has seen so many inputs."""
    world.queue.tidy()  # else what has ended would be kept with it for as long as its last timer would have run
    file = io.BytesIO()
    pickler = _Pickler(file)
    pickler.dump(world)
    return Snapshot(world.occurrence, inputs, file.getvalue(), tuple(pickler.chunks), worked)


class Holding:
    """Snapshots, and how many bytes they hold together: payload that several share counts once."""

    def __init__(self) -> None:
        self.items: list[Snapshot] = []
        self.bytes = 0
        self._users: dict[int, int] = {}
        """How many snapshots hold a chunk, by its identity."""

    def add(self, snapshot: Snapshot) -> None:
        """Keep one more."""
        self.items.append(snapshot)
        self.bytes += len(snapshot.data)
        users = self._users
        for chunk in snapshot.chunks:
            known = users.get(id(chunk), 0)
            users[id(chunk)] = known + 1
            if not known:
                self.bytes += len(chunk)

    def remove(self, index: int) -> None:
        """Let one go."""
        snapshot = self.items.pop(index)
        self.bytes -= len(snapshot.data)
        users = self._users
        for chunk in snapshot.chunks:
            users[id(chunk)] -= 1
            if not users[id(chunk)]:
                del users[id(chunk)]
                self.bytes -= len(chunk)

    def before(self, occurrence: int) -> Snapshot | None:
        """Return the latest that was taken before an occurrence.

        One that was taken at it may have seen more than it: time that passed afterwards, or a frame that waits.
        """
        found = [one for one in self.items if one.occurrence < occurrence]
        return max(found, key=_occurrence) if found else None


class History:
    """Snapshots of one run, and its log."""

    def __init__(self, world: World, log: InputLog, clock: Callable[[], int]) -> None:
        """`clock` returns nanoseconds; it decides when snapshots are taken, never what is in them."""
        self.log = log
        self.clock = clock
        self.kept = Holding()
        began = clock()
        self.kept.add(take(world, log.count()))
        self.last = clock() - began
        """What the last snapshot cost: the next one has to wait until it is a small share again."""
        self.near = Holding()
        """Laid on the way to places that were visited."""
        self.since = 0
        """Nanoseconds of work since the last snapshot."""
        self.worked = 0
        self.spent = 0
        self.taken = 0
        """How many snapshots were taken while the run went on ..."""
        self.replayed = 0
        """... and how many occurrences were repeated for visits to the past."""

    @property
    def snapshots(self) -> list[Snapshot]:
        """Those that were taken while the run went on, the oldest first."""
        return self.kept.items

    @property
    def first(self) -> int:
        """The earliest occurrence that one can go back to: that of the beginning, or the first after a snapshot."""
        earliest = self.kept.items[0]
        return earliest.occurrence + (earliest.worked > 0)

    def worked_for(self, world: World, nanoseconds: int) -> None:
        """Count work, and take a snapshot when it is worth it."""
        self.since += nanoseconds
        self.worked += nanoseconds
        dear = self.spent > COST_SHARE * self.worked or self.last > COST_SHARE * self.since
        if dear or self.since < REPLAY_BUDGET_NS:
            return
        began = self.clock()
        self.kept.add(take(world, self.log.count(), self.worked))
        self.taken += 1
        self._thin()
        self.last = self.clock() - began
        self.spent += self.last
        self.since = 0

    def adopt(self, snapshots: list[Snapshot]) -> None:
        """Take over the snapshots of a run of which this one is the continuation."""
        self.kept = Holding()
        for snapshot in snapshots:
            self.kept.add(snapshot)
        self.worked = snapshots[-1].worked

    def _thin(self) -> None:
        """Keep within the budget, and let nobody wait too long for any moment: rather give up the earliest."""
        items = self.kept.items
        while self.near.items and self.size() > BYTE_BUDGET:
            self.near.remove(0)
        while len(items) > 2 and self.size() > BYTE_BUDGET:
            least = self._least()
            far = items[least + 1].worked - items[least - 1].worked > LONGEST_REPLAY_NS
            self.kept.remove(0 if far else least)
        while len(items) > 1 and items[1].worked - items[0].worked > LONGEST_REPLAY_NS:
            self.kept.remove(0)
        if len(self.log.inputs) > MOST_INPUTS:
            self._give_up_the_beginning()

    def _give_up_the_beginning(self) -> None:
        """Let half of the inputs go, as far as snapshots allow, and whatever began before them."""
        items, log = self.kept.items, self.log
        while len(items) > 1 and items[0].inputs < log.count() - MOST_INPUTS // 2:
            self.kept.remove(0)
        log.forget(items[0].inputs, self.first)
        while self.near.items:
            self.near.remove(0)

    def _least(self) -> int:
        """Return which snapshot is worth the least: its neighbours are closest, measured against its age."""
        items = self.kept.items
        newest = items[-1].occurrence
        worth = [
            (items[i + 1].occurrence - items[i - 1].occurrence) / (newest - items[i].occurrence + 1)
            for i in range(1, len(items) - 1)
        ]
        return 1 + worth.index(min(worth))

    def size(self) -> int:
        """Return how many bytes the snapshots hold, at the most."""
        return self.kept.bytes + self.near.bytes

    def world_at(self, occurrence: int, work: Work | None = None) -> World:
        """Return a world of its own, as it was at the end of an occurrence; ValueError if that is out of reach.

        `work` is told of each occurrence that has to be repeated.
        """
        if occurrence < self.first:
            raise ValueError(f"history starts at ev {self.first}")
        start = self.kept.before(occurrence)
        if start is None:
            return self.kept.items[0].load()
        near = self.near.before(occurrence)
        if near is not None and near.occurrence > start.occurrence:
            start = near
        world, inputs = start.load(), start.inputs
        if work is not None:
            work.plan(occurrence - world.occurrence)
        lays = len(start.data) + sum(map(len, start.chunks)) <= NEAR_LARGEST
        for distance in APPROACHES:
            if lays and occurrence - world.occurrence > 2 * distance:
                self._replay(world, inputs, occurrence - distance, work)
                inputs = self.log.forgotten + bisect_left(self.log.inputs, world.occurrence, key=_occurrence)
                self._lay(world, inputs)
        return self._replay(world, inputs, occurrence, work)

    def _lay(self, world: World, inputs: int) -> None:
        """Keep a snapshot of a world on its way through the past."""
        self.near.add(take(world, inputs))
        while len(self.near.items) > NEAR_KEPT or (len(self.near.items) > 1 and self.size() > BYTE_BUDGET):
            self.near.remove(0)

    def _replay(self, world: World, inputs: int, occurrence: int, work: Work | None) -> World:
        self.replayed += occurrence - world.occurrence
        return replay(world, self.log.after(inputs), occurrence, work)

    def inputs_before(self, occurrence: int) -> list[Input]:
        """Return the inputs that a world at the end of `occurrence` has seen."""
        return self.log.inputs[:bisect_left(self.log.inputs, occurrence, key=_occurrence)]


def _occurrence(entry: Input | Snapshot) -> int:
    return entry.occurrence
