"""Multicast groups: joined, reported, left, and what comes for them (RFC 1112, RFC 2236)."""

from __future__ import annotations

import errno
import pickle
from typing import Any

import pytest

from aether.apps.simple import UdpDiscard
from aether.lab import HOST_MAC
from aether.laboratory import Laboratory
from aether.net.igmp import MAX_GROUPS, VERSION_1_PRESENT, VERSION_1_RESPONSE
from aether.operations.base import OperationError
from aether.operations.net import IgmpJoin, IgmpLeave, IgmpQuery
from aether.udp import MAX_GROUPS as GROUPS_OF_A_SOCKET
from aether.udp import UdpSocket
from aether.wire import ethernet, icmp, igmp, ipv4, udp
from aether.wire.address import parse_ip

GROUP, OTHER = parse_ip("224.1.1.1"), parse_ip("239.2.3.4")
GROUP_MAC = b"\x01\x00\x5e\x01\x01\x01"
ANY = bytes(4)


def inject(lab: Laboratory, protocol: int, payload: bytes, to: bytes = GROUP, source: bytes = b"") -> None:
    """Let a packet to a group arrive."""
    packet = ipv4.build(source or lab.theirs, to, protocol, payload, ttl=1)
    mac = b"\x01\x00\x5e" + bytes((to[1] & 0x7F,)) + to[2:]
    lab.inject(ethernet.build(mac, HOST_MAC, ethernet.TYPE_IPV4, packet))


def query(lab: Laboratory, group: bytes = ANY, tenths: int = 100) -> None:
    """Let a router ask."""
    message = igmp.build(igmp.IgmpMessage(igmp.QUERY, tenths, group))
    inject(lab, ipv4.PROTO_IGMP, message, igmp.ALL_HOSTS if group == ANY else group)


def report(lab: Laboratory, group: bytes = GROUP, kind: int = igmp.V2_REPORT) -> None:
    """Let another member report a group."""
    inject(lab, ipv4.PROTO_IGMP, igmp.build(igmp.IgmpMessage(kind, 0, group)), group)


def said(lab: Laboratory) -> list[tuple[str, bytes, bytes]]:
    """Return what the host has sent by IGMP: the message's name, its group, and where it went."""
    found = []
    for frame in lab.sent():
        header = ipv4.parse(frame[14:])
        if header.protocol == ipv4.PROTO_IGMP:
            assert (header.ttl, header.options) == (1, b"\x94\x04\0\0"), "RFC 2236 §2: TTL 1 and a router alert"
            message = igmp.parse(frame[14 + header.header_length:14 + header.total_length])
            found.append((igmp.NAMES[message.type], message.group, header.destination))
    return found


def member(lab: Laboratory, group: bytes = GROUP) -> Any:
    return lab.host.igmp.groups[0, group]


def settled(**knobs: str) -> Laboratory:
    """Return a laboratory whose host is an idle member."""
    lab = Laboratory(**knobs)
    lab.host.igmp.join(GROUP, lab.interface)
    lab.advance(11_000_000)
    lab.sent()
    assert member(lab).state == "idle"
    return lab


REPORT = ("version 2 report", GROUP, GROUP)
LEAVE = ("leave group", GROUP, igmp.ALL_ROUTERS)


def test_joining_is_reported_at_once_and_once_more() -> None:
    """RFC 2236 §3: an unsolicited report, repeated within the unsolicited report interval of 10 s."""
    lab = Laboratory()
    lab.host.igmp.join(GROUP, lab.interface)
    assert said(lab) == [REPORT]
    assert member(lab).state == "delaying"
    lab.advance(10_000_000)
    assert said(lab) == [REPORT]
    assert member(lab).state == "idle"
    lab.advance(100_000_000)
    assert said(lab) == []


def test_the_frame_goes_to_the_groups_own_ethernet_address() -> None:
    """RFC 1112 §6.4: 01-00-5E and the lower 23 bits."""
    lab = Laboratory()
    lab.host.igmp.join(parse_ip("239.129.2.3"), lab.interface)
    assert lab.sent()[0][:6] == b"\x01\x00\x5e\x01\x02\x03"


