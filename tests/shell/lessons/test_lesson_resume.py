"""A lesson that was left in any step goes on there, with the lab as it was, and gives back the lab before it."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from aether.engine.core import Core
from aether.lab import simulated
from shell.lessons import library
from shell.lessons.load import load
from shell.lessons.progress import ProgressStore
from shell.lessons.sandbox import prepare
from shell.session import Lab, Session
from tests.shell.conftest import Shell

LESSONS = library.files([library.BUILT_IN])


@contextmanager
def fresh(capfd: pytest.CaptureFixture[str], seed: int) -> Iterator[Shell]:
    """Return a shell of its own, as after a start of the program."""
    core = Core(simulated(seed), speed=math.inf)
    core.start()
    yield Shell(Session(core, Lab("SIM", seed=seed), "rich", scripted=True), capfd)
    core.stop()


def _lab(shell: Shell) -> tuple[int, int, str]:
    """Return where the present is, also while somebody looks at the past: a lesson goes on in the present."""
    return shell.session.core.whole.with_loop(
        lambda loop: (loop.world.occurrence, loop.world.now, str(loop.world.state_hash())))


def _type(shell: Shell, lines: list[str]) -> None:
    player = shell.session.lesson
    assert player is not None
    for line in lines:
        shell.try_(player.fill_in(line))


@pytest.mark.parametrize("name", LESSONS)
def test_every_step_goes_on_after_a_kill(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    lesson = load(LESSONS[name])
    for index, step in enumerate(lesson.steps):
        with fresh(capfd, 5) as shell:
            shell.run(f"lesson start {name} --anew")
            for _ in range(index):
                shell.run("lesson skip")
            player = shell.session.lesson
            assert player is not None
            commands = player.commands(step.solution)
            half = len(commands) // 2
            _type(shell, commands[:half])
            left, rows, mode = _lab(shell), player.rows(), shell.session.core.status().mode
        with fresh(capfd, 6) as again:
            again.run("lesson resume")
            player = again.session.lesson
            assert player is not None
            assert player.index == index
            if mode == "bench":  # nothing is recorded there: such a step begins anew
                half = 0
            else:
                assert _lab(again) == left
                assert player.rows() == rows
            _type(again, commands[half:])
            assert player.complete or not step.checks, [row for row in player.rows() if not row.holds]


def test_the_lab_is_put_back(engine_shell: Shell) -> None:
    engine_shell.run("knob set tcp.mss 1000")
    engine_shell.run("link loss 5%")
    engine_shell.run("ping 192.168.1.1 --count 2")
    before = _lab(engine_shell)
    frames = engine_shell.run("frames")
    engine_shell.run("lesson start no-retransmission")
    assert _lab(engine_shell) != before
    engine_shell.run("lesson skip")
    engine_shell.run("lesson stop")
    assert _lab(engine_shell) == before
    assert engine_shell.run("frames") == frames


def test_a_reset_brings_the_step_back_to_its_beginning(engine_shell: Shell) -> None:
    engine_shell.run("lesson start handshake")
    engine_shell.run("lesson skip")
    before = _lab(engine_shell)
    engine_shell.run('tcp send 1 "something else"')
    assert _lab(engine_shell) != before
    engine_shell.run("lesson reset")
    assert _lab(engine_shell) == before


def test_everything_else_works_in_a_lesson(engine_shell: Shell) -> None:
    engine_shell.run("lesson start handshake")
    for line in ("status", "help tcp", "explain SYN", "frames", "link show", "knob list", "drops", "break list"):
        engine_shell.run(line)
    engine_shell.run("lesson next")  # the introduction is a page of its own
    assert "not done" in engine_shell.fail("lesson next")
    assert "✗" in engine_shell.run("lesson check")
    printed = engine_shell.run("tcp connect 192.168.1.1:7")
    assert "✓ You sent a SYN." in printed
    assert "lesson next" in printed


def test_next_without_a_number_means_the_lesson(engine_shell: Shell) -> None:
    engine_shell.run("lesson start tour")
    assert "this step is not done" in engine_shell.fail("next")
    engine_shell.run("ping 192.168.1.1 --count 1")
    assert "2/3" in engine_shell.run("next")
    engine_shell.run("lesson quit")
    assert "next needs NUMBER" in engine_shell.fail("next")


def test_the_trace_goes_on_with_the_lesson(engine_shell: Shell) -> None:
    engine_shell.run("lesson start first-frame")
    engine_shell.run("trace on")
    engine_shell.run("ping 192.168.1.1 --count 1")
    engine_shell.run("lesson quit")
    engine_shell.run("trace off")
    engine_shell.run("lesson start first-frame")
    assert engine_shell.session.tracing


def test_frames_are_shown_before_what_they_brought_about(engine_shell: Shell) -> None:
    engine_shell.run("lesson start first-frame")
    engine_shell.run("trace on")
    printed = engine_shell.run("ping 192.168.1.1 --count 1")
    assert printed.index("< .1 > .2                  ICMP echo reply") < printed.index("✓ You sent an echo request.")


def test_an_answer_may_have_a_unit(engine_shell: Shell) -> None:
    engine_shell.run("lesson start first-frame")
    engine_shell.run("lesson skip")
    engine_shell.run("lesson skip")
    engine_shell.run("ping 192.168.1.1 --count 1")
    assert "ip.len is a number" in engine_shell.fail("answer many")
    assert "right: 84 bytes" in engine_shell.run("answer 84 bytes")


def test_the_list_names_the_next_lesson(engine_shell: Shell) -> None:
    assert "`lesson start tour` begins the next one" in engine_shell.run("lesson list")


def test_digits_read_from_a_dump_are_told_apart_from_a_number(engine_shell: Shell) -> None:
    engine_shell.run("lesson start reading-bytes")
    engine_shell.run("lesson skip")
    engine_shell.run("ping 192.168.1.1 --count 1")
    assert "write 0xf753" in engine_shell.fail("answer f753")
    assert "write 0xf753" in engine_shell.fail("answer f7 53")
    assert "hexadecimal" not in engine_shell.fail("answer 0x1111")


def test_an_address_may_be_answered_as_the_trace_shortens_it(engine_shell: Shell) -> None:
    engine_shell.run("lesson start dhcp")
    engine_shell.run("lesson skip")
    engine_shell.run("dhcp start")
    engine_shell.fail("answer .1")
    assert "right: .100" in engine_shell.run("answer .100")


def test_a_step_is_shown_without_what_is_missing(engine_shell: Shell) -> None:
    assert "not yet" not in engine_shell.run("lesson start reading-bytes")
    assert "not yet: asked when the rest is done" in engine_shell.run("lesson check")


@pytest.mark.parametrize("change", [
    lambda text: text[:200], lambda text: text.replace('"Ping"', '"Pong"'),
    lambda text: text.replace('"ev": 0', '"ev": 77'),
    lambda text: text.replace('"size"', '"sizes"'), lambda text: re.sub(r"[0-9a-f]{32}", "0" * 32, text),
], ids=["cut", "unknown operation", "another place", "unknown value", "another state"])
def test_the_lab_of_another_version_begins_the_step_anew(
    change: Callable[[str], str], capfd: pytest.CaptureFixture[str],
) -> None:
    with fresh(capfd, 5) as shell:
        shell.run("lesson start first-frame")
        shell.run("lesson skip")
        shell.run("ping 192.168.1.1 --count 1")
    store = ProgressStore.usual()
    saved = store.load_lab("first-frame")
    assert saved is not None
    assert change(saved.recording) != saved.recording
    store.save_lab(dataclasses.replace(saved, recording=change(saved.recording)))
    with fresh(capfd, 6) as again:
        assert "begins anew" in again.run("lesson resume")
        assert "✗ You pinged once more" in again.run("lesson check")
        assert "✓" in again.run("ping 192.168.1.1 --count 1")
        assert not again.session.core.status().fault


def test_what_comes_next_is_ahead_of_what_was_begun(engine_shell: Shell) -> None:
    engine_shell.run("lesson start arp")
    assert "`lesson start arp` goes on with it" in engine_shell.run("lesson list")
    for _ in range(4):
        engine_shell.run("lesson skip")
    printed = engine_shell.run("lesson next")
    assert "Reading bytes" in printed


def test_what_a_lesson_does_to_its_lab_shows_nothing(engine_shell: Shell) -> None:
    """A ping of the set-up printed its answer above the lesson's title, as it came."""
    shown: list[object] = []
    terminal = engine_shell.session.terminal
    lesson = load(library.BUILT_IN / "write-the-filter.md")
    assert any(line.startswith("ping") and "--background" not in line for line in lesson.setup)
    terminal.meanwhile = shown.append
    prepare(engine_shell.session, lesson, None)
    assert shown == []
    assert terminal.meanwhile == shown.append


