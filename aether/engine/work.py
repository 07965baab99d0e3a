"""Something long that is under way: how much of it is done, of how much, and whether it shall end before its time.

Everything in the core that goes from occurrence to occurrence for somebody who waits (replay, compare, the way back,
stepping) tells a `Work` of each, and that is where it ends when it was interrupted: between two occurrences.
"""

from __future__ import annotations


class Interrupted(Exception):
    """The work was to end before its time; nothing that others see has changed."""


class Work:
    """Counts what is done, for whoever looks on, and can be stopped, both from any thread."""

    __slots__ = ("done", "stopped", "total")

    def __init__(self) -> None:
        self.done = 0
        """Occurrences, or whatever it goes through."""
        self.total = 0
        """How many there will be, as far as that is known; 0 if it is not."""
        self.stopped = False
        """True from when it was asked to stop until somebody was told."""

    def begin(self) -> None:
        """Count anew, and forget that something before was to stop."""
        self.done = self.total = 0
        self.stopped = False

    def plan(self, more: int) -> None:
        """Let there be so many more to do."""
        self.total += more

    def did(self, more: int = 1) -> None:
        """Count what is done; Interrupted if it shall end here."""
        self.done += more
        if self.stopped:
            raise Interrupted

    def stop(self) -> None:
        """Let it end at the next occurrence."""
        self.stopped = True

    def take_stop(self) -> bool:
        """Return whether it was to stop, and forget that."""
        stopped, self.stopped = self.stopped, False
        return stopped
