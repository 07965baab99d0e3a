"""Filter expressions where the shell takes them: frames, trace, completion."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shell.prompt.completion import candidates
from tests.shell.debugging.test_debugger import Program


@pytest.fixture
def program() -> Iterator[Program]:
    one = Program()
    one.run("http get http://192.168.1.1/")
    yield one
    one.core.stop()


@pytest.mark.parametrize(("line", "count"), [
    ("frames", 7), ("frames 3", 3), ("frames arp", 2), ("frames tcp.flags.syn == 1", 2), ("frames 1 tcp", 1),
    ("frames tcp.len > 0 and not tcp.flags.fin == 1", 2), ("frames event == \"tcp.state\"", 5),
    ("frames http.response.code == 200", 1), ("frames ip.dst == 192.168.1.2 || arp", 4),
])
def test_the_list_of_frames(program: Program, line: str, count: int) -> None:
    """How many, which, or both; every operator belongs to the expression."""
    rows = program.json(line)["frames"]
    assert len(rows) == count, [row["info"] for row in rows]


def test_the_trace_is_filtered(program: Program) -> None:
    """Only what the expression selects, frames and what happened without any."""
    program.run("trace filter tcp.flags.syn == 1", "http get http://192.168.1.1/")
    tracer = program.session.tracer
    lines = [line for line in tracer.take(program.core.ring, None, settled=True).lines if line.frame is not None]
    assert {line.frame.flags for line in lines if line.frame} == {"S", "SA"}
    assert "everything" in program.run("trace filter off")
    assert tracer.selection is None


def test_a_flag_alone_is_explained(program: Program) -> None:
    """As in Wireshark it asks whether the field exists: the shell says so."""
    assert "asks whether it is set" in program.run("trace filter tcp.flags.syn")


@pytest.mark.parametrize(("line", "message"), [
    ("frames tcp.prt == 80", "tcp.port"), ("trace filter tcp.port ==", "^"), ("frames (tcp", "^")])
def test_a_wrong_expression(program: Program, line: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message points at the place."""
    program.run(line)
    assert program.app.failures == 1
    assert message in capsys.readouterr().err


def test_completion(program: Program) -> None:
    """Fields, then operators, then values."""
    fields = [each.text for each in candidates(program.session, ["trace", "filter"], "")]
    assert "tcp.port" in fields
    assert "==" in [each.text for each in candidates(program.session, ["break", "tcp.port"], "")]
