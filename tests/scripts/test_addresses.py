"""Addresses that a host takes by itself, and neighbours that somebody would like to be (RFC 5227, RFC 826)."""

from __future__ import annotations

import errno
import pickle
from itertools import pairwise

import pytest

from aether import queries
from aether.lab import HOST_MAC, YOUR_MAC
from aether.laboratory import Laboratory
from aether.net.neighbours import Neighbour
from aether.operations.base import OperationError
from aether.operations.net import MAX_ADDRESSES, AddressAdd, AddressRemove
from aether.sockets import TcpSocket
from aether.wire import arp, ethernet, icmp, ipv4
from aether.wire.address import BROADCAST_MAC, parse_ip

NEW = parse_ip("192.168.1.7")
THIEF = b"\2\0\0\0\0\x66"
NOBODY = bytes(4)


def hear(lab: Laboratory, operation: int, sender_ip: bytes, target_ip: bytes, mac: bytes = THIEF) -> None:
    """Let an ARP packet arrive, broadcast."""
    packet = arp.ArpPacket(operation, mac, sender_ip, bytes(6), target_ip)
    lab.inject(ethernet.build(BROADCAST_MAC, mac, ethernet.TYPE_ARP, arp.build(packet)))


def said(lab: Laboratory) -> list[tuple[bytes, bytes]]:
    """Return sender and target addresses of what the host has broadcast by ARP."""
    found = []
    for frame in lab.sent():
        if frame[12:14] == b"\x08\x06" and frame[:6] == BROADCAST_MAC:
            packet = arp.parse(frame[14:])
            assert packet.operation == arp.REQUEST and packet.sender_mac == YOUR_MAC and packet.target_mac == bytes(6)
            found.append((packet.sender_ip, packet.target_ip))
    return found


def state(lab: Laboratory) -> list[tuple[str, str]]:
    return [(row.address, row.state) for row in queries.addresses(lab.world)][1:]


def test_three_probes_and_two_announcements() -> None:
    """RFC 5227 §1.1, §2.1.1, §2.3: within 1 s, then 1 to 2 s apart, 2 s of silence, and 2 s between announcements."""
    for seed in range(20):
        lab = Laboratory(seed)
        lab.world.do(AddressAdd(address="192.168.1.7/24"))
        times = []
        while len(times) < 5:
            lab.world.step()
            times += [lab.world.now] * len(frames := said(lab))
            assert frames == [(NOBODY, NEW) if len(times) <= 3 else (NEW, NEW)]
            assert (NEW in lab.host.local) == (len(times) > 3)
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert 0 <= times[0] <= 1_000_000
        assert all(1_000_000 <= gap <= 2_000_000 for gap in gaps[:2])
        assert gaps[2:] == [2_000_000, 2_000_000]
        assert state(lab) == [("192.168.1.7/24", "in use")]
        lab.advance(60_000_000)
        assert said(lab) == []


@pytest.mark.parametrize(("operation", "sender", "target"), [
    (arp.REPLY, NEW, NOBODY), (arp.REQUEST, NEW, parse_ip("192.168.1.9")), (arp.REQUEST, NOBODY, NEW)],
    ids=["it answers", "it uses the address", "it probes at the same time"])
def test_a_conflict_while_probing(operation: int, sender: bytes, target: bytes) -> None:
    """RFC 5227 §2.1.1: whoever has the address, or probes for it too, and it is not used."""
    lab = Laboratory()
    lab.world.do(AddressAdd(address="192.168.1.7/24"))
    lab.advance(1_500_000)
    hear(lab, operation, sender, target)
    said(lab)
    lab.advance(60_000_000)
    assert said(lab) == []
    assert state(lab) == [("192.168.1.7/24", "conflict")]
    assert NEW not in lab.host.local
    lab.world.do(AddressAdd(address="192.168.1.7/24"))
    lab.advance(10_000_000)
    assert state(lab) == [("192.168.1.7/24", "in use")], "one may try again"


