"""Which frames and events an expression selects, for the trace and the list of frames."""

from __future__ import annotations

from collections.abc import Iterable

from aether.events import Event
from aether.filters import Around, Filter, FilterError, Records, compile_filter
from aether.reading.flow import Follower
from shell.language.grammar import CommandError
from shell.reading.frames import Note, SeenFrame


def compiled(expression: str) -> Filter:
    """Compile an expression; CommandError points at what is wrong with it."""
    try:
        return compile_filter(expression)
    except FilterError as problem:
        raise CommandError(str(problem)) from None


class Selection:
    """Follows events in order, and remembers what matched in the latest of them."""

    def __init__(self, expression: str, past: Iterable[Event] = (), follower: Follower | None = None,
                 around: Around | None = None) -> None:
        """`past` are the events so far, so that conversations are known from their beginning.

        `follower` has followed them already; `around` is what a capture says beside its frames.
        """
        self.text = expression
        self._filter = compiled(expression)
        self._records = Records(follower=follower, measuring=self._filter.measuring, around=around)
        self._frames: set[int] = set()
        self._occurrences: set[int] = set()
        for event in past:
            self._records.of(event)

    @property
    def notices(self) -> tuple[str, ...]:
        """Hints about the expression, such as that a flag alone asks whether it exists."""
        return tuple(self._filter.notices)

    def agree(self, follower: Follower) -> None:
        """Count in the frames to come as a follower does, who sees them first."""
        self._records.agree(follower)

    def follow(self, events: Iterable[Event]) -> None:
        """Take events, and forget what matched before."""
        self._frames.clear()
        self._occurrences.clear()
        for event in events:
            record = self._records.of(event)
            if self._filter.test(record):
                if record.number:
                    self._frames.add(record.number)
                else:
                    self._occurrences.add(event.occurrence)

    def has(self, seen: SeenFrame | Note) -> bool:
        """Tell whether a line is selected."""
        if isinstance(seen, Note):
            return seen.occurrence in self._occurrences
        return seen.number in self._frames or seen.occurrence in self._occurrences


class Chosen:
    """All frames that an expression selects among events, by their numbers."""

    def __init__(self, expression: str, events: Iterable[Event], follower: Follower | None = None,
                 around: Around | None = None) -> None:
        """`follower` has followed the events already; `around` is what a capture says beside its frames."""
        test = compiled(expression)
        records = Records(follower=follower, measuring=test.measuring, around=around)
        self.frames: set[int] = set()
        for event in events:
            record = records.of(event)
            if record.number and test.test(record):
                self.frames.add(record.number)
