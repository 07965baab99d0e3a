"""Recordings and reports that say what nobody declared: an error with the place, and never a mistake of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aether.operations  # noqa: F401 - which registers them
from aether import lab, plain
from aether.apps.process import CALLS, WITH_DATA, Process
from aether.engine.log import FORMAT, VERSION, LogError, Recording, load
from aether.operations.base import OPERATIONS, OperationError, from_data
from aether.operations.calls import PrepareCalls, SystemCall, process_of
from aether.sockets import TcpSocket
from shell.commands.recordings import read
from shell.language.grammar import CommandError
from shell.lessons import report
from shell.lessons.progress import LessonRecord, Progress, ProgressStore, StepRecord

MOST = plain.LARGEST_NUMBER
WRONG: tuple[Any, ...] = (
    None, True, 7, 1.5, "text", "7", [], [1], {}, {"a": 1}, {"base64": 5}, {"base64": "é"}, {"base64": "a"},
    {"base64": "aGVsbG8=", "more": 1}, [[[]]], 1 << 63, -(1 << 63))
"""Values of which each is wrong nearly everywhere."""
RIGHT: dict[Any, tuple[Any, ...]] = {
    int: (0, 1, -1, 65_536, 1 << 32, MOST, -MOST), bool: (True, False),
    str: ("", "\0", "x" * 5000, "é²٣", "9" * 400, "-1", "nan", "inf", "1" + "0" * 30 + "ms", "\x1b[2J",
          "255.255.255.255", "224.0.0.1", "0.0.0.0"),
    bytes: ({"base64": ""}, {"base64": "aGVsbG8="}, {"base64": "////" * 40_000}),
    dict[str, str]: ({}, {"loss": "9" * 400}, {"tcp.mss": "9" * 30}, {"": ""}),
    list[Any]: ([], [1], ["tcp"], [[]], [["read", 3, [1, 0], ""]], [["bind", 3, ["x", 1], ""]], [None], [{"a": [1]}]),
}
"""Values of the declared types that no person would give."""
BEFORE: list[dict[str, Any]] = [
    {"operation": "TcpConnect", "address": "192.168.1.1", "port": 7}, {"operation": "HttpServe", "port": 8080},
    {"operation": "Ping", "address": "192.168.1.1", "interval_us": 1000, "count": 3}]


def _call(name: str, *arguments: Any, fd: int = -1) -> dict[str, Any]:
    return {"operation": "SystemCall", "name": name, "fd": fd, "arguments": list(arguments)}


PROGRAM: list[dict[str, Any]] = [
    {"operation": "BareHost", "neighbour": "192.168.1.1", "mac": {"base64": "AgAAAAAB"}},
    _call("socket", "tcp", True), _call("socket", "tcp", True), _call("socket", "udp", True), _call("epoll_create"),
    _call("bind", "0.0.0.0", 80, fd=3), _call("listen", 5, fd=3), _call("connect", "192.168.1.1", 7, fd=4),
    _call("epoll_ctl", 1, 4, 1, 5, fd=6), _call("connect", "192.168.1.1", 7, fd=5)]
"""A program with a listener (3), a connection that opens (4), a UDP socket (5), and an epoll descriptor (6)."""


def recording(operations: list[dict[str, Any]], before: list[dict[str, Any]]) -> str:
    """Return a recording of operations, after some that make things for them to be about."""
    lines = [{"format": FORMAT, "version": VERSION, "lab": lab.describe(lab.simulated(1))}]
    lines += [{"ev": place, "us": 0, **each} for place, each in enumerate(before + operations)]
    end = {"ev": len(before) + len(operations) + 200, "us": 10_000_000, "hash": ""}
    return "\n".join(map(json.dumps, [*lines, {"end": end}]))


def repeat(text: str) -> Recording | None:
    """Read a recording and repeat it; None, if it says what is wrong. Nothing else may come of it."""
    try:
        read_back = load(text)
        read_back.world()
    except LogError:
        return None
    return read_back


def arguments_of() -> Iterator[tuple[str, str]]:
    """Every argument of every operation."""
    for name, cls in OPERATIONS.items():
        yield from ((name, each.name) for each in fields(cls))


def allowed(kind: Any, value: Any) -> bool:
    """Tell whether a value of `WRONG` is of a declared type after all."""
    if kind == bytes | None:
        return value is None
    texts = type(value) is dict and all(type(each) is str for each in value.values())
    simple = {int: type(value) is int and abs(value) <= MOST, bool: type(value) is bool, str: type(value) is str,
              dict[str, str]: texts, list[Any]: type(value) is list}
    return simple.get(kind, False)


@pytest.mark.parametrize("name, argument", arguments_of())
def test_an_argument_of_another_type_is_refused_with_its_line(name: str, argument: str) -> None:
    kind = get_type_hints(OPERATIONS[name])[argument]
    for value in WRONG:
        text = recording([{"operation": name, argument: value}], before=[])
        if allowed(kind, value):
            load(text)
            continue
        with pytest.raises(LogError, match=rf"^line 2: no part of a recording \(({name}: {argument}|-?{1 << 63}… is)"):
            load(text)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_argument_that_makes_no_sense_is_no_mistake_of_ours(name: str) -> None:
    hints = get_type_hints(OPERATIONS[name])
    usual = {"address": "192.168.1.1", "conn": 1, "port": 7}
    about = {each: usual[each] for each in usual if each in hints}
    operations = [
        {"operation": name, **about, each.name: value} for each in fields(OPERATIONS[name])
        for value in RIGHT[bytes if hints[each.name] == bytes | None else hints[each.name]]]
    for before in (BEFORE, PROGRAM):
        repeat(recording(operations, before=before))


OPTIONS = [[level, option] for level in (1, 6) for option in (2, 13, 23, 33)]


@pytest.mark.parametrize("name", CALLS)
def test_a_system_call_takes_what_it_declares(name: str) -> None:
    """At once, and inside an occurrence that was waited for."""
    declared = {each: kind for each, kind in get_type_hints(getattr(Process, f"_{name}")).items()
                if each not in ("found", "return") and not (each == "data" and name in WITH_DATA)}
    usual = {int: 1, bool: True, str: "192.168.1.1"}
    given = []
    for start in OPTIONS if name.endswith("sockopt") else [[]]:
        sound = [*start, *(usual.get(kind, 0) for kind in declared.values())][:len(declared)]
        for place in range(len(start), len(declared) + 1):
            given += [[*sound[:place], value, *sound[place + 1:]]
                      for value in (*WRONG[:-2], *RIGHT[int], *RIGHT[str][:4], [[3, 1]], [[MOST, MOST]])]
    world = load(recording([], before=PROGRAM)).beginning()
    for each in PROGRAM:
        world.do(from_data(each))
    process = process_of(world.hosts["you"], 1)
    for arguments in given:
        for fd in (3, 4, 5, 6, 9, MOST):
            with suppress(OperationError):
                world.do(SystemCall(name=name, fd=fd, arguments=arguments, data=b"x"))
            with suppress(OperationError):
                world.do(PrepareCalls(calls=[[name, fd, arguments, "00"]]))
            process.ready(TcpSocket(world.hosts["you"]))
    for _ in range(200):
        world.step()


HEAD = json.dumps({"format": FORMAT, "version": VERSION, "lab": {"lab": "simulated", "seed": 1}})
END = json.dumps({"end": {"ev": 0, "us": 0, "hash": ""}})
ARP = '"operation": "ArpClear"'
"""What `~` stands for below."""
CALL = '{"ev": 0, "us": 0, "operation": "SystemCall", "arguments": '


@pytest.mark.parametrize("line, why", [
    ('{"ev": NaN, "us": 0, ~}', "NaN is no number"),
    ('{"ev": 0, "us": -Infinity, ~}', "-Infinity is no number"),
    ('{"ev": 0, "us": 1e999, ~}', "1e999… is too large"),
    ('{"ev": 0, "us": 1.0, ~}', "us: it is a whole number, not 1.0"),
    ('{"ev": "0", "us": 0, ~}', "ev: it is a whole number, not '0'"),
    ('{"ev": true, "us": 0, ~}', "ev: it is a whole number, not true"),
    ('{"us": 0, ~}', "ev: it is a whole number, not null"),
    ('{"ev": ' + "9" * 6000 + ', "us": 0, ~}', "99999999999999999999… is too large"),
    ('{"ev": 0, "us": 99999999999999999, ~}', "cannot come after"),
    ('{"ev": -1, "us": 0, ~}', "ev -1 at 0 us cannot come after ev 0 at 0 us"),
    ('{"ev": 0, "us": 0, ~, "host": "you", "host": "host"}', "'host' is there twice"),
    ('{"ev": 0, "us": 0, ~, "host": "\\ud800"}', "half a character"),
    ('{"ev": 0, "us": 0, ~, "size": 1}', "there is no 'size': host"),
    ('{"ev": 0, "us": 0, "operation": ["ArpClear"]}', "no operation \\['ArpClear'\\]"),
    ('{"ev": 0, "us": 0, "operation": "World"}', "no operation 'World'"),
    ('{"ev": 0, "us": 0, "frame": "?"}', "frame: no base64"),
    ('{"ev": 0, "us": 0, "frame": ["AAAA"]}', "frame: it is a text of base64"),
    ('{"ev": 0, "us": 0, "frame": "AAAA", "host": "you"}', "a frame has nothing besides: host"),
    (CALL + "[" * 60 + "]" * 60 + "}", "nested too deeply"),
    (CALL + "[" * 99_999 + "]" * 99_999 + "}", "nested too deeply"),
    ("[" * 99_999, "nested too deeply"), ("[]", "a table of names"), ("7", "a table of names"), ("{", "no JSON"),
    ("null", "a table of names"), ('{"end": 7}', "end: it is a table"),
    ('{"end": {"ev": 0, "us": 0}}', "end: hash is missing"),
    ('{"end": {"ev": 0, "us": 0, "hash": 7}}', "end.hash: it is a text"), (END, None),
    (f"{END}\n\n{END}", "has ended before"),
])
def test_a_line_of_a_recording_is_refused_by_number(tmp_path: Path, line: str, why: str | None) -> None:
    file = tmp_path / "run.aether"
    file.write_text(f"{HEAD}\n{line.replace('~', ARP)}\n" + ("" if '"end"' in line else END))
    if why is None:
        assert read(str(file)).occurrence == 0
        return
    with pytest.raises(CommandError, match=rf"run\.aether: line [24]: no part of a recording \(.*{why}"):
        read(str(file))


@pytest.mark.parametrize("described", [
    {}, {"lab": 7}, {"lab": []}, {"lab": "simulated"}, {"lab": "simulated", "seed": "7"},
    {"lab": "simulated", "seed": [1]},
    {"lab": "simulated", "seed": 1, "knobs": "none"}, {"lab": "simulated", "seed": 1, "address": "192.168.1.9"},
    {"lab": "tapped", "seed": 1, "prefix": 99}, {"lab": "tapped", "seed": 1, "prefix": -1},
    {"lab": "tapped", "seed": 1, "address": "x"}, {"lab": "tapped", "seed": 1, "gateway": None},
    {"lab": "tapped", "seed": 1, "gateway": "1.2.3"}, {"lab": "simulated", "seed": True},
])
def test_a_lab_that_there_is_not_is_none(described: dict[str, Any]) -> None:
    head = json.dumps({"format": FORMAT, "version": VERSION, "lab": described})
    with pytest.raises(LogError, match="line 1: no lab can be built from this"):
        load(f"{head}\n{END}").world()


def test_text_that_is_none_is_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "run.aether"
    file.write_bytes(HEAD.encode() + b"\n\xff\xfe\n")
    with pytest.raises(CommandError, match="line 2"):
        read(str(file))


NAMES = st.sampled_from(["ev", "us", "end", "hash", "frame", "operation", "host", "base64", ""]) | st.text()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner))


@given(ANYTHING, st.sampled_from(["", "head", "lab"]))
@settings(deadline=None)
def test_a_recording_of_anything_is_an_error(data: Any, place: str) -> None:
    line = json.dumps(data)
    text = {"": f"{HEAD}\n{line}\n{END}", "head": f"{line}\n{END}",
            "lab": f'{{"format": "{FORMAT}", "version": {VERSION}, "lab": {line}}}\n{END}'}[place]
    repeat(text)


def whole_report() -> str:
    step = StepRecord("done", "2026-01-02T03:04:05+00:00", 1, 0, 1, 1, 60)
    progress = Progress({"arp": LessonRecord("ARP", 3, {"Ask": step}, "2026-01-02T03:04:05+00:00")})
    return report.as_text(report.build(progress, "Ada", {"arp": 3}, "", {}))


def places(data: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every value of a report."""
    for name, value in data.items():
        yield (*before, name)
        if isinstance(value, dict):
            yield from places(value, (*before, name))


