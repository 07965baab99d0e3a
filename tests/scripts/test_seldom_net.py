"""What happens seldom in the network layers: tables that are full, times that have run out, nonsense in nonsense."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from aether.laboratory import Laboratory
from aether.net.ipv4 import MAX_PATHS, PATH_LIFETIME
from aether.net.neighbours import MAX_ENTRIES, MAX_WAITING, REACHABLE, Neighbour
from aether.wire import arp, ethernet, icmp, igmp, ipv4
from aether.wire.address import BROADCAST_MAC, parse_ip

THIEF = b"\2\0\0\0\0\x66"
GROUP = parse_ip("224.1.2.3")


def arrives(lab: Laboratory, packet: bytes, to: bytes = b"") -> None:
    lab.inject(ethernet.build(to or lab.interface.mac, b"\2\0\0\0\0\1", ethernet.TYPE_IPV4, packet))


def observed(lab: Laboratory) -> list[tuple[Any, ...]]:
    """Return what will happen from now on: the kind of each event, and its values."""
    found: list[tuple[Any, ...]] = []
    lab.world.observe(lambda host, kind, *values: found.append((kind, *values)))
    return found


def address(number: int) -> bytes:
    return (0x0A000000 + number).to_bytes(4, "big")


@pytest.mark.parametrize("options, whole", [(0, True), (40, False)])
def test_fragments_that_are_too_long_with_the_options_of_the_first(options: int, whole: bool) -> None:
    """RFC 791 §3.1: no packet is longer than 65,535 bytes; each of these fragments would fit by itself."""
    lab = Laboratory()
    for at, length, more in ((0, 32_000, True), (32_000, 32_000, True), (64_000, 1_500, False)):
        arrives(lab, ipv4.build(
            lab.theirs, lab.ours, 99, bytes(length), identification=7, dont_fragment=False, more_fragments=more,
            fragment_offset=at, options=b"\1" * (0 if at else options)))
    assert (lab.host.counters.get("ipv4.reassembled", 0) == 1) is whole
    assert ("ipv4.fragment_too_long" in lab.host.drops) is not whole


@pytest.mark.parametrize("knob", ["on", "off"])
def test_a_host_that_answers_no_echo(knob: str) -> None:
    lab = Laboratory(icmp_echo=knob)
    lab.inject_ip(ipv4.PROTO_ICMP, icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 1, b"ping")))
    assert len(lab.sent()) == (knob == "on")
    assert lab.host.drops == ({} if knob == "on" else {"icmp.echo_off": 1})


@pytest.mark.parametrize("destination, told", [
    ("192.168.1.2", True), ("192.168.1.255", False), ("255.255.255.255", False), ("224.0.0.1", False)])
def test_no_error_about_what_was_for_many(destination: str, told: bool) -> None:
    """RFC 1122 §3.2.2: nobody is told that a broadcast or a group's packet was not understood."""
    lab = Laboratory()
    to = parse_ip(destination)
    mac = b"" if told else b"\x01\0\x5e\0\0\1" if to[0] == 224 else BROADCAST_MAC
    arrives(lab, ipv4.build(lab.theirs, to, 99, b"x" * 20), mac)
    assert len(lab.sent()) == told
    assert sum(lab.host.drops.values()) == 1
    lab.host.icmp.error(icmp.DESTINATION_UNREACHABLE, icmp.HOST_UNREACHABLE, ipv4.build(lab.theirs, to, 99, b"x" * 20))
    assert len(lab.sent()) == told


@pytest.mark.parametrize("quoted", [b"\x45\0", b"\x45" + bytes(19), b"\x65" + bytes(40), b"\x4f" + bytes(30)])
def test_an_error_that_quotes_nonsense(quoted: bytes) -> None:
    """RFC 1122 §3.2.2: it is about no packet of ours, whatever it is; and about nonsense we send no error."""
    lab = Laboratory()
    lab.inject_ip(ipv4.PROTO_ICMP, icmp.build(icmp.IcmpMessage(icmp.DESTINATION_UNREACHABLE, 1, 0, quoted)))
    assert sum(lab.host.drops.values()) == 1
    lab.host.icmp.error(icmp.DESTINATION_UNREACHABLE, icmp.HOST_UNREACHABLE, quoted)
    lab.host.ipv4.unreachable(quoted)
    assert lab.sent() == []


def test_what_igmp_does_is_told() -> None:
    """RFC 2236 §3: joined, reported at once and again, when asked, left; who is no member cannot leave."""
    lab = Laboratory()
    found = observed(lab)
    lab.host.igmp.join(GROUP, lab.interface)
    lab.host.igmp.wake(lab.world.now)  # too soon for anything
    lab.advance(20_000_000)
    lab.inject_ip(ipv4.PROTO_IGMP, igmp.build(igmp.IgmpMessage(igmp.QUERY, 20, GROUP)))
    lab.advance(2_000_000)
    lab.host.igmp.leave(GROUP, lab.interface)
    assert [each for each in found if each[0].startswith("igmp.")] == [
        ("igmp.joined", GROUP), ("igmp.reported", GROUP, "joined"), ("igmp.reported", GROUP, "again"),
        ("igmp.asked", GROUP, 2_000_000), ("igmp.reported", GROUP, "asked"), ("igmp.left", GROUP)]
    with pytest.raises(OSError, match=r"not in group 224\.1\.2\.3") as caught:
        lab.host.igmp.leave(GROUP, lab.interface)
    assert caught.value.errno == errno.EADDRNOTAVAIL


