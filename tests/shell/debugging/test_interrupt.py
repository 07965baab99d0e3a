"""Ctrl-C in every command that may take long: it ends within an occurrence, and nothing has changed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aether.engine.core import Core
from aether.engine.work import Work
from aether.operations.tcp import TcpConnect, TcpSend
from aether.world import World
from shell.prompt.progress import ProgressLine
from shell.session import Session
from tests.shell.conftest import Shell

AFTER = 5
"""Ctrl-C comes when so much is done."""


class CtrlC(Work):
    """Is asked to stop when enough is done, as by a person who presses Ctrl-C then."""

    came = False

    def did(self, more: int = 1) -> None:
        """Count, and be asked to stop."""
        if self.done + more >= AFTER and not self.came:
            self.came = True
            self.stop()
        super().did(more)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For every step of any world: whether Ctrl-C had come by then, as `press` says."""
    seen: list[bool] = []
    step = World.step

    def counted(world: World, *until: int) -> bool:
        seen.append(PRESSED[0].came if PRESSED else False)
        return step(world, *until)

    monkeypatch.setattr(World, "step", counted)
    return seen


PRESSED: list[CtrlC] = []


@pytest.fixture
def busy(engine_shell: Shell, tmp_path: Path) -> Iterator[Shell]:
    """A shell whose run has some hundred occurrences, a fork, and files of it; it stands still."""
    shell = engine_shell
    core = shell.session.core
    for number in (1, 2, 3):
        core.do(TcpConnect(address="192.168.1.1", port=7))
        core.wait(lambda world: False, 10_000)
        core.do(TcpSend(conn=number, data=bytes(40_000)))
        core.wait(lambda world: False, 300_000)
    core.do(TcpSend(conn=2, data=bytes(30_000)))
    for line in ("pause", f"record {tmp_path}/run.aether", f"capture save {tmp_path}/run.pcapng", "back 100",
                 "fork other", "timeline switch main"):
        shell.run(line)
    PRESSED.clear()
    yield shell
    PRESSED.clear()


def state(session: Session) -> dict[str, Any]:
    """Return all that an interrupted command must leave as it was."""
    core = session.core
    status = core.status()
    kept = core.with_loop(lambda loop: (id(loop.world), id(loop.log), id(loop.history), loop.world.state_hash()))
    return {
        "at": (status.occurrence, status.present, status.time, status.past, status.paused, status.inputs), "kept": kept,
        "timeline": (session.timeline, sorted(session.timelines)), "replayed": session.lab.replayed,
        "capture": session.capture, "latest": core.ring.last_serial,
    }


def press(shell: Shell, line: str) -> None:
    """Run a line during which Ctrl-C comes; it must have come, and nothing be printed as if it were done."""
    shell.session.core.work = work = CtrlC()
    PRESSED.append(work)
    printed = shell.try_(line)
    assert work.came, f"{line!r} was over before, or counts nothing"
    assert not printed or "interrupted" in printed


LOOKS = (
    "replay {0}/run.aether", "compare main other", "compare knob tcp.sack=off", "goto 150", "back 40",
    "back until tcp.flags.syn == 1", "record {0}/again.aether", "capture load {0}/run.pcapng",
    "follow 1", "lesson lint {0}/lessons", "lesson grade " + "{0}/none.json " * 9,
)


@pytest.mark.parametrize("line", LOOKS)
def test_what_only_looks_leaves_everything_as_it_was(
    busy: Shell, tmp_path: Path, line: str, steps: list[bool], monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "lint" in line:
        (tmp_path / "lessons").mkdir()
        for number in range(AFTER + 2):
            (tmp_path / "lessons" / f"{number}.md").write_text("no lesson", encoding="utf-8")
    if "back until" in line:  # what is kept of events does not go so far back
        latest = busy.session.core.events()[-10:]
        monkeypatch.setattr(busy.session.core, "events", lambda: latest)
    before = state(busy.session)
    del steps[:]
    press(busy, line.format(tmp_path))
    assert sum(steps) <= 1, "at most one more occurrence after Ctrl-C"
    assert state(busy.session) == before
    assert not (tmp_path / "again.aether").exists()
    busy.session.core.work = Work()
    assert busy.run("status"), "and the shell goes on"


@pytest.mark.parametrize("line", ["step 60", "step until drop", "next 3", "finish 2"])
def test_stepping_ends_between_two_occurrences(busy: Shell, line: str, steps: list[bool]) -> None:
    """The world stands at the end of an occurrence, from which it goes on as if nobody had pressed anything."""
    before = busy.session.core.status().occurrence
    del steps[:]
    if line.startswith(("next", "finish")):
        busy.session.core.do(TcpSend(conn=1, data=bytes(10_000)))
        before += 1
    press(busy, line)
    assert sum(steps) <= 1
    status = busy.session.core.status()
    assert before <= status.occurrence <= before + AFTER
    assert not status.past
    busy.session.core.work = Work()
    assert busy.run("step 20")
    assert busy.session.core.status().occurrence > status.occurrence


def test_what_is_over_keeps_its_result_and_the_next_long_thing_ends(busy: Shell) -> None:
    """Ctrl-C when nothing was left to end is not forgotten within a command, and is with the next."""
    core: Core = busy.session.core
    core.interrupt()
    assert core.status().paused
    with pytest.raises(KeyboardInterrupt):
        core.step(3)
    assert len(core.step(3)) == 3
    core.interrupt()
    assert busy.run("goto 20")


def test_progress_is_shown_after_a_while_with_an_estimate_and_leaves_nothing() -> None:
    now = [0.0]
    out = io.StringIO()
    line, work = ProgressLine(out, lambda: now[0]), Work()
    line.begin()
    work.plan(1000)
    work.did(10)
    line.look(work)
    assert out.getvalue() == "", "what is over soon shows nothing"
    now[0] = 2.0
    work.did(190)
    line.look(work)
    assert "200 of 1,000 done (20%) · about 8 s left · Ctrl-C ends it" in out.getvalue()
    size = len(out.getvalue())
    line.look(work)
    assert len(out.getvalue()) == size, "not drawn at every look"
    line.clear()
    assert out.getvalue().endswith("\r\x1b[K")
    work.begin()
    work.did(70_000)
    now[0] = 4.0
    line.look(work)
    assert out.getvalue().endswith("70,000 done · Ctrl-C ends it")


def test_what_is_asked_for_after_a_command_draws_no_progress_beside_the_prompt() -> None:
    now = [0.0]
    out = io.StringIO()
    line, work = ProgressLine(out, lambda: now[0]), Work()
    line.begin()
    work.did(200)
    now[0] = 2.0
    line.look(work)
    assert out.getvalue()
    line.end()
    assert out.getvalue().endswith("\r\x1b[K"), "the command is over, whether it prints anything or not"
    size = len(out.getvalue())
    now[0] = 4.0
    line.look(work)
    assert len(out.getvalue()) == size


def test_a_command_is_over_for_progress_when_it_ends_well_badly_or_by_a_key(busy: Shell) -> None:
    for line in ("status", "frame 999999", "help tcp"):
        busy.try_(line)
        assert not busy.app._line.running, line
