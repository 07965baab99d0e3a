"""A NAT in the middle of a link: what it rewrites, whom it remembers, what goes no further."""

from __future__ import annotations

import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from aether.answers import SessionRow
from aether.lab import simulated
from aether.link.nat import INSIDE, OUTSIDE, Nat, Passed
from aether.operations.base import Operation, OperationError, from_data, to_data
from aether.operations.box import BoxClear, BoxNat, box
from aether.operations.link import LinkClear, LinkDrop, LinkScenario, LinkSet
from aether.operations.net import Ping, UdpSend
from aether.operations.tcp import TcpClose, TcpConnect, TcpSend
from aether.wire import ethernet, icmp, ipv4, tcp, udp
from aether.wire.address import parse_ip
from aether.wire.checksum import checksum, transport_checksum_ok
from aether.world import World
from tests.captures import pcap

YOU, ROUTER, REMOTE, STRANGER = (parse_ip(text) for text in ("192.168.1.2", "10.0.2.1", "10.0.2.2", "10.0.2.77"))
SECOND = 1_000_000
Events = list[tuple[int, str, str, tuple[Any, ...]]]


def behind(seed: int = 1, **settings: str) -> tuple[World, Events]:
    """Return a lab in which you are behind a NAT, and the list of what happens there."""
    world, events = simulated(seed), []
    world.observe(lambda host, kind, *values: events.append((world.now, host, kind, values)))
    world.do(BoxNat(link="wan", settings={name.replace("_", "-"): value for name, value in settings.items()}))
    return world, events


def go(world: World, microseconds: int = 2 * SECOND) -> None:
    until = world.now + microseconds
    while world.step(until):
        pass
    world.advance(until)


def do(world: World, *operations: Operation) -> None:
    for operation in operations:
        world.do(operation)
        go(world)


def of(events: Events, kind: str) -> list[tuple[Any, ...]]:
    return [values for _, _, what, values in events if what == kind]


def causes(events: Events) -> list[str]:
    return [values[2].partition(":")[0] for values in of(events, "frame.lost")]


def rows(world: World) -> list[SessionRow]:
    return box(world, "wan").sessions


def arrived(events: Events, host: str) -> list[bytes]:
    return [values[2] for _, who, kind, values in events if (who, kind) == (host, "frame.arrived")]


def nat_of(world: World) -> Nat:
    found = world.links["wan"].left.pipe.box
    assert isinstance(found, Nat)
    return found


def sound(frame: bytes) -> bool:
    """Tell whether the checksums of a frame are right, reckoned anew over all of it."""
    packet = frame[14:14 + int.from_bytes(frame[16:18], "big")]
    if checksum(packet[:20]):
        return False
    segment = packet[20:]
    if packet[9] == 1:
        return not checksum(segment) and (segment[0] not in (3, 11) or not checksum(segment[8:28]))
    return transport_checksum_ok(packet[12:16], packet[16:20], packet[9], segment)


def udp_frame(source: bytes, port: int, target: bytes, to: int, data: bytes = b"x", **header: Any) -> bytes:
    packet = ipv4.build(source, target, 17, udp.build(source, target, port, to, data), **header)
    return ethernet.build(b"\2" * 6, b"\4" * 6, ethernet.TYPE_IPV4, packet)


def tcp_frame(source: bytes, port: int, target: bytes, to: int, flags: int) -> bytes:
    packet = ipv4.build(source, target, 6, tcp.build(source, target, port, to, 1, 1, flags, 1000))
    return ethernet.build(b"\2" * 6, b"\4" * 6, ethernet.TYPE_IPV4, packet)


def outward(world: World, frame: bytes) -> Passed:
    return nat_of(world).translate(frame, OUTSIDE)


def inward(world: World, frame: bytes) -> Passed:
    return nat_of(world).translate(frame, INSIDE)


def refused(passed: Passed) -> str:
    return passed.refused.partition(":")[0]


def test_the_other_end_sees_the_routers_address_and_you_see_your_own() -> None:
    world, events = behind()
    do(world, TcpConnect(address="10.0.2.2", port=7), TcpSend(conn=1, data=b"hello"))
    [session] = rows(world)
    assert session.inside.startswith("192.168.1.2:") and session.outside.startswith("10.0.2.1:")
    assert (session.protocol, session.other, session.state) == ("tcp", "10.0.2.2:7", "established")
    theirs = [frame for frame in arrived(events, "remote") if frame[12:14] == b"\x08\x00"]
    yours = [frame for frame in arrived(events, "you") if frame[12:14] == b"\x08\x00"]
    assert theirs and {frame[26:30] for frame in theirs} == {ROUTER}
    assert yours and {frame[30:34] for frame in yours} == {YOU}
    assert all(map(sound, theirs + yours))
    assert world.hosts["you"].tcp.connections[next(iter(world.hosts["you"].tcp.connections))].state == "ESTABLISHED"


