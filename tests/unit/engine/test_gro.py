"""Benchmark mode on a device gathers and cuts segments: TCP and the peer must not notice."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aether.link.tap import HEADER_LENGTH, SUPERSEGMENT
from aether.wire import tcp
from aether.wire.checksum import frame_ok
from tests.unit.far_end import BEGIN, THEIRS, App, Lab, lab, segment

STREAM = bytes(i * 31 & 255 for i in range(9000))
DATA = st.tuples(st.integers(0, 8000), st.integers(1, 1460), st.booleans())
"""Where a segment begins, its length, and whether it has PSH."""
ODD = st.sampled_from(["checksum", "header", "elsewhere", "other port", "fin beyond", "ce", "sack"])


def frames_of(here: Lab, pieces: list[tuple[int, int, bool] | str]) -> list[bytes]:
    """Return the stream in order, with other segments in between: repeated, too early, damaged, for somebody else."""
    frames, at = [], 0

    def data(start: int, length: int, **more: object) -> bytes:
        return segment(
            here.ours, tcp.ACK, STREAM[start:start + length], BEGIN + start, **more)  # type: ignore[arg-type]

    for piece in pieces:
        if isinstance(piece, tuple):
            start, length, push = piece
            if push:  # the next in order, most of the time
                start = at
                at = min(at + length, len(STREAM))
            frames.append(data(start, length))
        elif piece == "checksum":
            frames.append(data(at, 100)[:-1] + b"\xff")
        elif piece == "header":
            frames.append(data(at, 100)[:24] + b"\x12\x34" + data(at, 100)[26:])
        elif piece == "elsewhere":
            frames.append(b"\x02\0\0\0\0\x77" + data(at, 100)[6:])
        elif piece == "other port":
            frames.append(data(at, 100, port=THEIRS + 1))
        elif piece == "fin beyond":
            frames.append(segment(here.ours, tcp.ACK | tcp.FIN, b"", BEGIN + at + 500))
        elif piece == "ce":
            frames.append(data(at, 100, tos=3))
        else:
            frames.append(here.ack(0, options=tcp.build_options(sack=((here.ours + 10, here.ours + 20),))))
    frames += [data(start, 1400) for start in range(at, len(STREAM), 1400)]
    return frames


@given(st.lists(st.one_of(DATA, DATA, ODD), max_size=30))
@settings(deadline=None)
def test_data_arrives_as_one_by_one(pieces: list[tuple[int, int, bool] | str]) -> None:
    """The same bytes, the same place in the stream, the same drops."""
    found = []
    for together in (True, False):
        with lab(App()) as here:
            frames = frames_of(here, pieces)
            for one in [frames] if together else [[frame] for frame in frames]:
                here.give(one)
            last = here.answers()[-1:]
            conn = here.connection
            app = conn.socket.app if conn.socket is not None else None
            assert isinstance(app, App)
            found.append((app.taken, conn.rcv_nxt, conn.snd_una, conn.state, conn.bytes_received, here.host.drops,
                          here.host.counters["tcp.received"], last and last[0][42:46]))
    assert found[0][0] == STREAM
    assert found[0][:-1] == found[1][:-1]
    assert found[0][-1] in (found[1][-1], [])


def test_much_data_is_one_arrival() -> None:
    with lab(App()) as here:
        before = here.world.occurrence
        here.give([segment(here.ours, tcp.ACK, bytes(1460), BEGIN + at) for at in range(0, 40 * 1460, 1460)])
        assert here.world.occurrence == before + 1
        assert here.connection.rcv_nxt == BEGIN + 40 * 1460
        assert here.host.counters["tcp.received"] == 42
        assert len(here.answers()) == 1


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=20))
@settings(deadline=None)
def test_acknowledgements_are_as_one_by_one(marks: list[tuple[int, bool]]) -> None:
    """In whatever order they come, repeated, with windows that close: TCP ends where it ends with each by itself."""
    found = []
    for together in (True, False):
        with lab(App(STREAM * 10)) as here:
            here.answers()
            sent = here.connection.snd_nxt - here.ours
            frames = [here.ack(min(1000 * mark, sent), window=100 if narrow else 8000) for mark, narrow in marks]
            here.give(frames) if together else [here.give([frame]) for frame in frames]
            conn = here.connection
            found.append((conn.snd_una, conn.snd_wnd, conn.flight_size() > 0, conn.state))
    assert found[0][:2] == found[1][:2]
    assert found[0][3] == found[1][3] == "ESTABLISHED"


def stamped(here: Lab, count: int, stamp: int, sequence: int = BEGIN) -> bytes:
    """Return an acknowledgement of our first `count` bytes, with a timestamp."""
    options = tcp.build_options(timestamp=(stamp, 0))
    return segment(here.ours + count, tcp.ACK, sequence=sequence, options=options)


@pytest.mark.parametrize(("count", "stamp"), [(2920, 5500), (2920, 6000 + (1 << 31)), (1000, 6000), (1 << 30, 6000)],
                         ids=["older", "much older", "less", "never sent"])
def test_one_that_is_refused_takes_none_with_it(count: int, stamp: int) -> None:
    """RFC 7323 §5.3 and RFC 9293 §3.10.7.4 refuse each by itself; the one before it has been right."""
    for together in (True, False):
        with lab(App(STREAM * 10), options=tcp.build_options(mss=1460, timestamp=(5000, 0))) as here:
            frames = [stamped(here, 1460, 6000), stamped(here, count, stamp)]
            here.give(frames) if together else [here.give([frame]) for frame in frames]
            assert here.connection.snd_una == here.ours + 1460


@pytest.mark.parametrize("count", [1 << 30, -(1 << 30)], ids=["never sent", "old"])
@pytest.mark.parametrize("data", [b"", b"x" * 100])
def test_no_timestamp_is_taken_from_what_is_refused(count: int, data: bytes) -> None:
    """RFC 7323 §5.3, RFC 5961 §5.2: however many come together, and what is right comes after them."""
    for together in (True, False):
        with lab(App(STREAM * 10), options=tcp.build_options(mss=1460, timestamp=(5000, 0))) as here:
            far = tcp.build_options(timestamp=(1 << 30, 0))
            frames = [
                segment(here.ours + count & 0xFFFFFFFF, tcp.ACK, data, BEGIN + index * len(data), options=far)
                for index in range(3)]
            frames.append(stamped(here, 1460, 6000))
            here.give(frames) if together else [here.give([frame]) for frame in frames]
            assert here.connection.snd_una == here.ours + 1460
            assert here.connection.ts_recent == 6000


@given(st.integers(1, 120_000), st.lists(st.integers(1, 60), max_size=6))
@example(8 * 1460, [])
@settings(deadline=None, max_examples=40)
def test_what_leaves_together_is_cut_into_the_same_frames(length: int, acks: list[int]) -> None:
    """By us, for a device that does not cut it; byte for byte."""
    found = []
    for supersegments in (0, SUPERSEGMENT, 5000):
        with lab(App(bytes(i * 7 & 255 for i in range(length))), supersegments) as here:
            frames = here.answers()
            at = 0
            for count in acks:
                at = min(at + count * 700, here.connection.snd_nxt - here.ours)
                here.give([here.ack(at, window=2000)])
                frames += here.answers()
            found.append(frames)
    assert found[0] == found[1] == found[2]
    assert all(frame_ok(frame, len(frame) - 14) for frame in found[1])


def test_a_device_that_cuts_gets_them_whole() -> None:
    data = bytes(i * 7 & 255 for i in range(200_000))
    with lab(App(data), unfinished=True) as here:
        whole = here.answers(headers=True)
        while here.connection.snd_una < here.ours + len(data):
            here.give([here.ack(here.connection.snd_nxt - here.ours, window=2000)])
            whole += here.answers(headers=True)
    several = [frame for frame in whole if frame[1]]
    assert max(map(len, several)) > 30_000
    payload = b"".join(frame[HEADER_LENGTH + 54:] for frame in whole)
    assert payload == data
    for frame in several:
        assert int.from_bytes(frame[4:6], "little") == 1460
        assert int.from_bytes(frame[HEADER_LENGTH + 16:HEADER_LENGTH + 18], "big") == len(frame) - HEADER_LENGTH - 14
