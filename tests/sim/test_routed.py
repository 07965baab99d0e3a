"""The host behind the router: time to live, routes, path MTU, unreachable networks and hosts."""

from __future__ import annotations

from functools import partial
from statistics import fmean, pstdev
from typing import Any

import pytest

from aether.apps.traceroute import TraceProgress
from aether.lab import WAN_MTU, simulated
from aether.operations.base import OperationError
from aether.operations.link import LinkSet
from aether.operations.net import Ping, Traceroute
from aether.operations.services import HttpGet
from aether.sockets import TcpSocket
from aether.wire import ipv4
from aether.wire.address import parse_ip
from aether.world import World


def finish(world: World, operation: Any) -> Any:
    """Start a job, let the world go on until it is done, and return its report."""
    job = world.hosts["you"].jobs[world.do(operation)]
    end = world.now + 120_000_000
    while not job.done and world.step(end):
        pass
    assert job.done
    return job.report()


def way(report: TraceProgress) -> list[tuple[int, set[str]]]:
    return [(hop.ttl, {probe.address + probe.mark for probe in hop.probes}) for hop in report.hops]


@pytest.mark.parametrize("method", ["udp", "icmp"])
def test_traceroute_names_the_hops(method: str) -> None:
    world = simulated(1)
    report = finish(world, Traceroute(address="10.0.2.2", method=method))
    assert way(report) == [(1, {"192.168.1.1"}), (2, {"10.0.2.2"})]
    assert report.reached
    assert all(probe.rtt > 0 for hop in report.hops for probe in hop.probes)
    you = world.hosts["you"]
    assert not you.icmp.traces and not you.icmp.listeners


def test_traceroute_where_there_is_no_network_and_no_host() -> None:
    report = finish(simulated(1), Traceroute(address="10.9.9.9"))
    assert way(report) == [(1, {"192.168.1.1"}), (2, {"192.168.1.1!N"})]
    assert not report.reached
    report = finish(simulated(1), Traceroute(address="10.0.2.77", probes=1))
    assert way(report) == [(1, {"192.168.1.1"}), (2, {"192.168.1.1!H"})]
    assert not report.reached


def test_traceroute_goes_on_past_silence() -> None:
    world = simulated(1)
    world.do(LinkSet("wan", "both", "down", "on"))
    report = finish(world, Traceroute(address="10.0.2.2", max_hops=4, probes=2))
    assert way(report)[0] == (1, {"192.168.1.1"})
    assert not report.reached


@pytest.mark.parametrize("method", ["udp", "icmp"])
def test_an_answer_that_is_late_counts_where_it_belongs(method: str) -> None:
    """A probe is given up after a second; its answer takes 1.3 s, and is told apart from those to the next ones.

    It ends the trace, 300 ms into the wait for the second probe, whose answer would be there at 2.3 s.
    """
    world = simulated(1)
    finish(world, Ping(address="10.0.2.2", count=1))  # no neighbour has to be asked for any more
    world.do(LinkSet("wan", "both", "delay", "650ms"))
    report = finish(world, Traceroute(address="10.0.2.2", method=method, probes=2, max_hops=9))
    assert report.reached
    assert way(report)[0] == (1, {"192.168.1.1"})
    ((ttl, (late, given_up)),) = [(hop.ttl, hop.probes) for hop in report.hops[1:]]
    assert (ttl, late.address, given_up.address, given_up.rtt) == (2, "10.0.2.2", "", -1)
    assert 1_300_000 <= late.rtt < 1_320_000


@pytest.mark.parametrize("wrong", [
    {"method": "tcp"}, {"max_hops": 0}, {"max_hops": 256}, {"probes": 0}, {"address": "10.0.2"}])
def test_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OperationError):
        simulated(1).do(Traceroute(**{"address": "10.0.2.2", **wrong}))


@pytest.mark.parametrize("size", [56, 1372, 1373, 1472, 1473, 20_000, 65_507])
def test_pings_of_every_size_through_the_router(size: int) -> None:
    """What is larger than the second link's MTU is cut on the way, fragments once more."""
    world = simulated(1)
    report = finish(world, Ping(address="10.0.2.2", count=2, size=size))
    assert report.received == 2
    assert {reply.ttl for reply in report.replies} == {63}
    for host in world.hosts.values():
        assert host.ipv4.fragments.memory == 0


def test_a_ping_that_lives_too_short() -> None:
    report = finish(simulated(1), Ping(address="10.0.2.2", count=1, ttl=1))
    assert report.received == 0
    assert report.replies[0].error == "192.168.1.1 says: time to live exceeded in transit"


def test_a_page_comes_through() -> None:
    assert finish(simulated(1), HttpGet(url="http://10.0.2.2/")).status == 200


