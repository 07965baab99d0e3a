"""The queue of what happens next: timers as data, and frames on their way.

An entry is ``(deadline, sequence, owner, data)``. A timer's entry carries no data: its
owner says when it wants to be woken, and keeps at most one valid entry in the queue. So
moving a deadline back (which TCP does on every acknowledgement) costs one assignment, and
an idle connection costs nothing at all.
"""

from heapq import heappop, heappush
from typing import Any, Protocol

NEVER = 1 << 62
"""The deadline of a timer that is not running, in microseconds."""

Entry = tuple[int, int, Any, Any]


class Sleeper(Protocol):
    """Whoever has timers: a connection, a cache, an application."""

    wake_at: int
    """When it wants to be woken, in microseconds of world time; NEVER if not at all."""
    queued_at: int
    """The deadline of its valid entry in the queue; NEVER if there is none."""

    def wake(self, now: int) -> None:
        """Handle the one timer that is due, and set `wake_at` through `Queue.wake` again."""


class Queue:
    """A heap of deadlines; equal ones come out in the order in which they went in."""

    __slots__ = ("heap", "sequence")

    def __init__(self) -> None:
        self.heap: list[Entry] = []
        self.sequence = 0

    def wake(self, owner: Sleeper, deadline: int) -> None:
        """Wake `owner` at `deadline` (microseconds of world time, or NEVER) instead of before."""
        owner.wake_at = deadline
        if deadline < owner.queued_at:
            owner.queued_at = deadline
            self.sequence += 1
            heappush(self.heap, (deadline, self.sequence, owner, None))

    def deliver(self, owner: object, deadline: int, data: tuple[Any, ...]) -> None:
        """Hand `data` to `owner.deliver(data)` at `deadline`."""
        self.sequence += 1
        heappush(self.heap, (deadline, self.sequence, owner, data))

    def next(self) -> Entry | None:
        """Return the entry that is due next, without taking it; None if there is none."""
        heap = self.heap
        while heap:
            entry = heap[0]
            deadline, _, owner, data = entry
            if data is not None:
                return entry
            if owner.queued_at == deadline:
                if owner.wake_at == deadline:
                    return entry
                owner.queued_at = NEVER
                heappop(heap)
                if owner.wake_at < NEVER:
                    self.wake(owner, owner.wake_at)
            else:
                heappop(heap)
        return None

    def pop(self) -> None:
        """Take the entry that `next` returned."""
        _, _, owner, data = heappop(self.heap)
        if data is None:
            owner.queued_at = owner.wake_at = NEVER
