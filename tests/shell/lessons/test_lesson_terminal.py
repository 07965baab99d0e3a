"""Lessons in a real pseudo-terminal: begun, left in every way there is, and gone on with."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.shell.terminal.test_terminal import Terminal

pytestmark = pytest.mark.terminal
PLACE = "handshake 2/"
"""What the bottom line says in the second step."""


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Callable[[], Terminal]]:
    """Return an opener of terminals that share a home; closes them."""
    opened: list[Terminal] = []

    def open_one() -> Terminal:
        opened.append(Terminal(tmp_path))
        return opened[-1]

    yield open_one
    for each in opened:
        each.child.close(force=True)


def _second_step(terminal: Terminal) -> None:
    """Play the first step of the lesson about the handshake, by typing, and stand in the second one."""
    terminal.line("lesson start handshake")
    terminal.wait_for("begins the first step")
    terminal.line("next")
    terminal.wait_for("Type the letter")
    terminal.line("c")
    terminal.wait_for("Yes.")
    terminal.line("hint")
    terminal.wait_for("hint 1 of")
    terminal.line("tcp connect 192.168.1.1:7")
    terminal.wait_for("step 1 of")
    terminal.line("lesson next")
    terminal.wait_for(PLACE)


def test_predict_hint_do_skip_and_quit(open_terminal: Callable[[], Terminal]) -> None:
    terminal = open_terminal()
    _second_step(terminal)
    terminal.line("skip")
    terminal.wait_for("handshake")
    terminal.line("lesson quit")
    terminal.wait_for("your own lab is back")


@pytest.mark.parametrize("how", ["ctrl-c", "ctrl-d", "kill"])
def test_a_lesson_goes_on_where_it_was_left(open_terminal: Callable[[], Terminal], how: str) -> None:
    terminal = open_terminal()
    _second_step(terminal)
    terminal.line("tcp conns")
    terminal.wait_for("192.168.1.1:7")
    if how == "ctrl-c":
        terminal.line("run 5m")
        terminal.child.send("\x03")
        terminal.line("status")
        terminal.wait_for(PLACE)
        terminal.line("quit")
        terminal.child.expect_exact("\x1b[?2004l", timeout=10)
    elif how == "ctrl-d":
        terminal.child.sendeof()
    else:
        os.kill(terminal.child.pid, signal.SIGKILL)
    terminal.child.wait() if how == "kill" else None
    again = open_terminal()
    again.line("lesson resume")
    again.wait_for(PLACE)
    again.line("tcp conns")
    again.wait_for("ESTABLISHED")
    again.line('tcp send 1 "hello"')
    again.wait_for("? ")