def test_the_path_mtu_is_learned() -> None:
    """RFC 1191 §3: what we send with DF set is too large beyond the router, which says so; then it fits."""
    world = simulated(1)
    you, host = world.hosts["you"], world.hosts["host"]
    socket = TcpSocket(you)
    socket.connect(parse_ip("10.0.2.2"), 7)
    while socket.connection.state != "ESTABLISHED":
        world.step()
    data = bytes(n % 251 for n in range(8_000))
    assert socket.send(data) == len(data)
    while world.step(world.now + 2_000_000):
        pass
    assert you.ipv4.mtu_for(parse_ip("10.0.2.2")) == WAN_MTU
    assert host.drops["ipv4.too_big"] > 0
    assert socket.receive(20_000) == data


def test_the_second_link_can_be_impaired_by_itself() -> None:
    world = simulated(3)
    world.do(LinkSet("wan", "out", "loss", "100%"))
    assert finish(world, Ping(address="10.0.2.2", count=2)).received == 0
    assert finish(world, Ping(address="192.168.1.1", count=2)).received == 2


def test_snapshots_while_fragments_wait_and_a_trace_runs() -> None:
    """The rest of the run is the same from a snapshot."""
    world = simulated(5)
    world.do(LinkSet("wan", "both", "loss", "10%"))
    world.do(Ping(address="10.0.2.2", count=3, size=20_000))
    world.do(Traceroute(address="10.0.2.2"))
    waiting = False
    for _ in range(60):
        world.step()
        waiting = waiting or any(host.ipv4.fragments.packets for host in world.hosts.values())
    assert waiting
    twin = World.load(world.snapshot())
    assert twin.state_hash() == world.state_hash()
    for _ in range(300):
        assert world.step() == twin.step()
    assert twin.state_hash() == world.state_hash()


def test_a_ping_finds_the_path_mtu() -> None:
    """RFC 1191 §3, §6.3: with DF set the first is too large beyond the router; the next does not even leave."""
    world = simulated(1)
    report = finish(world, Ping(address="10.0.2.2", count=2, size=1472, dont_fragment=True))
    assert [reply.error for reply in report.replies] == [
        "192.168.1.1 says: fragmentation needed, and not allowed (the path takes packets of 1400 bytes)",
        "message too long: the path takes packets of 1400 bytes"]
    assert world.hosts["you"].drops["ipv4.too_big"] == 1
    assert finish(world, Ping(address="10.0.2.2", count=2, size=1372, dont_fragment=True)).received == 2
    assert finish(world, Ping(address="10.0.2.2", count=2, size=1472)).received == 2


def test_ping_statistics() -> None:
    """Minimum, mean, maximum and deviation, duplicates and losses are what the replies say."""
    world = simulated(2)
    for what, value in (("duplicate", "30%"), ("loss", "20%"), ("jitter", "5ms"), ("delay", "10ms")):
        world.do(LinkSet("lan", "in", what, value))
    report = finish(world, Ping(address="192.168.1.1", count=100, interval_us=100_000))
    times = [reply.rtt for reply in report.replies]
    assert (report.min, report.max, report.average) == (min(times), max(times), round(fmean(times)))
    assert abs(report.mdev - pstdev(times)) < 2
    assert report.min < report.average < report.max and report.mdev > 100
    assert report.duplicates == len(times) - len({reply.sequence for reply in report.replies}) > 10
    assert report.received == len({reply.sequence for reply in report.replies})
    assert report.lost == pytest.approx(1 - report.received / 100) and 0.1 < report.lost < 0.3


def test_a_ping_says_what_it_is_told_to() -> None:
    """Size, pattern, TTL, type of service and DF are as asked for in every request."""
    world = simulated(1)
    frames: list[bytes] = []
    world.observe(partial(keep_requests, frames))
    finish(world, Ping(
        address="192.168.1.1", count=3, size=10, pattern=b"\xc0\xff\xee", ttl=9, tos=0x28, dont_fragment=True))
    headers = [ipv4.parse(frame[14:]) for frame in frames]
    assert [(h.ttl, h.tos, h.dont_fragment, h.total_length) for h in headers] == [(9, 0x28, True, 38)] * 3
    assert {frame[42:52] for frame in frames} == {b"\xc0\xff\xee\xc0\xff\xee\xc0\xff\xee\xc0"}


def keep_requests(frames: list[bytes], host: str, kind: str, *values: Any) -> None:
    """Note the echo requests that leave `you`."""
    if kind == "frame.sent" and host == "you" and values[2][12:14] == b"\x08\x00":
        frames.append(values[2])


@pytest.mark.parametrize("wrong", [{"ttl": 256}, {"tos": -1}, {"size": 65_508}, {"count": 0}, {"interval_us": 1}])
def test_a_ping_that_makes_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(OperationError):
        simulated(1).do(Ping(**{"address": "10.0.2.2", **wrong}))
