"""What is listed of a capture is what reading all of it says: its events one after the other, every row, each mark."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from aether.events import Event
from shell.captures import samples
from shell.captures.loaded import Capture, load
from shell.captures.looking import of_conversation, seen, selected
from shell.reading.frames import FrameWatcher, SeenFrame
from shell.reading.selection import Chosen
from tests.captures import pcap
from tests.filter_corpus import corpus
from tests.flows import A, P, Talk
from tests.shell.conftest import Shell

EXPRESSIONS = (
    "", "tcp.flags.syn == 1", "tcp.len > 0 and dir == out", "not tcp", "dns or arp", "host == you", "drop.reason",
    "event == frame.lost or icmp", "frame.time_delta > 0.1", "tcp.stream == 1", "tcp.analysis.flags", "time > 1",
    'frame.comment contains "LOST"', "tcp.window_size > 60000", "http", "conn == 2", "udp.length > 20",
)


def whole(capture: Capture, expression: str) -> list[str]:
    """Return the rows as they are when all of the capture is read."""
    watcher = FrameWatcher("you", capture.follower)
    every = [each for each in watcher.read(list(capture.events)) if isinstance(each, SeenFrame)]
    assert [each.number for each in every] == list(range(1, capture.frames + 1))
    frames = Chosen(expression, list(capture.events), capture.follower, None).frames if expression else None
    return [str(watcher.row(each)) for each in every if frames is None or each.number in frames]


def listed(capture: Capture, expression: str, most: int) -> list[str]:
    watcher = FrameWatcher("you", capture.follower)
    return [str(watcher.row(each)) for each in seen(capture, selected(capture, expression, None)[-most:], watcher)]


@pytest.fixture(params=[*samples.names(), "of the corpus", "of a session"])
def capture(request: pytest.FixtureRequest, shell: Shell, tmp_path: Path) -> Capture:
    file = str(tmp_path / "one.pcap")
    if request.param == "of a session":
        for line in ("tcp connect 192.168.1.1:7", "link drop next 1 out", "ping 192.168.1.1", "tcp send 1 hello",
                     "link loss 20%", "http get http://192.168.1.1/", "run 70s", f"capture save {file}"):
            shell.run(line)
    elif request.param == "of the corpus":
        Path(file).write_bytes(pcap(corpus()))
    return load(file if Path(file).exists() else samples.place(request.param))


def test_rows_are_those_of_the_whole(capture: Capture) -> None:
    for expression in EXPRESSIONS:
        for most in (1, 7, capture.frames):
            assert listed(capture, expression, most) == whole(capture, expression)[-most:], expression


def test_rows_of_random_talks(tmp_path: Path) -> None:
    """Two connections that take turns, with data that comes twice, too late and not at all."""
    file = tmp_path / "talks.pcap"
    for seed in range(12):
        draw, talks = random.Random(seed), [Talk(5000).open(), Talk(5001).open()]
        for _ in range(60):
            talk, at = draw.choice(talks), draw.randrange(1, 900, 100)
            if draw.random() < 0.6:
                talk.out(at, 1, 100, flags=A | P, after=draw.choice((100, 5_000, 400_000)))
            else:
                talk.back(1, at, win=draw.choice((0, 500, 1000)))
        file.write_bytes(pcap(sorted(frame for talk in talks for frame in talk.frames)))
        capture = load(str(file))
        for expression in EXPRESSIONS[:3]:
            assert listed(capture, expression, 20) == whole(capture, expression)[-20:]


def test_conversations_are_numbered_as_they_come_whatever_is_asked_first(tmp_path: Path) -> None:
    file = tmp_path / "one.pcap"
    file.write_bytes(pcap(corpus()))
    asked, plain = load(str(file)), load(str(file))
    seen(asked, selected(plain, "udp and not icmp", None)[-1:], FrameWatcher("you", asked.follower))
    for stream in range(5):
        for protocol in ("udp", "tcp"):
            expression = f"{protocol}.stream == {stream}"
            assert selected(asked, expression, None) == selected(plain, expression, None)


def test_frames_of_a_conversation_are_those_of_the_whole(capture: Capture) -> None:
    def shown(frames: Iterable[SeenFrame]) -> list[tuple[object, ...]]:
        return [(each.number, each.time, each.direction, each.data, each.dropped, each.context) for each in frames]

    watcher = FrameWatcher("you", capture.follower)
    every = [each for each in watcher.read(list(capture.events)) if isinstance(each, SeenFrame)]
    conversations = {each.context.conversation for each in every if each.context is not None}
    assert conversations or capture.file.endswith("no-connection.pcapng") or len(every) < 20
    for one in conversations:
        found = of_conversation(capture, one, FrameWatcher("you", capture.follower))
        assert shown(found) == shown(each for each in every if each.context and each.context.conversation is one)


def test_following_takes_twice_as_much_for_twice_the_stream(shell: Shell, tmp_path: Path) -> None:
    """Counted in calls of functions, which a busy machine does not change."""
    def calls(segments: int) -> int:
        talk = Talk(5000).open()
        for turn in range(segments):
            talk.out(1 + 100 * turn, 1, 100, flags=A | P, after=100)
        file = tmp_path / f"{segments}.pcap"
        file.write_bytes(pcap(talk.frames))
        shell.run(f"capture load {file}")
        counted = 0

        def count(*_: object) -> None:
            nonlocal counted
            counted += 1

        sys.setprofile(count)
        try:
            shell.app.invoke("follow", "1 --all")
        finally:
            sys.setprofile(None)
        return counted

    calls(10)
    short, long = calls(1000), calls(2000)
    assert 1000 < short < long < 2.3 * short


def test_events_are_a_sequence_like_any_other(capture: Capture) -> None:
    events = list(capture.events)
    assert len(events) == len(capture.events) and all(isinstance(each, Event) for each in events)
    assert [capture.events[index] for index in range(-len(events), len(events))] == events * 2
    assert [each.serial for each in events] == list(range(1, len(events) + 1))
    parts = (slice(None), slice(-30, None), slice(3, 20), slice(1, -1, 3), slice(20, 3, -2), slice(5, 5), slice(-1, 0))
    for part in parts:
        assert capture.events[part] == events[part]
    with pytest.raises(IndexError):
        capture.events[len(events)]