@pytest.mark.parametrize("group", [ANY, GROUP])
def test_a_query_is_answered_within_its_time(group: bytes) -> None:
    """RFC 2236 §3: after a random part of the maximum response time, general or for the group."""
    lab = settled()
    query(lab, group, tenths=20)
    assert said(lab) == []
    lab.advance(2_000_000)
    assert said(lab) == [REPORT]


def test_delays_differ() -> None:
    """RFC 2236 §3: each timer is drawn for itself, from all of the response time."""
    delays = []
    for seed in range(40):
        lab = Laboratory(seed)
        lab.host.igmp.join(GROUP, lab.interface)
        lab.advance(11_000_000)
        query(lab)
        delays.append(member(lab).deadline - lab.world.now)
    assert 0 < min(delays) < 1_500_000 and 8_500_000 < max(delays) <= 10_000_000


def test_a_query_for_another_group_is_not_ours() -> None:
    """RFC 1112 §7.2, RFC 2236 §3: it is sent to that group, and we are not in it."""
    lab = settled()
    query(lab, OTHER)
    assert lab.host.drops == {"ipv4.not_member": 1}
    assert member(lab).state == "idle"


def test_a_shorter_time_shortens_the_wait_and_a_longer_one_does_not_lengthen_it() -> None:
    """RFC 2236 §3: a running timer is reset only if the new response time is less than what is left."""
    lab = settled()
    query(lab, tenths=255)
    before = member(lab).deadline
    query(lab, tenths=255)
    assert member(lab).deadline == before
    query(lab, tenths=1)
    assert member(lab).deadline <= lab.world.now + 100_000


def test_one_report_is_enough() -> None:
    """RFC 2236 §3: who hears another's report keeps silent, and need not tell when it leaves."""
    lab = settled()
    query(lab)
    report(lab)
    lab.advance(30_000_000)
    assert said(lab) == []
    lab.host.igmp.leave(GROUP, lab.interface)
    assert said(lab) == []


def test_the_repeated_report_is_suppressed_too() -> None:
    """RFC 2236 §6: a delaying member becomes idle when another reports."""
    lab = Laboratory()
    lab.host.igmp.join(GROUP, lab.interface)
    said(lab)
    report(lab)
    lab.advance(30_000_000)
    assert said(lab) == []


def test_an_idle_member_stays_the_last_reporter() -> None:
    """RFC 2236 §6: only a delaying member gives the flag up."""
    lab = settled()
    report(lab)
    lab.host.igmp.leave(GROUP, lab.interface)
    assert said(lab) == [LEAVE]


def test_leaving_is_told_to_all_routers() -> None:
    """RFC 2236 §3: to 224.0.0.2, by whoever reported last."""
    lab = settled()
    lab.host.igmp.leave(GROUP, lab.interface)
    assert said(lab) == [LEAVE]
    assert lab.host.igmp.groups == {}
    inject(lab, ipv4.PROTO_UDP, udp.build(lab.theirs, GROUP, 9, 9, b"x"))
    assert lab.host.drops == {"ipv4.not_member": 1}


def test_leaving_before_the_second_report_stops_the_timer() -> None:
    """RFC 2236 §6: a non-member reports nothing."""
    lab = Laboratory()
    lab.host.igmp.join(GROUP, lab.interface)
    lab.host.igmp.leave(GROUP, lab.interface)
    assert said(lab) == [REPORT, LEAVE]
    lab.advance(60_000_000)
    assert said(lab) == []


def test_a_router_of_version_1_is_spoken_to_as_it_understands() -> None:
    """RFC 2236 §4: no time named means 10 s; version 1 reports and no leaves, for 400 s."""
    lab = settled()
    query(lab, tenths=0)
    lab.advance(VERSION_1_RESPONSE)
    assert said(lab) == [("version 1 report", GROUP, GROUP)]
    lab.host.igmp.leave(GROUP, lab.interface)
    assert said(lab) == []
    lab.advance(VERSION_1_PRESENT - VERSION_1_RESPONSE)
    lab.host.igmp.join(GROUP, lab.interface)
    assert said(lab) == [REPORT]


