"""The input log: everything that came from outside a world, in order, as plain data.

With the seed and the description of the lab it is all that is needed to repeat a run. An input
is a frame that was read from a device, or an operation of the user; between two inputs a world
is deterministic.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from aether import lab, plain
from aether.engine.build import build_name
from aether.engine.work import Work
from aether.operations.base import Operation, OperationError, from_data, to_data
from aether.world import World

FORMAT = "aether-log"
VERSION = 1
LATEST = 1 << 53
"""Microseconds: no world lives as long as this, which is 285 years."""


class LogError(ValueError):
    """A log that cannot be read; the text says what and where."""


class Input(NamedTuple):
    """One input: what the world's clock and counter showed when it came, and what it was."""

    occurrence: int
    time: int
    """World time in microseconds."""
    data: bytes | Operation


class InputLog:
    """What a world was built from, and every input since."""

    def __init__(self, description: dict[str, object], start: int = 0) -> None:
        self.description = description
        """What `aether.lab.build` makes the world from."""
        self.inputs: list[Input] = []
        self.start = start
        """The occurrence after which it begins; only a log that begins with the world can be recorded."""
        self.forgotten = 0
        """How many inputs were let go, the earliest."""

    def add(self, world: World, data: bytes | Operation) -> None:
        """Note an input just before the world gets it."""
        self.inputs.append(Input(world.occurrence, world.now, data))

    def count(self) -> int:
        """Return how many inputs there were, with those that were let go."""
        return self.forgotten + len(self.inputs)

    def after(self, count: int) -> list[Input]:
        """Return the inputs after the first so many of all that there were."""
        return self.inputs[count - self.forgotten:]

    def forget(self, count: int, occurrence: int) -> None:
        """Let go of the first so many of all that there were: those up to the end of an occurrence."""
        del self.inputs[:count - self.forgotten]
        self.forgotten, self.start = count, occurrence

    def begun_as(self, inputs: list[Input]) -> InputLog:
        """Return another log that begins as this one does, with these of its inputs."""
        log = InputLog(self.description, self.start)
        log.inputs, log.forgotten = inputs, self.forgotten
        return log


def replay(world: World, inputs: Iterable[Input], until: int, work: Work | None = None) -> World:
    """Carry on with a world up to the end of occurrence `until`, feeding `inputs` as they came.

    LogError if the world has nothing left to do before it gets there: the log is not of this world. Interrupted leaves
    it somewhere on the way.
    """
    for entry in inputs:
        if entry.occurrence >= until:
            break
        feed(world, entry, work)
    step_to(world, until, work)
    return world


def feed(world: World, entry: Input, work: Work | None = None, left: list[bytes] | None = None) -> None:
    """Bring a world to where an input came, and give it to it; `left` takes what leaves for the world outside."""
    step_to(world, entry.occurrence, work, left)
    world.advance(entry.time)
    before = world.occurrence
    if isinstance(entry.data, bytes):
        world.arrive(entry.data)
    else:
        with suppress(OperationError):  # what failed then fails again: an occurrence all the same
            world.do(entry.data)
    _take_out(world, left)
    if work is not None:
        work.did(world.occurrence - before)


def _take_out(world: World, left: list[bytes] | None) -> None:
    if left is not None:
        left += world.wire_out
    world.wire_out.clear()


def step_to(world: World, occurrence: int, work: Work | None = None, left: list[bytes] | None = None) -> None:
    """Step a world up to the end of an occurrence; LogError if it comes to rest before."""
    while world.occurrence < occurrence:
        if not world.step():
            raise LogError(f"nothing happens after occurrence {world.occurrence}, and {occurrence} were recorded")
        _take_out(world, left)
        if work is not None:
            work.did()


