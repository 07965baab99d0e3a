"""IPv4 options: filled in on the way and in answers, refused with a parameter problem (RFC 791 §3.1, RFC 1122)."""

from __future__ import annotations

import pytest

from aether.lab import HOST_MAC, YOUR_MAC
from aether.laboratory import Laboratory
from aether.net.fragments import cut
from aether.net.neighbours import REACHABLE, Neighbour
from aether.wire import ethernet, icmp, ipv4, udp
from aether.wire.address import parse_ip

SENDER = bytes((192, 168, 1, 1))
US = bytes((192, 168, 1, 2))
EMPTY = bytes(4)
PING = icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 7 << 16 | 1, b"data"))


def route(*recorded: bytes, room: int = 3, pointer: int = 0) -> bytes:
    """Return a record route with some addresses in it, padded."""
    length = 3 + 4 * room
    raw = bytes((7, length, pointer or 4 + 4 * len(recorded))) + b"".join(recorded)
    return raw + bytes(length - len(raw)) + b"\0"


def stamps(flag: int, room: int, missed: int = 0, pointer: int = 5, data: bytes = b"") -> bytes:
    """Return a timestamp option with so many bytes of room."""
    raw = bytes((68, 4 + room, pointer, missed << 4 | flag)) + data
    return raw + bytes(4 + room - len(raw))


def inject(
    lab: Laboratory, options: bytes, payload: bytes = PING, protocol: int = 1, to: bytes = US, ttl: int = 64
) -> None:
    packet = ipv4.build(SENDER, to, protocol, payload, options=options + bytes(-len(options) % 4), ttl=ttl)
    lab.inject(ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV4, packet))


def answer(lab: Laboratory) -> tuple[ipv4.Ipv4Header, icmp.IcmpMessage]:
    (frame,) = lab.sent()
    header = ipv4.parse(frame[14:])
    return header, icmp.parse(frame[14 + header.header_length:14 + header.total_length])


def test_an_echo_reply_records_us() -> None:
    """RFC 1122 §3.2.2.6: the option comes back with our address in it, without truncation."""
    lab = Laboratory()
    inject(lab, route(SENDER))
    header, message = answer(lab)
    assert (message.type, message.payload) == (icmp.ECHO_REPLY, b"data")
    assert header.options == route(SENDER, US)


def test_a_full_route_comes_back_as_it_is() -> None:
    """RFC 791 §3.1: without room the datagram goes on, and nothing is recorded."""
    lab = Laboratory()
    full = route(SENDER, SENDER, SENDER)
    inject(lab, full)
    assert answer(lab)[0].options == full


@pytest.mark.parametrize(("option", "expected"), [
    (stamps(0, 8), stamps(0, 8, pointer=9, data=b"\x80\0\x05\xdc")),
    (stamps(1, 16), stamps(1, 16, pointer=13, data=US + b"\x80\0\x05\xdc")),
    (stamps(3, 16, data=US + EMPTY), stamps(3, 16, pointer=13, data=US + b"\x80\0\x05\xdc")),
    (stamps(3, 16, data=SENDER + EMPTY), stamps(3, 16, data=SENDER + EMPTY)),
    (stamps(0, 4, pointer=9), stamps(0, 4, pointer=9, missed=1)),
    (stamps(3, 8, pointer=13, data=US + EMPTY), stamps(3, 8, pointer=13, data=US + EMPTY)),
], ids=["times", "addresses", "ours is asked for", "another's", "no room is counted", "no more are asked for"])
def test_an_echo_reply_is_stamped(option: bytes, expected: bytes) -> None:
    """RFC 791 §3.1, RFC 1122 §3.2.2.6: milliseconds, marked as not counted from midnight."""
    lab = Laboratory()
    lab.advance(1_500_000)
    inject(lab, option)
    assert answer(lab)[0].options == expected


def test_other_options_are_not_returned() -> None:
    """RFC 1122 §3.2.1.8: unknown options are passed over in silence."""
    lab = Laboratory()
    inject(lab, b"\x94\x04\0\0" + b"\x9e\x05abc" + b"\x01" + route(SENDER))
    assert answer(lab)[0].options == route(SENDER, US)


def test_a_large_reply_is_cut_with_its_options_in_the_first_piece() -> None:
    """RFC 791 §3.1, RFC 1122 §3.2.2.6: a record route is in the first fragment only, and is returned there."""
    lab = Laboratory()
    big = icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 7 << 16 | 1, bytes(2000)))
    request = ipv4.build(SENDER, US, 1, big, options=route(SENDER), dont_fragment=False)
    for piece in cut(request, 1500):
        lab.inject(ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV4, piece))
    first, second = [ipv4.parse(frame[14:]) for frame in lab.sent()]
    assert (first.options, second.options) == (route(SENDER, US), b"")
    assert second.fragment_offset == first.total_length - first.header_length


