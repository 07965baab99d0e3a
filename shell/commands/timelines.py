"""`fork`, `timeline` and `compare`: other ways that the run could have gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from itertools import groupby

from aether.engine import timelines
from aether.engine.log import InputLog
from aether.engine.loop import Loop
from aether.operations.base import Operation, OperationError
from shell.commands.common import HOST_OR_ALL
from shell.language.grammar import CommandError, argument, command, option
from shell.language.values import amount, show_duration
from shell.reading.frames import FrameWatcher, SeenFrame
from shell.results.frames import FrameRow
from shell.results.message import Message
from shell.results.timelines import Advantage, Comparison, InputList, LogRow, Side, TimelineList, TimelineRow
from shell.session import Session

MOST_DIGITS = 19
"""Of a seed."""
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


def _seed(text: str) -> int:
    """Read a seed."""
    if not text.isascii() or not text.isdigit() or len(text) > MOST_DIGITS:
        raise CommandError(f"a seed is a whole number of {MOST_DIGITS} digits at the most, not {text!r}")
    return int(text)


SEED = option("--seed", "run both with this seed, not that of the session", _seed, default=None, metavar="N")


@command(
    "compare knob",
    argument("changes", str, "one knob and its value or several, such as tcp.retransmit=off", raw="many",
             complete="knobs"), HOST_OR_ALL, SEED,
    examples=("compare knob tcp.retransmit=off", "compare knob tcp.congestion=reno tcp.sack=off --host host",
              "compare knob tcp.nagle=off --seed 8"),
)
def compare_knob(session: Session, changes: str, host: str, seed: int | None) -> Comparison:
    """Run everything again from the same seed, once as it is and once with knobs turned from the start.

    They stay as they are turned, whatever was done to them in the run. Which is better is said by what was
    delivered, how soon, with how many bytes on the links, how much was sent again, and how long a queue became.
    """
    hosts = session.core.whole.ask(lambda world: list(world.hosts)) if host == "all" else [host]
    return _again(session, timelines.knob_changes(changes, hosts), _named(changes, "" if host == "you" else host), seed)


@command(
    "compare link",
    argument("changes", str, "one setting and its value or several, such as loss=2%", raw="many",
             complete="link_settings"),
    option("--link", "which link: lan, or another one (wan in the simulation)", str, default="lan", metavar="L"),
    option("--direction", "in, out or both", str, default="both", metavar="D", complete="in out both"), SEED,
    examples=("compare link loss=2%", "compare link rate=1mbit queue=16kb --link wan --direction out"),
)
def compare_link(session: Session, changes: str, link: str, direction: str, seed: int | None) -> Comparison:
    """Run everything again from the same seed, once as it is and once over a link that is another from the start."""
    where = " ".join(part for part in ("" if link == "lan" else link, "" if direction == "both" else direction) if part)
    return _again(session, timelines.link_changes(changes, link, direction), _named(changes, where), seed)


@command("compare seed", argument("seed", _seed, "another seed, such as 8"), examples=("compare seed 8",))
def compare_seed(session: Session, seed: int) -> Comparison:
    """Run everything again, once as it is and once with another seed: what of it was chance."""
    return _again(session, [], f"seed {seed}", None, other=seed)


def _named(changes: str, where: str) -> str:
    said = " ".join(changes.split())
    return f"{said} at {where}" if where else said


def _again(
    session: Session, changes: Sequence[Operation], name: str, seed: int | None, other: int | None = None,
) -> Comparison:
    """Run everything twice more: as it is, and with changes or another seed."""
    session.need_trace("compare")

    def both(loop: Loop) -> tuple[timelines.RepeatedRun, timelines.RepeatedRun]:
        present, now = _log(loop), loop.world.now
        loop.work.plan(2 * loop.world.occurrence)
        both_with = "" if seed is None else f", seed {seed}"
        return (timelines.repeat(present, f"as it is{both_with}", [], now, loop.work, seed=seed),
                timelines.repeat(present, f"{name}{both_with}", changes, now, loop.work,
                                 seed=seed if other is None else other))

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
    alike = "the first frame is" if same == 1 else f"the first {same} frames are"
    verdict = f"{alike} the same, then they part" if same else "they part with the first frame"
    if left.recorded and not same == len(ours) == len(theirs):
        verdict += "; what comes from the TAP is as it was recorded, and answers neither of them from there"
    sides = _side(left), _side(right)
    return Comparison(
        *sides, same, ours[same:same + SHOWN], theirs[same:same + SHOWN],
        "both runs are the same" if same == len(ours) == len(theirs) else verdict, differences(*sides))


def differences(left: Side, right: Side) -> list[Advantage]:
    """Return by what one side is better: what it delivered, how soon, and what that took."""
    found = []
    for measure, more_is_better, say in _MEASURES:
        ours, theirs = getattr(left, measure), getattr(right, measure)
        if ours == theirs or (measure == "last_delivery_us" and min(ours, theirs) < 0):
            continue
        better, worse = (left, right) if (ours > theirs) == more_is_better else (right, left)
        said = say(better, getattr(better, measure), getattr(worse, measure))
        found.append(Advantage(measure, "left" if better is left else "right", said))
        if measure == "delivered":
            break  # who delivers less does less for it, which is no merit
    return found


def _delivers(side: Side, better: int, worse: int) -> str:
    return f"{side.name} delivers {amount(better - worse, 'byte')} more"


def _delivers_sooner(side: Side, better: int, worse: int) -> str:
    return f"{side.name} delivers its last byte {show_duration(worse - better)} earlier"


def _sends_less(side: Side, better: int, worse: int) -> str:
    return f"{side.name} puts {amount(worse - better, 'byte')} less on the links"


def _repeats_less(side: Side, better: int, worse: int) -> str:
    return f"{side.name} sends {amount(worse - better, 'segment')} fewer again"


def _waits_less(side: Side, better: int, worse: int) -> str:
    return f"{side.name} has the shorter queue: {better:,} bytes at the most, not {worse:,}"


_MEASURES: tuple[tuple[str, bool, Callable[[Side, int, int], str]], ...] = (
    ("delivered", True, _delivers), ("last_delivery_us", False, _delivers_sooner), ("sent_bytes", False, _sends_less),
    ("retransmitted", False, _repeats_less), ("largest_queue", False, _waits_less),
)
"""By what sides are compared, the weightiest first; whether more of it is better; and how that is said."""


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
    return Side(
        run.name, run.world.frames, run.world.occurrence, run.world.now,
        sum(host.counters.get("tcp.retransmitted", 0) for host in hosts),
        run.meter.lost, drops,
        [f"#{number} at {host}: {state}" for (host, number), state in last.items()], run.meter.delivered,
        run.meter.last_delivery, run.meter.sent, run.meter.largest_queue)