def test_nothing_is_answered_for_an_address_that_is_probed_for() -> None:
    """RFC 5227 §2.1.1: it is not ours yet."""
    lab = Laboratory()
    lab.world.do(AddressAdd(address="192.168.1.7/24"))
    hear(lab, arp.REQUEST, lab.theirs, NEW, HOST_MAC)
    assert lab.sent() == []
    assert lab.host.drops == {"arp.not_for_us": 1}


def test_a_second_address_is_answered_for_and_sent_from() -> None:
    """RFC 1122 §3.3.4: both are ours; what goes to a network goes from our address in it."""
    lab = Laboratory()
    lab.world.do(AddressAdd(address="10.1.0.7/16"))
    lab.advance(10_000_000)
    lab.sent()
    hear(lab, arp.REQUEST, parse_ip("10.1.0.9"), parse_ip("10.1.0.7"), HOST_MAC)
    assert arp.parse(lab.sent()[0][14:]).sender_ip == parse_ip("10.1.0.7")
    lab.host.icmp.send_echo(parse_ip("10.1.0.9"), 1, 1, b"")
    lab.host.icmp.send_echo(lab.theirs, 1, 1, b"")
    assert [frame[26:30] for frame in lab.sent()] == [parse_ip("10.1.0.7"), lab.ours]
    lab.host.icmp.send_echo(parse_ip("10.1.44.44"), 1, 1, b"")
    assert arp.parse(lab.sent()[0][14:]).sender_ip == parse_ip("10.1.0.7")


def test_a_connection_leaves_from_the_address_that_was_bound() -> None:
    """RFC 9293 §3.9.1.1 (MUST-43, MUST-44): the application may choose; otherwise the network layer does."""
    lab = Laboratory()
    second = parse_ip("192.168.1.9")
    lab.world.do(AddressAdd(address="192.168.1.9/24"))
    lab.advance(10_000_000)
    lab.sent()
    for chosen, leaves_from in ((second, second), (lab.ours, lab.ours), (NOBODY, lab.ours)):
        socket = TcpSocket(lab.host)
        socket.bind(0, chosen)
        socket.connect(lab.theirs, 80)
        assert [frame[26:30] for frame in lab.sent()] == [leaves_from]
    socket = TcpSocket(lab.host)
    socket.bind(0, second)
    lab.world.do(AddressRemove(address="192.168.1.9"))
    with pytest.raises(OSError, match="is no address of") as refused:
        socket.connect(lab.theirs, 80)
    assert refused.value.errno == errno.EADDRNOTAVAIL


def test_an_address_is_removed_alone() -> None:
    """The route to a network goes with the last address in it."""
    lab = Laboratory()
    lab.world.do(AddressAdd(address="192.168.1.7/24"))
    lab.advance(10_000_000)
    lab.world.do(AddressRemove(address="192.168.1.7"))
    assert state(lab) == [] and lab.host.routes.find(lab.theirs) is not None
    lab.world.do(AddressRemove(address="192.168.1.2"))
    assert lab.host.routes.find(lab.theirs) is None
    lab.world.do(AddressAdd(address="192.168.1.2/24"))
    lab.world.do(AddressRemove(address="192.168.1.2"))
    lab.advance(10_000_000)
    assert lab.host.local == {}


@pytest.mark.parametrize("wrong", [
    "192.168.1.7", "192.168.1.7/33", "192.168.1.7/", "192.168.1/24", "224.0.0.1/24", "255.255.255.255/24", "0.0.0.0/8",
    "127.0.0.1/8", "192.168.1.2/24"])
def test_what_is_no_address_for_us(wrong: str) -> None:
    with pytest.raises(OperationError):
        Laboratory().world.do(AddressAdd(address=wrong))


def test_addresses_are_bounded() -> None:
    lab = Laboratory()
    for number in range(MAX_ADDRESSES - 1):
        lab.world.do(AddressAdd(address=f"10.0.0.{number + 1}/24"))
    with pytest.raises(OperationError, match="at the most"):
        lab.world.do(AddressAdd(address="10.0.0.200/24"))


def test_a_snapshot_between_two_probes() -> None:
    lab = Laboratory()
    lab.world.do(AddressAdd(address="192.168.1.7/24"))
    lab.advance(2_000_000)
    other = pickle.loads(pickle.dumps(lab))
    for one in (lab, other):
        one.advance(20_000_000)
    assert lab.world.state_hash() == other.world.state_hash()


