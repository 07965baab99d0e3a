"""Keys, lines and the bottom line, with prompt_toolkit's piped input: no terminal, no waiting."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import cmd2
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from aether import queries
from aether.engine.core import Core
from aether.lab import simulated
from aether.operations.knobs import KnobSet
from aether.operations.net import Ping
from shell.prompt.app import AetherShell
from shell.prompt.screen import AT_REST, SLOW, Screen, toolbar
from shell.session import Lab, Session
from tests.shell.direct import session as direct_session


class Screenlike(io.StringIO):
    """Something to write to that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Typed:
    """A shell that is typed at."""

    def __init__(self, keys: PipeInput, core: Core) -> None:
        self.keys = keys
        self.core = core
        self.out = sys.stdout
        self.session = Session(core, Lab("SIM", seed=1))
        self.app = AetherShell(self.session)
        self.screen = Screen(self.app)

    def type(self, text: str) -> str:
        """Type keys and end the input; return everything that was printed."""
        self.keys.send_text(text + "\x04")
        self.app.cmdloop()
        assert isinstance(self.out, Screenlike)
        return self.out.getvalue()


@pytest.fixture(autouse=True)
def terminal_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the standard streams pass for a terminal."""
    monkeypatch.setattr(cmd2.rich_utils, "ALLOW_STYLE", cmd2.rich_utils.AllowStyle.NEVER)


@contextmanager
def typing(paused: bool = False) -> Iterator[Typed]:
    sys.stdin, sys.stdout = Screenlike(), Screenlike()
    core = Core(simulated(1), paused=paused)
    core.start()
    try:
        with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
            yield Typed(keys, core)
    finally:
        core.stop()
        sys.stdin, sys.stdout = sys.__stdin__, sys.__stdout__


F1, F2, F5, F8, CTRL_C = "\x1bOP", "\x1bOQ", "\x1b[15~", "\x1b[19~", "\x03"


def test_a_line_is_run_and_ctrl_d_leaves() -> None:
    with typing() as shell:
        assert "no neighbours known" in shell.type("arp table\r")


def test_f5_pauses_and_runs() -> None:
    with typing() as shell:
        printed = shell.type(F5)
        assert "paused at ev 0" in printed
        assert shell.core.status().paused
    with typing(paused=True) as shell:
        assert "running" in shell.type(F5)


def test_f8_steps_and_keeps_what_was_typed() -> None:
    with typing(paused=True) as shell:
        printed = shell.type("ping 192.168.1.1 --count 1\r" + "arp ta" + F8 + "ble\r")
        assert "frame 1 arrives at host" in printed
        assert "no command" not in printed
        assert "incomplete" in printed


def test_enter_repeats_step_only_while_paused() -> None:
    with typing(paused=True) as shell:
        printed = shell.type("ping 192.168.1.1 --count 1\r\r\r")
        assert "frame 1 arrives at host" in printed
        assert "frame 2 arrives at you" in printed
    with typing() as shell:
        assert shell.type("\r\r").strip() == ""


def test_ctrl_c_cancels_the_line_then_pauses_and_never_quits() -> None:
    with typing() as shell:
        printed = shell.type("half a line" + CTRL_C + CTRL_C + CTRL_C + "status\r")
        assert "half" not in printed
        assert printed.count("paused at ev") == 1
        assert shell.core.status().paused
        assert "mode trace" in printed


def test_f2_and_f1() -> None:
    with typing() as shell:
        printed = shell.type(F2 + F1 + F2)
        assert "trace is on" in printed
        assert "trace is off" in printed
        assert "Breaking it" in printed


def test_the_prompt_says_when_time_stands_still() -> None:
    with typing(paused=True) as shell:
        shell.app.refresh_prompt()
        assert shell.app.prompt == "(paused ev 0) aether> "
        shell.core.run()
        shell.app.refresh_prompt()
        assert shell.app.prompt == "aether> "


def test_the_bottom_line() -> None:


    session = direct_session(paused=True)
    session.do(KnobSet(name="tcp.retransmit", value="off"))
    parts = toolbar("SIM", session.core.status(), session.ask(queries.overview), True)
    assert parts[0] == "SIM ⏸ ev 1  +0.000 s"
    assert "TRACE" in parts
    assert "tcp.retransmit=off" in parts
    assert parts[-1] == "spin 0% yield 0% sleep 100%"


def test_the_bottom_line_is_drawn_once_a_second_while_nothing_but_the_clock_moves() -> None:
    """Who waits at the prompt of a laptop wants its battery to last; what happens is shown at once."""
    with typing() as shell:
        shell.core.set_speed(float("inf"))
        screen, drawn = shell.screen, []
        for _ in range(100):
            shell.core.wait(lambda world: False, 1000)
            before = shell.app.toolbar
            screen._ticks += 1
            screen._show_toolbar()
            drawn.append(shell.app.toolbar is not before)
        assert 100 // AT_REST <= sum(drawn) <= 2 + 100 // AT_REST  # the first, and the one with what the core was asked
        shell.core.do(KnobSet(name="tcp.retransmit", value="off"))
        for _ in range(SLOW):
            screen._ticks += 1
            screen._show_toolbar()
        assert "tcp.retransmit=off" in shell.app.toolbar


def test_the_bottom_line_shows_what_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with typing() as shell:
        shell.app.toolbar = ["a" * 30, "b" * 30, "c" * 30]
        assert shell.app.get_bottom_toolbar() == "a" * 30 + " │ " + "b" * 30


def test_the_trace_is_shown_above_the_prompt_in_portions() -> None:
    with typing() as shell:
        shell.session.tracing = True
        shell.core.set_speed(float("inf"))
        job = shell.core.do(Ping(address="192.168.1.1", count=100, interval_us=1000))
        shell.core.wait(lambda world: world.hosts["you"].jobs[job].done, 10_000_000)
        portion = shell.session.tracer.take(shell.core.ring, settled=True)
        assert len(portion.lines) == 20
        assert portion.not_shown == 202 - 20
