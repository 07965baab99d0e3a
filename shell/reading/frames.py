"""From events to frames: which frame went where, and what became of it.

One line per frame, as seen from one host. What an occurrence decided is noted on the frame
that it handled; what no frame caused, on the frame that was sent, or on a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from aether.events import Event
from aether.reading.context import Context
from aether.reading.flow import Follower
from shell.reading import words
from shell.reading.marks import Marks
from shell.reading.summary import summarise
from shell.results.frames import FrameRow

T = TypeVar("T")
FOLLOWED = frozenset(("frame.sent", "frame.arrived", "frame.copied", "tcp.opened"))
"""Events that tell of conversations."""
ARP = b"\x08\x06"
"""The type of a frame that asks the way for another one: what was decided belongs to that one."""
RESENT = "resent "
"""How a note begins that says why a segment was sent again."""
MAX_REMEMBERED = 4096
"""Frames of other hosts that may still be lost, and copies that may still arrive."""


@dataclass(slots=True)
class SeenFrame:
    """A frame that the watched host sent or received, or should have received."""

    number: int
    time: int
    direction: str
    data: bytes
    occurrence: int
    dropped: str = ""
    notes: list[str] = field(default_factory=list)
    context: Context | None = None
    """What is known of its conversation; None without TCP or UDP."""


@dataclass(slots=True)
class Note:
    """Something that happened without any frame."""

    time: int
    kind: str
    text: str
    occurrence: int


class FrameWatcher:
    """Turns events, in order, into what one host saw."""

    def __init__(self, host: str = "you", follower: Follower | None = None) -> None:
        self.host = host
        self.follower = follower or Follower()
        """Knows the conversation of each frame, so that rows can count from 0."""
        self.every_event = False
        """Whether decisions get a line of their own, timers and round trips included."""
        self._decisions: list[Note] = []
        self._elsewhere: dict[int, tuple[int, bytes]] = {}
        """Frames on their way to us, by number."""
        self._copies: dict[int, int] = {}
        self._marks = Marks()
        self._marked: dict[int, str] = {}
        """What frames on their way are beside those before them, by number."""

    def learn(self, event: Event) -> None:
        """Take note of a frame's conversation, and of what it is in it."""
        self.follower.take((event,))
        if event.kind in ("frame.sent", "frame.arrived"):
            self._mark(event)

    def read(self, events: Iterable[Event]) -> Iterator[SeenFrame | Note]:
        """Yield what the events say, one occurrence after the other; the events of one must not be split."""
        batch: list[Event] = []
        for event in events:
            if batch and batch[-1].occurrence != event.occurrence:
                yield from self._occurrence(batch)
                batch = []
            batch.append(event)
        if batch:
            yield from self._occurrence(batch)

    def _occurrence(self, events: list[Event]) -> list[SeenFrame | Note]:
        found: list[SeenFrame | Note] = []
        by_number: dict[int, SeenFrame] = {}
        loose: list[Note] = []
        arrived: SeenFrame | None = None
        for event in events:
            kind = event.kind
            if kind in FOLLOWED:
                self.follower.take((event,))
            if kind == "frame.sent":
                number, _, data = event.values
                mark = self._mark(event)
                if event.host == self.host:
                    seen = self._add(found, by_number, event, number, "out", data)
                    if arrived is None and data[12:14] != ARP:
                        seen.notes += [note.text for note in loose]
                        loose.clear()
                    if mark and not any(note.startswith(RESENT) for note in seen.notes):
                        seen.notes.insert(0, mark)
                else:
                    _remember(self._elsewhere, number, (event.time, data))
            elif kind == "frame.arrived":
                number, _, data = event.values
                if event.host == self.host:
                    self._elsewhere.pop(number, None)
                    arrived = self._add(found, by_number, event, number, "in", data)
                    if number in self._copies:
                        arrived.notes.append(f"copy of {self._copies.pop(number)}")
                    elif mark := self._mark(event):
                        arrived.notes.append(mark)
            elif kind.startswith("frame."):
                self._on_the_way(event, found, by_number)
            elif event.host == self.host:
                self._decided(event, arrived, loose)
        decisions, self._decisions = self._decisions, []
        return found + decisions + list(loose)

    def _mark(self, event: Event) -> str:
        """Return what a frame is beside those before it: judged once, where it is first seen."""
        number, link, data = event.values
        if event.kind == "frame.sent":
            context = self.follower.see(number, data)
            mark = self._marks.read(link, self.follower.dissect(number, data), context, number, event.time)
            _remember(self._marked, number, mark)
            return mark
        if number in self._marked:
            return self._marked.pop(number)
        packet, context = self.follower.dissect(number, data), self.follower.see(number, data)
        return self._marks.read(link, packet, context, number, event.time, late=True)

    def _add(
        self, found: list[SeenFrame | Note], by_number: dict[int, SeenFrame], event: Event, number: int, direction: str,
        data: bytes,
    ) -> SeenFrame:
        seen = by_number[number] = SeenFrame(
            number, event.time, direction, data, event.occurrence, context=self.follower.see(number, data))
        found.append(seen)
        return seen

    def _on_the_way(self, event: Event, found: list[SeenFrame | Note], by_number: dict[int, SeenFrame]) -> None:
        """Handle what a link did to a frame."""
        number, _, what = event.values[:3]
        seen = by_number.get(number)
        if event.kind == "frame.lost":
            if seen is None and number in self._elsewhere:
                time, data = self._elsewhere.pop(number)
                seen = self._add(found, by_number, event, number, "lost", data)
                seen.time = time
                if mark := self._marked.pop(number, ""):
                    seen.notes.append(mark)
            if seen is not None:
                seen.notes.append(words.lost(what))
        elif event.kind == "frame.copied":
            _remember(self._copies, number, what)
            if what in by_number:
                by_number[what].notes.append(f"copied as {number}")
        elif seen is not None:
            seen.notes.append(words.describe(event))

    def _decided(self, event: Event, arrived: SeenFrame | None, loose: list[Note]) -> None:
        """Handle a decision of the watched host."""
        if event.kind == "drop":
            reason = event.values[0]
            if arrived is not None and not arrived.dropped:
                arrived.dropped = reason
            else:
                loose.append(Note(event.time, event.kind, f"DROP {reason}", event.occurrence))
            return
        text = words.note(event)
        if not text:
            if self.every_event:
                self._decisions.append(Note(event.time, event.kind, words.describe(event), event.occurrence))
            return
        notes = arrived.notes if arrived is not None else [note.text for note in loose]
        if event.kind == "tcp.state" and notes and notes[-1].endswith(f" → {event.values[1]} #{event.values[0]}"):
            text = notes[-1].removesuffix(f" #{event.values[0]}") + f" → {event.values[2]} #{event.values[0]}"
            (arrived.notes if arrived is not None else loose).pop()
        if arrived is not None:
            arrived.notes.append(text)
        else:
            loose.append(Note(event.time, event.kind, text, event.occurrence))

    def said(self, event: Event) -> str:
        """Return in words what a frame says that was sent or has arrived."""
        self.follower.take((event,))
        number, _, data = event.values
        return summarise(data, self.follower.see(number, data)).text

    def row(self, seen: SeenFrame) -> FrameRow:
        """Return a frame as data, its bytes read into words."""
        summary = summarise(seen.data, seen.context)
        return FrameRow(
            seen.number, seen.time, seen.direction, summary.layer, summary.source, summary.destination, summary.flags,
            summary.info, len(seen.data), seen.dropped, list(seen.notes),
        )


def _remember(memory: dict[int, T], key: int, value: T) -> None:
    """Put something into a memory that forgets the oldest."""
    memory[key] = value
    if len(memory) > MAX_REMEMBERED:
        del memory[next(iter(memory))]
