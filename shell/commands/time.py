"""`run`, `pause` and `step`: world time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether import queries
from aether.answers import Overview
from shell import results, words
from shell.frames import Watcher
from shell.grammar import argument, command
from shell.session import Session
from shell.summary import summarise
from shell.values import count, duration
from shell.views.escape import printable

if TYPE_CHECKING:
    from aether.engine.core import StepResult
    from aether.events import Event


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
    watcher = Watcher()
    for event in session.events():
        watcher.learn(event)
    occurrences = []
    for _ in range(times):
        expected = session.ask(queries.next_occurrence).what
        done = session.core.step(1)
        if not done:
            break
        occurrences += [_occurrence(one, expected, watcher) for one in done]
    after = session.ask(queries.overview)
    session.tracer.skip(session.core.ring)
    coming = session.ask(queries.next_occurrence)
    return results.StepReport(occurrences, _changes(before, after), coming.what, coming.time_us)


def _occurrence(one: StepResult, expected: str, watcher: Watcher) -> results.Occurrence:
    """Tell what an occurrence was, and what it caused."""
    events = list(one.events)
    what = expected
    if events and events[0].host == "wire":
        watcher.learn(events.pop(0))  # a frame enters from outside, and arrives at once
    if events and events[0].kind == "frame.arrived":
        first = events.pop(0)
        what = f"frame {first.values[0]} arrives at {first.host}: {_frame(first, watcher)}"
    rows = [results.EventRow(event.time, event.host, event.kind, _describe(event, watcher)) for event in events]
    return results.Occurrence(one.occurrence, one.time, what, rows)


def _describe(event: Event, watcher: Watcher) -> str:
    if event.kind == "frame.sent":
        return f"frame {event.values[0]} sent: {_frame(event, watcher)}"
    return words.describe(event)


def _frame(event: Event, watcher: Watcher) -> str:
    """Say what a frame is."""
    watcher.learn(event)
    return printable(summarise(event.values[2], watcher.flows).text)


def _changes(before: Overview, after: Overview) -> list[str]:
    changed = []
    for name in ("connections", "drops"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            changed.append(f"{name} {old} → {new}")
    return changed


