"""What several commands tell of one moment: its events in words, and which fields it changed."""

from __future__ import annotations

from aether.engine.breakpoints import FIELDS, field_of
from aether.events import Event
from aether.world import World
from shell.reading import words
from shell.reading.escape import printable
from shell.reading.frames import FrameWatcher
from shell.results.time import EventRow
from shell.session import Session

Fields = dict[tuple[str, int], dict[str, int | str]]


def fields(world: World) -> Fields:
    """Return the fields of all connections, by host and number: a query."""
    return {
        (name, conn.number): {each: field_of(conn, each) for each in FIELDS}
        for name, host in world.hosts.items() for conn in host.tcp.connections.values()
    }


def changes(before: Fields, after: Fields) -> list[str]:
    """Return what has changed, such as ``#1 snd_una 1 → 1461``; at hosts other than you, with their name."""
    said = []
    for key, now in after.items():
        old = before.get(key)
        if old is None:
            continue
        host, number = key
        where = "" if host == "you" else f" at {host}"
        said += [
            f"#{number} {name} {_shown(old[name])} → {_shown(value)}{where}"
            for name, value in now.items() if old[name] != value
        ]
    return said


def _shown(value: int | str) -> str:
    return "unlimited" if isinstance(value, int) and value >= 1 << 39 else str(value)


def rows(session: Session, events: list[Event]) -> list[EventRow]:
    """Return events in words, frames with what they carry."""
    watcher = FrameWatcher(follower=session.lab_follower())
    return [EventRow(e.time, e.host, e.kind, _said(e, watcher)) for e in events if e.kind != "frame.arrived"
            or e.host != "wire"]


def _said(event: Event, watcher: FrameWatcher) -> str:
    if event.kind in ("frame.sent", "frame.arrived"):
        verb = "sent" if event.kind == "frame.sent" else f"arrives at {event.host}"
        return f"frame {event.values[0]} {verb}: {printable(watcher.said(event))}"
    return words.describe(event)


def of_occurrence(session: Session, occurrence: int) -> list[Event]:
    """Return the events of one occurrence, from what is kept or made anew."""
    return session.core.events_of(occurrence)


def all_fields(session: Session) -> Fields:
    """Return the fields of all connections now."""
    return session.ask(fields)
