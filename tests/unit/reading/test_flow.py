"""One follower says which connection a frame belongs to, and where its numbers begin: as tshark does."""

from __future__ import annotations

from pathlib import Path

import pytest

from aether.events import Event
from aether.filters import Record, Records, compile_filter
from aether.reading.context import UNKNOWN
from aether.reading.flow import Follower, KnownConnection
from aether.reading.packet import Dissected
from shell.reading.summary import summarise
from tests.flows import PEER, US, A, F, P, R, S, Talk, needs_tshark, tshark


def whole() -> Talk:
    talk = Talk().open()
    talk.out(1, 1, 100, P | A)
    talk.back(1, 101, 50, P | A)
    talk.out(101, 51, flags=F | A)
    talk.back(51, 102, flags=F | A)
    talk.out(102, 52)
    return talk


def reused() -> Talk:
    """Return two connections of the same ports, the second with other initial numbers; then a SYN sent twice."""
    talk = whole()
    talk.first, talk.theirs = 77_000_000, 900
    talk.open()
    talk.out(1, 1, 10, P | A)
    talk.back(1, 11, 20, P | A)
    talk.first = 4_294_967_000
    for _ in range(2):
        talk.out(0, -talk.theirs, flags=S)
    talk.back(0, 1, flags=R | A)
    return talk


def refused() -> Talk:
    talk = Talk()
    for _ in range(2):
        talk.out(0, -talk.theirs, flags=S)
        talk._add(True, 0, talk.first + 1, 0, R | A)
    return talk


def two_at_once() -> Talk:
    talk, other = Talk().open(), Talk(port=5001, first=9, theirs=10)
    other.now = talk.now
    other.open()
    talk.frames += other.frames
    talk.now = other.now
    talk.out(1, 1, 30)
    return talk


def wrapped() -> Talk:
    talk = Talk(first=(1 << 32) - 40).open()
    talk.out(1, 1, 100)
    talk.back(1, 101)
    return talk


TALKS = {
    "whole": whole().frames, "without the SYN": whole().frames[1:], "without the handshake": whole().frames[3:],
    "without the first half": whole().frames[4:], "from the answer on": whole().frames[1:2] + whole().frames[4:],
    "the same ports again": reused().frames, "the same ports again, cut": reused().frames[4:],
    "refused twice": refused().frames, "two at once": two_at_once().frames, "across the wrap": wrapped().frames,
}


@needs_tshark
@pytest.mark.parametrize("name", TALKS)
def test_streams_and_numbers_are_those_of_tshark(name: str, tmp_path: Path) -> None:
    frames = TALKS[name]
    told = tshark(tmp_path / "talk.pcap", frames, "tcp.stream", "tcp.seq", "tcp.ack")
    records = Records()
    follower = Follower()
    for number, ((time, data), said) in enumerate(zip(frames, told, strict=True), 1):
        context = follower.see(number, data)
        assert context is not None
        stream, seq, ack = said
        record = records.frame(data, number=number, time=time)
        assert compile_filter(f"tcp.stream == {stream} and tcp.seq == {seq}").matches(record), (number, said)
        assert str(context.conversation.index) == stream
        row = summarise(data, context).info.split()
        assert f"seq={seq}" in row, (number, said, row)
        assert not ack or not Dissected(data).tcp[0].header[4] & A or f"ack={ack}" in row, (number, said, row)


def scaled(ours: int | None, theirs: int | None) -> list[tuple[int, bytes]]:
    """Return a connection whose ends offer these shifts, None for none."""
    talk = Talk()
    mine, other = (b"" if shift is None else bytes((1, 3, 3, shift)) for shift in (ours, theirs))
    talk.out(0, -talk.theirs, flags=S, win=64_000, options=mine)
    talk.back(0, 1, flags=S | A, win=65_000, options=other)
    talk.out(1, 1, win=500)
    talk.back(1, 1, 20, win=300)
    talk.out(1, 21, win=0)
    talk.back(21, 1, flags=F | A, win=300)
    return talk.frames


WINDOWS = {
    "both scale": scaled(7, 2), "one does not": scaled(7, None), "the other does not": scaled(None, 3),
    "neither": scaled(None, None), "by nothing": scaled(0, 8), "by too much": scaled(15, 14),
    "the SYN was not seen": scaled(7, 2)[1:], "the handshake was not seen": scaled(7, 2)[2:],
}


@needs_tshark
@pytest.mark.parametrize("name", WINDOWS)
def test_rows_have_the_windows_of_wiresharks_rows(name: str, tmp_path: Path) -> None:
    frames = WINDOWS[name]
    told = tshark(tmp_path / "talk.pcap", frames, "_ws.col.Info", "tcp.window_size")
    follower = Follower()
    for number, ((_, data), (info, window)) in enumerate(zip(frames, told, strict=True), 1):
        row = summarise(data, follower.see(number, data)).info.split()
        assert f"win={window}" in row and f"Win={window}" in info.split(), (number, info, row)


def test_all_who_ask_for_a_frame_are_told_the_same() -> None:
    """A frame that is looked at again is not a frame that was sent again."""
    follower = Follower()
    events = [Event(n, n, time, "you", n, "frame.sent", (n, "lan", data), ("", 0))
              for n, (time, data) in enumerate(reused().frames, 1)]
    follower.take(events)
    first = [follower.see(n, data) for n, (_, data) in enumerate(reused().frames, 1)]
    follower.take(events)
    again = Records(follower=follower)
    for event, context in zip(events, first, strict=True):
        assert again.of(event).context is context
    assert [context.conversation.index for context in first if context] == [0] * 8 + [1] * 5 + [2] * 3


def test_a_frame_that_a_link_altered_stays_in_its_conversation() -> None:
    follower = Follower()
    (_, syn), *_ = whole().frames
    sent = follower.see(1, syn)
    assert follower.see(1, syn[:34] + b"\0\1" + syn[36:]) is sent


def test_what_is_known_of_a_connection_stands_in_for_a_syn_that_was_not_kept() -> None:
    talk = Talk().open(shift=7)
    talk.out(1, 1, 100)
    talk.back(1, 101)
    known = KnownConnection(US, 5000, PEER, 80, talk.first, talk.theirs, (7, 6), 12)
    for frames in (talk.frames[2:], talk.frames[3:], talk.frames[4:]):
        follower = Follower()
        follower.conversations.know([known])
        for number, (_, data) in enumerate(frames, 1):
            context = follower.see(number, data)
            assert context is not None
            came = data[26:30] == PEER
            bases = (talk.first, talk.theirs)[::-1 if came else 1]
            assert (context.seq_base, context.ack_base, context.scale) == (*bases, 6 if came else 7)
            assert context.conversation.conn == 12


def test_what_is_known_of_a_later_connection_is_not_said_of_an_earlier_one() -> None:
    talk = whole()
    known = KnownConnection(US, 5000, PEER, 80, talk.first + 50_000, talk.theirs, (UNKNOWN, UNKNOWN), 2)
    follower = Follower()
    follower.conversations.know([known])
    context = follower.see(1, talk.frames[3][1])
    assert context is not None and context.seq_base == talk.first and context.conversation.conn == 0


def test_a_record_of_a_frame_alone_follows_it_itself() -> None:
    assert Record(whole().frames[0][1]).conversation() is not None
