"""The queue of what happens next: timers as data, and frames on their way.

An entry is ``(deadline, sequence, owner, data)``. A timer's entry carries no data: its
owner says when it wants to be woken, and keeps at most one live entry in the queue. So
moving a deadline back (which TCP does on every acknowledgement) costs three assignments, and
an idle connection costs nothing at all.
"""

from heapq import heapify, heappop, heappush
from typing import Any, ClassVar, Protocol

NEVER = 1 << 62
"""The deadline of a timer that is not running, in microseconds."""

Entry = tuple[int, int, Any, Any]


class Waiting(Protocol):
    """What the queue needs of whoever has timers: the fields of `Sleeper`, which most inherit."""

    queued_at: int
    queued_order: int
    wake_at: int
    wake_order: int

    def wake(self, now: int) -> None:
        """Handle the one timer that is due, and say through `Queue.wake` when the next one is."""

    def __lt__(self, other: Any) -> bool:
        """Entries of the same deadline and order are of one who was succeeded and of the successor."""


class Sleeper:
    """Whoever has timers: a connection, a cache, an application.

    When an entry in the queue is found to be out of date depends on who looked and when, so what
    says where that entry stands is no part of the state that is hashed.
    """

    __slots__ = ("queued_at", "queued_order", "wake_at", "wake_order")
    UNHASHED: ClassVar[tuple[str, ...]] = ("queued_at", "queued_order")

    def __init__(self) -> None:
        self.wake_at = NEVER
        """When it wants to be woken, in microseconds of world time; NEVER if not at all."""
        self.wake_order = 0
        """Which comes first among equal deadlines: the one that was set first."""
        self.queued_at = NEVER
        """The deadline of its entry in the queue; NEVER if there is none."""
        self.queued_order = 0

    def __lt__(self, other: object) -> bool:
        """Only the entry of one that was succeeded equals another: it is out of date, and either may come first."""
        return False

    def wake(self, now: int) -> None:
        """Handle the one timer that is due, and say through `Queue.wake` when the next one is."""
        raise NotImplementedError


class Queue:
    """A heap of deadlines; equal ones come out in the order in which they were set."""

    __slots__ = ("heap", "sequence")

    def __init__(self) -> None:
        self.heap: list[Entry] = []
        self.sequence = 0

    def wake(self, owner: Waiting, deadline: int) -> None:
        """Wake `owner` at `deadline` (microseconds of world time, or NEVER) instead of before."""
        if deadline == owner.wake_at:
            return
        owner.wake_at = deadline
        self.sequence += 1
        owner.wake_order = self.sequence
        if deadline < owner.queued_at:
            self._enter(owner)

    def succeed(self, old: Waiting, new: Waiting) -> None:
        """Let `new` wait in the place of `old`, in the same order."""
        new.wake_at, new.wake_order = old.wake_at, old.wake_order
        old.wake_at = NEVER
        if new.wake_at < NEVER:
            self._enter(new)

    def _enter(self, owner: Waiting) -> None:
        owner.queued_at, owner.queued_order = owner.wake_at, owner.wake_order
        heappush(self.heap, (owner.wake_at, owner.wake_order, owner, None))

    def deliver(self, owner: object, deadline: int, data: tuple[Any, ...]) -> None:
        """Hand `data` to `owner.deliver(data)` at `deadline`."""
        self.sequence += 1
        heappush(self.heap, (deadline, self.sequence, owner, data))

    def next(self) -> Entry | None:
        """Return the entry that is due next, without taking it; None if there is none."""
        heap = self.heap
        while heap:
            entry = heap[0]
            _, order, owner, data = entry
            if data is not None or (order == owner.wake_order and owner.wake_at < NEVER):
                return entry
            heappop(heap)
            if order == owner.queued_order:
                owner.queued_at = NEVER
                if owner.wake_at < NEVER:
                    self._enter(owner)
        return None

    def due(self, now: int) -> bool:
        """Tell whether an entry is due by `now`."""
        heap = self.heap
        if not heap or heap[0][0] > now:
            return False
        entry = self.next()
        return entry is not None and entry[0] <= now

    def pop(self) -> None:
        """Take the entry that `next` returned."""
        _, _, owner, data = heappop(self.heap)
        if data is None:
            owner.queued_at = owner.wake_at = NEVER

    def tidy(self) -> None:
        """Let go of entries that are out of date, and with them of owners that nobody else knows any more."""
        heap, self.heap = self.heap, []
        for entry in heap:
            _, order, owner, data = entry
            if data is not None or (order == owner.wake_order and owner.wake_at < NEVER):
                self.heap.append(entry)
            elif order == owner.queued_order:
                owner.queued_at = NEVER
        for entry in heap:
            owner = entry[2]
            if entry[3] is None and owner.wake_at < owner.queued_at:
                owner.queued_at, owner.queued_order = owner.wake_at, owner.wake_order
                self.heap.append((owner.wake_at, owner.wake_order, owner, None))
        heapify(self.heap)

    def canonical(self) -> list[Any]:
        """Return what waits, in the order in which it will come: what `statehash` looks at."""
        entries: dict[int, Entry] = {}
        for deadline, order, owner, data in self.heap:
            if data is not None:
                entries[order] = (deadline, order, owner, data)
            elif owner.wake_at < NEVER:
                entries[owner.wake_order] = (owner.wake_at, owner.wake_order, owner, None)
        return [self.sequence, *sorted(entries.values(), key=_when)]


def _when(entry: Entry) -> tuple[int, int]:
    return entry[:2]
