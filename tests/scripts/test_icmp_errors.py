"""ICMP errors that we send: how many, to whom, and about what (RFC 1122 §3.2.2, RFC 1812 §4.3.2)."""

from __future__ import annotations

from aether import queries
from aether.lab import YOUR_MAC
from aether.laboratory import Laboratory
from aether.net.icmp import BURST, MAX_DESTINATIONS
from aether.net.neighbours import REACHABLE, Neighbour
from aether.wire import ethernet, icmp, ipv4, udp


def to_a_closed_port(lab: Laboratory, source: bytes) -> None:
    """Let a datagram arrive that nobody takes."""
    datagram = udp.build(source, lab.ours, 4000, 4444, b"x")
    packet = ipv4.build(source, lab.ours, ipv4.PROTO_UDP, datagram)
    lab.inject(ethernet.build(YOUR_MAC, b"\2\0\0\0\0\1", ethernet.TYPE_IPV4, packet))


def know(lab: Laboratory, address: bytes) -> None:
    """Let the host know a neighbour."""
    lab.interface.neighbours.entries[address] = neighbour = Neighbour(address)
    neighbour.mac, neighbour.state = b"\2\0\0\0\0\x09", REACHABLE


def test_one_destination_gets_a_burst_and_then_one_a_second() -> None:
    """RFC 1812 §4.3.2.8: six at once, then one for each second that passed, as Linux limits them."""
    lab = Laboratory()
    for _ in range(20):
        to_a_closed_port(lab, lab.theirs)
    assert len(lab.sent()) == BURST
    assert (lab.host.icmp.limited, lab.host.drops["udp.no_port"]) == (20 - BURST, 20)
    lab.advance(999_999)
    to_a_closed_port(lab, lab.theirs)
    assert lab.sent() == []
    lab.advance(1)
    to_a_closed_port(lab, lab.theirs)
    to_a_closed_port(lab, lab.theirs)
    assert len(lab.sent()) == 1
    lab.advance(60_000_000)
    for _ in range(20):
        to_a_closed_port(lab, lab.theirs)
    assert len(lab.sent()) == BURST


def test_another_destination_has_its_own_limit() -> None:
    """RFC 1812 §4.3.2.8: whoever floods us costs nobody else the errors."""
    lab = Laboratory()
    other = bytes((192, 168, 1, 77))
    know(lab, other)
    for _ in range(10):
        to_a_closed_port(lab, lab.theirs)
    lab.sent()
    to_a_closed_port(lab, other)
    (frame,) = lab.sent()
    assert ipv4.parse(frame[14:]).destination == other
    assert queries.icmp_counts(lab.world).allowances == {"192.168.1.1": 0, "192.168.1.77": 5}


def test_the_limit_is_a_knob() -> None:
    """`icmp.interval` 0 leaves only `icmp.rate`, over all destinations."""
    lab = Laboratory(icmp_interval="0", icmp_rate="10")
    for _ in range(20):
        to_a_closed_port(lab, lab.theirs)
    assert len(lab.sent()) == 10
    assert lab.host.icmp.limited == 10


def test_what_is_remembered_of_destinations_is_bounded() -> None:
    """Errors to ever new, forged, addresses take no more memory."""
    lab = Laboratory(icmp_rate="100000")
    for number in range(MAX_DESTINATIONS + 100):
        to_a_closed_port(lab, bytes((10, 1, number >> 8, number & 255)))
    assert len(lab.host.icmp.allowances) == MAX_DESTINATIONS


def test_what_came_and_went_is_counted() -> None:
    """By type and code; what has a wrong checksum is no message."""
    lab = Laboratory()
    request = icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 1 << 16 | 1, b"abc"))
    lab.inject_ip(ipv4.PROTO_ICMP, request)
    lab.inject_ip(ipv4.PROTO_ICMP, request[:-1] + b"z")
    to_a_closed_port(lab, lab.theirs)
    counts = queries.icmp_counts(lab.world)
    assert [(row.name, row.received, row.sent) for row in counts.rows] == [
        ("echo reply", 0, 1), ("port unreachable", 0, 1), ("echo request", 1, 0)]
