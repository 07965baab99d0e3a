"""Full-screen panes in a real terminal (tmux): every pane, every key, any size, and nothing is left behind."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.shell.conftest import Shell

ROOT = Path(__file__).resolve().parents[3]
_numbers = itertools.count()
needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")


class Tmux:
    """The program in a terminal of its own."""

    def __init__(self, home: Path, columns: int, rows: int) -> None:
        self.socket = f"aether-{os.getpid()}-{next(_numbers)}"
        program = shlex.join([sys.executable, "-m", "shell", "--sim", "--seed", "1"])
        self.tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows),
            f"cd {shlex.quote(str(ROOT))} && HOME={shlex.quote(str(home))} TERM=xterm-256color {program}")
        self.wait("aether>")

    def tmux(self, *words: str) -> str:
        return subprocess.run(
            ["tmux", "-L", self.socket, *words], capture_output=True, text=True, check=True, timeout=20).stdout

    def screen(self) -> list[str]:
        return self.tmux("capture-pane", "-p").split("\n")[:-1]

    def wait(self, text: str) -> list[str]:
        """Wait until a text is on the screen."""
        return self.until(lambda lines: any(text in line for line in lines), text)

    def until(self, there: Callable[[list[str]], bool], what: str) -> list[str]:
        end = time.monotonic() + 20
        while not there(lines := self.screen()):
            assert time.monotonic() < end, f"no {what!r} on:\n" + "\n".join(lines)
            time.sleep(0.05)
        return lines

    def type(self, line: str) -> None:
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")

    def key(self, *names: str) -> None:
        self.tmux("send-keys", *names)

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))
        self.until(lambda lines: len(lines) == rows, f"{rows} rows")

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def open_tmux(tmp_path: Path) -> Iterator[Callable[[int, int], Tmux]]:
    opened: list[Tmux] = []

    def open_one(columns: int, rows: int) -> Tmux:
        opened.append(Tmux(tmp_path, columns, rows))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


PANES = {
    "watch tcp 1": "ESTABLISHED", "watch conns": "chargen", "watch trace": ".1:19 > .2:", "watch ladder 1": "│",
    "watch loop": "events kept",
}


@needs_tmux
@pytest.mark.terminal
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (200, 50)])
def test_every_pane_and_key(open_tmux: Callable[[int, int], Tmux], columns: int, rows: int) -> None:
    terminal = open_tmux(columns, rows)
    terminal.type("link delay 200ms")
    terminal.type("tcp connect 192.168.1.1:19")
    terminal.wait("#1 ESTABLISHED")
    before: list[str] = []
    for line, text in PANES.items():
        terminal.until(lambda lines: any(row.rstrip().endswith("aether>") for row in lines), "the prompt")
        before = [row for row in terminal.screen() if row.strip() and not row.startswith("SIM ")]
        terminal.type(line)
        title = f" {line.removeprefix('watch ').replace('conns', 'connections')}"
        shown = terminal.until(
            lambda lines: lines[0].startswith(title) and "q quit" in lines[-1], title)  # noqa: B023
        terminal.wait(text)
        if "⏸" not in shown[0]:
            terminal.key("Space")
        terminal.until(lambda lines: "⏸" in lines[0] or "PAST" in lines[0], "standing still")
        moment = terminal.screen()[0].split()[-3]
        terminal.key("s")
        terminal.until(lambda lines: moment not in lines[0].split()[-3], "the next occurrence")  # noqa: B023
        terminal.key("b")
        terminal.until(lambda lines: "PAST" in lines[0], "the past")
        terminal.key("l")
        terminal.until(lambda lines: "⏸" in lines[0], "the present")
        for key in ("Up", "PageUp", "Home", "Down", "PageDown", "End"):
            terminal.key(key)
        wide, high = (120, 40) if columns == 80 else (60, 20)
        terminal.resize(wide, high)
        shown = terminal.until(lambda lines: "q quit" in lines[-1] and lines[0].startswith(" "), "the keys below")
        assert all(len(row) <= wide for row in shown)
        terminal.resize(columns, rows)
        terminal.wait("q quit")
        terminal.key("q")
        terminal.until(lambda lines: not any("q quit" in row for row in lines), "the prompt again")
        if len(before) <= rows // 2:  # more of it may have scrolled away
            terminal.until(
                lambda lines: any(before[0] in row for row in lines), f"{before[0]}, which was there")  # noqa: B023
    terminal.type("knob show tcp.nagle")
    terminal.wait("RFC 896")


@needs_tmux
@pytest.mark.terminal
def test_a_problem_is_said_in_the_pane(open_tmux: Callable[[int, int], Tmux]) -> None:
    terminal = open_tmux(80, 24)
    terminal.type("watch tcp 7")
    terminal.wait("no connection 7")
    terminal.key("C-c")
    terminal.type("watch trace tcp.flags.syn ==")
    assert terminal.wait("tcp.flags.syn")
    terminal.type("watch loop")
    terminal.wait("q quit")
    terminal.key("Space")
    terminal.until(lambda lines: "⏸" in lines[0], "standing still")
    for _ in range(3):
        terminal.key("b")
    terminal.wait("history starts here")


def test_without_a_terminal_the_view_is_printed_once(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    assert "ESTABLISHED" in shell.run("watch tcp 1")
    assert json.loads(shell.run("watch conns --json"))["connections"]
    assert "SYN" in shell.run("watch ladder 1")
    assert "no connection 9" in shell.fail("watch tcp 9")
    assert "tcp.flags.syn" in shell.fail("watch trace tcp.flags.syn ==")
