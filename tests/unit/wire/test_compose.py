"""Whole frames are what the layers make one after the other; options are read alike behind both headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether.link.supersegment import SuperSegment
from aether.wire import compose, ethernet, ipv4, options, tcp
from aether.wire.error import WireError

MAC, OURS = b"\2\0\0\0\0\1", b"\2\0\0\0\0\2"
ADDRESS = st.binary(min_size=4, max_size=4)
PORT = NUMBER16 = st.integers(0, 0xFFFF)
NUMBER = st.integers(0, 0xFFFFFFFF)
OPTIONS = st.sampled_from([
    b"", tcp.timestamp_option(7, 0xFFFFFFFF), tcp.build_options(mss=1460, sack_permitted=True, window_scale=7)])


@given(ADDRESS, ADDRESS, PORT, PORT, NUMBER, NUMBER, st.integers(0, 0x1FF), NUMBER16, OPTIONS, st.binary(max_size=60),
       st.integers(0, 255), NUMBER16, st.booleans(), st.integers(0, 255))
def test_a_frame_is_what_the_layers_make(
    source: bytes, destination: bytes, port: int, to: int, sequence: int, acknowledgement: int, flags: int, window: int,
    raw: bytes, payload: bytes, tos: int, identification: int, whole: bool, ttl: int,
) -> None:
    segment = tcp.build(
        source, destination, port, to, sequence, acknowledgement, flags, window, raw, payload)
    packet = ipv4.build(
        source, destination, ipv4.PROTO_TCP, segment, ttl=ttl, tos=tos, identification=identification,
        dont_fragment=whole)
    fragments = ipv4.DONT_FRAGMENT if whole else 0
    assert compose.tcp_frame(
        MAC, OURS, tos, identification, fragments, ttl, source, destination, port, to, sequence, acknowledgement,
        flags, window, raw, payload) == ethernet.build(MAC, OURS, ethernet.TYPE_IPV4, packet)


@given(st.binary(min_size=1, max_size=100), st.integers(1, 40), OPTIONS, NUMBER, NUMBER16)
def test_several_segments_are_cut_into_right_ones(
    data: bytes, size: int, raw: bytes, sequence: int, identification: int,
) -> None:
    source, destination = b"\x0a\0\0\1", b"\x0a\0\0\2"
    head = compose.tcp_frame(
        MAC, OURS, 0, identification, 0, 64, source, destination, 80, 4000, sequence, 9, tcp.ACK | tcp.PSH, 99, raw,
        b"")
    pieces = list(SuperSegment(head, [memoryview(data)[:7], memoryview(data)[7:]], size).frames())
    found = b""
    for index, frame in enumerate(pieces):
        packet = ipv4.parse(frame[14:])
        header = tcp.parse(frame[34:])
        assert tcp.verify(frame[34:], source, destination)
        assert header.sequence == (sequence + len(found)) & 0xFFFFFFFF
        assert packet.identification == (identification + index) & 0xFFFF
        assert header.options == raw
        assert bool(header.flags & tcp.PSH) == (index == len(pieces) - 1)
        found += frame[34 + header.header_length:]
    assert found == data


@given(st.binary(max_size=40))
def test_options_are_read_alike(raw: bytes) -> None:
    found, wrong = options.locate(raw)
    assert all(length >= 2 and raw[at] == kind and raw[at + 1] == length for at, kind, length in found)
    if wrong < 0:
        assert ipv4.locate_options(raw) == found
        return
    with pytest.raises(WireError, match=f"at byte {wrong} of {len(raw)}") as caught:
        ipv4.locate_options(raw)
    assert caught.value.reason == "ipv4.options"
    with pytest.raises(WireError) as caught:
        tcp.parse_options(raw)
    assert caught.value.reason == "tcp.options"


def test_a_fifth_block_has_no_room() -> None:
    blocks = [(1, 2), (3, 4), (5, 6), (7, 8)]
    assert tcp.parse_options(tcp.sack_option(blocks)).sack == tuple(blocks)
    with pytest.raises(ValueError, match="at most 40 bytes"):
        tcp.sack_option([*blocks, (9, 10)])
