"""The input log: everything that came from outside a world, in order, as plain data.

With the seed and the description of the lab it is all that is needed to repeat a run. An input
is a frame that was read from a device, or an operation of the user; between two inputs a world
is deterministic.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from aether import lab
from aether.engine.build import build_name
from aether.engine.work import Work
from aether.operations.base import Operation, OperationError, from_data, to_data
from aether.world import World

FORMAT = "aether-log"
VERSION = 1


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
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise LogError("the recording is empty")
    inputs: list[Input] = []
    end: dict[str, Any] = {}
    description: dict[str, object] = {}
    build = ""
    for number, line in enumerate(lines, 1):
        try:
            data = json.loads(line)
            if number == 1:
                if data["format"] != FORMAT or data["version"] != VERSION:
                    raise LogError(f"line 1: not a recording of version {VERSION}")
                description = dict(data["lab"])
                build = str(data.get("build", ""))
            elif "end" in data:
                end = data["end"]
                end = {"ev": int(end["ev"]), "us": int(end["us"]), "hash": str(end["hash"])}
            else:
                inputs.append(_input(data))
        except LogError:
            raise
        except (ValueError, KeyError, TypeError, OperationError, binascii.Error) as problem:
            what = "this is no recording that `record` wrote" if number == 1 else "no part of a recording"
            raise LogError(f"line {number}: {what} ({type(problem).__name__}: {problem})") from None
    if not end:
        raise LogError(f"line {len(lines)}: the recording stops without its end; it was cut off")
    return Recording(description, inputs, end["ev"], end["us"], end["hash"], build)


def _input(data: dict[str, Any]) -> Input:
    occurrence, time = int(data.pop("ev")), int(data.pop("us"))
    if "frame" in data:
        return Input(occurrence, time, base64.b64decode(data["frame"], validate=True))
    return Input(occurrence, time, from_data(data))