def test_a_port_that_is_free_is_kept_and_another_inside_gets_another() -> None:
    world, _ = behind()
    assert outward(world, udp_frame(YOU, 5000, REMOTE, 7)).frame[34:36] == (5000).to_bytes(2, "big")
    second = outward(world, udp_frame(parse_ip("192.168.1.3"), 5000, REMOTE, 7)).frame
    assert int.from_bytes(second[34:36], "big") >= 1024 and second[34:36] != (5000).to_bytes(2, "big")
    assert sound(second)


def test_one_port_for_all_other_ends() -> None:
    """RFC 4787 §4.1: endpoint-independent mapping."""
    world, _ = behind(ports="64")
    ports = {outward(world, udp_frame(YOU, 5000, other, to)).frame[34:36] for other in (REMOTE, STRANGER)
             for to in (7, 9)}
    assert len(ports) == 1 and len(rows(world)) == 4 and len(nat_of(world).table.by_inside) == 1


@pytest.mark.parametrize(("how", "of_stranger", "of_other_port"), [
    ("endpoint-independent", "", ""), ("address-dependent", "nat.filtered", ""),
    ("address-and-port-dependent", "nat.filtered", "nat.filtered"),
])
def test_who_may_answer(how: str, of_stranger: str, of_other_port: str) -> None:
    """RFC 4787 §5."""
    world, _ = behind(filtering=how)
    outward(world, udp_frame(YOU, 5000, REMOTE, 7))
    assert inward(world, udp_frame(REMOTE, 7, ROUTER, 5000)).frame[30:34] == YOU
    assert refused(inward(world, udp_frame(REMOTE, 8, ROUTER, 5000))) == of_other_port
    assert refused(inward(world, udp_frame(STRANGER, 7, ROUTER, 5000))) == of_stranger


def test_what_nobody_asked_for_goes_no_further() -> None:
    world, events = behind()
    do(world, UdpSend(host="remote", address="10.0.2.1", port=5000, data=b"x"),
       Ping(host="remote", address="10.0.2.1", count=1))
    assert causes(events) == ["nat.no_mapping"] * 2
    assert world.links["wan"].right.pipe.losses == {"nat.no_mapping": 2}
    assert of(events, "frame.lost")[0][2].startswith("nat.no_mapping: udp 10.0.2.1:5000 from 10.0.2.2:")
    assert refused(inward(world, udp_frame(REMOTE, 7, YOU, 5000))) == "nat.no_mapping"


def test_an_idle_connection_is_forgotten_and_what_comes_then_is_lost() -> None:
    world, events = behind(timeout="10s", ports="64")
    do(world, TcpConnect(address="10.0.2.2", port=7))
    go(world, 20 * SECOND)
    [(moment, expired)] = [(now, values) for now, _, kind, values in events if kind == "nat.expired"]
    last = [now for now, _, kind, _ in events if kind == "frame.altered"][-1]
    assert moment == last + 10 * SECOND and expired[7:] == ("established", 10 * SECOND) and rows(world) == []
    number = next(iter(world.hosts["remote"].tcp.connections.values())).number
    do(world, TcpSend(host="remote", conn=number, data=b"are you there?"))
    assert set(causes(events)) == {"nat.no_mapping"}
    assert next(iter(world.hosts["you"].tcp.connections.values())).state == "ESTABLISHED"


def test_who_goes_on_after_that_is_a_stranger_and_reset() -> None:
    world, events = behind(timeout="10s", ports="64")
    do(world, TcpConnect(address="10.0.2.2", port=7))
    go(world, 20 * SECOND)
    do(world, TcpSend(conn=1, data=b"again"))
    first, second = (values[4] for values in of(events, "nat.mapping"))
    assert first != second
    assert not world.hosts["you"].tcp.connections and rows(world)[0].state == "reset"


def test_time_outs_by_the_rfcs() -> None:
    """RFC 5382 §5, RFC 4787 §4.3, RFC 5508 §3.2."""
    world, _ = behind()
    do(world, TcpConnect(address="10.0.2.2", port=7), UdpSend(address="10.0.2.2", port=7, data=b"x"),
       Ping(address="10.0.2.2", count=1), TcpConnect(address="10.0.2.2", port=19))
    world.do(TcpClose(conn=1))
    go(world, SECOND)
    left = {(row.protocol, row.state): row.idle_us + row.expires_us for row in rows(world)}
    assert left == {
        ("tcp", "established"): (2 * 3600 + 4 * 60) * SECOND, ("tcp", "closing"): 240 * SECOND,
        ("udp", "answered"): 300 * SECOND, ("icmp", "answered"): 60 * SECOND}


