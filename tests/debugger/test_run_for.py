"""`run 1ms` ends at that moment of world time, to the microsecond, however the machine's clock goes on meanwhile."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import pytest

from aether.engine.core import Core
from aether.lab import simulated
from aether.operations.net import Ping
from aether.world import World


@pytest.fixture(params=[0.1, 1.0, 50.0, math.inf], ids=["slow", "wall", "fast", "max"])
def core(request: pytest.FixtureRequest) -> Iterator[Core]:
    """A core whose clock jumps by 7.3 ms whenever somebody looks: it always looks too late."""
    clock = itertools.count(0, 7_300_000)
    core = Core(simulated(1), speed=request.param, paused=True, clock=lambda: next(clock))
    core.wakeup.sleep = lambda seconds: None  # type: ignore[method-assign]  # the clock goes on without it
    core.start()
    yield core
    core.stop()


def now(world: World) -> int:
    return world.now


@pytest.mark.parametrize("time", [1, 1_000, 123_457])
def test_it_ends_at_its_moment_and_stands_still(core: Core, time: int) -> None:
    core.do(Ping(host="you", address="192.168.1.1", count=3, size=56, interval_us=1_000))
    for turn in range(1, 4):
        core.run_for(time)
        assert core.ask(now) == turn * time
        assert core.status().paused
        assert core.ask(now) == turn * time


def test_all_that_is_due_at_that_moment_is_done(core: Core) -> None:
    core.do(Ping(host="you", address="192.168.1.1", count=1, size=56, interval_us=1_000))
    due = core.ask(World.next_deadline)
    core.run_for(due)
    assert core.ask(World.next_deadline) > due


def test_a_breakpoint_ends_it_before(core: Core) -> None:
    core.do(Ping(host="you", address="192.168.1.1", count=1, size=56, interval_us=1_000))
    core.set_breakpoint(lambda events, world: True)
    core.run_for(1_000_000)
    assert core.status().paused
    assert core.ask(now) < 1_000_000
    core.set_breakpoint(None)
    core.run()
    assert core.wait(lambda world: world.now >= 2_000_000, 10_000_000), "the moment it was to stop at is forgotten"