@pytest.mark.parametrize("place", places(json.loads(whole_report())), ids=".".join)
def test_a_report_of_another_type_is_refused_with_its_place(tmp_path: Path, place: tuple[str, ...]) -> None:
    for number, value in enumerate(WRONG[:-2]):
        content = json.loads(whole_report())
        inside = content
        for name in place[:-1]:
            inside = inside[name]
        if inside[place[-1]] == value or place == ("report",):
            continue
        same = type(inside[place[-1]]) is type(value) and (
            value in (7, True, "text", "7") or (value == {} and place[-1] in ("lessons", "done", "tries")))
        inside[place[-1]] = value
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps(content, indent=1))
        remark = report.grade([file]).rows[0].remark
        if same:
            assert remark.startswith("edited by hand"), value
        else:
            assert remark.startswith("line ") and place[-1] in remark, (value, remark)


@pytest.mark.parametrize("text, why", [
    ("", "line 1: no JSON"), ("\n\n{", "line 3: no JSON"), ("[" * 99_999, "nested too deeply"), ("7", "not a report"),
    (whole_report().replace('"hints": 1', '"hints": NaN'), "line 15: NaN is no number"),
    (whole_report().replace('"hints": 1', '"hints": -1'), "hints"),
    (whole_report().replace('"hints": 1', '"hints": 1, "hints": 0'), "line 15: 'hints' is there twice"),
    (whole_report().replace("Ada", "\\ud800"), "half a character"),
])
def test_a_report_that_is_none_says_where(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "report.json"
    file.write_text(text)
    assert why in report.grade([file]).rows[0].remark
    file.write_bytes(b"{\n\"learner\": \"\xff\"}")
    assert report.grade([file]).rows[0].remark == "line 2: byte 14 is not UTF-8"


@pytest.mark.parametrize("text", [
    "7", "[]", '{"version": 1, "lessons": {"arp": {"title": 1, "steps": 2}}}', "[" * 99_999,
    '{"version": 1, "lessons": {}, "current": NaN}', '{"version": 1, "lessons": [1]}'])
def test_progress_that_cannot_be_read_is_put_aside(tmp_path: Path, text: str) -> None:
    (tmp_path / "lessons.json").write_text(text)
    (tmp_path / "lesson-arp.json").write_text(text)
    store = ProgressStore(tmp_path)
    assert store.load_lab("arp") is None
    assert store.load() == Progress()
    assert (tmp_path / "lessons.broken").read_text() == text
