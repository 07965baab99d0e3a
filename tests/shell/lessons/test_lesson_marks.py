"""What counts as done: nothing that was skipped or shown, and hints and wrong answers take some off, everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shell.lessons.course import load
from shell.lessons.progress import DONE, PLAYED, SKIPPED, LessonRecord, ProgressStore, StepRecord, tally, worth
from shell.lessons.report import grade
from tests.shell.conftest import Shell


def row(shell: Shell, lesson: str) -> dict[str, object]:
    found = json.loads(shell.run("lesson list --json"))["lessons"]
    return next(each for each in found if each["id"] == lesson)


def step_of(lesson: str) -> StepRecord:
    return next(iter(ProgressStore.usual().load().lessons[lesson].done.values()))


@pytest.mark.parametrize("step, counts", [
    (StepRecord(DONE, ""), 100), (StepRecord(DONE, "", hints=1), 85), (StepRecord(DONE, "", wrong_answers=2), 80),
    (StepRecord(DONE, "", hints=3, wrong_answers=40), 40), (StepRecord(SKIPPED, ""), 0), (StepRecord(PLAYED, ""), 0)])
def test_what_a_step_counts(step: StepRecord, counts: int) -> None:
    assert worth(step) == counts


def test_a_lesson_is_worth_what_all_of_its_steps_are() -> None:
    record = LessonRecord("x", 4, {"a": StepRecord(DONE, ""), "b": StepRecord(SKIPPED, "")}, "2027-01-01")
    found = tally([record])
    assert (found.own, found.skipped, found.score) == (1, 1, 25)
    assert not record.whole


def test_a_skipped_lesson_is_not_done(engine_shell: Shell) -> None:
    engine_shell.run("lesson start arp")
    while engine_shell.session.lesson is not None and not engine_shell.session.lesson.finished:
        said = engine_shell.run("lesson skip")
    assert " 0 %: 0 of " in said
    assert "skipped" in said
    found = row(engine_shell, "arp")
    assert (found["state"], found["steps_done"], found["score"]) == ("over", 0, 0)
    assert found["skipped"] == found["steps"]
    drawn = engine_shell.run("lesson list")
    assert "0 of" in drawn.splitlines()[-2]
    assert f"{found['skipped']} skipped" in drawn.splitlines()[-2]
    assert "█" not in drawn


def test_a_lesson_of_which_only_the_introduction_was_read_has_begun(engine_shell: Shell) -> None:
    engine_shell.run("lesson start window-scaling")  # its first step begins with `lesson next`
    line = next(line for line in engine_shell.run("lesson list").splitlines() if " window-scaling " in line)
    assert "begun" in line and "0/0" not in line


@pytest.mark.parametrize("way", [
    ["lesson reset"], ["lesson quit", "lesson start arp"], ["lesson quit", "lesson start arp --anew"],
], ids=["reset", "left", "anew"])
def test_what_was_shown_stays_shown(engine_shell: Shell, way: list[str]) -> None:
    """Also when the solution did not finish the step: it is only shown, and the learner types it himself later."""
    engine_shell.run("lesson start arp")
    player = engine_shell.session.lesson
    assert player is not None
    player.play()
    for line in way:
        engine_shell.run(line)
    player = engine_shell.session.lesson
    assert player is not None
    for line in player.commands(player.step.solution):
        engine_shell.run(line)
    assert step_of("arp").how == PLAYED
    assert row(engine_shell, "arp")["shown"] == 1
    assert row(engine_shell, "arp")["score"] == 0


def test_hints_and_wrong_answers_are_kept_over_a_reset(engine_shell: Shell) -> None:
    engine_shell.run("lesson start reading-bytes")
    engine_shell.run("ping 192.168.1.1 --count 1 --ttl 33")
    engine_shell.run("lesson hint")
    engine_shell.fail("lesson answer 1")
    engine_shell.fail("lesson answer 2")
    engine_shell.run("lesson reset")
    player = engine_shell.session.lesson
    assert player is not None
    for line in player.commands(player.step.solution):
        engine_shell.run(player.fill_in(line))
    found = step_of("reading-bytes")
    assert (found.how, found.hints, found.wrong_answers) == (DONE, 1, 2)
    assert worth(found) == 65
    listed = row(engine_shell, "reading-bytes")
    assert (listed["hints"], listed["wrong_answers"]) == (1, 2)
    assert listed["score"] == 65 // int(str(listed["steps"]))
    assert "1 hint, 2 wrong answers" in engine_shell.run("lesson list")


def test_the_report_says_the_same(engine_shell: Shell, tmp_path: Path) -> None:
    test_hints_and_wrong_answers_are_kept_over_a_reset(engine_shell)
    course = tmp_path / "course.toml"
    course.write_text('lessons = ["reading-bytes"]\n')
    engine_shell.run(f"lesson course {course}")
    engine_shell.run(f"lesson report {tmp_path}/me.json --name Ada")
    score = json.loads((tmp_path / "me.json").read_text())["score"]
    [graded] = grade([tmp_path / "me.json"], load(course, ["reading-bytes"])).rows
    assert score == graded.score == row(engine_shell, "reading-bytes")["score"]
