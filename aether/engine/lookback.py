"""Looking at what has been: the past of a loop, and the events of it, kept or made anew."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from aether.engine.history import History
from aether.engine.loop import Loop
from aether.engine.past import WINDOW, Past, Scan
from aether.events import Event
from aether.operations.base import OperationError
from aether.world import World


def go_to(loop: Loop, occurrence: int, before: Callable[[World], object] | None = None) -> None:
    """Look at the end of an occurrence; OperationError if there is no history, or it is out of reach.

    `before` is asked about the world before that occurrence, unless it is the present one.
    """
    history = _history(loop)
    if occurrence == loop.world.occurrence:
        loop.past = None
    else:
        past = loop.past or Past(history, loop.world)
        past.go(occurrence, before, loop.work)
        loop.past = past
    loop.pause()


def events(loop: Loop) -> list[Event]:
    """Return the latest events up to where we stand: from the ring, or made anew by replay."""
    kept = loop.ring.since(0)[0]
    if loop.past is None:
        return kept
    at = loop.past.occurrence
    if kept and kept[0].occurrence <= max(at - WINDOW, loop.past.history.first + 1):
        return kept[:bisect_right(kept, at, key=_occurrence)]
    return loop.past.recent(loop.work)


def events_of(loop: Loop, occurrence: int) -> list[Event]:
    """Return the events of one occurrence: from the ring, or made anew by replay; none if it is out of reach."""
    if loop.past is not None and occurrence == loop.past.occurrence:
        return loop.past.latest
    found = loop.ring.of(occurrence)
    if found is not None:
        return found
    if loop.history is None or not loop.history.first < occurrence <= loop.world.occurrence:
        return []
    return Past(loop.history, loop.world).events(occurrence, occurrence, loop.work)


def scan(loop: Loop) -> Scan:
    """Return the events of the past up to here, to be made anew from the beginning of history."""
    return Scan(_history(loop), loop.view.occurrence)


def _history(loop: Loop) -> History:
    if loop.history is None:
        raise OperationError("benchmark mode keeps no history. Go back to: mode trace")
    return loop.history


def _occurrence(event: Event) -> int:
    return event.occurrence
