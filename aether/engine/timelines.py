"""Timelines: presents that one has left for another, and the same run with one thing changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aether import lab
from aether.engine.build import build_name
from aether.engine.history import History
from aether.engine.log import Input, InputLog, LogError, Recording, feed, step_to
from aether.engine.loop import Loop
from aether.engine.meter import Meter
from aether.engine.past import Past
from aether.engine.recorder import EventRecorder
from aether.engine.ring import EventRing
from aether.engine.work import Work
from aether.events import Event
from aether.link.tape import Arrival, pack, sums
from aether.operations.base import Operation, OperationError
from aether.operations.knobs import KnobSet, ProfileSet
from aether.operations.link import LinkClear, LinkScenario, LinkSet, TapePlay
from aether.world import World

SETTLE = 10_000_000
"""How much world time a repeated run gets after its last input, at the most, in microseconds."""
MOST_OCCURRENCES = 500_000
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
    world = history.world_at(past.occurrence, loop.work)
    new = log.begun_as(history.inputs_before(past.occurrence))
    branch = History(world, new, loop.clock)
    branch.adopt([one for one in history.snapshots if one.occurrence < past.occurrence] or history.snapshots[:1])
    goes_on = _rest_of_recording(past, log, loop.work)
    loop.replace_world(world, new, branch)
    if goes_on is not None:
        loop.do(goes_on)
    return new.inputs[-1].occurrence if goes_on is not None else world.occurrence


def _rest_of_recording(past: Past, log: InputLog, work: Work) -> TapePlay | None:
    """Return what came from a TAP after the past that is shown, and what left meanwhile; None if nothing came."""
    later = log.inputs[len(past.history.inputs_before(past.occurrence)):]
    arrivals = [
        Arrival(entry.time, entry.occurrence, entry.data) for entry in later if isinstance(entry.data, bytes)]
    if not arrivals:
        return None
    world = past.history.world_at(past.occurrence, work)
    work.plan(past.present.occurrence - world.occurrence)
    left: list[bytes] = []
    for entry in later:
        feed(world, entry, work, left)
    step_to(world, past.present.occurrence, work, left)
    return TapePlay(data=pack(arrivals), expected=sums(left))


def switch(loop: Loop, timeline: Timeline) -> None:
    """Make a timeline that was left the present again."""
    loop.replace_world(timeline.world, timeline.log, timeline.history)


@dataclass(slots=True)
class RepeatedRun:
    """How a run went that was repeated from its inputs."""

    name: str
    world: World
    events: list[Event]
    """The latest."""
    meter: Meter
    recorded: bool = False
    """Whether frames of a recorded TAP came in: they do not answer what is changed."""


def repeat(
    log: InputLog, name: str, changes: Sequence[Operation], until: int, work: Work | None = None, *,
    seed: int | None = None,
) -> RepeatedRun:
    """Run the inputs of a log again from its seed or another one, with `changes` made first.

    Knobs and links stay as the changes have them, whatever the inputs do to them later.

    With changes, inputs come at their time, whatever the occurrence: that may be another one now. It goes on until
    world time `until` (microseconds), and then for a while, so that what is under way comes to its end; not where
    frames come from a recorded TAP, for nobody would answer. OperationError if a change is impossible. `work` is told
    of each occurrence; how many there will be with changes, nobody can know.
    """
    work = work or Work()
    recorded = any(isinstance(entry.data, (bytes, TapePlay)) for entry in log.inputs)
    world = lab.build(log.description if seed is None else {**log.description, "seed": seed})
    ring = EventRing()
    meter = Meter(world, EventRecorder(world, ring))
    world.observe(meter)
    for change in changes:
        world.do(change)
    turned = {(change.host, change.name) for change in changes if isinstance(change, KnobSet)}
    before = Input(-1, 0, b"")
    for entry in log.inputs:
        if not changes and seed is None:
            feed(world, entry, work)
        elif not (isinstance(entry.data, KnobSet) and (entry.data.host, entry.data.name) in turned):
            _carry_out(world, entry, before, work, meter)
            for change in _undone(entry.data, changes):
                world.do(change)
        before = entry
        meter.look()
    end = max(until, world.now) + (0 if recorded else SETTLE)
    while world.occurrence < MOST_OCCURRENCES and _connected(world) and world.step(end):
        work.did()
        meter.look()
    while world.now < until and world.occurrence < MOST_OCCURRENCES and world.step(until):
        work.did()
        meter.look()
    return RepeatedRun(name, world, ring.since(0)[0], meter, recorded)


def _undone(done: object, changes: Sequence[Operation]) -> list[Operation]:
    """Return the changes that an input has undone: a profile turns knobs, other settings a link."""
    if isinstance(done, ProfileSet):
        return [one for one in changes if isinstance(one, KnobSet) and one.host == done.host]
    if isinstance(done, (LinkSet, LinkScenario, LinkClear)):
        return [one for one in changes if isinstance(one, LinkSet) and one.link == done.link]
    return []


def _connected(world: World) -> bool:
    return any(host.tcp.connections for host in world.hosts.values())


def _carry_out(world: World, entry: Input, before: Input, work: Work, meter: Meter) -> None:
    """Give an input to a world that may have gone another way."""
    in_one_go = isinstance(before.data, bytes) and before[:2] == entry[:2]
    while not in_one_go and world.occurrence < MOST_OCCURRENCES and world.step(entry.time):
        world.wire_out.clear()
        work.did()
        meter.look()
    if world.occurrence >= MOST_OCCURRENCES:  # what is due was not waited for, so time must not go on
        return
    world.advance(entry.time)
    work.did()
    if isinstance(entry.data, bytes):
        world.arrive(entry.data)
        return
    try:
        world.do(entry.data)
    except OperationError as problem:
        if world.observer is not None:
            world.observer("user", "app", "compare", f"{type(entry.data).__name__} is impossible here: {problem}")


def knob_changes(text: str, hosts: Sequence[str]) -> list[KnobSet]:
    """Return the operations that ``tcp.retransmit=off tcp.sack=off`` means at hosts; OperationError if none."""
    named = _changes(text, "say which knob and what: compare knob tcp.retransmit=off")
    return [KnobSet(host=host, name=name, value=value) for host in hosts for name, value in named]


def link_changes(text: str, link: str, direction: str) -> list[LinkSet]:
    """Return the operations that ``loss=2% delay=20ms`` means; OperationError if it means none."""
    named = _changes(text, "say which setting and what: compare link loss=2%")
    return [LinkSet(link=link, direction=direction, what=name, value=value) for name, value in named]


def _changes(text: str, such_as: str) -> list[tuple[str, str]]:
    found = []
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals or not name or not value:
            raise OperationError(f"{such_as}, not {word!r}")
        found.append((name, value))
    if not found:
        raise OperationError(such_as)
    return found


def from_recording(loop: Loop, recording: Recording, exact: bool = True) -> bool:
    """Repeat a recording with its history and its events, and make its end the present; return whether it is exact.

    What another build recorded may take the same steps and end in another state: then it stands where this build
    ends, unless it has to be exact. LogError if it goes wrong, Interrupted if it is to end; then nothing has changed.
    """
    work = loop.work
    work.plan(recording.occurrence)
    world, ring = recording.beginning(), EventRing()
    world.observe(EventRecorder(world, ring))
    history = History(world, InputLog(recording.description), loop.clock)
    fed = history.log
    for entry in recording.inputs:
        began = loop.clock()
        feed(world, entry, work)
        fed.inputs.append(entry)
        history.worked_for(world, loop.clock() - began)
    began = loop.clock()
    step_to(world, recording.occurrence, work)
    world.advance(recording.time)
    history.worked_for(world, loop.clock() - began)
    same = world.state_hash() == recording.hash
    if not same and (exact or recording.build == build_name()):
        raise LogError("the replay ends in another state than the recording: the file was changed, or comes from "
                       "another version of Aether")
    loop.ring.refill(ring.since(0)[0])
    loop.replace_world(world, fed, history, recorded=True)
    return same
