"""`fork`, `timeline` and `compare`: other ways that the run could have gone."""

from __future__ import annotations

from dataclasses import fields
from itertools import groupby

from aether.engine import timelines
from aether.engine.log import InputLog
from aether.engine.loop import Loop
from aether.operations.base import OperationError
from shell.language.grammar import CommandError, argument, command
from shell.reading.frames import FrameWatcher, SeenFrame
from shell.results.frames import FrameRow
from shell.results.message import Message
from shell.results.timelines import Comparison, InputList, LogRow, Side, TimelineList, TimelineRow
from shell.session import Session

SHOWN = 12
"""Frames shown of each side, from where they differ."""
LONG = 60
"""Data of more bytes than that is not written out where inputs are listed."""


@command("fork", argument("name", str, "what to call the new timeline", default=""), examples=("fork", "fork patient"))
def fork(session: Session, name: str) -> Message:
    """Make a new present of the past that is shown. The old one is kept: `timeline list`, `timeline switch`."""
    session.need_trace("fork")
    status = session.core.status()
    name = name or f"fork-{len(session.timelines) + 1}"
    if name == session.timeline or name in session.timelines:
        raise CommandError(f"there is a timeline {name!r} already. `timeline list` shows them")

    def carry_out(loop: Loop) -> int:
        parent = session.timelines.get(session.timeline)
        left = timelines.leave(
            loop, session.timeline, parent.parent if parent else "", parent.forked_at if parent else 0)
        at = timelines.fork(loop)
        session.timelines[old] = left
        session.timeline = name
        session.timelines[name] = timelines.leave(loop, name, old, at)
        session.begin_anew()
        return at

    old = session.timeline
    at = session.core.with_loop(carry_out)  # all of it there, where Ctrl-C does not come between
    return Message(f"timeline {name} begins at ev {at}; {old} is kept at ev {status.present}",
                   f"`timeline switch {old}` returns to it, `compare {old} {name}` shows both")


@command("timeline list", examples=("timeline list",))
def list_(session: Session) -> TimelineList:
    """List the timelines."""
    _keep(session)
    return TimelineList([
        TimelineRow(one.name, one.name == session.timeline, one.parent, one.forked_at, one.world.occurrence,
                    one.world.now, len(one.log.inputs))
        for one in session.timelines.values()
    ])


@command("timeline switch", argument("name", str, "a timeline's name"), examples=("timeline switch main",))
def switch(session: Session, name: str) -> Message:
    """Make another timeline the present; it stands still there."""
    _keep(session)
    wanted = _find(session, name)

    def carry_out(loop: Loop) -> None:
        timelines.switch(loop, wanted)
        session.timeline = name
        session.begin_anew()

    session.core.with_loop(carry_out)
    return Message(f"this is {name} at ev {wanted.world.occurrence}, paused")


@command("timeline log", argument("name", str, "a timeline's name; this one unless given", default=""),
         examples=("timeline log",))
def log(session: Session, name: str) -> InputList:
    """List what came from outside: what you did, and frames from the TAP."""
    _keep(session)
    one = _find(session, name or session.timeline)
    return InputList(one.name, _inputs(one.log))


def _inputs(log: InputLog) -> list[LogRow]:
    """Return what came from outside, frames that came one after the other in one row."""
    found: list[LogRow] = []
    for are_frames, group in groupby(log.inputs, lambda entry: isinstance(entry.data, bytes)):
        entries = list(group)
        if are_frames:
            first, size = entries[0], sum(len(entry.data) for entry in entries if isinstance(entry.data, bytes))
            what = f"{len(entries)} frames from the TAP" if len(entries) > 1 else "a frame from the TAP"
            found.append(LogRow(first.occurrence, first.time, f"{what}, {size:,} bytes"))
        else:
            found += [LogRow(entry.occurrence, entry.time, _operation(entry.data)) for entry in entries]
    return found


def _operation(operation: object) -> str:
    """Return an operation in a line, without what is long in it."""
    parts = []
    for each in fields(operation):  # type: ignore[arg-type]
        value = getattr(operation, each.name)
        long = isinstance(value, (bytes, str)) and len(value) > LONG
        parts.append(f"{each.name}={f'<{len(value):,} bytes>' if long else repr(value)}")
    return f"{type(operation).__name__}({', '.join(parts)})"


