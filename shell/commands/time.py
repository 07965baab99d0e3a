"""`run`, `pause`, `step` and their kin: world time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from aether import queries
from aether.answers import Overview
from aether.engine.breakpoints import expand
from aether.events import KINDS
from aether.filters import FilterError, Records, compile_filter
from shell.commands.moments import all_fields, changes, rows
from shell.language.grammar import CommandError, argument, command
from shell.language.values import connection, count, duration
from shell.reading import words
from shell.reading.escape import printable
from shell.reading.frames import FrameWatcher
from shell.results.breakpoints import Stopped
from shell.results.message import Message
from shell.results.time import EventRow, Occurrence, StepReport, TimeReport
from shell.session import Session

if TYPE_CHECKING:
    from aether.engine.core import StepResult
    from aether.events import Event
    from aether.filters import Filter
    from aether.world import World


def _report(session: Session, passed: int = 0) -> TimeReport:
    status = session.core.status()
    coming = session.ask(queries.next_occurrence)
    return TimeReport(
        not status.paused, status.occurrence, status.time, coming.what, coming.time_us, passed,
        _note(session) if status.paused else "")


@command(
    "run", argument("time", duration, "for how much world time, such as 5s; for good unless given", default=0),
    examples=("run", "run 5s"),
)
def run(session: Session, time: int) -> TimeReport:
    """Let world time go on; with a time, for so long, and then pause again if it was paused."""
    before = session.core.status()
    if not time:
        session.core.run()
        return _report(session)
    session.run_for(time)
    return _report(session, session.core.status().time - before.time)


@command("pause", examples=("pause",))
def pause(session: Session) -> TimeReport:
    """Stop world time. Commands still start things, and `step` lets them happen one by one."""
    session.core.pause()
    report = _report(session)
    report.note = report.note or "`run` goes on, `step` lets the next thing happen"
    return report


@command("step", argument("times", count, "how many occurrences", default=1), examples=("step", "step 5"))
def step(session: Session, times: int) -> StepReport:
    """Let one thing happen: a frame arrives, or a timer fires. It pauses first if time runs.

    An occurrence includes everything that it causes at that host, the frames that it sends
    among them, and nothing of the other host's reaction: that is the next step.
    """
    session.need_trace("stepping")
    session.core.pause()
    before, was = session.ask(queries.overview), all_fields(session)
    watcher = FrameWatcher(follower=session.lab_follower())
    occurrences = []
    session.core.work.plan(times if times > 1 else 0)
    for _ in range(times):
        expected = session.ask(queries.next_occurrence).what
        done = session.core.step(1)
        if not done:
            break
        occurrences += [_occurrence(one, expected, watcher) for one in done]
    after = session.ask(queries.overview)
    session.skip_events()
    coming = session.ask(queries.next_occurrence)
    changed = changes(was, all_fields(session)) + _changes(before, after)
    return StepReport(occurrences, changed, coming.what, coming.time_us, _note(session))


def _note(session: Session) -> str:
    """Say what does not stand still with us."""
    if session.lab.kind == "SIM":
        return ""
    return "the kernel's clock goes on: it may send again, or give up, while we stand still"


def _occurrence(one: StepResult, expected: str, watcher: FrameWatcher) -> Occurrence:
    """Tell what an occurrence was, and what it caused."""
    events = list(one.events)
    what = expected
    if events and events[0].host == "wire":
        watcher.learn(events.pop(0))  # a frame enters from outside, and arrives at once
    if events and events[0].kind == "frame.arrived":
        first = events.pop(0)
        what = f"frame {first.values[0]} arrives at {first.host}: {printable(watcher.said(first))}"
    rows = [EventRow(event.time, event.host, event.kind, _describe(event, watcher)) for event in events]
    return Occurrence(one.occurrence, one.time, what, rows)


def _describe(event: Event, watcher: FrameWatcher) -> str:
    if event.kind == "frame.sent":
        return f"frame {event.values[0]} sent: {printable(watcher.said(event))}"
    return words.describe(event)


def _changes(before: Overview, after: Overview) -> list[str]:
    changed = []
    for name in ("connections", "drops", "lost"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            changed.append(f"{name} {old} → {new}")
    return changed


FARTHEST = 200_000
"""Occurrences that `step until` looks at, at the most."""
TAP_TIMEOUT = 120_000_000
"""How much world time it takes behind a TAP, at the most, in microseconds."""
Test = Callable[["list[Event]", "World"], bool]


def _go_until(session: Session, test: Test, what: str) -> Stopped:
    """Go on until `test` is true of an occurrence; a breakpoint, Ctrl-C and a limit end it too."""
    session.need_trace("stepping")
    session.core.pause()
    session.take_stops()
    start = session.core.status()
    before = all_fields(session)
    if session.lab.kind == "SIM" or start.past:
        reason, done = _step_until(session, test, start.past)
    else:
        reason, done = _wait_until(session, test), 0
    session.skip_events()
    status = session.core.status()
    stopped = list(session.breakpoints.stopped_at) if session.breakpoints is not None else []
    if reason != "found" and stopped:
        reason = "breakpoint"
    events = rows(session, session.core.events_of(status.occurrence)) if reason in ("found", "breakpoint") else []
    hint = {
        "nothing": f"nothing more is to come, and {what} did not happen",
        "present": f"this is the present, and {what} did not happen up to here. `run` and `step` go on",
        "limit": f"{what} did not happen in {done:,} occurrences",
        "time": f"{what} did not happen in {TAP_TIMEOUT // 1_000_000} s",
        "interrupted": f"interrupted; {what} has not happened yet",
    }.get(reason, _note(session))
    return Stopped(
        status.occurrence, status.time, reason, stopped, events, changes(before, all_fields(session)), hint)


def _step_until(session: Session, test: Test, past: bool) -> tuple[str, int]:
    """Step from occurrence to occurrence; return why it ended, and how many there were."""
    try:
        found, done = session.core.step_until(test, FARTHEST)
    except KeyboardInterrupt:
        session.let_go()
        return "interrupted", 0
    if found:
        return "found", done
    if done < FARTHEST or (past and not session.core.status().past):
        return ("present" if past else "nothing"), done
    return "limit", done


def _wait_until(session: Session, test: Test) -> str:
    """Let time go on along the clock, as the kernel's does; return why it ended."""
    try:
        with session.terminal.waiting():
            return "found" if session.core.run_until(test, TAP_TIMEOUT) else "time"
    except KeyboardInterrupt:
        session.let_go()
        return "interrupted"


