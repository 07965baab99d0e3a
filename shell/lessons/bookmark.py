"""Where a lesson stands, kept so that it can be gone on with: the lab, how that came about, and what the step has."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from aether.engine.log import InputLog, LogError, dump
from aether.engine.loop import Loop
from shell.lessons.progress import ProgressStore, Saved
from shell.session import Session

SAVE_EVERY = 1.0
"""Seconds of the wall's clock between two looks at whether world time went on."""

Position = tuple[InputLog | None, int, int, bool, str]
"""A log, occurrence and world time, whether time stands still, and what `dump` makes of all that."""


class Bookmark:
    """Saves one lesson when something was done, and now and then while time goes on."""

    def __init__(self, session: Session, store: ProgressStore) -> None:
        self.session = session
        self.store = store
        self._saved = (-1, -1, False)
        self._position: Position = (None, -1, -1, False, "")
        self._saved_at = 0.0

    def save(self, lesson: Callable[[bool, str], Saved]) -> None:
        """Write down what `lesson` makes of whether time stands still, and of the recording of its lab."""
        self._position = self.session.core.whole.with_loop(partial(_position, before=self._position))
        occurrence, now, paused, recording = self._position[1:]
        self._saved = (occurrence, now, paused)
        self._saved_at = time.monotonic()
        self.store.save_lab(lesson(paused, recording))

    def recording(self) -> str:
        """Return everything that has happened in the lab as a recording; empty where it cannot be repeated."""
        self._position = self.session.core.whole.with_loop(partial(_position, before=self._position))
        return self._position[4]

    def save_sometimes(self, lesson: Callable[[bool, str], Saved]) -> None:
        """The same, if it is a while ago and time went on since."""
        if time.monotonic() - self._saved_at < SAVE_EVERY:
            return
        status = self.session.core.status()
        if (status.present, status.time, status.paused) != self._saved:
            self.save(lesson)


def _position(loop: Loop, before: Position) -> Position:
    """Return where a world stands, and how it got there; an empty text if that cannot be repeated.

    A world that has not moved since `before` is not looked at again: its digest takes a while.
    """
    place = (loop.log, loop.world.occurrence, loop.world.now)
    if place[0] is before[0] and place[1:] == before[1:3]:
        return *place, loop.paused, before[4]
    recording = ""
    if loop.log is not None and loop.device is None:
        try:
            recording = dump(loop.log, loop.world)
        except LogError:
            recording = ""
    return *place, loop.paused, recording
