"""The same expressions select the same frames here and in tshark, and fields have the same values."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from aether.filters import Around, Record, Records, all_fields, compile_filter
from aether.reading.types import DATE, ETHER, IPV4, IPV6, MILLISECONDS, PROTOCOL, TIME, Type
from tests.captures import pcap
from tests.filter_corpus import corpus

EXPRESSIONS = [
    line for line in Path("tests/filter_expressions.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PREFERENCES = (
    # Each frame by itself, as the filters see it.
    "ip.defragment:FALSE", "tcp.desegment_tcp_streams:FALSE", "tcp.no_subdissector_on_error:FALSE",
    # Off in tshark unless asked for, because of network cards that compute checksums.
    "ip.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE",
)

needs_tshark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="tshark is not installed (apt-get install tshark)")
needs_sharkd = pytest.mark.skipif(
    shutil.which("sharkd") is None, reason="sharkd is not installed (apt-get install wireshark-common)")


@lru_cache(maxsize=1)
def records() -> list[Record]:
    maker = Records(measuring=True, around=Around(started=1000 * 1_000_000_000))
    return [maker.frame(data, number=number, time=time) for number, (time, data) in enumerate(corpus(), 1)]


def selected(expression: str) -> list[int]:
    compiled = compile_filter(expression)
    return [record.number for record in records() if compiled.matches(record)]


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.pcap"
    path.write_bytes(pcap(corpus()))
    return path


class Sharkd:
    """Wireshark as a process that answers many questions about one capture, line by line in JSON-RPC."""

    def __init__(self, capture: Path) -> None:
        self.process = subprocess.Popen(
            ["sharkd", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._numbers = itertools.count(1)
        for preference in PREFERENCES:
            name, _, value = preference.partition(":")
            assert self.ask("setconf", name=name, value=value) == {"status": "OK"}
        assert self.ask("load", file=str(capture)) == {"status": "OK"}

    def ask(self, method: str, **params: str) -> Any:
        """Return the result of a method; none may fail."""
        assert self.process.stdin is not None and self.process.stdout is not None
        asked = {"jsonrpc": "2.0", "id": next(self._numbers), "method": method, "params": params}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert answer["id"] == asked["id"] and "result" in answer, (asked, answer)
        return answer["result"]

    def by_display_filter(self, expression: str) -> list[int]:
        """Return the numbers of the frames that a display filter selects."""
        return [frame["num"] for frame in self.ask("frames", filter=expression)]

    def close(self) -> None:
        """Let it come to its end, which is that of its input."""
        self.process.communicate(timeout=30)


@pytest.fixture
def sharkd(capture: Path) -> Iterator[Sharkd]:
    made = Sharkd(capture)
    yield made
    made.close()


def tshark(capture: Path, *arguments: str) -> str:
    preferences = [part for preference in PREFERENCES for part in ("-o", preference)]
    done = subprocess.run(["tshark", "-r", str(capture), *preferences, *arguments], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout.decode("utf-8", "replace")


def by_display_filter(capture: Path, expression: str) -> list[int]:
    """Return the numbers of the frames that `tshark -Y` selects."""
    return [int(line) for line in tshark(capture, "-Y", expression, "-T", "fields", "-e", "frame.number").split()]


def by_two_ways(capture: Path, expressions: list[str], once: list[str]) -> dict[str, list[int]]:
    """Return the same for many expressions: one process answers all but those of which it would know more than `-Y`."""
    sharkd = Sharkd(capture)
    try:
        told = {each: sharkd.by_display_filter(each) for each in expressions if each not in once}
    finally:
        sharkd.close()
    with ThreadPoolExecutor(2) as pool:
        told |= zip(once, pool.map(lambda expression: by_display_filter(capture, expression), once), strict=True)
    return told


def by_statistics(capture: Path, expressions: list[str]) -> dict[str, list[int]]:
    """Return the same for many expressions in one run: one frame a second makes a row of statistics a frame."""
    table = tshark(capture, "-q", "-z", "io,stat,1," + ",".join(expressions))
    rows = [re.findall(r"\d+", line.split("|", 2)[2]) for line in table.splitlines() if re.match(r"\| *\d+ <>", line)]
    assert len(rows) == len(corpus())
    return {
        expression: [number for number, row in enumerate(rows, 1) if row[2 * index] != "0"]
        for index, expression in enumerate(expressions)
    }


def _measures(expression: str) -> bool:
    """Say whether it asks how long a layer is, to which only `tshark -Y` does not add the padding of the frame."""
    return "len(" in expression


def _alone(expression: str) -> bool:
    """Say whether statistics cannot take it: they separate filters by commas, and count padding as a layer's."""
    return "," in expression or _measures(expression)


def test_expressions_are_many_and_each_tells_frames_apart() -> None:
    assert len(EXPRESSIONS) == len(set(EXPRESSIONS)) > 400
    one_sided = [expression for expression in EXPRESSIONS if len(selected(expression)) in (0, len(corpus()))]
    assert len(one_sided) < len(EXPRESSIONS) / 12, one_sided


