"""An expression that is asked of a capture in one go selects what it does when it is asked of each frame by itself."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether.filters import Around, Records, compile_filter
from aether.filters.fields import all_fields
from aether.filters.tables.places import places
from aether.reading import steady
from shell.captures.asking import _OfShape
from shell.captures.events import CaptureEvents
from shell.captures.loaded import Capture, load
from shell.captures.looking import selected
from shell.reading.marks import CAPTURE
from tests.captures import pcap
from tests.filter_corpus import corpus
from tests.link_captures import captures
from tests.link_captures import pcap as linked
from tests.unit.filters.test_filters_wireshark import EXPRESSIONS as KNOWN
from tests.unit.reading.test_steady import frames

EXPRESSIONS = (
    *KNOWN, "dir == out", "dir == in and tcp.len > 0", "frame.time_delta > 0.5",
    "frame.time_relative > 20 xor tcp.flags.syn == 1",
    "not (tcp.port == 80 or udp.port == 53)", "tcp.port == 80 and http.request", "tcp.len == 0 and not http",
    "tcp.stream == 1 and tcp.options.mss_val == 1460", "tcp.seq >= tcp.ack", "ip.src == ip.dst", "eth.src == eth.dst",
    'tcp contains "GET"', 'ip contains "GET"', 'frame contains "GET"', 'tcp.payload matches "^G.T"', "tcp[13] & 2",
    "tcp.payload[0:3] == 47:45:54", "len(tcp.payload) > 3", "ip.addr#1 == 10.0.0.1", "@ip.src == 0a:00:00:01",
    "tcp.port in {80, 40000..40001}", "tcp.port not in {80}", "any tcp.port < 100", "all tcp.port > 100",
    "tcp.analysis.flags and tcp.len > 0", "frame.number % 2 == 0", "tcp.len + 1 > tcp.srcport - 40000", "!tcp", "udp",
    "arp or dns or dhcp", "http.request.method not in {\"GET\"}", "tcp.window_size > 1000", "tcp.ack == 1 || icmp",
    "max(tcp.srcport, udp.srcport) > 1000", "vlan or tcp.flags == 0x10", "frame.len > 60 and frame.cap_len > 60",
)


class Together(NamedTuple):
    """A file to write captures into, and what is asked of each."""

    file: Path

    def load(self, content: bytes) -> Capture:
        self.file.write_bytes(content)
        return load(str(self.file))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Together:
    return Together(tmp_path_factory.mktemp("captures") / "one.pcap")


def one_by_one(capture: Capture, expression: str, around: Around) -> list[int]:
    found = compile_filter(expression)
    records = Records(follower=capture.follower, measuring=found.measuring, around=around)
    every = records.each(capture.events.sent(range(1, capture.frames + 1)), CAPTURE)
    return [record.number for record in every if record.is_frame and found.test(record)]


def differing(capture: Capture, expressions: tuple[str, ...]) -> dict[str, tuple[list[int], list[int]]]:
    around = Around(started=capture.started, comments=capture.notes)
    found = {each: (selected(capture, each, around), one_by_one(capture, each, around))
             for each in expressions if compile_filter(each).everywhere}
    return {each: numbers for each, numbers in found.items() if numbers[0] != numbers[1]}


def test_on_captures_of_every_kind(place: Together) -> None:
    assert differing(place.load(pcap(corpus())), EXPRESSIONS) == {}
    for made in captures():
        assert differing(place.load(linked(made)), EXPRESSIONS[-40:]) == {}, made.name


@settings(max_examples=150, deadline=None)
@given(made=st.lists(frames, max_size=30), expressions=st.lists(st.sampled_from(EXPRESSIONS), min_size=4, max_size=4))
def test_on_random_captures(place: Together, made: list[bytes], expressions: list[str]) -> None:
    capture = place.load(pcap((index * 300_000, frame) for index, frame in enumerate(made)))
    assert differing(capture, tuple(expressions)) == {}


def assert_places_agree(capture: Capture) -> int:
    """Compare each field that has a place with what is read of the frame; return how many values there were."""
    around = Around(started=capture.started, comments=capture.notes)
    compared = 0
    for shape in (steady.SEGMENT, steady.DATAGRAM):
        numbers = [number for number, each in enumerate(capture.follower.shapes, 1) if each == shape]
        there = _OfShape(capture, around, numbers)
        for name, found in places(shape).items():
            field = all_fields()[name]
            records = Records(follower=capture.follower, around=around)
            sources = found.source(there), (found.whole or found.source)(there)
            every = records.each(capture.events.sent(numbers), CAPTURE)
            for record, value, whole in zip(every, *sources, strict=True):
                values = list(field.get(record))
                assert (name, list(found.read(value))) == (name, values), record.data
                assert values or not found.always
                if field.whole is not None:
                    expected = [whole] if found.whole else list(found.read(value))
                    assert (name, expected) == (name, list(field.whole(record)))
                compared += len(values)
    return compared


def test_every_place_has_what_is_read_there(place: Together) -> None:
    compared = assert_places_agree(place.load(pcap(corpus())))
    assert compared > 2_000
    for made in captures():
        assert_places_agree(place.load(linked(made)))


@settings(max_examples=60, deadline=None)
@given(st.lists(frames, max_size=12))
def test_also_of_random_frames(place: Together, made: list[bytes]) -> None:
    assert_places_agree(place.load(pcap((index * 300_000, frame) for index, frame in enumerate(made))))


@pytest.mark.parametrize(("expression", "most"), [
    ("tcp.flags.syn == 1", 0), ("tcp.srcport == 40007 and tcp.len > 0", 0), ('tcp.payload contains "needle"', 0),
    ("ip.addr == 10.0.0.1 and not tcp.port == 80", 0), ("tcp.len == 0 and tcp.options.mss_val", 500),
    ("http.request", 500),
    ("udp or arp", 0), ("tcp.seq > 100 or tcp.ack > 100 or frame.number < 7", 0), ("tcp.stream == 1", 0),
])
def test_hardly_any_frame_is_asked_by_itself(
    place: Together, monkeypatch: pytest.MonkeyPatch, expression: str, most: int,
) -> None:
    from tests.unit.reading.test_steady import ACK, segment

    made = [segment(0, 1, 100 + turn, 200, ACK, b"abc" * (turn % 2), False) for turn in range(1000)]
    capture = place.load(pcap(enumerate(made)))
    asked: list[int] = []
    sent = CaptureEvents.sent

    def counted(self: CaptureEvents, numbers: list[int]) -> object:
        asked.extend(numbers)
        return sent(self, numbers)

    monkeypatch.setattr(CaptureEvents, "sent", counted)
    selected(capture, expression, None)
    assert len(asked) <= most
