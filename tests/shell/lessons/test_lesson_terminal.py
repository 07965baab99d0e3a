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


def test_ctrl_c_ends_a_ping_and_the_lesson_goes_on(open_terminal: Callable[[], Terminal]) -> None:
    terminal = open_terminal()
    terminal.line("lesson start tour")
    terminal.wait_for("stuck?")
    terminal.line("link down")
    terminal.wait_for("lets nothing through")
    terminal.line("ping 192.168.1.1 --count 100")
    terminal.wait_for("host unreachable", 60)  # so it is the ping that gets the Ctrl-C
    terminal.child.send("\x03")
    terminal.wait_for("Ctrl-C has ended it", 60)
    terminal.wait_for("tour 1/3 ·")
    terminal.line("link up")
    terminal.until(lambda lines: sum("unharmed" in line for line in lines) >= 4)
    terminal.line("ping 192.168.1.1 --count 1")
    terminal.wait_for("step 1 of 3 done")
    terminal.line("next")
    terminal.wait_for("tour 2/3 ·")


def test_a_prediction_is_resolved_while_a_command_waits(open_terminal: Callable[[], Terminal]) -> None:
    """What came true during a ping was said below it, and what had been predicted was not."""
    terminal = open_terminal()
    terminal.line("lesson start first-frame")
    terminal.wait_for("Type the letter")
    terminal.line("b")
    terminal.wait_for("Not quite.")
    terminal.line("ping 192.168.1.1 --count 3")
    terminal.wait_for("step 1 of 4 done")
    terminal.until(lambda lines: any("You said b; frames 1 to 4 show c" in line for line in lines))
