"""Fast Open (RFC 7413) between two hosts of the lab: what it saves, what it survives, and when it is left alone."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from aether import queries
from aether.attacks.attack import AttackProgress
from aether.lab import simulated
from aether.operations.attack import AttackStart
from aether.operations.base import OperationError
from aether.operations.knobs import KnobSet
from aether.operations.link import LinkSet
from aether.operations.net import Ping
from aether.operations.services import HttpGet
from aether.operations.tcp import TcpConnect
from aether.tcp.siphash import siphash
from aether.wire import tcp
from aether.world import World

HOST_ADDRESS = "192.168.1.1"


def lab(seed: int = 5, **knobs: str) -> World:
    """Return a world whose host takes data in the SYN; `knobs` are that host's."""
    world = simulated(seed)
    world.do(Ping(address=HOST_ADDRESS, count=1))
    for name, value in {"tcp_fastopen": "both", **knobs}.items():
        world.do(KnobSet(host="host", name=name.replace("_", ".", 1), value=value))
    go_on(world, 10_000)
    return world


def go_on(world: World, for_us: int) -> None:
    end = world.now + for_us
    while world.step(end):
        pass
    world.advance(end)


def get(world: World) -> tuple[int, list[Any]]:
    """Fetch a page with the request in the SYN; return the microseconds that it took, and what Fast Open said."""
    told: list[Any] = []

    def note(host: str, kind: str, *values: Any) -> None:
        if kind == "tcp.fast_open":
            told.append((host, values[1], values[3]))

    world.observe(note)
    job = world.do(HttpGet(url=f"http://{HOST_ADDRESS}/", early=True))
    end = world.now + 200_000_000
    while not queries.job_done(world, job) and world.step(end):
        pass
    world.observe(None)
    report = queries.job_report(world, job)
    assert report.status == 200 and not report.error
    go_on(world, 100_000)
    return report.elapsed, told


def whats(told: list[Any], host: str) -> list[str]:
    return [what for who, what, _ in told if who == host]


def test_the_second_page_comes_a_round_trip_sooner() -> None:
    """RFC 7413 §4.2.1, §4.2.2: the first connection brings a cookie, the next its request with the SYN."""
    world = lab()
    first, told = get(world)
    assert whats(told, "you") == ["asks for a cookie", "was given a cookie"]
    second, told = get(world)
    assert whats(told, "you") == ["sends data in the SYN", "the data in the SYN was taken"]
    assert whats(told, "host") == ["takes the data of the SYN"]
    assert first - second >= 400
    assert world.hosts["host"].counters["tcp.fastopen_taken"] == 1


def test_a_cookie_lives_for_two_keys() -> None:
    """RFC 7413 §4.1.2: the key changes from time to time; the one before is believed, and brings a new cookie."""
    world = lab(tcp_fastopen_rotate="10s")
    get(world)
    go_on(world, 10_000_000)
    _, told = get(world)
    assert "the data in the SYN was taken" in whats(told, "you") and "was given a cookie" in whats(told, "you")
    go_on(world, 20_000_000)
    _, told = get(world)
    assert whats(told, "host")[0].startswith("refused: the cookie is not ours")
    assert "the data in the SYN was not taken" in whats(told, "you") and "was given a cookie" in whats(told, "you")
    _, told = get(world)
    assert "the data in the SYN was taken" in whats(told, "you")


def test_a_server_that_no_longer_takes_it_is_left_alone() -> None:
    """RFC 7413 §4.1.3.1: data that is not acknowledged, and no other cookie: not again for a minute, then for two."""
    world = lab()
    get(world)
    world.do(KnobSet(host="host", name="tcp.fastopen", value="off"))
    failed = "failed on this path: not tried again for a while"
    for rest in (60_000_000, 120_000_000, 240_000_000):
        _, told = get(world)
        assert failed in whats(told, "you")
        go_on(world, rest - 2_000_000)
        assert whats(get(world)[1], "you") == ["not tried: it has failed on this path lately"]
        go_on(world, 2_000_000)
    world.do(KnobSet(host="host", name="tcp.fastopen", value="both"))
    assert "the data in the SYN was taken" in whats(get(world)[1], "you")
    world.do(KnobSet(host="host", name="tcp.fastopen", value="off"))
    assert failed in whats(get(world)[1], "you")
    go_on(world, 59_000_000)
    assert "not tried: it has failed on this path lately" in whats(get(world)[1], "you")


