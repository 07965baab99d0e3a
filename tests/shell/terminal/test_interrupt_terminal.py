"""Ctrl-C on a real terminal while something long is under way: soon, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aether.engine.log import InputLog, dump
from aether.lab import describe, simulated
from aether.operations.base import Operation
from aether.operations.tcp import TcpConnect, TcpSend
from tests.shell.terminal.test_terminal import Terminal, terminal

__all__ = ["terminal"]
pytestmark = pytest.mark.terminal
ENOUGH = 40_000
"""Occurrences of a run that takes seconds to repeat on any machine."""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A long run, as a file."""
    world = simulated(4)
    log = InputLog(describe(world))

    def do(operation: Operation) -> None:
        log.add(world, operation)
        world.do(operation)

    do(TcpConnect(address="192.168.1.1", port=7))
    while world.occurrence < ENOUGH:
        if not world.step(world.now + 100_000):
            do(TcpSend(conn=1, data=bytes(60_000)))
    path = tmp_path_factory.mktemp("long") / "long.aether"
    path.write_text(dump(log, world), encoding="utf-8")
    return path


def test_an_interrupted_replay_leaves_the_run_as_it_was(
    terminal: Callable[..., Terminal], recording: Path,
) -> None:
    screen = terminal()
    screen.line("pause")
    screen.wait_for("(paused ev 0) aether>")
    screen.line("tcp connect 192.168.1.1:80")
    screen.wait_for("(paused ev 1) aether>")
    screen.line(f"replay {recording}")
    screen.wait_for("left · Ctrl-C ends it", 60)
    pressed = time.monotonic()
    screen.child.send("\x03")
    screen.until(lambda lines: [line for line in lines if line.strip()][-2].startswith("(paused ev 1) aether>"), 60)
    assert time.monotonic() - pressed < 5, "generous: it is a fifth of a second where nothing else runs"
    screen.until(lambda lines: not any("Ctrl-C ends it" in line for line in lines))
    screen.line("step")
    screen.wait_for("(paused ev 2) aether>")
    screen.line("replay /nowhere")
    screen.wait_for("cannot read /nowhere")