def test_a_query_of_version_3_is_answered_as_version_2() -> None:
    """RFC 2236 §2.5: what follows the first eight bytes is not looked at."""
    lab = settled()
    message = igmp.build(igmp.IgmpMessage(igmp.QUERY, 100, ANY, b"\x02\x7d\0\0"))
    inject(lab, ipv4.PROTO_IGMP, message, igmp.ALL_HOSTS)
    lab.advance(10_000_000)
    assert said(lab) == [REPORT]


def test_everybodys_group_is_never_reported() -> None:
    """RFC 2236 §6: 224.0.0.1 is everybody's; there is nothing to say."""
    lab = Laboratory()
    lab.host.igmp.join(igmp.ALL_HOSTS, lab.interface)
    query(lab)
    lab.advance(30_000_000)
    lab.host.igmp.leave(igmp.ALL_HOSTS, lab.interface)
    assert said(lab) == []


@pytest.mark.parametrize(("message", "reason"), [
    (b"\x16\0\0", "igmp.truncated"), (b"\x16\0\0\0" + GROUP, "igmp.checksum"),
    (igmp.build(igmp.IgmpMessage(0x99, 0, GROUP)), "igmp.unknown_type"),
    (igmp.build(igmp.IgmpMessage(igmp.V2_REPORT, 0, OTHER)), "igmp.not_member"),
])
def test_what_is_no_message_for_us_is_counted(message: bytes, reason: str) -> None:
    """RFC 2236 §2: lengths, checksum and type."""
    lab = settled()
    inject(lab, ipv4.PROTO_IGMP, message)
    assert lab.host.drops == {reason: 1}
    assert said(lab) == []


def test_a_socket_receives_what_is_sent_to_its_group() -> None:
    """RFC 1112 §7.1: joined by the socket, delivered to it; not before, and not after it has closed."""
    lab = Laboratory()
    socket = UdpSocket(lab.host)
    socket.bind(5000)
    datagram = udp.build(lab.theirs, GROUP, 4000, 5000, b"to all of you")
    inject(lab, ipv4.PROTO_UDP, datagram)
    assert lab.host.drops == {"ipv4.not_member": 1}
    socket.join(GROUP)
    inject(lab, ipv4.PROTO_UDP, datagram)
    received = socket.receive()
    assert (received.payload, received.destination, received.port) == (b"to all of you", GROUP, 4000)
    lab.sent()
    socket.close()
    assert said(lab) == [LEAVE]
    inject(lab, ipv4.PROTO_UDP, datagram)
    assert lab.host.drops == {"ipv4.not_member": 2}


def test_two_sockets_are_one_member() -> None:
    """RFC 1112 §7.1: the host reports once, and leaves when the last of them does."""
    lab = Laboratory()
    first, second = UdpSocket(lab.host, UdpDiscard()), UdpSocket(lab.host, UdpDiscard())
    first.bind(5000)
    second.bind(5001, GROUP)
    first.join(GROUP)
    second.join(GROUP, 0)
    assert said(lab) == [REPORT]
    first.leave(GROUP)
    assert said(lab) == []
    second.leave(GROUP)
    assert said(lab) == [LEAVE]


def test_what_a_socket_may_not() -> None:
    """The errors that Linux gives."""
    lab = Laboratory()
    socket = UdpSocket(lab.host)

    def code(call: Any, *args: Any) -> int:
        with pytest.raises(OSError) as caught:
            call(*args)
        return caught.value.errno or 0

    assert code(socket.join, lab.theirs) == errno.EINVAL
    assert code(socket.join, GROUP, 7) == errno.ENODEV
    assert code(socket.leave, GROUP) == errno.EADDRNOTAVAIL
    socket.join(GROUP)
    assert code(socket.join, GROUP) == errno.EADDRINUSE
    for number in range(GROUPS_OF_A_SOCKET - 1):
        socket.join(bytes((239, 0, 0, number)))
    assert code(socket.join, OTHER) == errno.ENOBUFS


