"""Fragments in and out: RFC 791 §3.2, RFC 815, RFC 1122 §3.3.2, RFC 5722 §3."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether.laboratory import Laboratory
from aether.net import fragments
from aether.net.fragments import LIFETIME, PIECE_COST, cut
from aether.wire import ethernet, icmp, ipv4
from aether.wire.address import parse_ip

OURS, THEIRS = parse_ip("192.168.1.2"), parse_ip("192.168.1.1")


def echo_request(size: int, identification: int = 7) -> bytes:
    message = icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 0x10001, bytes(n % 251 for n in range(size))))
    return ipv4.build(THEIRS, OURS, ipv4.PROTO_ICMP, message, identification=identification, dont_fragment=False)


def piece(offset: int, data: bytes, more: bool, identification: int = 7, protocol: int = ipv4.PROTO_ICMP) -> bytes:
    return ipv4.build(
        THEIRS, OURS, protocol, data, identification=identification, dont_fragment=False, more_fragments=more,
        fragment_offset=offset)


def inject(lab: Laboratory, *packets: bytes) -> None:
    for packet in packets:
        lab.inject(ethernet.build(lab.interface.mac, b"\2\0\0\0\0\1", ethernet.TYPE_IPV4, packet))


def sent(lab: Laboratory) -> list[tuple[ipv4.Ipv4Header, bytes]]:
    found = []
    for frame in lab.sent():
        if frame[12:14] == b"\x08\0":
            header = ipv4.parse(frame[14:])
            found.append((header, frame[14 + header.header_length:14 + header.total_length]))
    return found


def whole(pieces: list[tuple[ipv4.Ipv4Header, bytes]]) -> bytes:
    """Put what was sent together, as a peer would."""
    data = bytearray()
    for header, payload in pieces:
        assert header.total_length <= 1500
        assert header.fragment_offset == len(data)
        data += payload
    assert not pieces[-1][0].more_fragments
    return bytes(data)


def assert_empty(lab: Laboratory) -> None:
    assert lab.host.ipv4.fragments.memory == 0
    assert not lab.host.ipv4.fragments.packets


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_any_order(order: tuple[int, ...]) -> None:
    """RFC 791 §3.2: fragments may arrive in any order."""
    lab = Laboratory()
    pieces = cut(echo_request(3000), 1500)
    inject(lab, *(pieces[index] for index in order))
    reply = icmp.parse(whole(sent(lab)))
    assert reply.type == icmp.ECHO_REPLY
    assert reply.payload == bytes(n % 251 for n in range(3000))
    assert_empty(lab)


@pytest.mark.parametrize("size", [1472, 1473, 60_000, 65_507])
def test_the_answer_is_cut_as_well(size: int) -> None:
    """RFC 791 §3.2: every fragment but the last is a multiple of 8 bytes, and none is larger than the MTU."""
    lab = Laboratory()
    inject(lab, *cut(echo_request(size), 1500))
    answer = sent(lab)
    assert len(answer) == -(-(size + 8) // 1480)
    assert len({header.identification for header, _ in answer}) == 1
    assert icmp.parse(whole(answer)).payload == bytes(n % 251 for n in range(size))


def test_duplicates_do_no_harm() -> None:
    """RFC 791 §3.2: a fragment that came before adds nothing."""
    lab = Laboratory()
    pieces = cut(echo_request(3000), 1500)
    inject(lab, pieces[0], pieces[0], pieces[2], pieces[2], pieces[1])
    assert len(sent(lab)) == 3
    assert not lab.host.drops
    assert lab.host.counters["ipv4.fragment_duplicates"] == 2


@pytest.mark.parametrize("contradiction", [
    piece(8, b"x" * 16, True),            # over the end of the first
    piece(0, b"x" * 24, True),            # more of the beginning
    piece(0, b"y" * 16, True),            # other bytes at the same place
    piece(24, b"z" * 16, True),           # over the beginning of the third
    piece(32, b"x" * 8, False),           # an end before what is there
])
def test_overlaps_condemn_the_packet(contradiction: bytes) -> None:
    """RFC 5722 §3: the whole packet is discarded, what comes later too, and no error is sent."""
    lab = Laboratory()
    inject(lab, piece(0, b"x" * 16, True), piece(32, b"x" * 16, True), contradiction)
    assert lab.host.drops == {"ipv4.fragment_overlap": 1}
    inject(lab, piece(16, b"x" * 16, True), piece(48, b"x", False))
    assert lab.host.drops == {"ipv4.fragment_overlap": 3}
    lab.advance(LIFETIME)
    assert sent(lab) == []
    assert_empty(lab)


def test_two_ends_contradict_each_other() -> None:
    """RFC 5722 §3: nothing may lie beyond the end."""
    lab = Laboratory()
    inject(lab, piece(16, b"x" * 8, False), piece(24, b"x" * 8, True))
    assert lab.host.drops == {"ipv4.fragment_overlap": 1}


def test_time_runs_out_and_the_sender_is_told() -> None:
    """RFC 1122 §3.3.2: time exceeded, code 1, when the first fragment has come."""
    lab = Laboratory()
    first = piece(0, icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 1, b"x" * 8)), True)
    inject(lab, first)
    lab.advance(LIFETIME - 1)
    assert sent(lab) == []
    lab.advance(1)
    ((_, data),) = sent(lab)
    message = icmp.parse(data)
    assert (message.type, message.code) == (icmp.TIME_EXCEEDED, icmp.REASSEMBLY_TIME_EXCEEDED)
    assert message.payload == first
    assert lab.host.drops == {"ipv4.fragment_timeout": 1}
    assert_empty(lab)


def test_no_error_without_the_first_fragment() -> None:
    """RFC 792: if fragment zero is not available, no time exceeded need be sent at all."""
    lab = Laboratory()
    inject(lab, piece(8, b"x" * 8, True))
    lab.advance(LIFETIME)
    assert sent(lab) == []
    assert lab.host.drops == {"ipv4.fragment_timeout": 1}


@pytest.mark.parametrize(("fragment", "reason"), [
    (piece(65_512, b"x" * 8, False), "ipv4.fragment_too_long"),
    (piece(65_528, b"x" * 7, False), "ipv4.fragment_too_long"),
    (piece(8, b"x" * 9, True), "ipv4.fragment_length"),
    (piece(8, b"", True), "ipv4.fragment_length"),
])
def test_refused_at_once(fragment: bytes, reason: str) -> None:
    """RFC 791 §3.1 and §3.2: no packet is longer than 65,535 bytes; fragments are multiples of 8 bytes."""
    lab = Laboratory()
    inject(lab, fragment)
    assert lab.host.drops == {reason: 1}
    assert_empty(lab)


def test_the_knob_refuses_them() -> None:
    """RFC 791 §3.2: with `ipv4.fragments` off, nothing is put together."""
    lab = Laboratory(ipv4_fragments="off")
    inject(lab, *cut(echo_request(3000), 1500))
    assert lab.host.drops == {"ipv4.fragments": 3}
    assert sent(lab) == []


def test_endless_fragments_are_bounded() -> None:
    """RFC 791 §3.2: the oldest unfinished packets make room, and each is counted."""
    lab = Laboratory()
    for number in range(4000):
        inject(lab, piece(0, b"x" * 1480, True, number))
        assert lab.host.ipv4.fragments.memory <= lab.host.knobs.ipv4_fragment_memory == 4 << 20
    assert lab.host.drops["ipv4.fragment_memory"] > 2000
    lab.advance(LIFETIME)
    assert_empty(lab)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(
    st.integers(0, 8191), st.binary(max_size=40), st.booleans(), st.integers(0, 2)), max_size=40))
def test_arbitrary_fragments(pieces: list[tuple[int, bytes, bool, int]]) -> None:
    """RFC 791 §3.2: whatever comes, memory is what is there, within its bound, and is given back."""
    lab = Laboratory()
    for offset, data, more, number in pieces:
        inject(lab, piece((offset % 12 if number else offset) * 8, data, more, number, 99))
        held = lab.host.ipv4.fragments
        expected = sum(
            PIECE_COST + len(each.first) + sum(PIECE_COST + len(payload) for _, payload in each.pieces)
            for each in held.packets.values())
        assert held.memory == expected
    lab.advance(LIFETIME)
    assert_empty(lab)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_cut_and_shuffled(data: st.DataObject) -> None:
    """RFC 815: cut, cut again, shuffled and doubled, a packet is what it was."""
    original = echo_request(data.draw(st.integers(0, 9000)))
    pieces = []
    for one in cut(original, data.draw(st.sampled_from([576, 1006, 1500]))):
        pieces += cut(one, data.draw(st.sampled_from([296, 576, 1500])))
    lab = Laboratory(ipv4_ttl="64")
    inject(lab, *data.draw(st.permutations(pieces)))
    assert icmp.parse(whole(sent(lab))).payload == icmp.parse(original[20:]).payload
    assert_empty(lab)


def test_options_without_the_copied_bit_go_with_the_first_fragment() -> None:
    """RFC 791 §3.1: bit 7 of an option's type says whether every fragment carries it."""
    options = b"\x07\x07\x04\0\0\0\0" + b"\x94\x04\0\0" + b"\0"
    packet = ipv4.build(THEIRS, OURS, 99, bytes(3000), options=options, dont_fragment=False)
    first, *later = (ipv4.parse(each) for each in fragments.cut(packet, 1500))
    assert first.options == options
    assert [each.options for each in later] == [b"\x94\x04\0\0"] * 2
