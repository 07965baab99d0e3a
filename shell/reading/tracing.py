"""The trace: events taken from the ring in portions, as lines for a person.

A slow terminal never slows the stack: at most a few lines are shown at a time, and what was
not shown is counted.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from aether.events import Event
from aether.reading.flow import Follower
from shell.reading.frames import FrameWatcher, Note, SeenFrame
from shell.results.frames import FrameRow, Layer

if TYPE_CHECKING:
    from shell.reading.selection import Selection

LINES = 20
"""How many lines are shown at a time."""
ALIKE = 6
"""So many lines in a row that differ in nothing but numbers are folded, where somebody looks on."""
PORTION = 20_000
"""How many events are taken at a time."""


class Ring(Protocol):
    """Where events come from."""

    @property
    def last_serial(self) -> int:
        """The serial number of the newest event."""

    def since(self, serial: int, limit: int = ...) -> tuple[list[Event], int]:
        """Return events after `serial`, the oldest first, and how many were lost before them."""


@dataclass(slots=True)
class PortionLine:
    """One line of the trace: a frame, or something that happened without one."""

    frame: FrameRow | None
    time_us: int
    text: str = ""
    layers: list[Layer] = field(default_factory=list)
    """The frame's headers, where the trace is verbose."""
    alike: int = 0
    """So many lines like the one before were left out here; then there is nothing else in it."""


@dataclass(slots=True)
class Portion:
    """What there is to show now."""

    lines: list[PortionLine] = field(default_factory=list)
    not_shown: int = 0
    """Lines left out, and events lost before anybody read them."""


class Tracer:
    """Reads a ring from where it stopped last time."""

    def __init__(self, host: str = "you", follower: Callable[[], Follower] | None = None) -> None:
        self.serial = 0
        self.watcher = FrameWatcher(host)
        self._follower = follower
        """Gives who has followed the frames in the ring; None where that is left to the watcher."""
        self.verbose = False
        """Whether each frame's headers stand below its line."""
        self.selection: Selection | None = None
        """What is shown; None for everything."""
        self._held: list[Event] = []
        """The events of an occurrence that may not be complete yet."""

    def skip(self, ring: Ring) -> None:
        """Go on after what is in the ring now."""
        self._agree()
        found, _ = ring.since(self.serial)
        for event in found:
            self.watcher.learn(event)
        self.serial = ring.last_serial
        self._held = []

    def take(self, ring: Ring, limit: int | None = LINES, *, settled: bool = False) -> Portion:
        """Return the lines since the last time, at most `limit`; `settled` if no occurrence is under way.

        With a limit, lines in a row that differ in nothing but numbers are folded: they leave room for others.
        """
        found, missed, _ = self.read(ring, settled=settled)
        if limit is None:
            return Portion([self._line(seen) for seen in found], missed)
        lines: list[PortionLine] = []
        shown = 0
        for run in _alike(found):
            folded = len(run) >= ALIKE and not self.verbose
            if len(lines) + (3 if folded else len(run)) > limit:
                run = run[:limit - len(lines)]
                folded = False
            shown += len(run)
            if folded:
                lines += [self._line(run[0]), PortionLine(None, run[-1].time, "", alike=len(run) - 2),
                          self._line(run[-1])]
            else:
                lines += map(self._line, run)
            if len(lines) >= limit:
                break
        return Portion(lines, missed + len(found) - shown)

    def read(self, ring: Ring, *, settled: bool = False) -> tuple[list[SeenFrame | Note], int, bool]:
        """Return what has happened since the last time, how many events were lost, and whether there is more to read.

        An occurrence that may be under way is held back, unless it is `settled` that none is.
        """
        events, missed = ring.since(self.serial, PORTION)
        if events:
            self._agree()
            self.serial = events[-1].serial
        complete = list(self._complete(events, settled))
        if self.selection is not None:
            self.selection.follow(complete)
        found = [
            seen for seen in self.watcher.read(complete) if self.selection is None or self.selection.has(seen)]
        return found, missed, len(events) == PORTION

    def _agree(self) -> None:
        """Let frames have the numbers that everybody else gives them."""
        if self._follower is not None:
            self.watcher.follower = follower = self._follower()
            if self.selection is not None:
                self.selection.agree(follower)

    def _complete(self, events: list[Event], settled: bool) -> Iterable[Event]:
        """Hold back the last occurrence until something newer came, or nothing came since."""
        everything = self._held + events
        if settled or not events:
            self._held = []
            return everything
        last = events[-1].occurrence
        cut = len(everything)
        while cut and everything[cut - 1].occurrence == last:
            cut -= 1
        self._held = everything[cut:]
        return everything[:cut]

    def _line(self, seen: SeenFrame | Note) -> PortionLine:
        if isinstance(seen, Note):
            return PortionLine(None, seen.time, seen.text)
        line = PortionLine(self.watcher.row(seen), seen.time)
        if self.verbose:
            from shell.reading.dissect import dissect

            line.layers = dissect(seen.data, seen.context)
        return line


_NUMBER = re.compile(r"\d[\d.,:]*")


def _alike(found: Sequence[SeenFrame | Note]) -> Iterable[list[SeenFrame | Note]]:
    """Divide what happened into runs that differ in nothing but numbers."""
    for _, run in itertools.groupby(found, _shape):
        yield list(run)


def _shape(seen: SeenFrame | Note) -> object:
    """Return what two lines have in common that differ in numbers alone."""
    if isinstance(seen, Note):
        return seen.kind, _NUMBER.sub("#", seen.text)
    if not seen.dropped:
        return seen.number  # each has something of its own to say
    return seen.direction, seen.dropped, len(seen.data), seen.data[12:14], seen.data[23:24], seen.data[26:34]
