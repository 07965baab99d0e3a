"""The expressions of a networking course select the same frames here and in tshark, of what a course captures."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

from aether.filters import Around, FilterError, Record, Records, all_fields, compile_filter
from aether.filters.fields import REFUSED
from aether.reading.types import DATE, PROTOCOL, TIME, writer
from tests.captures import pcap
from tests.course_capture import frames, several
from tests.flows import needs_tshark
from tests.unit.filters.test_filters_wireshark import (
    DIFFERENT,
    PREFERENCES,
    _number,
    _shown,
    by_two_ways,
    known_to_wireshark,
    needs_sharkd,
)

EXPRESSIONS = [
    line for line in Path("tests/filter_expressions_course.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
EPOCH = "Jan  1, 1970 00:00:00"
ONCE = ("tcp.completeness ==", "_ws.expert", "tcp.analysis.initial_rtt")
"""Of these, who goes over a file twice knows more from the first frame on."""


def _records(made: list[tuple[int, bytes]]) -> list[Record]:
    maker = Records(measuring=True, around=Around(started=1000 * 1_000_000_000))
    return [maker.frame(data, number=number, time=time) for number, (time, data) in enumerate(made, 1)]


@lru_cache(maxsize=1)
def records() -> list[Record]:
    return _records(frames())


def selected(expression: str) -> list[int]:
    test = compile_filter(expression).test
    return [record.number for record in records() if test(record)]


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("course") / "course.pcap"
    path.write_bytes(pcap(frames()))
    return path


@needs_sharkd
def test_frames_are_those_of_display_filters(capture: Path) -> None:
    once = [expression for expression in EXPRESSIONS if expression.startswith(ONCE)]
    told = by_two_ways(capture, EXPRESSIONS, once)
    assert len(told) == len(EXPRESSIONS) > 300 and len(once) < 9
    assert {each: numbers for each, numbers in told.items() if numbers != selected(each)} == {}
    apart = [each for each, numbers in told.items() if 0 < len(numbers) < len(records())]
    assert len(apart) > 250, sorted(set(told) - set(apart))


@needs_tshark
def test_what_is_refused_is_known_to_tshark_and_says_why() -> None:
    assert len(REFUSED) <= 12 and set(REFUSED) <= known_to_wireshark()
    page = Path("docs/filters.md").read_text(encoding="utf-8")
    for name, (why, instead) in REFUSED.items():
        assert instead in all_fields() and f"| `{name}` | {why}" in page
        with pytest.raises(FilterError) as problem:
            compile_filter(name)
        assert why[1:] in str(problem.value) and instead in str(problem.value)


@needs_tshark
def test_what_is_refused_as_still_to_come_is_in_no_frame_for_tshark(capture: Path) -> None:
    """Who goes over a file once, as `tshark -Y` does, finds none of it; who goes over it twice does."""
    later = [name for name, (why, _) in REFUSED.items() if "twice" in why]
    assert {"icmp.no_resp", "http.next_request_in", "http.next_response_in"} <= set(later)
    for passes, expected in (((), False), (("-2",), True)):
        told = subprocess.run(["tshark", *passes, "-r", str(capture), "-T", "fields",
                               *(word for name in later for word in ("-e", name))], capture_output=True, check=True)
        found = [any(column) for column in zip(*(line.split("\t") for line in told.stdout.decode().splitlines()),
                                               strict=True)]
        assert any(found) == expected and len(found) == len(later)


def _values(path: Path, made: list[tuple[int, bytes]], leave_out: tuple[str, ...]) -> list[tuple[object, ...]]:
    """Return the fields whose values differ from tshark's."""
    path.write_bytes(pcap(made))
    fields = [field for field in all_fields().values() if not field.ours and field.type is not PROTOCOL
              and field.name not in DIFFERENT and field.name not in leave_out]
    form = ("-T", "fields", "-E", "separator=\x01", "-E", "aggregator=\x02", "-E", "occurrence=a")
    words = [word for field in fields for word in ("-e", field.name)]
    preferences = [word for preference in PREFERENCES for word in ("-o", preference)]
    told = subprocess.run(["tshark", "-r", str(path), *preferences, *form, *words], capture_output=True, check=True)
    lines = told.stdout.decode("utf-8", "replace").removesuffix("\n").split("\n")
    differing: list[tuple[object, ...]] = []
    for record, line in zip(_records(made), lines, strict=True):
        for field, cell in zip(fields, line.split("\x01"), strict=True):
            theirs = [_number(text) if field.type.family == "number" else text for text in cell.split("\x02") if text]
            ours = [text for value in field.get(record) if (text := _shown(value, field.type))]
            if field.type is DATE and field.name != "frame.time":
                # To the second, in UTC; NULL is no time at all.
                theirs = [EPOCH if each == "NULL" else each[:-14] for each in theirs]
                ours = [writer(DATE)(value)[:-14] for value in field.get(record)]
            if field.only_true:
                theirs, ours = [str(bool(theirs))], [str(bool(ours))]
            if theirs != ours:
                differing.append((field.name, record.number, theirs, ours))
    return differing


@needs_tshark
def test_values_are_those_of_tshark(tmp_path: Path) -> None:
    assert _values(tmp_path / "course.pcap", frames(), ()) == []


@needs_tshark
def test_all_messages_of_a_segment_have_their_fields(tmp_path: Path) -> None:
    """Which request is answered is another matter: Wireshark 4.0 takes the latest one for all."""
    pairs = tuple(name for name in all_fields() if name.startswith(("http.prev", "http.request_", "http.response_"))
                  or name == "http.time")
    assert _values(tmp_path / "several.pcap", several(), pairs) == []
    second = [[record.number for record in _records(several()) if compile_filter(f"http.{which}_number == 2").matches(
        record)] for which in ("request", "response")]
    assert second == [[4], [5]]


def test_times_are_written_in_milliseconds_where_wireshark_does() -> None:
    assert selected("icmp.resptime > 7 and icmp.resptime < 8") == selected("icmp.resptime == 7500us") != []


def test_a_question_that_comes_late_is_another_one() -> None:
    """Six seconds after the first one, by Wireshark's measure: the answer is to the second."""
    answer = selected('dns.qry.name == "late.example" and dns.flags.response == 1')
    assert selected('dns.time < 1 and dns.qry.name == "late.example"') == answer
    assert TIME is all_fields()["dns.time"].type
