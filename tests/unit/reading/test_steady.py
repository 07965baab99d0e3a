"""A frame that need not be read is told the same as one that is."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aether.reading import flow, steady
from aether.reading.context import Context
from aether.reading.flow import Conversations
from aether.reading.link import on_link
from aether.reading.packet import Dissected
from tests.filter_corpus import corpus
from tests.link_captures import captures

ENDS = ((b"\x0a\0\0\1", 40000), (b"\x0a\0\0\2", 80), (b"\x0a\0\0\1", 40001), (b"\x0a\0\0\3", 53))
SCALED = b"\3\3\5\0"
SYN, ACK, FIN, RST, PSH = 2, 16, 1, 4, 8


def told(context: Context | None) -> tuple[object, ...] | None:
    if context is None:
        return None
    return (context.conversation.index, context.seq_base, context.ack_base, context.scale, context.http, context.around,
            context.inside)


def plainly(frames: list[bytes]) -> list[tuple[object, ...] | None]:
    conversations = Conversations()
    return [told(conversations.follow(Dissected(frame))) for frame in frames]


def quickly(frames: list[bytes]) -> list[tuple[object, ...] | None]:
    return [told(each.context) for each in steady.follow(frames, Conversations())]


def packet(source: bytes, to: bytes, protocol: int, carried: bytes, *, fragment: int = 0, total: int = -1,
           options: bytes = b"") -> bytes:
    length = 20 + len(options) + len(carried) if total < 0 else total
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, length, 1, fragment, 64, protocol, 0, source, to)
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + header + options + carried


def segment(one: int, two: int, seq: int, ack: int, flags: int, data: bytes, scaled: bool, offset: int = 0,
            **more: Any) -> bytes:
    (source, port), (to, target) = ENDS[one], ENDS[two]
    options = SCALED if scaled else b""
    header = struct.pack("!HHIIBBHHH", port, target, seq, ack, (offset or 5 + len(options) // 4) << 4, flags, 900, 0, 0)
    return packet(source, to, 6, header + options + data, **more)


def datagram(one: int, two: int, data: bytes, **more: Any) -> bytes:
    (source, port), (to, target) = ENDS[one], ENDS[two]
    return packet(source, to, 17, struct.pack("!HHHH", port, target, 8 + len(data), 0) + data, **more)


numbers = st.integers(0, len(ENDS) - 1)
data = st.sampled_from((b"", b"", b"abc", b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"GETTING on", b"H"))
odd = st.one_of(st.just({}), st.just({}), st.just({}), st.sampled_from((
    {"fragment": 0x2000}, {"fragment": 0x4000}, {"fragment": 3}, {"total": 0}, {"total": 30}, {"total": 900},
    {"options": b"\1\1\1\0"})))
segments = st.builds(
    lambda one, two, seq, ack, flags, data, scaled, offset, more: segment(
        one, two, seq, ack, flags, data, scaled, offset, **more),
    numbers, numbers, st.sampled_from((100, 101, 5000)), st.sampled_from((0, 200, 201)),
    st.sampled_from((SYN, SYN | ACK, ACK, ACK, ACK, ACK | PSH, ACK | PSH, FIN | ACK, RST, 0, ACK | 0x80)), data,
    st.booleans(), st.sampled_from((0, 0, 0, 0, 4, 15)), odd)
datagrams = st.builds(lambda one, two, data, more: datagram(one, two, data, **more), numbers, numbers, data, odd)
quoting = st.builds(lambda inner: packet(ENDS[1][0], ENDS[0][0], 1, b"\3\1\0\0\0\0\0\0" + inner[14:60]), segments)
tunnels = st.builds(lambda inner: packet(ENDS[1][0], ENDS[0][0], 4, inner[14:]), segments)
frames = st.one_of(segments, segments, segments, datagrams, quoting, tunnels, st.builds(
    lambda frame, kept, more: frame[:kept] + more, segments, st.integers(0, 70), st.sampled_from((b"", bytes(9)))))


@settings(max_examples=400, deadline=None)
@given(st.lists(frames, max_size=40))
@example([segment(0, 1, 101, 201, ACK, b"", False)] * 3 + [segment(1, 0, 201, 104, ACK, b"GET / HTTP/1.1", False)] * 2)
def test_every_frame_is_told_the_same(made: list[bytes]) -> None:
    assert quickly(made) == plainly(made)


@settings(max_examples=200, deadline=None)
@given(st.lists(frames, max_size=40))
def test_also_when_the_oldest_conversations_are_forgotten(made: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for module in (flow, steady):
            patch.setattr(module, "LIMIT", 2)
        assert quickly(made) == plainly(made)


def test_frames_of_every_kind() -> None:
    whole = [[frame for _, frame in corpus()], *([on_link(*frame) for frame in each.frames] for each in captures())]
    for made in whole:
        assert quickly(made) == plainly(made)


def test_hardly_any_frame_of_a_long_connection_is_read() -> None:
    made = [segment(0, 1, 100, 0, SYN, b"", True), segment(1, 0, 200, 101, SYN | ACK, b"", True)]
    for turn in range(500):
        made.append(segment(0, 1, 101 + 3 * turn, 201, ACK | PSH, b"abc", False))
        made.append(segment(1, 0, 201, 104 + 3 * turn, ACK, b"", False))
    made += [datagram(0, 3, b"question") for _ in range(500)]
    found = list(steady.follow(made, Conversations()))
    assert sum(each.packet is not None for each in found) <= 6
    assert [each.shape for each in found] == [steady.SEGMENT] * 1002 + [steady.DATAGRAM] * 500
