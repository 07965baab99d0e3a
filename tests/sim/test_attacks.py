"""Every attack does what it says where its defence is switched off, and fails against `profile modern`."""

from __future__ import annotations

import pickle

import pytest

from aether import queries
from aether.attacks import clients
from aether.attacks.attack import AttackProgress
from aether.attacks.kinds import ATTACKS
from aether.lab import simulated
from aether.operations.attack import AttackStart
from aether.operations.base import OperationError
from aether.operations.knobs import KnobSet, ProfileSet
from aether.operations.net import Ping
from aether.operations.services import JobCancel
from aether.operations.tcp import TcpConnect
from aether.world import World

HOST_ADDRESS = "192.168.1.1"
CLASSIC = ("rst-blind", "rst-window", "isn-guess", "arp-poison", "smurf", "land")
"""Those that `profile classic` alone is open to; the others need a queue, a buffer or a patience that it has not."""


def lab(seed: int = 3) -> World:
    """Return a world with a connection in it, and neighbours that know each other."""
    world = simulated(seed)
    world.do(Ping(address=HOST_ADDRESS, count=1))
    world.do(TcpConnect(address=HOST_ADDRESS, port=7))
    go_on(world, 2_000_000)
    return world


def go_on(world: World, for_us: int) -> None:
    end = world.now + for_us
    while world.step(end):
        pass


def attack(world: World, kind: str, **how: object) -> AttackProgress:
    job = world.do(AttackStart(kind=kind, **how))  # type: ignore[arg-type]
    end = world.now + 700_000_000
    while not queries.job_done(world, job) and world.step(end):
        pass
    report: AttackProgress = queries.job_report(world, job)
    assert report.done
    assert report.sent <= 4 * report.moves + 60_000
    return report


@pytest.mark.parametrize("kind", ATTACKS)
def test_it_fails_against_modern(kind: str) -> None:
    report = attack(lab(), kind)
    assert report.success is False, report


@pytest.mark.parametrize("kind", ATTACKS)
def test_it_works_without_its_defence(kind: str) -> None:
    world = lab()
    for setting in ATTACKS[kind].KNOBS:
        name, _, value = setting.partition("=")
        world.do(KnobSet(name=name, value=value))
    report = attack(world, kind)
    assert report.success is True, report
    assert report.findings


def test_only_the_challenges_of_this_attack_are_reported() -> None:
    world = lab()
    for _ in range(3):
        assert attack(world, "rst-window", offset=1000).findings[-1] == "1 challenge ACK was sent"
        later = world.now + 2_000_000
        go_on(world, 2_000_000)
        world.advance(later)


@pytest.mark.parametrize("kind", ATTACKS)
def test_it_is_tried_then_the_knob_is_turned_and_it_is_tried_again(kind: str) -> None:
    """What one attack leaves behind decides nothing about the next, whichever way the knob is turned."""
    world = lab()
    assert attack(world, kind).success is False
    before = {row.name: row.value for row in queries.knob_rows(world)}
    for setting in ATTACKS[kind].KNOBS:
        name, _, value = setting.partition("=")
        world.do(KnobSet(name=name, value=value))
    assert attack(world, kind).success is True
    for setting in ATTACKS[kind].KNOBS:
        name = setting.partition("=")[0]
        world.do(KnobSet(name=name, value=before[name]))
    if kind == "arp-poison":
        return  # what is believed stays believed until the neighbour is asked again
    if kind.startswith("rst"):
        world.do(TcpConnect(address=HOST_ADDRESS, port=7))
        go_on(world, 2_000_000)
    assert attack(world, kind).success is False


def test_more_connections_than_there_are_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "PORTS", range(65_500, 65_536))
    assert attack(lab(), "slow-reader", count=100, every=1000, lasting=1000).moves == 100


