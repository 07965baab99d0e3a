"""A host that has to wake up, or to work: frames wait, keep their order, and a run repeats."""

from __future__ import annotations

import pytest

from aether import queries
from aether.lab import HOST, YOUR_ADDRESS, simulated
from aether.operations.base import OperationError
from aether.operations.knobs import KnobSet
from aether.operations.load import LoadStart
from aether.operations.net import Ping
from aether.operations.workers import WorkersSet, processor
from aether.world import World


def with_knobs(seed: int = 1, **knobs: str) -> World:
    world = simulated(seed)
    for name, value in knobs.items():
        world.do(KnobSet(name=name.replace("_", ".", 1), value=value))
    return world


def pings(world: World, count: int = 20) -> list[int]:
    job = world.do(Ping(host=HOST, address=YOUR_ADDRESS, count=count, interval_us=10_000))
    while not queries.job_done(world, job, HOST) and world.step(world.now + 60_000_000):
        pass
    return [each.rtt for each in queries.job_report(world, job, HOST).replies]


def load(world: World, **what: object) -> int:
    job = world.do(LoadStart(address=YOUR_ADDRESS, **what))  # type: ignore[arg-type]
    end = world.now + 120_000_000
    while not queries.job_done(world, job, HOST) and world.step(end):
        pass
    report = queries.job_report(world, job, HOST)
    assert report.failed == 0 and report.done
    return int(report.elapsed)


def test_waking_up_takes_its_time_in_each_round_trip() -> None:
    awake = pings(with_knobs())[1:]
    assert {each - 50 for each in pings(with_knobs(loop_wake="50us"))[1:]} == set(awake)
    assert pings(with_knobs(loop_wake="50us", loop_spin="1s"))[1:] == awake
    assert {each - 30 for each in pings(with_knobs(loop_cost="30us"))[1:]} == set(awake)


def test_how_it_has_waited_adds_up() -> None:
    world = with_knobs(loop_wake="50us", loop_cost="10us")
    world.do(WorkersSet())
    pings(world)
    [row] = processor(world).rows
    assert row.wakes >= 20
    assert row.busy + row.spin + row.yielding + row.sleep == pytest.approx(1.0, abs=0.01)
    assert row.sleep > 0.9


def test_four_cores_do_the_work_of_four_for_many_and_of_one_for_one() -> None:
    def took(workers: int, **what: object) -> int:
        world = with_knobs(loop_cost="50us")
        world.do(WorkersSet(count=workers))
        elapsed = load(world, **what)
        assert sum(row.frames for row in processor(world).rows) > 100
        return elapsed

    many = {"kind": "http", "asked": 400, "concurrency": 100}
    one = {"kind": "up", "asked": 1, "concurrency": 1, "size": 1_000_000}
    assert took(1, **many) / took(4, **many) > 3
    assert took(1, **one) == took(4, **one)


def test_a_transfer_is_complete_and_in_order_with_any_number_of_cores() -> None:
    for workers in (1, 2, 3, 8):
        world = with_knobs(loop_cost="20us", loop_wake="20us", loop_spin="0us")
        world.do(WorkersSet(count=workers))
        load(world, kind="up", asked=4, concurrency=4, size=100_000)
        assert not any(name.startswith("tcp.out_of_order") for name in world.hosts["you"].drops)


def test_a_run_repeats() -> None:
    def run() -> str:
        world = with_knobs(7, loop_cost="20us", loop_wake="20us")
        world.do(WorkersSet(count=3))
        load(world, kind="http", asked=60, concurrency=20)
        return World.load(world.snapshot()).state_hash()

    assert run() == run()


def test_without_the_model_nothing_waits() -> None:
    world = simulated(1)
    world.do(WorkersSet(count=4))
    load(world, kind="http", asked=20, concurrency=5)
    assert all(row.frames == 0 for row in processor(world).rows)
    assert processor(world).skew == 0


@pytest.mark.parametrize("count", [65, 1000, -1])
def test_there_are_1_to_64(count: int) -> None:
    with pytest.raises(OperationError, match="from 1 to 64"):
        simulated(1).do(WorkersSet(count=count))