def test_the_source_to_ourselves_is_ourselves() -> None:
    """RFC 1122 §3.3.4: whatever other addresses there are."""
    lab = Laboratory()
    assert lab.host.ipv4.source_for(lab.ours) == lab.ours
    assert lab.host.ipv4.source_for(lab.theirs) == lab.ours
    assert lab.host.ipv4.source_for(parse_ip("10.9.9.9")) is None


def test_a_path_mtu_is_forgotten_after_ten_minutes() -> None:
    """RFC 1191 §6.3: then a larger one is news again."""
    lab = Laboratory()
    layer = lab.host.ipv4
    assert layer.learn_mtu(lab.theirs, 1000)
    assert not layer.learn_mtu(lab.theirs, 1200)
    lab.advance(PATH_LIFETIME - 1)
    assert layer.mtu_for(lab.theirs) == 1000
    assert not layer.learn_mtu(lab.theirs, 1200)
    lab.advance(1)
    assert layer.mtu_for(lab.theirs) == 1500
    assert layer.learn_mtu(lab.theirs, 1200)
    assert layer.mtu_for(lab.theirs) == 1200


def test_so_many_paths_are_remembered_and_the_oldest_is_given_up() -> None:
    lab = Laboratory()
    layer = lab.host.ipv4
    lab.host.routes.add(bytes(4), 0, lab.theirs, 0)
    for number in range(MAX_PATHS + 1):
        assert layer.learn_mtu(address(number), 1000)
    assert len(layer.path_mtus) == MAX_PATHS
    assert [layer.mtu_for(address(number)) for number in (0, 1, MAX_PATHS)] == [1500, 1000, 1000]


def test_so_many_packets_wait_for_a_neighbour() -> None:
    """RFC 1122 §2.3.2.2: the latest is kept, and here as many as `MAX_WAITING`; the oldest is discarded, and told."""
    lab = Laboratory()
    other = parse_ip("192.168.1.77")
    packets = [ipv4.build(lab.ours, other, 99, bytes((number,))) for number in range(MAX_WAITING + 2)]
    for packet in packets:
        lab.interface.neighbours.send(other, packet)
    assert lab.host.drops == {"arp.queue_full": 2}
    lab.sent()
    reply = arp.build(arp.ArpPacket(arp.REPLY, THIEF, other, lab.interface.mac, lab.ours))
    lab.inject(ethernet.build(lab.interface.mac, THIEF, ethernet.TYPE_ARP, reply))
    assert [frame[14:] for frame in lab.sent()] == packets[2:]


def test_a_neighbour_that_never_answers_costs_no_world() -> None:
    """What waited for it may be no packet at all: whoever crafts may send anything."""
    lab = Laboratory()
    lab.interface.neighbours.send(parse_ip("192.168.1.77"), b"\x45 nonsense")
    lab.advance(10_000_000)
    assert [frame[12:14] for frame in lab.sent()] == [b"\x08\x06"] * 3
    assert lab.host.drops == {"arp.unresolved": 1}


def test_who_claims_our_address_is_named() -> None:
    """RFC 5227 §2.4."""
    lab = Laboratory()
    found = observed(lab)
    claim = arp.build(arp.ArpPacket(arp.REQUEST, THIEF, lab.ours, bytes(6), lab.ours))
    lab.inject(ethernet.build(BROADCAST_MAC, THIEF, ethernet.TYPE_ARP, claim))
    assert ("arp.conflict", lab.ours, THIEF) in found


@pytest.mark.parametrize("one_is_stale", [True, False])
def test_a_table_of_neighbours_that_is_full(one_is_stale: bool) -> None:
    """One that is stale goes first, then whoever came first; nobody who is in use goes while another is not."""
    lab = Laboratory()
    entries = lab.interface.neighbours.entries
    entries.clear()
    for number in range(MAX_ENTRIES):
        entries[address(number)] = neighbour = Neighbour(address(number))
        neighbour.mac, neighbour.state = THIEF, REACHABLE
    if one_is_stale:
        entries[address(500)].state = "stale"
    lab.interface.neighbours.send(lab.theirs, ipv4.build(lab.ours, lab.theirs, 99, b"x"))
    gone = {address(number) for number in range(MAX_ENTRIES)} - set(entries)
    assert gone == {address(500 if one_is_stale else 0)}
    assert len(entries) == MAX_ENTRIES
    assert lab.theirs in entries