WRONG = [
    (b"\x07", 20), (b"\x07\x01\x04\x01", 20), (b"\x07\x0c\x04\x01", 20),
    (b"\x07\x02\x01\x01", 21), (b"\x07\x03\x03\x01", 22), (b"\x07\x0f\x0d" + bytes(13), 22),
    (b"\x07\x06\x04" + bytes(3), 22), (route()[:-1] + route(), 35), (b"\x01\x44\x03\x05", 22),
    (stamps(0, 4, pointer=4), 22), (stamps(2, 4), 23), (stamps(0, 4, pointer=9, missed=15), 23), (stamps(1, 4), 22),
    (stamps(0, 4, pointer=7), 22), (stamps(0, 4) + stamps(0, 4), 28),
]


@pytest.mark.parametrize(("option", "pointer"), WRONG, ids=[option.hex() for option, _ in WRONG])
def test_what_is_wrong_is_pointed_at(option: bytes, pointer: int) -> None:
    """RFC 1122 §3.2.2.5: a parameter problem names the byte; the datagram goes no further."""
    lab = Laboratory()
    inject(lab, option)
    _, message = answer(lab)
    assert (message.type, message.code) == (icmp.PARAMETER_PROBLEM, 0)
    assert message.rest == pointer << 24
    assert message.payload[20:20 + len(option)] == option
    assert lab.host.drops == {"ipv4.options": 1}


@pytest.mark.parametrize("case", ["an ICMP error", "a fragment", "broadcast", "another host"])
def test_who_is_not_told(case: str) -> None:
    """RFC 1122 §3.2.2: no error about errors, later fragments and broadcasts; a host leaves others' packets alone."""
    lab = Laboratory()
    wrong = b"\x07\x02\x01\x01"
    about = icmp.build(icmp.IcmpMessage(icmp.DESTINATION_UNREACHABLE, 3, 0, bytes(28)))
    to = {"broadcast": b"\xff" * 4, "another host": b"\x0a\0\0\1"}.get(case, US)
    packet = ipv4.build(
        SENDER, to, 1, about if case == "an ICMP error" else PING, options=wrong,
        fragment_offset=8 if case == "a fragment" else 0)
    lab.inject(ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV4, packet))
    assert lab.sent() == []
    assert lab.host.drops == {"ipv4.options": 1}


@pytest.mark.parametrize(("byte", "value", "reason"), [
    (0, 0x55, "ipv4.version"), (0, 0x44, "ipv4.header_length"), (0, 0x4F, "ipv4.header_length"),
    (10, 0, "ipv4.checksum"), (3, 255, "ipv4.truncated")])
def test_broken_headers_are_discarded_in_silence(byte: int, value: int, reason: str) -> None:
    """RFC 1122 §3.2.1.1, §3.2.1.2: nobody is told, because nothing in such a header can be believed."""
    lab = Laboratory()
    packet = bytearray(ipv4.build(SENDER, US, 1, PING))
    packet[byte] = value
    lab.inject(ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV4, bytes(packet)))
    assert lab.sent() == []
    assert lab.host.drops == {reason: 1}


def router() -> Laboratory:
    """Return a laboratory whose host passes packets on to 10.0.0.0/8, from its address 10.0.0.1."""
    lab = Laboratory(ipv4_forward="on")
    lab.host.add_address(lab.interface, parse_ip("10.0.0.1"), 8)
    beyond = parse_ip("10.0.0.9")
    lab.interface.neighbours.entries[beyond] = neighbour = Neighbour(beyond)
    neighbour.mac, neighbour.state = b"\2\0\0\0\0\x09", REACHABLE
    return lab


def test_a_router_records_where_it_sends_from() -> None:
    """RFC 791 §3.1, RFC 1812 §4.2.2.2: its address in the network into which the datagram goes."""
    lab = router()
    datagram = udp.build(SENDER, parse_ip("10.0.0.9"), 1, 2, b"hello")
    inject(lab, route(SENDER), datagram, 17, parse_ip("10.0.0.9"), ttl=9)
    (frame,) = lab.sent()
    header = ipv4.parse(frame[14:])
    assert header.options == route(SENDER, parse_ip("10.0.0.1"))
    assert header.ttl == 8
    assert frame[14 + header.header_length:14 + header.total_length] == datagram


def test_a_router_stamps() -> None:
    """RFC 791 §3.1, RFC 1812 §4.2.2.2: address and time, and the checksum is right afterwards."""
    lab = router()
    lab.advance(3_000)
    inject(lab, stamps(1, 8), PING, 1, parse_ip("10.0.0.9"))
    (frame,) = lab.sent()
    assert ipv4.parse(frame[14:]).options == stamps(1, 8, pointer=13, data=parse_ip("10.0.0.1") + b"\x80\0\0\x03")


def test_a_router_tells_who_sent_bad_options() -> None:
    """RFC 1812 §4.3.3.5: a parameter problem about what it will not pass on."""
    lab = router()
    inject(lab, b"\x07\x02\x01\x01", PING, 1, parse_ip("10.0.0.9"))
    assert answer(lab)[1].type == icmp.PARAMETER_PROBLEM