def dump(log: InputLog, world: World, work: Work | None = None) -> str:
    """Return a log as text, one JSON object a line, with the state that `world` is in at the end.

    LogError if it does not begin with the world.
    """
    if log.start:
        raise LogError(f"history starts at ev {log.start}: benchmark mode, or too much to keep, ended what was before")
    head = {"format": FORMAT, "version": VERSION, "lab": log.description, "build": build_name()}
    lines = [json.dumps(head)]
    if work is not None:
        work.plan(len(log.inputs))
    for entry in log.inputs:
        if isinstance(entry.data, bytes):
            what: dict[str, Any] = {"frame": base64.b64encode(entry.data).decode()}
        else:
            what = to_data(entry.data)
        lines.append(json.dumps({"ev": entry.occurrence, "us": entry.time, **what}))
        if work is not None:
            work.did()
    end = {"end": {"ev": world.occurrence, "us": world.now, "hash": world.state_hash()}}
    return "\n".join([*lines, json.dumps(end)]) + "\n"


class Recording(NamedTuple):
    """A log that was read back."""

    description: dict[str, object]
    inputs: list[Input]
    occurrence: int
    time: int
    hash: str
    build: str = ""
    """What `build_name` said where it was recorded; empty in recordings of 0.1.0 and before."""

    def beginning(self) -> World:
        """Return the world as it was at the start; LogError if there is no such lab."""
        try:
            return lab.build(self.description)
        except (ValueError, TypeError) as problem:
            raise LogError(f"line 1: no lab can be built from this: {problem}") from None

    def world(self) -> World:
        """Repeat the whole run; LogError if it does not end in the state that was recorded."""
        world = self.beginning()
        for entry in self.inputs:
            feed(world, entry)
        step_to(world, self.occurrence)
        world.advance(self.time)
        if world.state_hash() != self.hash:
            raise LogError("the replay ends in another state than the recording")
        return world


def load(text: str) -> Recording:
    """Read what `dump` wrote; LogError names the line that is wrong."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise LogError("the recording is empty")
    inputs: list[Input] = []
    end: _End | None = None
    description: dict[str, object] = {}
    build = ""
    for place, (number, line) in enumerate(lines):
        try:
            data = plain.parse(line)
            if not isinstance(data, dict):
                raise plain.DataError("each line is a table of names and values")
            if place == 0:
                description = _head(data)
                build = plain.value_of(str, data.get("build", ""), ("build",))
            elif end is not None:
                raise plain.DataError("the recording has ended before this")
            elif "end" in data:
                end = plain.read(_End, data["end"], ("end",))
                _in_order(end, inputs)
            else:
                inputs.append(_input(data))
                _in_order(inputs[-1], inputs[:-1][-1:])
        except (plain.DataError, OperationError) as problem:
            what = "this is no recording that `record` wrote" if place == 0 else "no part of a recording"
            raise LogError(f"line {number}: {what} ({problem})") from None
    if end is None:
        raise LogError(f"line {lines[-1][0]}: the recording stops without its end; it was cut off")
    return Recording(description, inputs, end.ev, end.us, end.hash, build)


@dataclass(slots=True)
class _End:
    """The last line of a recording."""

    ev: int
    us: int
    hash: str


def _head(data: dict[str, Any]) -> dict[str, object]:
    if data.get("format") != FORMAT or data.get("version") != VERSION:
        raise LogError(f"line 1: not a recording of version {VERSION}")
    if not isinstance(data.get("lab"), dict):
        raise plain.DataError("it does not say which lab it is of")
    return dict(data["lab"])


def _input(data: dict[str, Any]) -> Input:
    occurrence, time = (plain.value_of(int, data.pop(name, None), (name,)) for name in ("ev", "us"))
    if "frame" not in data:
        return Input(occurrence, time, from_data(data))
    if len(data) > 1:
        raise plain.DataError(f"a frame has nothing besides: {', '.join(name for name in data if name != 'frame')}")
    return Input(occurrence, time, plain.from_base64(data["frame"], ("frame",)))


def _in_order(entry: Input | _End, before: list[Input]) -> None:
    """See to it that nothing comes before what came before it; DataError."""
    occurrence, time = (entry.occurrence, entry.time) if isinstance(entry, Input) else (entry.ev, entry.us)
    least = before[-1][:2] if before else (0, 0)
    if occurrence < least[0] or not least[1] <= time <= LATEST:
        raise plain.DataError(f"ev {occurrence} at {time} us cannot come after ev {least[0]} at {least[1]} us")
