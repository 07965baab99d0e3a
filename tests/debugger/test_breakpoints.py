"""Breakpoints over a long run: each stops before the following occurrence, and none is missed."""

from __future__ import annotations

import math
from collections import defaultdict
from contextlib import suppress
from typing import Any

from aether.engine.breakpoints import Breakpoints
from aether.engine.core import Core
from aether.engine.loop import Loop
from aether.engine.wakeup import Wakeup
from aether.events import KINDS
from aether.lab import describe, simulated
from aether.operations.base import OperationError
from aether.operations.link import LinkSet
from aether.operations.net import Ping
from aether.operations.services import HttpGet
from aether.operations.tcp import TcpConnect, TcpSend
from aether.world import World
from benchmarks.transfer import make_world, start

OCCURRENCES = 100_000
FOREVER = 1 << 60
AT_START = (
    LinkSet(what="duplicate", value="1%"), LinkSet(what="corrupt", value="1%"), LinkSet(what="reorder", value="1%"),
    Ping(address="192.168.1.1", count=1000, interval_us=10_000), HttpGet(url="http://host.lab/"),
    TcpConnect(address="192.168.1.1", port=81), TcpSend(conn=7, data=b"nobody is there"),
)


def busy_world() -> World:
    """Return a world with a long transfer over a bad link."""
    world = make_world(loss="2%")
    start(world, 1 << 30, "down")
    return world


class Witness:
    """Notes in which occurrences each kind of event happens; it knows nothing of breakpoints."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: dict[str, list[int]] = defaultdict(list)

    def __call__(self, host: str, kind: str, *values: Any) -> None:
        """Note one event."""
        at = self.seen[kind]
        if not at or at[-1] != self.world.occurrence:
            at.append(self.world.occurrence)


def test_none_is_missed_over_100000_occurrences() -> None:
    """Every kind of event is counted where it happens, and time stops at every loss, right there."""
    truth = busy_world()
    witness = Witness(truth)
    truth.observe(witness)
    core = Core(busy_world(), speed=math.inf)
    points = Breakpoints()
    numbers = {}
    for kind in KINDS:
        one = points.add(f'event == "{kind}"', [])
        one.ignore = FOREVER
        numbers[kind] = one
    stop = points.add('event == "frame.lost"', [])
    core.loop.set_breakpoint(points.hit)
    core.start()
    stops = []
    try:
        for operation in AT_START:
            for world in (truth, core):
                with suppress(OperationError):
                    world.do(operation)  # type: ignore[attr-defined]
        while True:
            core.run()
            core.wait(lambda world: world.occurrence >= OCCURRENCES, FOREVER)
            status = core.status()
            if points.stopped_at:
                assert points.stopped_at == [stop.number]
                assert status.paused
                points.stopped_at = []
                stops.append(status.occurrence)
            if status.occurrence >= OCCURRENCES:
                break
        core.pause()
        reached = core.status().occurrence
        while truth.occurrence < reached:
            assert truth.step()
        assert core.ask(lambda world: world.state_hash()) == truth.state_hash()
    finally:
        core.stop()
    assert len(stops) > 1000
    assert stops == witness.seen["frame.lost"]
    assert {kind: one.hits for kind, one in numbers.items()} == {
        kind: len(witness.seen.get(kind, ())) for kind in KINDS}
    assert sum(one.hits > 0 for one in numbers.values()) > 15, "a run in which many things happen"


def test_it_stops_while_others_are_being_served() -> None:
    """Whatever is due when somebody asks for something is handled first, and stops like everything else."""
    clock = [0]
    world = simulated(1)
    loop = Loop(world, None, Wakeup(None), describe(world), mode="trace", speed=1.0, clock=lambda: clock[0])
    points = Breakpoints()
    points.add("state ESTABLISHED", [])
    loop.set_breakpoint(points.hit)
    loop.do(TcpConnect(address="192.168.1.1", port=7))
    clock[0] = 10_000_000_000
    loop.catch_up()
    assert points.stopped_at
    assert loop.paused
    assert [conn.state for conn in world.hosts["you"].tcp.connections.values()] == ["ESTABLISHED"]
    assert [conn.state for conn in world.hosts["host"].tcp.connections.values()] == ["SYN-RECEIVED"]
