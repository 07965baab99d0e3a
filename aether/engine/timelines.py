"""Timelines: presents that one has left for another, and the same run with one thing changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aether import lab
from aether.engine.history import History
from aether.engine.log import Input, InputLog, LogError, Recording, feed, step_to
from aether.engine.loop import Loop
from aether.engine.recorder import Recorder
from aether.engine.ring import EventRing
from aether.events import Event
from aether.operations import KnobSet, Operation, OperationError
from aether.world import World

SETTLE = 10_000_000
"""How much world time a repeated run gets after its last input, at the most, in microseconds."""
LONGEST = 500_000
"""Occurrences of a repeated run, at the most."""


@dataclass(slots=True)
class Timeline:
    """A present that was left: its world, and how it came about."""

    name: str
    parent: str
    forked_at: int
    """The occurrence of the parent at which it began; 0 for the first."""
    world: World
    log: InputLog
    history: History


def leave(loop: Loop, name: str, parent: str, forked_at: int) -> Timeline:
    """Return the present as a timeline; OperationError without a history."""
    if loop.log is None or loop.history is None:
        raise OperationError("benchmark mode keeps no history. Go back to: mode trace")
    return Timeline(name, parent, forked_at, loop.world, loop.log, loop.history)


def fork(loop: Loop) -> int:
    """Make a new present of the past that is shown, and return its occurrence; OperationError if none is shown."""
    past, history, log = loop.past, loop.history, loop.log
    if past is None or history is None or log is None:
        raise OperationError("fork makes a new present of the past. Go there first: back 10, or goto 100")
    if loop.device is not None:
        raise OperationError(
            "the kernel behind the TAP cannot go back with us. Record the run, and fork the replay: "
            "record FILE, then aether-shell --sim and replay FILE")
    world = history.world_at(past.occurrence)
    new = InputLog(log.description, log.start)
    new.inputs = history.inputs_before(past.occurrence)
    branch = History(world, new, loop.clock)
    branch.adopt([one for one in history.snapshots if one.occurrence < past.occurrence] or history.snapshots[:1])
    loop.replace_world(world, new, branch)
    return world.occurrence


def switch(loop: Loop, timeline: Timeline) -> None:
    """Make a timeline that was left the present again."""
    loop.replace_world(timeline.world, timeline.log, timeline.history)


@dataclass(slots=True)
class Run:
    """How a run went that was repeated from its inputs."""

    name: str
    world: World
    events: list[Event]


def repeat(log: InputLog, name: str, changes: Sequence[Operation], until: int) -> Run:
    """Run the inputs of a log again from the seed, with `changes` made first; a knob among them stays as it is then.

    Inputs come at their time, whatever the occurrence: that may be another one now. It goes on for a while
    after the last, or until world time `until` (microseconds). OperationError if a change is impossible, or
    the log holds frames of a TAP: a kernel would answer otherwise.
    """
    if any(isinstance(entry.data, bytes) for entry in log.inputs):
        raise OperationError("this run was recorded on a TAP, and the kernel's answers belong to it. "
                             "`compare` needs a simulation")
    world = lab.build(log.description)
    ring = EventRing()
    world.observe(Recorder(world, ring))
    for change in changes:
        world.do(change)
    turned = {(change.host, change.name) for change in changes if isinstance(change, KnobSet)}
    for entry in log.inputs:
        if not (isinstance(entry.data, KnobSet) and (entry.data.host, entry.data.name) in turned):
            _carry_out(world, entry)
    end = max(until, world.now) + SETTLE
    while world.occurrence < LONGEST and any(h.tcp.connections for h in world.hosts.values()) and world.step(end):
        pass
    while world.now < until and world.occurrence < LONGEST and world.step(until):
        pass
    return Run(name, world, ring.since(0)[0])


def _carry_out(world: World, entry: Input) -> None:
    while world.occurrence < LONGEST and world.step(entry.time):
        pass
    world.advance(entry.time)
    assert isinstance(entry.data, Operation)
    try:
        world.do(entry.data)
    except OperationError as problem:
        if world.observer is not None:
            world.observer("user", "app", "compare", f"{type(entry.data).__name__} is impossible here: {problem}")


def knob_change(text: str) -> KnobSet:
    """Return the operation that ``tcp.retransmit=off`` means; OperationError if it means none."""
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise OperationError(f"say which knob and what: compare knob tcp.retransmit=off, not {text!r}")
    return KnobSet(name=name.strip(), value=value.strip())


def from_recording(loop: Loop, recording: Recording) -> None:
    """Repeat a recording with its history and its events, and make its end the present.

    LogError if it goes wrong; then nothing has changed.
    """
    world, ring = recording.beginning(), EventRing()
    world.observe(Recorder(world, ring))
    history = History(world, InputLog(recording.description), loop.clock)
    fed = history.log
    for entry in recording.inputs:
        began = loop.clock()
        feed(world, entry)
        fed.inputs.append(entry)
        history.worked_for(world, loop.clock() - began)
    began = loop.clock()
    step_to(world, recording.occurrence)
    world.advance(recording.time)
    history.worked_for(world, loop.clock() - began)
    if world.state_hash() != recording.hash:
        raise LogError("the replay ends in another state than the recording: the file was changed, or comes from "
                       "another version of Aether")
    loop.ring.refill(ring.since(0)[0])
    loop.replace_world(world, fed, history, recorded=True)