def test_outside_nobody_holds_an_exchange_open() -> None:
    """RFC 4787 §4.3: what goes out refreshes; what comes in need not."""
    world, _ = behind(udp_timeout="10s")
    for second in range(9):
        if not second:
            outward(world, udp_frame(YOU, 5000, REMOTE, 7))
        assert not inward(world, udp_frame(REMOTE, 7, ROUTER, 5000)).refused
        go(world, SECOND)
    go(world, 2 * SECOND)
    assert refused(inward(world, udp_frame(REMOTE, 7, ROUTER, 5000))) == "nat.no_mapping"


def test_states_of_a_session() -> None:
    world, _ = behind()
    syn, ack, fin, rst = 2, 16, 17, 4
    steps = [(OUTSIDE, syn, "opening"), (OUTSIDE, syn, "opening"), (INSIDE, syn | ack, "established"),
             (OUTSIDE, fin, "half-closed"), (INSIDE, ack, "half-closed"), (INSIDE, fin, "closing"),
             (OUTSIDE, ack, "closing"), (OUTSIDE, syn, "opening"), (INSIDE, rst, "reset"),
             (OUTSIDE, ack, "established")]
    for way, flags, state in steps:
        ends = (YOU, 5000, REMOTE, 7) if way == OUTSIDE else (REMOTE, 7, ROUTER, 5000)
        frame = tcp_frame(*ends, flags)
        assert not nat_of(world).translate(frame, way).refused
        assert rows(world)[0].state == state
    assert refused(inward(world, tcp_frame(STRANGER, 7, ROUTER, 5000, ack))) == "nat.filtered"
    assert not inward(world, tcp_frame(STRANGER, 7, ROUTER, 5000, syn)).refused


def test_ports_run_out() -> None:
    world, events = behind(ports="2")
    do(world, *(UdpSend(address="10.0.2.2", port=7, data=b"x") for _ in range(3)))
    assert causes(events) == ["nat.ports_exhausted"]
    assert sorted(row.outside for row in rows(world)) == ["10.0.2.1:1024", "10.0.2.1:1025"]
    go(world, 300 * SECOND)
    do(world, UdpSend(address="10.0.2.2", port=7, data=b"x"))
    assert len(causes(events)) == 1


def test_a_table_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aether.link.nat.MOST_SESSIONS", 3)
    world, _ = behind()
    found = [refused(outward(world, udp_frame(YOU, 5000, REMOTE, to))) for to in range(1, 6)]
    assert found == ["", "", "", "nat.table_full", "nat.table_full"]


def test_an_icmp_error_finds_whom_it_is_about() -> None:
    """RFC 5508 §4.2: the packet that it quotes is as the one inside has sent it."""
    world, events = behind(ports="64")
    do(world, UdpSend(address="10.0.2.2", port=99, data=b"x", local_port=40_000))
    error = arrived(events, "you")[-1]
    assert error[34] == 3 and error[30:34] == YOU and sound(error)
    quoted = error[42:]
    assert quoted[12:16] == YOU and int.from_bytes(quoted[20:22], "big") == 40_000
    datagram = quoted[20:]
    assert transport_checksum_ok(YOU, REMOTE, 17, datagram)


def test_an_icmp_error_from_inside_shows_the_outside_address() -> None:
    """RFC 5508 §4: the error and what it quotes both show the outside."""
    world, _ = behind(ports="64")
    mapped = outward(world, udp_frame(YOU, 5000, REMOTE, 7)).frame
    answer = inward(world, udp_frame(REMOTE, 7, ROUTER, int.from_bytes(mapped[34:36], "big"))).frame
    message = icmp.build(icmp.IcmpMessage(3, 3, 0, answer[14:42]))
    error = ethernet.build(b"\2" * 6, b"\4" * 6, 0x800, ipv4.build(YOU, REMOTE, 1, message))
    passed = outward(world, error)
    assert passed.frame[26:30] == ROUTER and sound(passed.frame)
    assert passed.frame[42 + 16:42 + 20] == ROUTER and passed.frame[42 + 22:42 + 24] == mapped[34:36]
    about_nothing = icmp.build(icmp.IcmpMessage(3, 3, 0, udp_frame(REMOTE, 8, YOU, 5000)[14:]))
    packet = ipv4.build(YOU, REMOTE, 1, about_nothing)
    assert refused(outward(world, ethernet.build(b"\2" * 6, b"\4" * 6, 0x800, packet))) == "nat.no_mapping"


