"""Who of several workers has to see a frame: its own queue's worker, worker 0, another one, or all."""

from __future__ import annotations

from functools import partial

import pytest

from aether.apps.http import HttpServer
from aether.engine.relay import ALL, ALL_BELIEVE, Relay, hear, is_ours, owner_for_worker_0
from aether.engine.worker import Beginning, first_number, share_of
from aether.host import Host
from aether.lab import HOST_ADDRESS, HOST_MAC, YOU, YOUR_ADDRESS, YOUR_MAC, tapped
from aether.link.processor import worker_of
from aether.net.fragments import cut
from aether.net.neighbours import REACHABLE, STALE
from aether.operations.knobs import KnobSet
from aether.operations.link import LinkSet
from aether.operations.net import Ping
from aether.operations.tcp import TcpConnect
from aether.wire import arp, ethernet, icmp, ipv4, tcp, udp
from aether.wire.address import parse_ip
from aether.world import World

US, PEER = parse_ip(YOUR_ADDRESS), parse_ip(HOST_ADDRESS)
WORKERS = 3


def packet(protocol: int, inside: bytes, **header: object) -> bytes:
    made = ipv4.build(PEER, US, protocol, inside, **header)  # type: ignore[arg-type]
    return ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV4, made)


def segment(
    port: int, flags: int, local: int = 80, sequence: int = 1000, acknowledgement: int = 0, payload: bytes = b"",
    **header: object,
) -> bytes:
    options = tcp.build_options(mss=1460) if flags & tcp.SYN else b""
    return packet(ipv4.PROTO_TCP, tcp.build(
        PEER, US, port, local, sequence, acknowledgement, flags, 60_000, options, payload), **header)


def connected(world: World, port: int) -> bytes:
    """Let the peer open a connection; return the key of it."""
    question = arp.build(arp.ArpPacket(arp.REQUEST, HOST_MAC, PEER, bytes(6), US))
    world.arrive(ethernet.build(b"\xff" * 6, HOST_MAC, ethernet.TYPE_ARP, question))
    world.wire_out.clear()
    syn = segment(port, tcp.SYN)
    world.arrive(syn)
    ours = int.from_bytes(world.wire_out.pop()[38:42], "big")
    world.arrive(segment(port, tcp.ACK, sequence=1001, acknowledgement=ours + 1))
    world.wire_out.clear()
    return syn[26:38]


def beginning(world: World, number: int) -> Beginning:
    return Beginning(number, WORKERS, "aether0", world.snapshot(), world.connections, (0, world.now))


def you(world: World) -> Host:
    return world.hosts[YOU]


def test_a_worker_keeps_its_connections_and_whoever_knocks() -> None:
    world = tapped(1)
    assert is_ours(you(world), segment(4000, tcp.SYN))
    connected(world, 4000)
    assert is_ours(you(world), segment(4000, tcp.ACK))
    assert is_ours(you(world), memoryview(segment(4000, tcp.FIN | tcp.ACK)))
    assert is_ours(you(world), segment(4000, tcp.ACK, options=b"\1\1\1\1"))
    assert is_ours(you(world), segment(4002, tcp.SYN, options=b"\1\1\1\1"))
    assert not is_ours(you(world), segment(4002, tcp.ACK, options=b"\1\1\1\1"))
    assert not is_ours(you(world), segment(4000, tcp.ACK, options=b"\1" * 40)[:70])


@pytest.mark.parametrize("frame", [
    segment(4001, tcp.ACK), segment(4001, tcp.SYN | tcp.ACK), segment(4001, tcp.RST), segment(4001, tcp.ACK)[:50],
    packet(ipv4.PROTO_UDP, udp.build(PEER, US, 67, 68, b"offer")),
    packet(ipv4.PROTO_ICMP, icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 1, b"ping"))),
    ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_ARP, arp.build(arp.ArpPacket(1, HOST_MAC, PEER, bytes(6), US))),
    b"", bytes(60),
], ids=["ack", "syn-ack", "rst", "cut", "dhcp", "echo", "arp", "nothing", "zeros"])
def test_all_else_goes_to_worker_0(frame: bytes) -> None:
    world = tapped(1)
    connected(world, 4000)
    given: list[tuple[int, bytes]] = []
    relay = Relay(2, WORKERS, lambda worker, frame: given.append((worker, frame)))
    assert relay.passes_on(you(world), frame, lambda length: frame[:length])
    assert given == [(0, frame)]


def test_a_cookie_may_come_back_to_where_it_was_sent_from() -> None:
    world = tapped(1)
    answer = segment(4001, tcp.ACK)
    assert not is_ours(you(world), answer)
    world.do(KnobSet(name="tcp.syn_cookies", value="always"))
    assert is_ours(you(world), answer)
    assert not is_ours(you(world), segment(4001, tcp.ACK, local=81))


