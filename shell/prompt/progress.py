"""One line on the terminal that says how far something long is, and how long it may still take."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from aether.engine.work import Work

FIRST_AFTER, EVERY = 0.7, 0.2
"""Seconds: what is over sooner shows nothing, and what takes longer is looked at so often."""
CLEAR = "\r\x1b[K"


class ProgressLine:
    """Drawn by whoever waits, when it is looked at; gone when anything else is printed."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = monotonic) -> None:
        """`clock` returns seconds; tests bring their own."""
        self.stream = stream
        self.clock = clock
        self.began = self.latest = clock()
        self.shown = self.running = False
        self._lock = Lock()
        """Whoever shows the trace has a thread of his own."""

    def begin(self) -> None:
        """A command begins."""
        self.began = self.latest = self.clock()
        self.running = True

    def end(self) -> None:
        """It is over: what is asked for from now on, such as what the prompt says, is no part of it."""
        self.running = False
        self.clear()

    def look(self, work: Work) -> None:
        """Draw how far it is, if enough time has passed and there is anything to tell."""
        now = self.clock()
        if not self.running or now - self.began < FIRST_AFTER or now - self.latest < EVERY or not work.done:
            return
        self.latest = now
        with self._lock:
            self.shown = True
            self.stream.write(CLEAR + told(work, now - self.began))
            self.stream.flush()

    def clear(self) -> None:
        """Leave nothing on the terminal."""
        with self._lock:
            if self.shown:
                self.shown = False
                self.stream.write(CLEAR)
                self.stream.flush()


def told(work: Work, seconds: float) -> str:
    """Return how far something is after so many seconds, in a line."""
    if work.total <= 0:
        return f"{work.done:,} done · Ctrl-C ends it"
    done = min(work.done, work.total)
    left = seconds * (work.total - done) / done
    return f"{done:,} of {work.total:,} done ({done / work.total:.0%}) · about {left:,.0f} s left · Ctrl-C ends it"