def test_what_is_kept_is_bounded() -> None:
    """A host is in a limited number of groups."""
    lab = Laboratory()
    for number in range(MAX_GROUPS):
        lab.host.igmp.join(bytes((239, 1, 0, number)), lab.interface)
    with pytest.raises(OSError, match="at the most"):
        lab.host.igmp.join(OTHER, lab.interface)


def test_a_datagram_to_a_group_lives_one_hop() -> None:
    """RFC 1112 §6.1: TTL 1 unless the socket asks for more; no route is needed."""
    lab = Laboratory()
    socket = UdpSocket(lab.host)
    socket.send_to(b"x", OTHER, 9)
    socket.ttl = 5
    socket.send_to(b"x", OTHER, 9)
    frames = lab.sent()
    assert [ipv4.parse(frame[14:]).ttl for frame in frames] == [1, 5]
    assert [frame[:6] for frame in frames] == [b"\x01\x00\x5e\x02\x03\x04"] * 2


def test_no_error_about_a_group_and_no_connection_with_one() -> None:
    """RFC 1122 §3.2.2, §3.2.2.6, RFC 1112 §7.2: nothing that many would answer at once."""
    lab = settled()
    inject(lab, ipv4.PROTO_UDP, udp.build(lab.theirs, GROUP, 4000, 4444, b"x"))
    inject(lab, 99, b"nobody speaks this")
    inject(lab, ipv4.PROTO_ICMP, icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 1, b"x")))
    assert lab.sent() == []
    assert lab.host.drops == {"udp.no_port": 1, "ipv4.protocol": 1, "icmp.broadcast_echo": 1}


def test_a_router_passes_no_group_on() -> None:
    """RFC 1112 §7.2: we are no multicast router."""
    lab = Laboratory(ipv4_forward="on")
    lab.host.routes.add(bytes(4), 0, lab.theirs, 0)
    packet = ipv4.build(lab.theirs, GROUP, ipv4.PROTO_UDP, udp.build(lab.theirs, GROUP, 1, 2, b"x"), ttl=9)
    lab.inject(ethernet.build(GROUP_MAC, HOST_MAC, ethernet.TYPE_IPV4, packet))
    assert lab.sent() == []
    assert lab.host.drops == {"ipv4.not_member": 1}


def test_it_can_be_pickled_while_a_timer_runs() -> None:
    """A snapshot between report and report goes on as the original does."""
    lab = Laboratory()
    lab.world.do(IgmpJoin(group="224.1.1.1"))
    other = pickle.loads(pickle.dumps(lab))
    for one in (lab, other):
        one.advance(10_000_000)
    assert said(lab) == said(other) == [REPORT, REPORT]
    assert lab.world.state_hash() == other.world.state_hash()


def test_the_user_joins_and_leaves() -> None:
    """As operations, beside whatever the sockets do."""
    lab = Laboratory()
    socket = UdpSocket(lab.host)
    socket.join(GROUP)
    lab.world.do(IgmpJoin(group="224.1.1.1"))
    with pytest.raises(OperationError, match="already"):
        lab.world.do(IgmpJoin(group="224.1.1.1"))
    lab.world.do(IgmpLeave(group="224.1.1.1"))
    with pytest.raises(OperationError, match="have not joined"):
        lab.world.do(IgmpLeave(group="224.1.1.1"))
    assert member(lab).users == 1
    for wrong in ("192.168.1.1", "224.1.1"):
        with pytest.raises(OperationError):
            lab.world.do(IgmpJoin(group=wrong))
    with pytest.raises(OperationError, match="0 to 25"):
        lab.world.do(IgmpQuery(tenths=256))


def test_the_user_asks_as_a_router_does() -> None:
    """RFC 2236 §3: a general query goes to 224.0.0.1, one for a group to the group."""
    lab = Laboratory()
    lab.world.do(IgmpQuery())
    lab.world.do(IgmpQuery(group="224.1.1.1", tenths=10))
    assert said(lab) == [
        ("membership query", ANY, igmp.ALL_HOSTS), ("membership query", GROUP, GROUP)]
