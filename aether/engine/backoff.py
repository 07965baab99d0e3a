"""How the engine waits for a device: spin, then yield, then sleep. A state machine to look at.

Spinning answers fastest and burns a core; sleeping costs a system call and a wake-up of some
40 microseconds, and nothing else. The thresholds count fruitless looks at the device.
"""

from __future__ import annotations

import os
import time
from typing import NamedTuple

SPIN, YIELD, SLEEP = "spin", "yield", "sleep"


class Shares(NamedTuple):
    """Where the time went, each from 0.0 to 1.0; the rest was work."""

    spin: float
    yielding: float
    sleep: float


class Backoff:
    """Decides how to wait next, and counts the time spent each way."""

    def __init__(self, spins: int = 200, yields: int = 20) -> None:
        self.spins = spins
        """Fruitless looks before yielding begins."""
        self.yields = yields
        """Fruitless looks, each after a yield, before sleeping begins."""
        self.looks = 0
        self.state = SPIN
        self._since = 0
        self._began = time.monotonic_ns()
        self.spent = {SPIN: 0, YIELD: 0, SLEEP: 0}
        """Nanoseconds in each state."""

    def busy(self) -> None:
        """There was something to do: start again with spinning."""
        if self.looks:
            self._account(time.monotonic_ns())
            self.looks = 0

    def idle(self) -> bool:
        """There was nothing to do; yield if it is time for that, and return whether to sleep now."""
        looks = self.looks
        self.looks = looks + 1
        if looks == 0:
            self._since = time.monotonic_ns()
            self.state = SPIN if self.spins else YIELD
        if looks < self.spins:
            return False
        if looks == self.spins:
            self._account(time.monotonic_ns())
            self.state = YIELD
        if looks < self.spins + self.yields:
            os.sched_yield()
            return False
        if looks == self.spins + self.yields:
            self._account(time.monotonic_ns())
            self.state = SLEEP
        return True

    def slept(self, nanoseconds: int) -> None:
        """Count time asleep; sleeping again comes at once until something happens."""
        self.spent[SLEEP] += nanoseconds
        self._since = time.monotonic_ns()

    def _account(self, now: int) -> None:
        if self.state != SLEEP:
            self.spent[self.state] += now - self._since
        self._since = now

    def shares(self) -> Shares:
        """Return where the time went since the last `reset`."""
        total = max(time.monotonic_ns() - self._began, 1)
        return Shares(*(min(self.spent[state] / total, 1.0) for state in (SPIN, YIELD, SLEEP)))

    def reset(self) -> None:
        """Start counting anew."""
        self._began = time.monotonic_ns()
        self.spent = dict.fromkeys(self.spent, 0)
