"""How the engine waits for a device: spin, then yield, then sleep. A state machine to look at.

Spinning answers fastest and burns a core; sleeping costs a system call and a wake-up of some
40 microseconds, and nothing else. How long each lasts, the knobs loop.spin and loop.yield say.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from time import monotonic_ns
from typing import NamedTuple

SPIN, YIELD, SLEEP = "spin", "yield", "sleep"


class Shares(NamedTuple):
    """Where the time went, each from 0.0 to 1.0; the rest was work."""

    spin: float
    yielding: float
    sleep: float


SECOND = 1_000_000_000
"""Nanoseconds."""


class Spent(NamedTuple):
    """How the time since the latest `reset` was spent up to a moment; all in nanoseconds of the clock, but `sleeps`."""

    until: int
    spin: int
    yielding: int
    sleep: int
    sleeps: int
    """How often it slept."""


class Backoff:
    """Decides how to wait next, and counts the time spent each way."""

    def __init__(self, clock: Callable[[], int] = monotonic_ns, give_way: Callable[[], None] = os.sched_yield) -> None:
        """`clock` returns nanoseconds; `give_way` lets other processes have the core."""
        self.clock = clock
        self.give_way = give_way
        self.waiting = False
        self.state = SPIN
        self.spin_for = self.yield_for = 0
        """Nanoseconds, from the first fruitless look on."""
        self._first = self._since = 0
        """When that was, and when the present state began."""
        self.began = clock()
        """When counting began."""
        self._before_this = (0, 0, 0, 0)
        """What was spent before the present waiting; kept where that stops spinning, which is seldom."""
        self.spent = {SPIN: 0, YIELD: 0, SLEEP: 0}
        """Nanoseconds in each state."""
        self.sleeps = 0
        """How often it slept."""
        self._marks: deque[Spent] = deque()
        """How it stood at some moments of the last second, for who asks about that."""
        self.limit(100, 50)

    def limit(self, spin: int, yielding: int) -> None:
        """Say how long to spin, and how long to yield after that, in microseconds."""
        self.spin_for, self.yield_for = spin * 1000, yielding * 1000

    def busy(self) -> None:
        """There was something to do: start again with spinning."""
        if self.waiting:
            self._account(self.clock())
            self.waiting = False

    def idle(self) -> bool:
        """There was nothing to do; yield if it is time for that, and return whether to sleep now."""
        now = self.clock()
        if not self.waiting:
            self.waiting = True
            self._first = self._since = now
            self.state = SPIN
        passed = now - self._first
        if passed < self.spin_for:
            self._become(SPIN, now)
            return False
        if passed < self.spin_for + self.yield_for:
            self._become(YIELD, now)
            self.give_way()
            return False
        self._become(SLEEP, now)
        return True

    def slept(self, nanoseconds: int) -> None:
        """Count time asleep; sleeping again comes at once until something happens."""
        self.spent[SLEEP] += nanoseconds
        self.sleeps += 1
        self._since = self.clock()

    def _become(self, state: str, now: int) -> None:
        if self.state != state:
            if self.state == SPIN:
                self._before_this = self._spent()
            self._account(now)
            self.state = state

    def _account(self, now: int) -> None:
        if self.state != SLEEP:
            self.spent[self.state] += now - self._since
        self._since = now

    def _spent(self) -> tuple[int, int, int, int]:
        return self.spent[SPIN], self.spent[YIELD], self.spent[SLEEP], self.sleeps

    def now(self) -> Spent:
        """Return how the time was spent up to now."""
        now = self.clock()
        spin, yielding, sleep, sleeps = self._spent()
        if self.waiting:
            spin += now - self._since if self.state == SPIN else 0
            yielding += now - self._since if self.state == YIELD else 0
        return Spent(now, spin, yielding, sleep, sleeps)

    def worked(self) -> Spent:
        """Return how the time was spent up to where the present waiting began, or up to now if there is work."""
        if not self.waiting:
            return self.now()
        return Spent(max(self._first, self.began), *(self._spent() if self.state == SPIN else self._before_this))

    def shares(self) -> Shares:
        """Return where the time went since the last `reset`."""
        now = self.now()
        total = max(now.until - self.began, 1)
        return Shares(*(min(spent / total, 1.0) for spent in now[1:4]))

    def lately(self) -> Shares:
        """Return where the time went in about the last second, for who asks several times a second."""
        now = self.now()
        while len(self._marks) > 1 and now.until - self._marks[1].until >= SECOND:
            self._marks.popleft()
        if not self._marks or now.until - self._marks[-1].until >= SECOND // 10:
            self._marks.append(now)
        first = self._marks[0]
        if now.until - first.until < SECOND // 10:
            return self.shares()
        total = now.until - first.until
        return Shares(*(min(max(after - before, 0) / total, 1.0)
                        for after, before in zip(now[1:4], first[1:4], strict=True)))

    def reset(self) -> None:
        """Start counting anew."""
        self._marks.clear()
        self.began = self._since = self.clock()
        self.spent = dict.fromkeys(self.spent, 0)
        self.sleeps = 0
        self._before_this = (0, 0, 0, 0)
