"""`run`, `pause` and `step`: world time."""

from __future__ import annotations

from aether import queries
from aether.events import Event
from shell import results, words
from shell.grammar import argument, command
from shell.session import Session
from shell.values import count, duration


def _report(session: Session, passed: int = 0) -> results.TimeReport:
    status = session.core.status()
    coming = session.ask(queries.next_occurrence)
    return results.TimeReport(
        not status.paused, status.occurrence, status.time, coming.what, coming.time_us, passed)


@command(
    "run", argument("time", duration, "for how much world time, such as 5s; for good unless given", default=0),
    examples=("run", "run 5s"),
)
def run(session: Session, time: int) -> results.TimeReport:
    """Let world time go on; with a time, for so long, and then pause again if it was paused."""
    before = session.core.status()
    if not time:
        session.core.run()
        return _report(session)
    session.run_for(time)
    return _report(session, session.core.status().time - before.time)


@command("pause", examples=("pause",))
def pause(session: Session) -> results.TimeReport:
    """Stop world time. Commands still start things, and `step` lets them happen one by one."""
    session.core.pause()
    return _report(session)


@command("step", argument("times", count, "how many occurrences", default=1), examples=("step", "step 5"))
def step(session: Session, times: int) -> results.StepReport:
    """Let one thing happen: a frame arrives, or a timer fires. It pauses first if time runs.

    An occurrence includes everything that it causes at that host, the frames that it sends
    among them, and nothing of the other host's reaction: that is the next step.
    """
    session.need_trace("stepping")
    session.core.pause()
    before = session.ask(queries.overview)
    done = session.core.step(times)
    after = session.ask(queries.overview)
    occurrences = [
        results.Occurrence(
            one.occurrence, one.time, _headline(one.events),
            [results.EventRow(e.time, e.host, e.kind, words.describe(e)) for e in one.events[1:]],
        )
        for one in done
    ]
    session.tracer.skip(session.core.ring)
    coming = session.ask(queries.next_occurrence)
    return results.StepReport(occurrences, _changes(before, after), coming.what, coming.time_us)


def _headline(events: list[Event]) -> str:
    """Say what an occurrence was, from its first event."""
    if not events:
        return "nothing to be seen"
    first = events[0]
    where = "" if first.host in ("you", "user") else f" at {first.host}"
    return words.describe(first) + where


def _changes(before: queries.Overview, after: queries.Overview) -> list[str]:
    changed = []
    for name in ("connections", "drops"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            changed.append(f"{name} {old} → {new}")
    return changed


