"""The same seed and inputs give the same world: in this process, in another, and from a snapshot."""

import subprocess
import sys
from pathlib import Path

import pytest

from aether.engine import history
from aether.engine.log import InputLog, LogError, dump, load
from aether.lab import describe, simulated, tapped
from aether.laboratory import Laboratory
from aether.operations.base import Operation, from_data
from aether.operations.tcp import TcpConnect
from aether.world import World

from .traffic import lossy_transfers

OCCURRENCES = 10_000


def recorded(seed: int) -> tuple[World, InputLog]:
    """Run a world with losses for at least 10,000 occurrences, and on after the last of what is done to it."""
    world = simulated(seed)
    log = InputLog(describe(world))
    for wait, operation in lossy_transfers():
        end = world.now + wait
        while world.step(end):
            pass
        world.advance(end)
        log.add(world, operation)
        world.do(operation)
    enough = max(OCCURRENCES, world.occurrence) + 500
    while world.occurrence < enough:
        assert world.step(), f"the world came to rest after {world.occurrence} occurrences"
    return world, log


@pytest.fixture(scope="module")
def run() -> tuple[World, InputLog]:
    """One recorded run for all tests of this file."""
    return recorded(11)


def in_fresh_process(code: str, stdin: bytes) -> str:
    """Run Python code in a process with another hash seed, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], input=stdin, capture_output=True, check=True, timeout=120,
        cwd=Path(__file__).parents[2], env={"PYTHONHASHSEED": "12345", "PATH": "/usr/bin:/bin"},
    )
    return done.stdout.decode().strip()


def test_a_recording_repeats_in_a_fresh_process(run: tuple[World, InputLog]) -> None:
    """Seed and inputs are all that is needed."""
    world, log = run
    assert world.occurrence >= OCCURRENCES
    code = (
        "import sys; from aether.engine.log import load; r = load(sys.stdin.read());"
        "w = r.world(); print(w.occurrence, w.state_hash())"
    )
    assert in_fresh_process(code, dump(log, world).encode()) == f"{world.occurrence} {world.state_hash()}"


def test_a_snapshot_from_the_middle_continues_in_a_fresh_process(run: tuple[World, InputLog]) -> None:
    """What is pickled is the whole state."""
    world, log = run
    middle = simulated(11)
    inputs = list(log.inputs)
    while inputs or middle.occurrence < OCCURRENCES // 2:
        if inputs and inputs[0].occurrence == middle.occurrence:
            entry = inputs.pop(0)
            middle.advance(entry.time)
            assert isinstance(entry.data, Operation)
            middle.do(entry.data)
        else:
            middle.step()
    assert middle.occurrence <= world.occurrence - 500, "nothing is left that a fresh process could do"
    code = (
        "import sys; from aether.world import World; w = World.load(sys.stdin.buffer.read());"
        f"\nwhile w.occurrence < {world.occurrence}: w.step()\nprint(w.state_hash())"
    )
    assert in_fresh_process(code, middle.snapshot()) == world.state_hash()


def test_seeds_differ() -> None:
    """Another seed is another run."""
    first, second = simulated(1), simulated(2)
    for world in (first, second):
        world.do(TcpConnect(address="192.168.1.1", port=7))
        world.step()
    assert first.state_hash() != second.state_hash()


def test_the_history_goes_back_to_the_same_state() -> None:
    """The hash at an occurrence does not depend on how one got there."""
    world = simulated(5)
    log = InputLog(describe(world))
    ticks = iter(range(0, 10**15, 1_000_000))
    past = history.History(world, log, lambda: next(ticks))
    hashes = {}
    for _, operation in lossy_transfers():
        log.add(world, operation)
        world.do(operation)
        hashes[world.occurrence] = world.state_hash()
    while world.occurrence < 3000:
        world.step()
        past.worked_for(world, 1_000_000)
        if world.occurrence % 97 == 0:
            hashes[world.occurrence] = world.state_hash()
    assert len(past.snapshots) > 5
    for occurrence, digest in hashes.items():
        assert past.world_at(occurrence).state_hash() == digest, occurrence


def test_frames_from_outside_repeat() -> None:
    """With a TAP the log holds raw frames; a delay on the link changes nothing about that."""
    frames = Laboratory()
    frames.host.icmp.send_echo(frames.theirs, 7, 1, b"x" * 32)
    [frame] = frames.sent()
    echo = frame[6:12] + frame[:6] + frame[12:26] + frame[30:34] + frame[26:30] + frame[34:]
    world = tapped(3)
    log = InputLog(describe(world))
    for index in range(50):
        if index == 20:
            operation = from_data(
                {"operation": "LinkSet", "link": "lan", "direction": "in", "what": "delay", "value": "20ms"})
            log.add(world, operation)
            world.do(operation)
        world.step(world.now)
        world.advance(world.now + 7_000)
        log.add(world, echo)
        world.arrive(echo)
        world.wire_out.clear()
    world.step()
    again = load(dump(log, world)).world()
    assert (again.occurrence, again.state_hash()) == (world.occurrence, world.state_hash())


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda text: "", "empty"),
    (lambda text: "hello\n" + text, "line 1"),
    (lambda text: text.replace('"version": 1', '"version": 99'), "version 1"),
    (lambda text: "\n".join(text.splitlines()[:-1]), "cut off"),
    (lambda text: text.replace("TcpConnect", "Nonsense"), "line 2"),
    (lambda text: text.replace('"port": 7', '"port": 9'), "another state"),
])
def test_a_damaged_recording_says_what_is_wrong(spoil, message) -> None:  # type: ignore[no-untyped-def]
    """Never a traceback, always the place."""
    world = simulated(1)
    log = InputLog(describe(world))
    operation = TcpConnect(address="192.168.1.1", port=7)
    log.add(world, operation)
    world.do(operation)
    with pytest.raises(LogError, match=message):
        load(spoil(dump(log, world))).world()
