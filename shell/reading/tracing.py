"""The trace: events taken from the ring in portions, as lines for a person.

A slow terminal never slows the stack: at most a few lines are shown at a time, and what was
not shown is counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from aether.events import Event
from shell.reading.frames import FrameWatcher, Note, SeenFrame
from shell.results.frames import FrameRow, Layer

if TYPE_CHECKING:
    from shell.reading.selection import Selection

LINES = 20
"""How many lines are shown at a time."""
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


@dataclass(slots=True)
class Portion:
    """What there is to show now."""

    lines: list[PortionLine] = field(default_factory=list)
    not_shown: int = 0
    """Lines left out, and events lost before anybody read them."""


class Tracer:
    """Reads a ring from where it stopped last time."""

    def __init__(self, host: str = "you") -> None:
        self.serial = 0
        self.watcher = FrameWatcher(host)
        self.verbose = False
        """Whether each frame's headers stand below its line."""
        self.selection: Selection | None = None
        """What is shown; None for everything."""
        self._held: list[Event] = []
        """The events of an occurrence that may not be complete yet."""

    def skip(self, ring: Ring) -> None:
        """Go on after what is in the ring now."""
        found, _ = ring.since(self.serial)
        for event in found:
            self.watcher.learn(event)
        self.serial = ring.last_serial
        self._held = []

    def take(self, ring: Ring, limit: int | None = LINES, *, settled: bool = False) -> Portion:
        """Return the lines since the last time, at most `limit`; `settled` if no occurrence is under way."""
        found, missed, _ = self.read(ring, settled=settled)
        shown = found if limit is None else found[:limit]
        return Portion([self._line(seen) for seen in shown], missed + len(found) - len(shown))

    def read(self, ring: Ring, *, settled: bool = False) -> tuple[list[SeenFrame | Note], int, bool]:
        """Return what has happened since the last time, how many events were lost, and whether there is more to read.

        An occurrence that may be under way is held back, unless it is `settled` that none is.
        """
        events, missed = ring.since(self.serial, PORTION)
        if events:
            self.serial = events[-1].serial
        complete = list(self._complete(events, settled))
        if self.selection is not None:
            self.selection.follow(complete)
        found = [
            seen for seen in self.watcher.read(complete) if self.selection is None or self.selection.has(seen)]
        return found, missed, len(events) == PORTION

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

            line.layers = dissect(seen.data, self.watcher.flows.context(seen.data))
        return line