@command(
    "step until", argument("expression", str, "a filter expression, or a shorthand as for `break`", raw="line",
             complete="breaks"),
    examples=("step until state ESTABLISHED", "step until drop", "step until tcp.flags.fin == 1"),
)
def step_until(session: Session, expression: str) -> Stopped:
    """Step until something happens that matches, and stop at the end of that occurrence."""
    try:
        found = compile_filter(expand(expression))
    except FilterError as problem:
        raise CommandError(str(problem)) from None
    records = Records(measuring=found.measuring)
    for event in session.events():
        records.of(event)
    return _go_until(
        session, lambda events, world: matching(found, records, events), expression.strip())


def matching(found: Filter, records: Records, events: list[Event]) -> bool:
    """Tell whether an expression is true of one of these events; all of them are followed, whatever comes first."""
    followed = [records.of(event) for event in events]
    return any(found.test(record) for record in followed)


NUMBER = argument("number", connection, "a connection's number", complete="connections")


@command("next", NUMBER, examples=("next 1",))
def next_(session: Session, number: int) -> Stopped:
    """Go to the end of the next occurrence that concerns a connection."""
    _state(session, number)
    return _go_until(session, lambda events, world: any(concerns(event, number) for event in events),
                     f"anything with #{number}")


@command("finish", NUMBER, examples=("finish 1",))
def finish(session: Session, number: int) -> Stopped:
    """Go on until a connection is closed at your side; what waits in TIME-WAIT is as good as closed."""
    closed = ("CLOSED",) if _state(session, number) == "TIME-WAIT" else ("CLOSED", "TIME-WAIT")
    return _go_until(
        session, lambda events, world: queries.connection_state(world, number) in closed, f"the end of #{number}")


def _state(session: Session, number: int) -> str:
    """Return the state of a connection of yours; CommandError if there is none."""
    state = session.ask(partial(queries.connection_state, number=number))
    if state == "CLOSED":
        raise CommandError(f"no connection #{number}, or none any more. `tcp conns` lists those that there are")
    return state


def concerns(event: Event, number: int) -> bool:
    """Tell whether an event is about a connection."""
    names = KINDS[event.kind].fields
    return "conn" in names and event.values[names.index("conn")] == number


@command(
    "speed", argument("times", str, "how much faster than the wall's clock, such as 10, 0.1 or max"),
    examples=("speed 10", "speed 0.1", "speed 1"),
)
def speed(session: Session, times: str) -> Message:
    """Change how fast world time passes in the simulation; behind a TAP it passes as it does."""
    if session.lab.kind != "SIM":
        raise CommandError("behind a TAP the kernel's clock decides. `pause` and `step` work there, speed does not")
    if times == "max" and session.scripted:
        session.core.set_speed(float("inf"))
        return Message("world time passes only while a command waits, and then at once")
    try:
        value = 1000.0 if times == "max" else float(times)
    except ValueError:
        value = 0.0
    if not 0.001 <= value <= 1000:
        raise CommandError(f"speed is from 0.001 to 1000, or max; not {times!r}")
    session.core.set_speed(value)
    if value == 1:
        return Message("world time passes as fast as yours")
    return Message(f"world time passes {value:g} times as fast as yours")