def test_fragments_follow_the_first() -> None:
    world, events = behind(ports="64")
    do(world, Ping(address="10.0.2.2", count=1, size=4000))
    assert "icmp.reply" in [kind for _, host, kind, _ in events if host == "you"] and not causes(events)
    later = udp_frame(YOU, 5000, REMOTE, 7, b"x" * 64, identification=9, dont_fragment=False, fragment_offset=64)
    assert refused(outward(world, later)) == "nat.fragment"


def test_what_was_wrong_stays_wrong_and_no_checksum_none() -> None:
    world, _ = behind(ports="64")
    frame = bytearray(udp_frame(YOU, 5000, REMOTE, 7))
    frame[41] ^= 1
    assert not sound(outward(world, bytes(frame)).frame)
    frame[40:42] = b"\0\0"
    assert outward(world, bytes(frame)).frame[40:42] == b"\0\0"


def test_groups_and_arp_pass() -> None:
    world, _ = behind()
    for frame in (udp_frame(YOU, 68, b"\xff" * 4, 67), udp_frame(bytes(4), 68, REMOTE, 67),
                  udp_frame(YOU, 5000, parse_ip("224.0.0.251"), 5353), b"\xff" * 12 + b"\x08\x06" + bytes(28)):
        assert outward(world, frame) == inward(world, frame) == Passed(frame)


@pytest.mark.parametrize(("frame", "reason"), [
    (udp_frame(YOU, 5000, REMOTE, 7)[:30], "nat.malformed"), (udp_frame(YOU, 5000, REMOTE, 7)[:38], "nat.malformed"),
    (ethernet.build(b"\2" * 6, b"\4" * 6, 0x800, ipv4.build(YOU, REMOTE, 47, b"gre")), "nat.protocol"),
    (ethernet.build(b"\2" * 6, b"\4" * 6, 0x800, ipv4.build(YOU, REMOTE, 6, b"short")), "nat.malformed"),
    (ethernet.build(b"\2" * 6, b"\4" * 6, 0x800, ipv4.build(YOU, REMOTE, 1, bytes([3]) + bytes(9))), "nat.malformed"),
    (ethernet.build(b"\2" * 6, b"\4" * 6, 0x800, ipv4.build(YOU, REMOTE, 1, bytes(8))), "nat.no_mapping"),
    (ethernet.build(b"\2" * 6, b"\4" * 6, 0x800, ipv4.build(YOU, REMOTE, 1, bytes([77]) + bytes(7))), "nat.protocol"),
])
def test_what_it_cannot_read_goes_no_further(frame: bytes, reason: str) -> None:
    world, _ = behind()
    assert refused(outward(world, frame)) == reason and rows(world) == []


def test_anything_goes_through_or_is_refused() -> None:
    """Real packets, cut and damaged at random, both ways; and the table still answers."""
    world, events = behind(ports="64")
    do(world, TcpConnect(address="10.0.2.2", port=7), UdpSend(address="10.0.2.2", port=99, data=b"x"),
       Ping(address="10.0.2.2", count=1, size=3000))
    seeds = arrived(events, "remote") + arrived(events, "host")
    chance = Random(7)
    for _ in range(4000):
        frame = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(4)):
            frame[chance.randrange(12, min(len(frame), 80))] = chance.randrange(256)
        cut = bytes(frame[:chance.randrange(len(frame))] if chance.random() < 0.2 else frame)
        passed = nat_of(world).translate(cut, chance.choice((INSIDE, OUTSIDE)))
        assert passed.refused or len(passed.frame) == len(cut)
    go(world, 3 * 3600 * SECOND)
    assert rows(world) == []


def test_a_run_repeats_and_goes_on_from_a_snapshot() -> None:
    def run(cut: bool) -> str:
        world, _ = behind(timeout="10s", ports="64")
        do(world, TcpConnect(address="10.0.2.2", port=7), UdpSend(address="10.0.2.2", port=7, data=b"x"))
        if cut:
            world = World.load(world.snapshot())
        do(world, TcpSend(conn=1, data=b"hello"))
        go(world, 15 * SECOND)
        do(world, Ping(address="10.0.2.2", count=1))
        return world.state_hash()

    assert run(True) == run(False)


