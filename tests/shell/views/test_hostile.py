"""What the network sends changes nothing outside its cell, in any view: escapes, marks, and lines without an end."""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from shell.views.trace import as_text, drawn
from tests.shell.conftest import Shell

PAYLOADS = {
    "escapes": b"\x1b[2J\x1b[H\x1b]0;owned\x07\x1b[31m\x9b31m\x1bPq\x1b\\",
    "controls": bytes(range(32)) + bytes(range(127, 160)),
    "right to left": "\u202e\u2067txt.exe\u2069 \u200f\u061c".encode(),
    "zero width": "a\u200b\u200d\ufeff\u2060b\u0301\u0301\u0301".encode(),
    "wide": "漢字 👩\u200d👩\u200d👧 ａｂｃ".encode() * 30,
    "markup": b"[bold red]x[/] [link=http://e]y[/link] <b>&amp;</b> `code` $1 %s {0}",
    "no newline": b"A" * 60_000,
    "not UTF-8": b"\xff\xfe\xc3\x28\xf0\x28\x8c\xbc",
}
VIEWS = (
    "frames 50", "ladder", "ladder 1", "follow 1", "follow 1 --hex", "follow 1 --all", "tcp show 1", "tcp conns",
    "tcp diagram 1", "plot seq 1", "watch trace", "watch ladder", "watch tcp 1", "why conn 1 stalled", "drops",
    "counters", "status",
)


@pytest.fixture(params=[60, 120])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", str(request.param))
    return int(request.param)


@pytest.fixture(params=PAYLOADS)
def hostile(request: pytest.FixtureRequest, width: int, shell: Shell) -> Iterator[Shell]:
    """A shell that such bytes were sent to: by TCP, by UDP, in an echo request, and as a frame of no known kind."""
    payload = PAYLOADS[request.param]
    shell.run("tcp connect 192.168.1.1:7")
    shell.run(f"tcp send 1 --hex --wait 20s {payload.hex()}")
    short = payload[:400]
    shell.run(f"udp send --hex 192.168.1.1:7 {short.hex()}")
    shell.run(f"send data 192.168.1.1:80 sport=4000 hex={short.hex()}")
    yield shell


def check(printed: str, width: int | None) -> None:
    """Nothing that steers a terminal, and no line wider than it is."""
    kinds = ("Cc", "Cf", "Cs", "Zl", "Zp")
    steering = {char for char in printed if char != "\n" and unicodedata.category(char) in kinds}
    assert not steering, steering
    if width is not None:
        from rich.cells import cell_len

        assert [line for line in printed.splitlines() if cell_len(line) > width] == []


def test_no_view_is_changed(width: int, hostile: Shell) -> None:
    numbers = [row["number"] for row in json.loads(hostile.run("frames 60 --json"))["frames"]]
    views = [*VIEWS, *(f"frame {number}" for number in (*numbers[:12], *numbers[-6:])), f"why {numbers[-1]}"]
    for line in views:
        check(hostile.run(line), width)
        check(hostile.run(f"{line} --plain"), None)
        json.loads(hostile.run(f"{line} --json"))


def test_files_are_safe_too(width: int, hostile: Shell, tmp_path: Path) -> None:
    for kind in ("svg", "html", "text"):
        file = tmp_path / f"view.{kind}"
        hostile.run(f"export {kind} {file} follow 1")
        text = file.read_text(encoding="utf-8")
        check(text.replace("\t", " "), None)
        assert "<b>&amp;</b>" not in text or kind == "text"
    hostile.run(f"capture save {tmp_path}/run.pcapng")
    hostile.run(f"capture load {tmp_path}/run.pcapng")
    check(hostile.run("frames 50"), width)
    check(hostile.run("ladder"), width)


def test_the_trace_is_safe(width: int, hostile: Shell) -> None:
    portion = hostile.session.tracer.take(hostile.session.core.ring, settled=True)
    assert portion.lines
    file = io.StringIO()
    Console(file=file, width=width, highlight=False).print(drawn(portion, "rich"), crop=False)
    check(file.getvalue(), width)
    for line in portion.lines:
        check(as_text(line), None)