def test_ctrl_c_ends_a_solution_and_the_step_can_be_tried_again(
    engine_shell: Shell, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lines after it would be about what never came."""
    engine_shell.run("lesson start one-bit-wrong")
    engine_shell.run("c")
    wait = Session.wait
    monkeypatch.setattr(Session, "wait", lambda *_, **__: "detached")
    said = engine_shell.run("lesson play")
    assert "ping 192.168.1.1 --count 1" in said and "the solution ends here" in said
    assert "edit" not in said
    monkeypatch.setattr(Session, "wait", wait)
    engine_shell.run("lesson reset")
    engine_shell.run("c")
    assert "step 1 of 3 done, after its solution was shown" in engine_shell.run("lesson play")


@pytest.mark.parametrize("line", ["lesson skip", "lesson play"])
def test_a_solution_that_waits_for_an_hour_lasts_none(capfd: pytest.CaptureFixture[str], line: str) -> None:
    """World time passes here as fast as the wall's, as for every learner; and so it does afterwards."""
    core = Core(simulated(1), speed=1.0)
    core.start()
    try:
        shell = Shell(Session(core, Lab("SIM", seed=1), "rich"), capfd)
        shell.run("lesson start half-open")
        shell.run(line)
        assert core.ask(lambda world: world.now) > 3600 * 1_000_000
        assert core.status().speed == 1
    finally:
        core.stop()
