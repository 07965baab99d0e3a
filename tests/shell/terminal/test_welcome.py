"""What greets somebody: once, in lines that fit, and never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from shell.language.registry import find
from shell.lessons.progress import ProgressStore
from shell.lessons.welcome import FIRST, TIPS, Greeter


def test_the_welcome_offers_the_tour_and_the_course_once(tmp_path: Path) -> None:
    said = Greeter(ProgressStore(tmp_path)).welcome()
    assert "lesson start tour" in said
    assert "lesson start first-frame" in said
    assert Greeter(ProgressStore(tmp_path)).welcome() == ""


def test_a_lesson_in_the_middle_is_offered_instead(tmp_path: Path) -> None:
    store = ProgressStore(tmp_path)
    progress = store.load()
    progress.current = "arp"
    store.save(progress)
    assert "`lesson resume` goes on with the lesson arp" in Greeter(store).welcome()


@pytest.mark.parametrize("path", TIPS)
def test_a_tip_appears_once(tmp_path: Path, path: tuple[str, ...]) -> None:
    assert find(list(path)).path == path
    assert Greeter(ProgressStore(tmp_path)).tip(path).startswith("tip: ")
    assert Greeter(ProgressStore(tmp_path)).tip(path) == ""


def test_other_commands_have_no_tip(tmp_path: Path) -> None:
    assert Greeter(ProgressStore(tmp_path)).tip(("status",)) == ""


def test_a_home_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = ProgressStore(tmp_path / "file" / "below")
    assert "lesson start tour" in Greeter(store).welcome()
    assert Greeter(store).welcome() == "", "once in each run"


def test_every_line_fits_into_eighty_columns() -> None:
    lines = [*FIRST.splitlines(), *(f"tip: {text}" for text in TIPS.values())]
    assert {line: len(line) for line in lines if len(line) > 80} == {}