@pytest.mark.parametrize("kind", CLASSIC)
def test_it_works_against_classic(kind: str) -> None:
    world = simulated(3)
    world.do(ProfileSet(name="classic"))
    world.do(Ping(address=HOST_ADDRESS, count=1))
    world.do(TcpConnect(address=HOST_ADDRESS, port=7))
    go_on(world, 2_000_000)
    assert attack(world, kind).success is True


@pytest.mark.parametrize("kind", ["syn-flood", "arp-poison", "land", "smurf", "fragment-bomb", "sack-storm"])
def test_the_other_host_can_be_the_victim(kind: str) -> None:
    world = lab()
    for setting in ATTACKS[kind].KNOBS:
        name, _, value = setting.partition("=")
        world.do(KnobSet(host="host", name=name, value=value))
    assert attack(world, kind, victim="host").success is True
    assert attack(lab(), kind, victim="host").success is False


@pytest.mark.parametrize("kind", ATTACKS)
def test_nothing_is_sent_to_anybody_else(kind: str) -> None:
    """Every frame of the attacker's carries the victim's addresses, or is a broadcast on the lab's own link."""
    world = lab()
    frames: list[bytes] = []

    def observe(host: str, what: str, *values: object) -> None:
        if what in ("frame.arrived", "frame.sent") and isinstance(values[2], bytes) and (
                values[2][6:12] == b"\x02\x00\x00\x00\x00\x66"):
            frames.append(values[2])

    world.observe(observe)
    attack(world, kind)
    you = world.hosts["you"].interfaces[0]
    assert frames
    for frame in frames:
        assert frame[:6] in (you.mac, b"\xff" * 6)
        if frame[12:14] == b"\x08\x00":
            assert frame[30:34] in (you.addresses[0].ip, b"\xc0\xa8\x01\xff")
            assert frame[26:29] == b"\xc0\xa8\x01"


def test_an_attack_ends_when_it_is_told_to_and_the_next_may_begin() -> None:
    world = lab()
    job = world.do(AttackStart(kind="syn-flood"))
    go_on(world, 100_000)
    with pytest.raises(OperationError, match="under way"):
        world.do(AttackStart(kind="land"))
    world.do(JobCancel(job=job))
    sent = queries.job_report(world, job).sent
    assert 0 < sent < 3000
    go_on(world, 1_000_000)
    assert queries.job_report(world, job).sent == sent
    assert all(port.ear is None for port in (world.links["lan"].left, world.links["lan"].right))
    attack(world, "land")


@pytest.mark.parametrize("kind", ATTACKS)
def test_a_snapshot_in_the_middle_goes_on_the_same(kind: str) -> None:
    world = lab()
    world.do(AttackStart(kind=kind, count=min(ATTACKS[kind].PLAN.count, 300)))
    for _ in range(200):
        world.step(world.now + 1_000_000)
    copy = World.load(world.snapshot())
    for _ in range(500):
        assert world.step(world.now + 1_000_000) == copy.step(copy.now + 1_000_000)
    assert copy.state_hash() == world.state_hash()
    assert pickle.dumps(copy)


@pytest.mark.parametrize(("wrong", "said"), [
    ({"kind": "nuke"}, "no attack 'nuke'"), ({"kind": "land", "victim": "remote"}, "nobody else"),
    ({"kind": "land", "victim": "10.0.2.2"}, "nobody else"), ({"kind": "land", "count": 200_000}, "100,000 moves"),
    ({"kind": "land", "count": 0}, "moves"), ({"kind": "land", "lasting": 1 << 40}, "10 minutes"),
    ({"kind": "land", "port": 70_000}, "port must be"), ({"kind": "rst-window", "conn": 99}, "no connection #99"),
    ({"kind": "syn-flood", "every": 10_000_000}, "10 minutes"),
])
def test_what_cannot_be_done_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(OperationError, match=said):
        lab().do(AttackStart(**wrong))  # type: ignore[arg-type]


def test_without_a_connection_there_is_nothing_to_reset() -> None:
    with pytest.raises(OperationError, match="no connection at you"):
        simulated(1).do(AttackStart(kind="rst-window"))