def test_another_port_of_the_server_is_another_path() -> None:
    """RFC 7413 §4.1.3.1: the cookie is good for all ports, a failure counts for one."""
    world = lab()
    get(world)
    number = world.do(TcpConnect(address=HOST_ADDRESS, port=7, early=b"hello"))
    go_on(world, 1_000_000)
    detail = queries.connection(world, number)
    assert "data in the SYN" in detail.options and detail.received == 5
    assert "data in the SYN" in queries.connection(world, number, "host").options


@pytest.mark.parametrize("seed", range(6))
def test_losses_of_any_kind_cost_time_only(seed: int) -> None:
    """RFC 7413 §4.2.2: whatever is lost, or comes twice or late, the page arrives whole."""
    world = lab(seed)
    for name, value in (("loss", "20%"), ("duplicate", "10%"), ("reorder", "10%")):
        world.do(LinkSet(what=name, value=value))
    for _ in range(4):
        get(world)
        go_on(world, 1_000_000)


def test_nobody_can_ask_for_what_the_knob_forbids() -> None:
    world = lab()
    world.do(KnobSet(name="tcp.fastopen", value="server"))
    with pytest.raises(OperationError, match=r"knob set tcp\.fastopen client"):
        world.do(HttpGet(url=f"http://{HOST_ADDRESS}/", early=True))
    with pytest.raises(OperationError, match=r"knob set tcp\.fastopen client"):
        world.do(TcpConnect(address=HOST_ADDRESS, port=7, early=b"x"))


def test_a_world_in_the_middle_of_it_can_be_pickled() -> None:
    world = lab()
    get(world)
    world.do(HttpGet(url=f"http://{HOST_ADDRESS}/", early=True))
    while not any(one.pending for one in world.hosts["host"].tcp.listeners.values()):
        assert world.step(world.now + 1_000_000)
    copy = pickle.loads(pickle.dumps(world))
    assert copy.state_hash() == world.state_hash()
    for each in (world, copy):
        go_on(each, 2_000_000)
    assert copy.state_hash() == world.state_hash()
    assert not any(one.pending for one in world.hosts["host"].tcp.listeners.values())


def attack(world: World) -> AttackProgress:
    job = world.do(AttackStart(kind="fast-open-flood"))
    end = world.now + 60_000_000
    while not queries.job_done(world, job) and world.step(end):
        pass
    report: AttackProgress = queries.job_report(world, job)
    return report


@pytest.mark.parametrize("queue, works", [("128", False), ("1048576", True)])
def test_a_replayed_cookie_does_no_more_than_the_queue_lets_it(queue: str, works: bool) -> None:
    """RFC 7413 §5.1: PendingFastOpenRequests bounds what a cookie that is used again and again can cost."""
    world = lab()
    for name, value in (("tcp.fastopen", "server"), ("tcp.fastopen_queue", queue)):
        world.do(KnobSet(name=name, value=value))
    report = attack(world)
    assert report.success is works, report.findings
    taken = world.hosts["you"].counters["tcp.fastopen_taken"]
    assert taken == 128 if not works else taken > 900


def test_the_hash_is_siphash() -> None:
    """The vector of the paper (appendix A), and the cookie that Linux makes with a key that is known."""
    assert siphash(bytes(range(16)), bytes(range(15))).hex() == "e545be4961ca29a1"
    key = bytes.fromhex("a1a1a1a1b2b2b2b2c3c3c3c3d4d4d4d4")
    assert siphash(key, bytes((192, 0, 2, 1, 192, 168, 0, 1))).hex() == "3021b9d889017eeb"


@pytest.mark.parametrize("length", [*range(19)])
def test_which_cookies_there_are(length: int) -> None:
    """RFC 7413 §4.1.1: 4 to 16 bytes and even, or none; any other option is passed over, not the segment with it."""
    cookie = bytes(range(length))
    found = tcp.parse_options(b"\x02\x04\x05\xb4" + bytes((34, 2 + length)) + cookie).fast_open
    assert found == (cookie if length == 0 or (4 <= length <= 16 and length % 2 == 0) else None)
    if found is not None:
        built = tcp.build_options(mss=1460, sack_permitted=True, timestamp=(1, 2), window_scale=8, fast_open=cookie)
        assert len(built) % 4 == 0 and tcp.parse_options(built).fast_open == cookie