@needs_sharkd
def test_frames_are_those_of_display_filters(sharkd: Sharkd) -> None:
    chosen = [expression for expression in EXPRESSIONS if not _measures(expression)]
    assert len(chosen) > 400
    differing = {
        expression: (frames, selected(expression))
        for expression in chosen if (frames := sharkd.by_display_filter(expression)) != selected(expression)
    }
    assert not differing


@needs_tshark
def test_lengths_are_those_of_display_filters(capture: Path) -> None:
    chosen = [expression for expression in EXPRESSIONS if _measures(expression)]
    assert len(chosen) >= 12
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda expression: by_display_filter(capture, expression), chosen))
    differing = {
        expression: (frames, selected(expression))
        for expression, frames in zip(chosen, found, strict=True) if frames != selected(expression)
    }
    assert not differing


@needs_tshark
def test_frames_are_those_of_statistics(capture: Path) -> None:
    found = by_statistics(capture, [expression for expression in EXPRESSIONS if not _alone(expression)])
    differing = {
        expression: (frames, selected(expression))
        for expression, frames in found.items() if frames != selected(expression)
    }
    assert not differing


@needs_tshark
def test_fields_exist_in_the_same_frames(capture: Path) -> None:
    names = [field.name for field in all_fields().values() if not field.ours and field.name not in MORE_APART]
    found = by_statistics(capture, names)
    differing = {name: (frames, selected(name)) for name, frames in found.items() if frames != selected(name)}
    assert not differing


MORE_APART = ("data", "data.data", "data.len", "frame.protocols")
"""Tshark takes more protocols apart: echo, a loop of Ethernet, the spanning tree. A course's capture has none."""
DIFFERENT = {
    **dict.fromkeys(MORE_APART, ""),
    "_ws.expert.message": "numbers that are in some of them are left out",
    "_ws.expert.severity": "in another order; the test below compares what there is",
    "_ws.expert.group": "",
    "dhcp.option.type": "the end of the options has the type 0 there; here it is dhcp.option.end alone",
    "dhcp.option.end": "",
}
"""Fields whose values differ, and why."""


@needs_tshark
def test_fields_have_the_same_values(capture: Path) -> None:
    fields = [
        field for field in all_fields().values()
        if not field.ours and field.type is not PROTOCOL and field.name not in DIFFERENT
    ]
    names = [argument for field in fields for argument in ("-e", field.name)]
    form = ("-T", "fields", "-E", "separator=\x01", "-E", "aggregator=\x02", "-E", "occurrence=a")
    lines = tshark(capture, *form, *names)
    differing = []
    for record, line in zip(records(), lines.removesuffix("\n").split("\n"), strict=True):
        for field, cell in zip(fields, line.split("\x01"), strict=True):
            theirs = [_number(text) if field.type.family == "number" else text for text in cell.split("\x02") if text]
            # Empty text is not to be told from no text here; the test above does.
            ours = [text for value in field.get(record) if (text := _shown(value, field.type))]
            if theirs != ours:
                differing.append((field.name, record.number, theirs, ours))
    assert not differing


def _number(text: str) -> str:
    if text.startswith("Expert Info"):
        return "1"  # what only exists, or does not
    return str(int({"True": "1", "False": "0"}.get(text, text), 0))


def _shown(value: object, kind: Type) -> str:
    """Return a value as tshark prints it."""
    if isinstance(value, bytes):
        if kind is IPV4:
            return ".".join(map(str, value))
        if kind is IPV6:
            return "2001:db8::1" if value.hex() == "20010db8000000000000000000000001" else value.hex()
        return value.hex(":") if kind is ETHER else value.hex()
    if kind is DATE and isinstance(value, int):
        moment = datetime.fromtimestamp(value // 1_000_000)
        return f"{moment:%b} {moment.day:2}, {moment:%Y %H:%M:%S}.{value % 1_000_000:06}000 {moment.astimezone():%Z}"
    if kind is MILLISECONDS and isinstance(value, int):
        return f"{value / 1000:g}"
    if kind is TIME and isinstance(value, int):
        return f"{value / 1_000_000:.9f}"
    if isinstance(value, int):
        return str(int(value))
    return str(value).replace("\r", "\\r").replace("\n", "\\n")


@lru_cache(maxsize=1)
def known_to_wireshark() -> frozenset[str]:
    listed = subprocess.run(["tshark", "-G", "fields"], capture_output=True, check=True).stdout
    lines = [line.split("\t") for line in listed.decode("utf-8", "replace").splitlines()]
    return frozenset(line[2] for line in lines if len(line) > 2)


@needs_tshark
def test_every_field_that_claims_so_is_known_to_wireshark() -> None:
    assert [name for name, field in all_fields().items() if not field.ours and name not in known_to_wireshark()] == []


@needs_tshark
def test_our_own_fields_hide_none_of_wiresharks() -> None:
    # `time` is the protocol of RFC 868 there, which nobody will miss.
    assert [name for name, field in all_fields().items() if field.ours and name in known_to_wireshark()] == ["time"]