# Somebody who would like to be our neighbour.

def known(lab: Laboratory) -> Neighbour:
    return lab.interface.neighbours.entries[lab.theirs]


def poison(lab: Laboratory) -> None:
    """Do what tools for poisoning do: replies that nobody asked for, and requests, in the neighbour's name."""
    for _ in range(5):
        reply = arp.ArpPacket(arp.REPLY, THIEF, lab.theirs, YOUR_MAC, lab.ours)
        lab.inject(ethernet.build(YOUR_MAC, THIEF, ethernet.TYPE_ARP, arp.build(reply)))
        hear(lab, arp.REQUEST, lab.theirs, lab.theirs)
        hear(lab, arp.REQUEST, lab.theirs, lab.ours)
        lab.advance(100_000)


def destination_of_a_ping(lab: Laboratory) -> bytes:
    lab.sent()
    lab.inject_ip(ipv4.PROTO_ICMP, icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 1, b"x")))
    return next(frame for frame in lab.sent() if frame[12:14] == b"\x08\x00")[:6]


def test_poison_does_not_work() -> None:
    """RFC 826: what nobody asked for does not overwrite, nor does an answer in another's name to our own question."""
    lab = Laboratory()
    poison(lab)
    assert known(lab).mac == HOST_MAC
    assert destination_of_a_ping(lab) == HOST_MAC
    assert lab.host.drops["arp.unsolicited"] == 5


def test_poison_works_with_the_knob() -> None:
    """RFC 826: as it was meant, the last to speak is believed; arp.unsolicited."""
    lab = Laboratory(arp_unsolicited="on")
    poison(lab)
    assert known(lab).mac == THIEF
    assert destination_of_a_ping(lab) == THIEF
    assert not lab.host.drops, "what is believed is not discarded, an announcement for nobody either"


def test_the_neighbour_itself_is_asked_about_the_claim() -> None:
    """RFC 1122 §2.3.2.1: by a request to the address that is known; its answer settles it."""
    lab = Laboratory()
    hear(lab, arp.REQUEST, lab.theirs, lab.ours)
    asked = [frame for frame in lab.sent() if frame[:6] == HOST_MAC]
    assert arp.parse(asked[0][14:]).target_ip == lab.theirs
    reply = arp.ArpPacket(arp.REPLY, HOST_MAC, lab.theirs, YOUR_MAC, lab.ours)
    lab.inject(ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_ARP, arp.build(reply)))
    assert (known(lab).state, known(lab).mac) == ("reachable", HOST_MAC)


def test_a_neighbour_that_really_moved_is_found_again() -> None:
    """RFC 1122 §2.3.2.1: the old hardware address does not answer; then everybody is asked anew."""
    lab = Laboratory()
    hear(lab, arp.REQUEST, lab.theirs, lab.ours)
    lab.advance(3_000_000)
    assert lab.theirs not in lab.interface.neighbours.entries
    hear(lab, arp.REQUEST, lab.theirs, lab.ours)
    assert known(lab).mac == THIEF


@pytest.mark.parametrize("age", [1_000_000, 40_000_000])
def test_a_known_neighbour_is_asked_for_again(age: int) -> None:
    """RFC 826: whether it was heard of lately or has become stale, everybody is asked, and the answer counts."""
    lab = Laboratory()
    hear(lab, arp.REQUEST, lab.theirs, lab.ours, HOST_MAC)
    lab.advance(age)
    lab.sent()
    lab.interface.neighbours.ask(lab.theirs)
    asked = lab.sent()
    assert [frame[:6] for frame in asked] == [b"\xff" * 6]
    reply = arp.ArpPacket(arp.REPLY, HOST_MAC, lab.theirs, YOUR_MAC, lab.ours)
    lab.inject(ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_ARP, arp.build(reply)))
    assert (known(lab).state, known(lab).mac) == ("reachable", HOST_MAC)
    assert "arp.unsolicited" not in lab.host.drops
