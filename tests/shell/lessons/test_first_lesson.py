"""What somebody meets who begins with lessons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shell.results.lesson import LessonList
from tests.shell.conftest import Shell
from tests.shell.terminal.test_prompt import Screenlike


def to_a_prediction(shell: Shell) -> None:
    """Go on with a lesson to the first prediction."""
    shell.run("lesson start first-frame")
    for _ in range(6):
        if shell.session.lesson is not None and shell.session.lesson.asks:
            return
        shell.try_("lesson skip" if "✗" in shell.run("lesson check") else "lesson next")
    raise AssertionError("no prediction is asked for")


@pytest.mark.parametrize("letter", ["x", "z", "7", "f"])
def test_a_letter_that_is_no_choice_is_answered_with_the_choices(engine_shell: Shell, letter: str) -> None:
    to_a_prediction(engine_shell)
    said = engine_shell.fail(letter)
    assert "the choice is a letter from a to" in said and f"not {letter!r}" in said
    assert engine_shell.session.lesson is not None and engine_shell.session.lesson.asks


def test_without_a_question_a_letter_is_no_answer(engine_shell: Shell) -> None:
    assert "no command 'x'" in engine_shell.fail("x")
    engine_shell.run("lesson start handshake")
    assert "no command 'x'" in engine_shell.fail("x"), "the introduction asks nothing"


def test_a_lesson_says_what_it_builds_on(engine_shell: Shell) -> None:
    said = engine_shell.run("lesson start byte-stream")
    assert "it builds on handshake, not done yet: lesson start handshake" in " ".join(said.replace("`", "").split())
    engine_shell.run("lesson quit")
    assert "builds on" not in engine_shell.run("lesson start handshake")


def test_a_check_says_once_what_is_waited_for(engine_shell: Shell) -> None:
    engine_shell.run("lesson start handshake")
    engine_shell.run("lesson next")
    for line in ("lesson check", "lesson check --plain"):
        lines = [each.strip() for each in engine_shell.run(line).splitlines()]
        assert len(lines) > 2
        assert len([each for each in lines if each.startswith("not yet")]) == len(
            {each for each in lines if each.startswith("not yet")})


def test_a_long_list_is_shown_in_pages(shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    paged: list[Any] = []
    monkeypatch.setattr("sys.stdin", Screenlike())
    monkeypatch.setattr("sys.stdout", Screenlike())
    monkeypatch.setattr(shell.app, "at_keys", True)
    monkeypatch.setattr(shell.app, "ppaged", lambda drawn, **options: paged.append(drawn))
    shell.run("lesson list")
    shell.run("knob list")
    assert len(paged) == 2
    shell.run(f"lesson list > {tmp_path / 'list'}")
    assert len(paged) == 2
    assert LessonList.__name__ not in (tmp_path / "list").read_text()
    assert (tmp_path / "list").read_text()
