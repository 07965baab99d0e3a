"""How world time follows the machine's clock, while it is let go on."""

from __future__ import annotations

import math
from collections.abc import Callable


class Pace:
    """World time from one moment on at which both clocks were looked at.

    With a device it goes as fast as the machine's clock, whatever the speed; a simulation so many times faster.
    """

    def __init__(self, clock: Callable[[], int], speed: float, *, real: bool, time: int) -> None:
        """`clock` returns nanoseconds, `time` is world time now, in microseconds; `real` with a device."""
        self.clock = clock
        self.speed = speed
        self.real = real
        self._anchor = (clock(), time)

    @property
    def gated(self) -> bool:
        """True when time passes only while somebody waits: a simulation at speed inf."""
        return self.speed == math.inf and not self.real

    def begin(self, time: int) -> None:
        """Count from here and now, which is world time `time` in microseconds."""
        self._anchor = (self.clock(), time)

    def go_by(self, clock: int, time: int) -> None:
        """Let world time be `time` at a moment of the machine's clock, as another worker has it."""
        self._anchor = clock, time

    def time(self) -> int:
        """Return what a world's clock should show now, in microseconds; not where time is gated."""
        at, time = self._anchor
        passed = (self.clock() - at) // 1000
        return time + (passed if self.real else int(passed * self.speed))