def _keep(session: Session) -> None:
    """Bring the entry of the present timeline up to date."""
    old = session.timelines.get(session.timeline)
    session.timelines[session.timeline] = session.core.with_loop(lambda loop: timelines.leave(
        loop, session.timeline, old.parent if old else "", old.forked_at if old else 0))


def _find(session: Session, name: str) -> timelines.Timeline:
    if name not in session.timelines:
        raise CommandError(f"no timeline {name!r}. There are: {', '.join(session.timelines)}")
    return session.timelines[name]


@command(
    "compare knob", argument("change", str, "a knob and its value, such as tcp.retransmit=off", complete="knobs"),
    examples=("compare knob tcp.retransmit=off", "compare knob tcp.congestion=reno"),
)
def compare_knob(session: Session, change: str) -> Comparison:
    """Run everything again from the same seed, once as it is and once with a knob of yours turned from the start."""
    session.need_trace("compare")
    wanted = timelines.knob_change(change)

    def both(loop: Loop) -> tuple[timelines.RepeatedRun, timelines.RepeatedRun]:
        present, now = _log(loop), loop.world.now
        loop.work.plan(2 * loop.world.occurrence)
        return (timelines.repeat(present, "as it is", [], now, loop.work),
                timelines.repeat(present, change, [wanted], now, loop.work))

    return _comparison(*session.core.with_loop(both))


@command(
    "compare", argument("left", str, "a timeline's name"), argument("right", str, "another's"),
    examples=("compare main fork-1",),
)
def compare_timelines(session: Session, left: str, right: str) -> Comparison:
    """Show two timelines side by side, from where they differ."""
    session.need_trace("compare")
    _keep(session)
    one, other = _find(session, left), _find(session, right)

    def both(loop: Loop) -> tuple[timelines.RepeatedRun, timelines.RepeatedRun]:
        loop.work.plan(one.world.occurrence + other.world.occurrence)
        return (timelines.repeat(one.log, left, [], one.world.now, loop.work),
                timelines.repeat(other.log, right, [], other.world.now, loop.work))

    return _comparison(*session.core.with_loop(both))


def _log(loop: Loop) -> InputLog:
    if loop.log is None or loop.log.start:
        raise OperationError("this run cannot be repeated: its history does not begin with the world")
    return loop.log


def _comparison(left: timelines.RepeatedRun, right: timelines.RepeatedRun) -> Comparison:
    ours, theirs = _rows(left), _rows(right)
    same = 0
    while same < min(len(ours), len(theirs)) and _same(ours[same], theirs[same]):
        same += 1
    verdict = f"the first {same} frames are the same, then they part"
    if left.recorded and not same == len(ours) == len(theirs):
        verdict += "; what comes from the TAP is as it was recorded, and answers neither of them from there"
    return Comparison(
        _side(left), _side(right), same, ours[same:same + SHOWN], theirs[same:same + SHOWN],
        "both runs are the same" if same == len(ours) == len(theirs) else verdict)


def _same(one: FrameRow, other: FrameRow) -> bool:
    return (one.time_us, one.direction, one.info, one.flags, one.dropped, one.notes) == (
        other.time_us, other.direction, other.info, other.flags, other.dropped, other.notes)


def _rows(run: timelines.RepeatedRun) -> list[FrameRow]:
    watcher = FrameWatcher()
    return [watcher.row(each) for each in list(watcher.read(run.events)) if isinstance(each, SeenFrame)]


def _side(run: timelines.RepeatedRun) -> Side:
    hosts = run.world.hosts.values()
    drops: dict[str, int] = {}
    for host in hosts:
        for reason, number in host.drops.items():
            drops[reason] = drops.get(reason, 0) + number
    last: dict[tuple[str, int], str] = {}
    for event in run.events:
        if event.kind == "tcp.state":
            last[event.host, event.values[0]] = event.values[2]
    delivered = sum(event.values[1] for event in run.events if event.kind == "tcp.delivered")
    return Side(
        run.name, run.world.frames, run.world.occurrence, run.world.now,
        sum(host.counters.get("tcp.retransmitted", 0) for host in hosts),
        sum(event.kind == "frame.lost" for event in run.events), drops,
        [f"#{number} at {host}: {state}" for (host, number), state in last.items()], delivered)
