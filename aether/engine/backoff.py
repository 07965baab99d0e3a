"""How the engine waits for a device: spin, then yield, then sleep. A state machine to look at.

Spinning answers fastest and burns a core; sleeping costs a system call and a wake-up of some
40 microseconds, and nothing else. How long each lasts, the knobs loop.spin and loop.yield say.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from time import monotonic_ns
from typing import NamedTuple

SPIN, YIELD, SLEEP = "spin", "yield", "sleep"


class Shares(NamedTuple):
    """Where the time went, each from 0.0 to 1.0; the rest was work."""

    spin: float
    yielding: float
    sleep: float


class Backoff:
    """Decides how to wait next, and counts the time spent each way."""

    def __init__(self, clock: Callable[[], int] = monotonic_ns, give_way: Callable[[], None] = os.sched_yield) -> None:
        """`clock` returns nanoseconds; `give_way` lets other processes have the core."""
        self.clock = clock
        self.give_way = give_way
        self.waiting = False
        self.state = SPIN
        self._yield_after = self._sleep_after = 0
        """Nanoseconds from the first fruitless look."""
        self._first = self._since = 0
        """When that was, and when the present state began."""
        self._began = clock()
        self.spent = {SPIN: 0, YIELD: 0, SLEEP: 0}
        """Nanoseconds in each state."""
        self.sleeps = 0
        """How often it slept."""
        self.limit(100, 50)

    def limit(self, spin: int, yielding: int) -> None:
        """Say how long to spin, and how long to yield after that, in microseconds."""
        self._yield_after = spin * 1000
        self._sleep_after = (spin + yielding) * 1000

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
        if passed < self._yield_after:
            self._become(SPIN, now)
            return False
        if passed < self._sleep_after:
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
            self._account(now)
            self.state = state

    def _account(self, now: int) -> None:
        if self.state != SLEEP:
            self.spent[self.state] += now - self._since
        self._since = now

    def shares(self) -> Shares:
        """Return where the time went since the last `reset`."""
        now = self.clock()
        if self.waiting:
            self._account(now)
        total = max(now - self._began, 1)
        return Shares(*(min(self.spent[state] / total, 1.0) for state in (SPIN, YIELD, SLEEP)))

    def reset(self) -> None:
        """Start counting anew."""
        self._began = self._since = self.clock()
        self.spent = dict.fromkeys(self.spent, 0)
        self.sleeps = 0
