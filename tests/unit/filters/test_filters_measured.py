"""What segments are to their connection, as expressions ask for it: the values, and the frames, are tshark's."""

from __future__ import annotations

import subprocess
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import pytest

from aether.events import Event
from aether.filters import Around, FilterError, Record, Records, all_fields, compile_filter
from aether.filters.tables import measured
from aether.link.rules import compiled
from aether.reading.measures import Measurer
from aether.reading.types import BOOLEAN, TIME
from tests import dissection_corpus
from tests.captures import pcap
from tests.flows import Talk, needs_tshark
from tests.unit.filters.test_filters_wireshark import PREFERENCES, by_two_ways, needs_sharkd
from tests.unit.reading.test_analysis import talk, together

EXPRESSIONS = [
    line for line in Path("tests/filter_expressions_measured.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@lru_cache(maxsize=1)
def frames() -> list[tuple[int, bytes]]:
    return together([talk(seed, unseen=True) for seed in range(300)])


@lru_cache(maxsize=1)
def records() -> list[Record]:
    maker = Records(measuring=True, around=Around(started=1000 * 1_000_000_000))
    return [maker.frame(data, number=number, time=time) for number, (time, data) in enumerate(frames(), 1)]


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("talks") / "talks.pcap"
    path.write_bytes(pcap(frames()))
    return path


@needs_tshark
def test_every_value_is_that_of_tshark(capture: Path) -> None:
    fields = measured.FIELDS
    told = subprocess.run(
        ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", "occurrence=f",
         *(word for field in fields for word in ("-e", field.name))], capture_output=True, text=True, check=True)
    differing, seen = [], set()
    for record, line in zip(records(), told.stdout.splitlines(), strict=True):
        for field, theirs in zip(fields, line.split("\t"), strict=True):
            values = field.get(record)
            ours = "" if not values else f"{values[0] / 1_000_000:.9f}" if field.type is TIME else str(values[0])
            if (bool(theirs) != bool(ours)) if field.type is BOOLEAN else theirs != ours:
                differing.append((field.name, record.number, theirs, ours))
            if theirs:
                seen.add(field.name)
    assert not differing
    assert seen == {field.name for field in fields}


GIVEN_UP = {
    (6126, 6001): "a SACK option of 7 bytes: Wireshark gives up before it measures",
    (6132, 6001): "a SACK option without blocks: likewise",
    (7012, 7001): "headers of 0, 16 and 60 bytes: Wireshark has measured when it gives up",
    (9000, 80): "headers that are cut off: likewise",
}
"""Talks of the dissection's corpus in which odd headers differ, with what docs/filters.md says of them."""


@needs_tshark
def test_odd_frames_differ_by_the_reasons_that_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "odd.pcap"
    path.write_bytes(pcap(dissection_corpus.corpus()))
    fields = measured.FIELDS
    words = [word for preference in PREFERENCES for word in ("-o", preference)]
    told = subprocess.run(
        ["tshark", "-n", "-r", str(path), *words, "-T", "fields", "-E", "occurrence=f",
         *(word for field in fields for word in ("-e", field.name)), "-e", "tcp.srcport", "-e", "tcp.dstport"],
        capture_output=True, text=True, check=True)
    maker, differing, compared = Records(measuring=True), set(), 0
    for number, ((time, data), line) in enumerate(
            zip(dissection_corpus.corpus(), told.stdout.splitlines(), strict=True), 1):
        record = maker.frame(data, number=number, time=time)
        *cells, source, target = line.split("\t")
        for field, theirs in zip(fields, cells, strict=True):
            values = field.get(record)
            ours = "" if not values else f"{values[0] / 1_000_000:.9f}" if field.type is TIME else str(values[0])
            compared += bool(theirs)
            if (bool(theirs) != bool(ours)) if field.type is BOOLEAN else theirs != ours:
                differing.add((int(source), int(target)))
    assert differing == set(GIVEN_UP) and compared > 500


def selected(expression: str) -> list[int]:
    test = compile_filter(expression).test
    return [record.number for record in records() if test(record)]


@needs_sharkd
def test_frames_are_those_of_display_filters(capture: Path) -> None:
    """Who goes over a file twice knows at the SYN already how long the handshake will take; a live view cannot."""
    once = [expression for expression in EXPRESSIONS if "initial_rtt" in expression]
    told = by_two_ways(capture, EXPRESSIONS, once)
    assert len(told) > 70 and len(once) < 4
    assert sum(len(numbers) in (0, len(records())) for numbers in told.values()) < 6
    assert {each: numbers[:9] for each, numbers in told.items() if numbers != selected(each)} == {}


def test_nobody_measures_unless_an_expression_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(*_: object) -> None:
        raise AssertionError("measured")

    plain, asking = compile_filter("tcp.len > 0 and tcp.stream == 1"), compile_filter("tcp.analysis.flags")
    assert not plain.measuring and asking.measuring
    assert compile_filter("tcp.seq == $1.tcp.analysis.acks_frame", 1).measuring
    monkeypatch.setattr(Measurer, "measure", measure)
    maker = Records(measuring=plain.measuring)
    for time, data in frames()[:200]:
        plain.test(maker.frame(data, time=time))
    with pytest.raises(AssertionError):
        Records(measuring=asking.measuring).frame(frames()[0][1])


def test_a_date_is_local_unless_it_says_its_zone() -> None:
    record = Records(around=Around(started=1_700_000_000_123_456_789)).frame(b"", time=1)
    moment = datetime.fromtimestamp(1_700_000_000)
    for written in (f"{moment:%Y-%m-%d %H:%M:%S}.123457", "2023-11-14 22:13:20.123457Z",
                    "Nov 14, 2023 22:13:20.123457 UTC",
                    f"{moment:%b %d, %Y %H:%M:%S}.123457"):
        assert compile_filter(f'frame.time == "{written}"').test(record), written
    assert compile_filter('frame.time > "2023-11-14" and frame.time < "2023-11-16 12:00"').test(record)
    assert not compile_filter("frame.time").test(Record(b""))
    with pytest.raises(FilterError, match="is no date"):
        compile_filter('frame.time > "yesterday"')


def test_who_begins_late_measures_what_is_remembered() -> None:
    """A breakpoint is set after the connection has begun: what came before counts."""
    one = Talk().open()
    one.out(1, 1, 100)
    one.out(1, 1, 100, after=300_000)
    late, told = Records(), Records(measuring=True)
    test = compile_filter("tcp.analysis.retransmission and tcp.analysis.rto_frame == 4").test
    for number, (time, data) in enumerate(one.frames, 1):
        if number == 5:
            late.measure()
        event = Event(number, number, time, "you", number, "frame.sent", (number, "lan", data), ("", 0))
        assert test(late.of(event)) == test(told.of(event)) == (number == 5)


def test_a_frame_alone_is_the_first_of_its_connection() -> None:
    record = Record(Talk().open().frames[1][1])
    assert compile_filter("tcp.time_relative == 0 and not tcp.analysis.flags").test(record)


def test_a_link_does_not_know_what_came_before() -> None:
    with pytest.raises(FilterError, match="is not known while a frame enters a link"):
        compiled("tcp.analysis.retransmission")


def test_every_field_has_help() -> None:
    assert all(all_fields()[field.name].help for field in measured.FIELDS)