def test_without_a_box_the_digest_is_that_of_before() -> None:
    world, other = simulated(3), simulated(3)
    world.do(BoxNat(link="wan"))
    assert world.links["wan"].left.pipe.clear is False
    for each in (world, other):
        each.do(BoxClear(link="wan"))
    world.occurrence = other.occurrence
    world.queue.sequence = other.queue.sequence
    assert world.state_hash() == other.state_hash() and world.links["wan"].left.pipe.clear


@pytest.mark.parametrize("away", [BoxClear(link="wan"), LinkClear(link="wan"), LinkScenario(link="wan", name="good")])
def test_it_is_taken_away_with_its_timers(away: Operation) -> None:
    world, events = behind(timeout="10s")
    do(world, TcpConnect(address="10.0.2.2", port=7), away)
    go(world, 20 * SECOND)
    assert box(world, "wan").box == "" and not of(events, "nat.expired")
    do(world, Ping(address="10.0.2.2", count=1))
    assert arrived(events, "remote")[-1][26:30] == YOU


def test_one_direction_cleared_leaves_it() -> None:
    world, _ = behind()
    do(world, LinkClear(link="wan", direction="in"))
    assert box(world, "wan").box == "nat"


def test_a_scenario_brings_it() -> None:
    world = simulated(1)
    world.do(LinkScenario(link="wan", name="home", out={"delay": "20ms"}, nat={"timeout": "30s"}))
    assert box(world, "wan").settings["timeout"] == "30s"
    with pytest.raises(OperationError, match="time-out"):
        world.do(LinkScenario(link="wan", name="home", nat={"timeout": "0s"}))
    assert box(world, "wan").settings["timeout"] == "30s"


def test_impairments_are_beyond_it_and_before_it() -> None:
    """What the link loses on its way out has a mapping already; what it loses on its way in refreshes nothing."""
    world, events = behind()
    do(world, LinkDrop(link="wan", direction="out", count=1, expression="udp"),
       LinkSet(link="wan", what="duplicate", value="100%"), UdpSend(address="10.0.2.2", port=7, data=b"x"))
    assert rows(world)[0].state == "asked"
    do(world, UdpSend(address="10.0.2.2", port=7, data=b"x"))
    assert len([frame for frame in arrived(events, "remote") if frame[23] == 17]) == 2


@pytest.mark.parametrize(("settings", "said"), [
    ({"timeout": "0s"}, "from 1s to 168h"), ({"ports": "0"}, "1 to 64512"), ({"ports": "70000"}, "1 to 64512"),
    ({"filtering": "none"}, "endpoint-independent"), ({"hairpin": "on"}, "a NAT has no 'hairpin'"),
])
def test_settings_that_make_no_sense(settings: dict[str, str], said: str) -> None:
    world = simulated(1)
    with pytest.raises(OperationError, match=said):
        world.do(BoxNat(link="wan", settings=settings))
    assert world.links["wan"].left.pipe.box is None


def test_no_such_link() -> None:
    for operation in (BoxNat(link="moon"), BoxClear(link="moon")):
        assert from_data(to_data(operation)) == operation
        with pytest.raises(OperationError, match="no link 'moon'"):
            simulated(1).do(operation)


@pytest.mark.needs("tshark")
def test_tshark_finds_every_checksum_right(tmp_path: Path) -> None:
    """What arrives at either end, after it was rewritten, ICMP errors with what they quote among it."""
    world, events = behind(ports="64", timeout="10s")
    do(world, TcpConnect(address="10.0.2.2", port=7), TcpSend(conn=1, data=b"hello"),
       UdpSend(address="10.0.2.2", port=7, data=b"odd"), UdpSend(address="10.0.2.2", port=99, data=b"nobody"),
       Ping(address="10.0.2.2", count=1), Ping(address="10.0.2.2", count=1, size=4000), TcpClose(conn=1))
    file = tmp_path / "arrived.pcap"
    file.write_bytes(pcap([(now, values[2]) for now, host, kind, values in events
                           if kind == "frame.arrived" and host in ("you", "remote")]))
    checks = [f"-o{name}.check_checksum:TRUE" for name in ("ip", "tcp", "udp")]

    def found(expression: str) -> int:
        said = subprocess.run(["tshark", "-r", str(file), *checks, "-Y", expression], capture_output=True, text=True,
                              check=True, timeout=60)
        return len(said.stdout.splitlines())

    assert found("ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 "
                 "|| icmp.checksum.status == 0") == 0
    assert found("eth.dst == 02:00:00:00:02:02 && ip.addr == 192.168.1.2") == 0
    assert found("tcp.checksum.status == 1") >= 8 and found("icmp.type == 3 && udp.checksum.status == 1") >= 1