def error(port: int, local: int = 80, kind: int = icmp.DESTINATION_UNREACHABLE, code: int = 1) -> bytes:
    """Return an ICMP error about a segment of ours to a port of the peer."""
    ours = ipv4.build(US, PEER, ipv4.PROTO_TCP, tcp.build(US, PEER, local, port, 1, 1, tcp.ACK, 1000))
    return packet(ipv4.PROTO_ICMP, icmp.build(icmp.IcmpMessage(kind, code, 0, ours[:28])))


def test_an_icmp_error_goes_to_the_worker_of_the_connection() -> None:
    host = you(tapped(1))
    owners = {owner_for_worker_0(host, error(port), WORKERS) for port in range(4000, 4006)}
    assert owners == {0, 1, 2}
    for port in range(4000, 4006):
        assert owner_for_worker_0(host, error(port), WORKERS) == worker_of(segment(port, tcp.ACK), WORKERS)


def test_worker_0_keeps_errors_about_connections_of_its_own() -> None:
    world = tapped(1)
    port = next(port for port in range(4000, 4100) if worker_of(segment(port, tcp.ACK), WORKERS))
    assert owner_for_worker_0(you(world), error(port), WORKERS)
    connected(world, port)
    assert owner_for_worker_0(you(world), error(port), WORKERS) == 0


def test_other_messages_are_worker_0s() -> None:
    host = you(tapped(1))
    about_udp = ipv4.build(US, PEER, ipv4.PROTO_UDP, udp.build(US, PEER, 5000, 4001, b"?"))
    unreachable = icmp.IcmpMessage(icmp.DESTINATION_UNREACHABLE, 3, 0, about_udp[:28])
    assert owner_for_worker_0(host, packet(ipv4.PROTO_ICMP, icmp.build(unreachable)), WORKERS) == 0
    for frame in (error(4001)[:60], segment(4001, tcp.ACK), b"", bytes(70)):
        assert owner_for_worker_0(host, frame, WORKERS) == 0


@pytest.mark.parametrize(("operation", "target", "owner"), [
    (arp.REQUEST, US, 0), (arp.REPLY, US, ALL), (arp.REQUEST, PEER, ALL),
], ids=["a question for us", "an answer", "an announcement"])
def test_all_learn_who_is_on_the_link(operation: int, target: bytes, owner: int) -> None:
    asked = arp.build(arp.ArpPacket(operation, HOST_MAC, PEER, YOUR_MAC, target))
    frame = ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_ARP, asked)
    world = tapped(1)
    assert owner_for_worker_0(you(world), frame, WORKERS) == owner
    given: list[int] = []
    relay = Relay(0, WORKERS, lambda worker, frame: given.append(worker))
    assert not relay.passes_on(you(world), frame, lambda length: frame)
    assert given == [ALL] * (owner == ALL)


def says(operation: int, mac: bytes = HOST_MAC, target: bytes = US) -> bytes:
    """Return an ARP packet of the peer's, with that hardware address."""
    packet = arp.ArpPacket(operation, mac, PEER, YOUR_MAC, target)
    return ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_ARP, arp.build(packet))


def known(host: Host) -> bytes:
    """Return the hardware address of the peer, as far as the host knows it."""
    entry = host.interfaces[0].neighbours.entries.get(PEER)
    return b"" if entry is None else entry.mac


def test_what_worker_0_has_asked_for_all_believe() -> None:
    world = tapped(1)
    assert owner_for_worker_0(you(world), says(arp.REPLY), WORKERS) == ALL
    world.do(Ping(address=HOST_ADDRESS, count=1))
    assert owner_for_worker_0(you(world), says(arp.REPLY), WORKERS) == ALL_BELIEVE
    given: list[int] = []
    relay = Relay(0, WORKERS, lambda worker, frame: given.append(worker))
    assert not relay.passes_on(you(world), says(arp.REPLY), lambda length: says(arp.REPLY)[:length])
    assert given == [ALL_BELIEVE]


def test_the_others_learn_quietly_and_are_not_deceived() -> None:
    world, other = tapped(1), b"\x02\x00\x00\x00\x00\x66"
    host = you(world)
    for frame in (says(arp.REPLY), says(arp.REQUEST, target=PEER), says(arp.REPLY)[:30]):
        assert hear(world, host, frame, believed=False)
    assert known(host) == b"", "nobody asked"
    assert hear(world, host, says(arp.REPLY), believed=True)
    assert known(host) == HOST_MAC
    for frame in (says(arp.REPLY, other), says(arp.REQUEST, other, PEER)):
        hear(world, host, frame, believed=False)
        assert known(host) == HOST_MAC
    assert (host.drops, host.counters) == ({}, {}), "worker 0 counts"
    assert not hear(world, host, segment(4000, tcp.SYN), believed=False)


@pytest.mark.parametrize("mac, address", [
    (b"\x03\0\0\0\0\1", PEER), (b"\xff" * 6, PEER), (YOUR_MAC, PEER), (HOST_MAC, US), (HOST_MAC, bytes(4))],
    ids=["a group", "everybody", "our hardware address", "our address", "no address"])
