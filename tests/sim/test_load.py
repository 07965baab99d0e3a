"""The load generator inside the world: everything is asked for once, counted once, and comes to an end."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from aether import queries
from aether.apps.load import KINDS, LoadReport
from aether.apps.simple import CHARGEN_BUFFER
from aether.lab import HOST, YOU, YOUR_ADDRESS, simulated
from aether.operations.base import OperationError
from aether.operations.knobs import KnobSet
from aether.operations.link import LinkSet
from aether.operations.load import LoadStart
from aether.operations.services import JobCancel
from aether.operations.tcp import TcpConnect
from aether.world import World

pytestmark = pytest.mark.usefixtures("both_ways")


def run(world: World, **what: object) -> LoadReport:
    job = world.do(LoadStart(address=YOUR_ADDRESS, **what))  # type: ignore[arg-type]
    end = world.now + 120_000_000
    while not queries.job_done(world, job, HOST) and world.step(end):
        pass
    return queries.job_report(world, job, HOST)  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("concurrency", [1, 7, 50])
def test_each_is_completed_once(kind: str, concurrency: int) -> None:
    report = run(simulated(1), kind=kind, asked=50, concurrency=concurrency, size=20_000)
    assert (report.done, report.completed, report.failed, len(report.times)) == (True, 50, 0, 50)
    assert report.elapsed > 0
    assert all(0 < time <= report.elapsed for time in report.times)
    if kind == "up":
        assert report.bytes == 50 * 20_000
    if kind in ("http", "keepalive"):
        assert report.bytes > 50 * 500


def test_kept_connections_are_few() -> None:
    world = simulated(1)
    run(world, kind="keepalive", asked=300, concurrency=3)
    assert world.connections == 3


def test_held_connections_stay_until_they_are_let_go() -> None:
    world = simulated(1)
    job = world.do(LoadStart(address=YOUR_ADDRESS, kind="hold", asked=20, concurrency=5))
    end = world.now + 1_000_000
    while world.step(end):
        pass
    assert queries.job_done(world, job, HOST)
    established = [conn for conn in world.hosts[YOU].tcp.connections.values() if conn.state == "ESTABLISHED"]
    assert len(established) == 20
    world.do(JobCancel(host=HOST, job=job))
    while world.step(2 * end):
        pass
    assert not world.hosts[YOU].tcp.connections


def test_an_idle_connection_is_small() -> None:
    """Both ends of a held connection live here, so one of them, used once, is half of what is counted."""
    world = simulated(1)
    run(world, kind="hold", asked=10, concurrency=5)
    gc.collect()
    tracemalloc.start()
    try:
        run(world, kind="hold", asked=500, concurrency=5)
        gc.collect()
        each = tracemalloc.get_traced_memory()[0] / 500 / 2
    finally:
        tracemalloc.stop()
    assert each < 3100  # what held it up, and how far its segments overtake each other, take 40 of these


def test_a_download_is_as_fast_as_tcp() -> None:
    """And not as the small buffer of the character generator, which is for whoever only listens."""
    down, up = (run(simulated(1), kind=kind, asked=1, concurrency=1, size=4_000_000) for kind in ("down", "up"))
    assert 0.8 < down.elapsed / up.elapsed < 1.25
    free = simulated(1)
    free.do(KnobSet(name="tcp.congestion", value="none"))
    assert run(free, kind="down", asked=1, concurrency=1, size=4_000_000).elapsed < 0.9 * down.elapsed


def test_who_only_listens_gets_a_little_at_a_time() -> None:
    world = simulated(1)
    world.do(TcpConnect(host=HOST, address=YOUR_ADDRESS, port=19))
    end = world.now + 100_000
    while world.step(end):
        pass
    [conn] = world.hosts[YOU].tcp.connections.values()
    assert 0 < conn.send.end - conn.send.start <= CHARGEN_BUFFER


def test_refused_connections_have_failed() -> None:
    world = simulated(1)
    world.hosts[YOU].tcp.listeners.clear()
    report = run(world, kind="http", asked=10, concurrency=4)
    assert (report.done, report.completed, report.failed) == (True, 0, 10)


def test_a_load_over_a_bad_link_is_completed() -> None:
    world = simulated(1)
    world.do(LinkSet(what="loss", value="5%"))
    report = run(world, kind="http", asked=40, concurrency=10)
    assert (report.completed, report.failed) == (40, 0)
    assert max(report.times) > 100_000  # somebody had to wait for a timer


@pytest.mark.parametrize(("wrong", "said"), [
    ({"kind": "storm"}, "no load 'storm'"), ({"asked": 0}, "asked is from 1 to 100,000"),
    ({"concurrency": 20_000}, "concurrency is from"), ({"size": -1}, "size is from"), ({"address": "1.2.3"}, "1.2.3"),
    ({"host": "nobody"}, "no host 'nobody'"), ({"address": "8.8.8.8"}, "connect to 8.8.8.8"),
])
def test_what_cannot_be_asked_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(OperationError, match=said.replace("'", ".")):
        simulated(1).do(LoadStart(**{"address": YOUR_ADDRESS, **wrong}))  # type: ignore[arg-type]
