"""What several commands tell of one moment: its events in words, and which fields it changed."""

from __future__ import annotations

from aether.engine.breakpoints import FIELDS, field_of
from aether.events import Event
from aether.world import World
from shell.reading import words
from shell.reading.escape import printable
from shell.reading.frames import FrameWatcher
from shell.reading.summary import Flows, summarise
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
    watcher = FrameWatcher()
    watcher.flows = session.ask(known_flows)
    return [EventRow(e.time, e.host, e.kind, _said(e, watcher)) for e in events if e.kind != "frame.arrived"
            or e.host != "wire"]


def known_flows(world: World) -> Flows:
    """Return where the flows of all connections begin: a query."""
    flows = Flows()
    for host in world.hosts.values():
        for conn in host.tcp.connections.values():
            flows.know(conn.local_ip, conn.remote_ip, (conn.local_port, conn.remote_port), conn.iss)
            if conn.irs:
                flows.know(conn.remote_ip, conn.local_ip, (conn.remote_port, conn.local_port), conn.irs)
    return flows


def flows_of(session: Session) -> FrameWatcher:
    """Return a watcher that knows where every kept flow begins, so that sequence numbers count from there."""
    watcher = FrameWatcher()
    watcher.flows = session.ask(known_flows)
    for event in session.events():
        watcher.learn(event)
    return watcher


def _said(event: Event, watcher: FrameWatcher) -> str:
    if event.kind in ("frame.sent", "frame.arrived"):
        watcher.learn(event)
        verb = "sent" if event.kind == "frame.sent" else f"arrives at {event.host}"
        return f"frame {event.values[0]} {verb}: {printable(summarise(event.values[2], watcher.flows).text)}"
    return words.describe(event)


def of_occurrence(session: Session, occurrence: int) -> list[Event]:
    """Return the events of one occurrence, from what is kept or made anew."""
    return session.core.events_of(occurrence)


def all_fields(session: Session) -> Fields:
    """Return the fields of all connections now."""
    return session.ask(fields)
