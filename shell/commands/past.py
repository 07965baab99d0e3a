"""`back`, `goto` and `live`: look at any moment of the run."""

from __future__ import annotations

from collections.abc import Callable

from aether.engine import lookback
from aether.engine.breakpoints import expand
from aether.events import Event
from aether.filters import Filter, FilterError, Records, compile_filter
from shell.commands.moments import Fields, all_fields, changes, fields, rows
from shell.language.grammar import CommandError, argument, command
from shell.language.values import count, duration, frame_number, occurrence, show_duration
from shell.results.past import Position
from shell.session import Session

CHUNK = 2000
"""Occurrences at a time when the whole run is looked through."""


def visit(session: Session, occurrence: int) -> Position:
    """Show an occurrence: what happened in it, and which fields it changed."""
    before: list[Fields] = []
    session.core.go_to(occurrence, lambda world: before.append(fields(world)))
    return position(session, session.core.events_of(occurrence), before[0] if before else None)


def position(session: Session, events: list[Event], before: Fields | None = None) -> Position:
    """Tell which moment is shown."""
    status = session.core.status()
    changed = changes(before, all_fields(session)) if before is not None else []
    return Position(
        status.occurrence, status.present, status.time, status.past, rows(session, events), changed,
        max(status.history_from, 0))


def _times(text: str) -> int:
    """Read how far back: so many occurrences, or a time, as a negative number of microseconds."""
    return count(text) if text.isdigit() else -duration(text)


def _moment(text: str) -> int:
    """Read which moment: an occurrence, or a time with its unit, as a negative number of microseconds less one."""
    return occurrence(text) if text.isdigit() else -duration(text.removeprefix("+")) - 1


@command("back", argument("times", _times, "how many occurrences, or how much world time", default=1),
         examples=("back", "back 10", "back 1s"))
def back(session: Session, times: int) -> Position:
    """Look at how it was before: so many occurrences, or so long, ago. The present waits; `live` returns to it.

    Everything can be looked at in the past, and nothing can be changed; `fork` makes a new
    present of it. `step` goes forward again.
    """
    session.need_trace("the way back")
    status = session.core.status()
    target = _ago(session, -times) if times < 0 else status.occurrence - times
    if target < status.history_from:
        raise CommandError(f"history starts at ev {status.history_from}, and this is ev {status.occurrence}")
    return visit(session, target)


@command(
    "back until", argument("expression", str, "a filter expression, or a shorthand as for `break`", raw="line",
             complete="breaks"),
    examples=("back until drop", "back until state SYN-SENT"),
)
def back_until(session: Session, expression: str) -> Position:
    """Go back to the latest occurrence before this one in which something matches."""
    session.need_trace("the way back")
    try:
        found = compile_filter(expand(expression))
    except FilterError as problem:
        raise CommandError(str(problem)) from None
    now = session.core.status().occurrence
    kept = session.core.events()
    target = _latest(found, Records(measuring=found.measuring), kept, now)
    if not target and kept and kept[0].occurrence > session.core.status().history_from + 1:
        target = _search(session, found, now)
    if not target:
        raise CommandError(f"nothing before ev {now} matches {expression.strip()!r}")
    return visit(session, target)


def _latest(found: Filter, records: Records, events: list[Event], before: int) -> int:
    """Return the latest occurrence before another in which something matches, 0 if there is none."""
    target = 0
    for event in events:
        if found.test(records.of(event)) and event.occurrence < before:
            target = event.occurrence
    return target


def _search(session: Session, found: Filter, now: int) -> int:
    """Go through the whole run once more, from its beginning."""
    target, records = 0, Records(measuring=found.measuring)
    scan = session.core.with_loop(lookback.scan)
    session.core.work.plan(now - scan.world.occurrence)
    while (events := session.core.with_loop(lambda loop: scan.more(CHUNK, loop.work))) is not None:
        target = _latest(found, records, events, now) or target
    return target


@command("goto", argument("occurrence", _moment, "the number of an occurrence, 0 is the beginning; or a world time"),
         examples=("goto 1", "goto 900", "goto 1.5s"))
def goto(session: Session, occurrence: int) -> Position:
    """Look at the world as it was at the end of an occurrence, or at a time."""
    session.need_trace("the way back")
    return visit(session, occurrence if occurrence >= 0 else _at(session, -occurrence - 1))


@command("goto frame", argument("number", frame_number, "a frame's number", complete="frames"),
         examples=("goto frame 3",))
def goto_frame(session: Session, number: int) -> Position:
    """Look at the world as it was when a frame was put on its link."""
    session.need_trace("the way back")
    found = _first(session, lambda event: event.kind in ("frame.sent", "frame.arrived") and event.values[0] == number)
    if found is None:
        raise CommandError(f"no frame {number} so far, in the history that there is. `frames` lists them")
    return visit(session, found.occurrence)


def _ago(session: Session, time: int) -> int:
    """Return the last occurrence of those that are so long ago; CommandError if there is none before this one."""
    status = session.core.status()
    if time > status.time:
        raise CommandError(f"the world began {show_duration(status.time)} ago. `goto 0` shows its beginning")
    target = _at(session, status.time - time)
    if target >= status.occurrence:
        raise CommandError(f"nothing has happened in the last {show_duration(time)}: ev {status.occurrence} is still "
                           "the latest. `back` shows how it was before")
    return target


def _at(session: Session, time: int) -> int:
    """Return the last occurrence up to a world time, of those in which something was told."""
    status = session.core.status()
    if not status.past and time > status.time:
        raise CommandError(f"it is +{status.time / 1_000_000:.4f} s yet. `run` lets time pass")
    after = _first(session, lambda event: event.time > time)
    if after is None:
        return status.present
    before = [event.occurrence for event in session.core.ring.since(0)[0] if event.time <= time]
    return max(before[-1] if before else after.occurrence - 1, status.history_from)


def _first(session: Session, wanted: Callable[[Event], bool]) -> Event | None:
    """Return the first event of the history that is wanted, also of what lies after the moment that is shown."""
    kept = session.core.ring.since(0)[0]
    found = next((event for event in kept if wanted(event)), None)
    complete = not kept or kept[0].occurrence <= session.core.status().history_from + 1
    if complete or (found is not None and found.kind.startswith("frame.")):
        return found
    scan = session.core.with_loop(lookback.scan)
    session.core.work.plan(session.core.status().occurrence - scan.world.occurrence)
    while (events := session.core.with_loop(lambda loop: scan.more(CHUNK, loop.work))) is not None:
        if (earlier := next((event for event in events if wanted(event)), None)) is not None:
            return earlier
    return found


@command("live", examples=("live",))
def live(session: Session) -> Position:
    """Return to the present, which has stood still meanwhile."""
    session.core.live()
    return position(session, [])