@pytest.mark.parametrize("operation", [arp.REQUEST, arp.REPLY])
def test_what_can_be_no_neighbour_is_not_overheard(operation: int, mac: bytes, address: bytes) -> None:
    """RFC 826, RFC 5227 §2.1.1 (the sender of a probe has no address), RFC 1812 §3.3.2 (no group in a reply)."""
    host = you(tapped(1))
    said = arp.build(arp.ArpPacket(operation, mac, address, YOUR_MAC, US))
    assert hear(host.world, host, ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_ARP, said), believed=True)
    assert host.interfaces[0].neighbours.entries == {}


@pytest.mark.parametrize("operation", [arp.REQUEST, arp.REPLY])
def test_what_says_the_known_confirms_it(operation: int) -> None:
    """RFC 826: whatever an ARP packet is, its sender is known by it; whoever is not known yet is not made known."""
    host = you(tapped(1))
    hear(host.world, host, says(operation), believed=False)
    assert known(host) == b""
    hear(host.world, host, says(arp.REPLY), believed=True)
    (entry,) = host.interfaces[0].neighbours.entries.values()
    entry.state = STALE
    hear(host.world, host, says(operation), believed=False)
    assert entry.state == REACHABLE


def test_worker_0_takes_the_answer_to_another_worker_for_no_intrusion() -> None:
    world = tapped(1)
    host = you(world)
    world.stride = WORKERS
    connected(world, 4000)
    world.arrive(says(arp.REPLY))
    assert host.drops == {}
    world.arrive(says(arp.REPLY, b"\x02\x00\x00\x00\x00\x66"))
    assert host.drops == {"arp.unsolicited": 1}
    world.stride = 1
    world.arrive(says(arp.REPLY))
    assert host.drops == {"arp.unsolicited": 2}


def test_a_worker_begins_with_what_worker_0_knows_and_without_its_connections() -> None:
    world = tapped(1)
    key = connected(world, 4000)
    world.do(KnobSet(name="ipv4.ttl", value="63"))
    world.do(TcpConnect(address=HOST_ADDRESS, port=9))
    before = world.state_hash()
    world.wire_out.clear()
    share = share_of(beginning(world, 2))
    assert world.state_hash() == before
    assert share.wire_out == []
    host = you(share)
    assert host.tcp.connections == {}
    assert host.knobs.ipv4_ttl == 63
    assert PEER in host.interfaces[0].neighbours.entries
    assert any(isinstance(each.socket.app, HttpServer) and each.half_open == 0 for each in host.tcp.listeners.values())
    while share.step(share.now + 600_000_000):  # no timer of a connection is left, nor of anything that is worker 0's
        assert [frame for frame in share.wire_out if frame[12:14] != b"\x08\x06"] == []
    connected(share, 4002)
    [number] = [conn.number for conn in host.tcp.connections.values()]
    assert number == first_number(world.connections, 2, WORKERS)
    assert number % WORKERS == 2
    assert key not in host.tcp.table


def test_what_is_on_its_way_is_worker_0s() -> None:
    world = tapped(1)
    connected(world, 4000)
    world.do(LinkSet(link="lan", direction="both", what="delay", value="100ms"))
    world.arrive(segment(4000, tcp.PSH | tcp.ACK, payload=b"hello"))
    world.do(Ping(address=HOST_ADDRESS, count=1))
    share = share_of(beginning(world, 1))
    while share.step(share.now + 1_000_000):
        pass
    assert share.wire_out == []
    assert you(share).drops == {}


def test_a_packet_in_fragments_goes_to_the_worker_of_its_flow() -> None:
    """Worker 0 puts it together; of a flow of its own, and of a connection that it opened, it keeps it."""
    world = tapped(1)
    given: list[tuple[int, bytes]] = []
    relay = Relay(0, WORKERS, lambda worker, frame: given.append((worker, frame)))
    you(world).elsewhere = partial(relay.take_whole, you(world))
    owners = set()
    for port in range(4000, 4000 + 2 * WORKERS, 2):
        whole = segment(port, tcp.PSH | tcp.ACK, payload=bytes(1000), dont_fragment=False, options=b"\1\1\1\1")
        for piece in cut(whole[14:], 576):
            world.arrive(whole[:14] + piece)
        owners.add(owner := worker_of(whole, WORKERS))
        if owner:
            worker, frame = given.pop()
            assert worker == owner
            assert frame[34 + 4:] == whole[34 + 4:]
        assert given == []
    assert owners == {0, 1, 2}
    counters = you(world).counters
    assert (counters["ipv4.reassembled"], counters["ipv4.received"]) == (WORKERS, 1)
    connected(world, 4002)
    for piece in cut(segment(4002, tcp.ACK, payload=bytes(1000), dont_fragment=False)[14:], 576):
        world.arrive(whole[:14] + piece)
    assert given == []


def test_numbers_tell_the_worker() -> None:
    first = partial(first_number, workers=3)
    assert [first(0, number) for number in range(3)] == [3, 4, 5]
    assert [first(7, number) for number in range(3)] == [9, 10, 11]
