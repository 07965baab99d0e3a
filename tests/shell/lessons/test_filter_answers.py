"""Questions that are answered by an expression: any is right that shows the same frames."""

from __future__ import annotations

from pathlib import Path

import pytest

from shell.lessons import library
from shell.lessons.judge import judge
from shell.lessons.load import load
from shell.lessons.player import under_way
from tests.shell.conftest import Shell


@pytest.mark.parametrize("expression", [
    "tcp.flags.reset == 1", "tcp.flags & 0x04", "tcp.flags == 0x14", "not (not tcp.flags.reset == 1)",
])
def test_every_expression_that_shows_the_same_frames_is_right(engine_shell: Shell, expression: str) -> None:
    engine_shell.run("lesson start write-the-filter")
    assert "right" in engine_shell.run(f"lesson answer {expression}")


def test_what_is_shown_too_much_or_too_little_is_named(engine_shell: Shell) -> None:
    engine_shell.run("lesson start write-the-filter")
    assert "too" in engine_shell.fail("lesson answer tcp")
    assert "none of the frames that are wanted" in engine_shell.fail("lesson answer arp")
    engine_shell.run("lesson answer tcp.flags.reset == 1")
    engine_shell.run("lesson next")
    assert "it shows no frame" in engine_shell.fail("lesson answer dns.flags.rcode == 3 and dns.qry.name == www.lab")
    engine_shell.run("lesson answer dns.flags.rcode == 3")
    engine_shell.run("lesson next")
    assert "does not show" in engine_shell.fail("lesson answer tcp.flags.syn == 1 and tcp.dstport == 7")


def test_what_is_no_expression_costs_nothing(engine_shell: Shell) -> None:
    engine_shell.run("lesson start write-the-filter")
    player = under_way(engine_shell.session)
    assert player is not None
    assert "no field" in engine_shell.fail("lesson answer tcp.flag.reset == 1")
    assert "say what they are like" in engine_shell.fail("lesson answer frame.number == 12")
    assert player.tracker.wrong_answers == 0
    engine_shell.fail("lesson answer udp")
    assert player.tracker.wrong_answers == 1


def test_an_answer_is_judged_again_by_whoever_grades(engine_shell: Shell) -> None:
    from shell.lessons.evidence import from_data
    from shell.lessons.progress import ProgressStore

    engine_shell.run("lesson start write-the-filter")
    engine_shell.fail("lesson answer tcp")
    engine_shell.run("lesson answer tcp.flags.reset == 1")
    lesson = load(library.files([library.BUILT_IN])["write-the-filter"])
    shown = from_data(ProgressStore.usual().load_evidence("write-the-filter")[lesson.steps[0].title])
    verdict = judge(lesson, shown, lesson.seed, "2026-01-01", 100)
    assert verdict.step is not None
    assert verdict.step.wrong_answers == 1
    for mark in shown.marks:
        mark.text = mark.text.replace("reset", "fin")
    assert judge(lesson, shown, lesson.seed, "2026-01-01", 100).step is None


def test_an_answer_without_lesson_before_it_is_no_redirection(
    engine_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`answer tcp.len > 0` was cut at the sign, and made a file called 0."""
    monkeypatch.chdir(tmp_path)
    engine_shell.run("lesson start write-the-filter")
    for _ in range(3):
        engine_shell.run("skip")
    engine_shell.run("b")
    assert "right: tcp.dstport == 7 and tcp.len > 0" in engine_shell.run("answer tcp.dstport == 7 and tcp.len > 0")
    assert list(tmp_path.iterdir()) == []
