"""A packet script that is written line by line in the shell, played, compared, and kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shell.drill import sides
from shell.drill.draft import MAX_LINES
from shell.drill.errors import KernelError
from shell.drill.run import Wishes, play
from tests.shell.conftest import Shell

BELOW = (
    "+.1 < P. 1:101(100) ack 1 win 65535", "+0 > . 1:1(0) ack 101", "+.1 < R 51:151(100)", "+0 > . 1:1(0) ack 101",
)


def written(shell: Shell, *lines: str) -> None:
    shell.run("drill new")
    for line in lines:
        shell.run(f"drill line {line}")


def test_written_line_by_line(shell: Shell, tmp_path: Path) -> None:
    """Redirections and pipes in a line belong to the script."""
    assert "Begin with: drill new server" in " ".join(shell.fail("drill run draft").split())
    assert "7 +0 accept(3, ..., ...) = 4" in shell.run("drill new server")
    said = shell.run("drill line +.1 < F. 1:1(0) ack 1 win 65535")
    assert "8 +.1 < F. 1:1(0)" in said and "accept" not in said
    assert "9 +0 > . 1:1(0) ack 2" in shell.run("drill line +0 > . 1:1(0) ack 2 <>")
    assert "all as written" in shell.run("drill run draft")
    assert "9 +0 >" not in shell.run("drill undo")
    assert len(shell.run("drill draft --plain").splitlines()) == 8
    file = tmp_path / "mine.pkt"
    shell.run(f"drill draft --save {file}")
    assert play(file, Wishes()).verdict == "ok"
    assert "drill draft --save" in shell.fail(f"drill draft --save {file}")
    shell.run(f"drill draft --save {file} --force")


def test_the_opening_of_a_client_plays(shell: Shell) -> None:
    shell.run("drill new client")
    assert "all as written" in shell.run("drill run draft")
    shell.run("drill new empty")
    assert "has no line" in shell.fail("drill undo")
    assert "server or client or empty" in shell.fail("drill new other")


@pytest.mark.parametrize("line, said", [
    ("+0 > . 1:1(0) ack", "draft:8:18: expected a number, not the end of the script"),
    ("+0 close(4", "draft:8:11: expected"),
    ("> . 1:1(0) ack 1", "draft:8:1: a line begins with its time, such as +0 or +.1"),
    ("+0 frobnicate(4) = 0", "draft:8:4: no call frobnicate() here"),
    ("+0 < Q 1:1(0)", "draft:8:6: expected"),
    ("", "drill line needs"),
])
def test_a_line_that_makes_no_sense_is_refused_with_its_place(shell: Shell, line: str, said: str) -> None:
    shell.run("drill new")
    assert said in " ".join(shell.fail(f"drill line {line}").split())
    assert len(shell.run("drill draft --plain").splitlines()) == 7, "nothing was added"


def test_a_draft_is_bounded(shell: Shell) -> None:
    shell.run("drill new")
    assert shell.session.script is not None
    shell.session.script[0].extend(["+0 < . 1:1(0) ack 1"] * MAX_LINES)
    assert "go on with an editor: drill draft --save" in " ".join(shell.fail("drill line +0 close(4) = 0").split())


def test_stepped(engine_shell: Shell) -> None:
    shell = engine_shell
    written(shell, "+.1 close(4) = 0", "+0 > R. 1:1(0) ack 1")
    assert "drill step draft --to end" in shell.try_("drill run draft")
    said = " ".join(shell.run("drill step draft --to end").split())
    assert "* flags R. F." in said
    assert "FIN-WAIT-1" in shell.run("tcp conns")


def test_compared_without_a_kernel(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is to be had, a record of one answers, and it is said so; where none was recorded, both are said."""
    def none(*arguments: object) -> None:
        raise KernelError("no kernel to play against: no rights")

    monkeypatch.setattr("shell.drill.kernel.KernelStage", none)
    written(shell, *BELOW)
    said = shell.run("drill compare draft")
    assert "Linux 6.18, as recorded" in said and "ack 101" in said
    assert "recorded: no kernel to play against: no rights" in said
    found = json.loads(shell.run("drill compare draft --json"))
    assert (found["differences"], found["aether_failed"], found["kernel_failed"], found["written"]) == (1, 1, 0, 4)
    assert found["arrived"] == {"rst": 1, "syn": 0, "fin": 0, "data": 2, "ack": 0}
    assert "as recorded" in shell.run("drill compare draft --plain")
    shell.run("drill line +.1 write(4, ..., 5) = 5")
    said = " ".join(shell.fail("drill compare draft").split())
    assert "no rights" in said and "no record has line 12, +.1 write(4, ..., 5) = 5" in said


def test_a_lesson_asks_no_kernel(engine_shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of the lesson itself are answered from records; what the learner types may ask the kernel."""
    asked: list[str] = []

    def look(script: object, wishes: Wishes, against: str) -> object:
        asked.append(against)
        return real(script, wishes, "recorded" if against == "kernel" else against)  # type: ignore[arg-type]

    real = sides._played
    monkeypatch.setattr(sides, "_played", look)
    shell = engine_shell
    shell.run("lesson start what-would-linux-do")
    written(shell, *BELOW)
    shell.run("drill compare draft")
    assert asked == ["aether", "kernel"]
    shell.run("lesson skip")
    shell.run("lesson play")
    assert asked[2:] == ["aether", "recorded"]
    assert "drill step" not in shell.try_("drill run draft"), "a lesson would lose its lab"
