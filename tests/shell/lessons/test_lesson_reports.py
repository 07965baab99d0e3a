"""What a teacher gets: reports, the table over a class, courses, and lessons of one's own."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from shell.lessons.drafts import BETTER, PLACEHOLDERS
from shell.lessons.evidence import OVER
from shell.lessons.program import check_file, main
from shell.lessons.progress import ProgressStore
from tests.shell.conftest import Shell


def _finish(shell: Shell, name: str) -> None:
    """Go through a lesson: the first step as played, the others skipped."""
    shell.run(f"lesson start {name}")
    shell.run("lesson play")
    player = shell.session.lesson
    assert player is not None
    while not player.finished:
        shell.run("lesson skip")
    shell.run("lesson quit")


@pytest.fixture
def report(engine_shell: Shell, tmp_path: Path) -> Path:
    """Return a report over a course of two lessons, one of them finished."""
    course = tmp_path / "course.toml"
    course.write_text('title = "Networks"\nlessons = ["arp", "first-frame"]\n[deadlines]\narp = 2020-01-31\n')
    printed = engine_shell.run(f"lesson course {course}")
    assert "Networks" in printed
    assert "2020-01-31" in printed
    assert "handshake" not in printed
    assert printed.index(" arp ") < printed.index(" first-frame ")
    _finish(engine_shell, "arp")
    engine_shell.run(f"lesson report {tmp_path}/ada.json --name Ada")
    return tmp_path / "ada.json"


def test_a_report_is_graded(report: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    assert main(["grade", str(report), "--course", str(tmp_path / "course.toml"), "--json"]) == 0
    [row] = json.loads(capfd.readouterr().out)["rows"]
    assert (row["learner"], row["finished"], row["lessons"]) == ("Ada", 0, 2)  # skipped is not done
    assert row["played"] == 1
    assert row["skipped"] > 0
    assert row["score"] == 0
    assert row["remark"] == ""
    assert row["late"] == ["arp"]


@pytest.mark.parametrize("old, new", [('"score": 0', '"score": 100'), ('"skipped"', '"done"'), ('"Ada"', '"Bob"')])
def test_an_edited_report_is_named(report: Path, old: str, new: str, capfd: pytest.CaptureFixture[str]) -> None:
    text = report.read_text()
    assert old in text
    report.write_text(text.replace(old, new))
    assert main(["grade", str(report)]) == 1
    assert "edited" in capfd.readouterr().out


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"report": 1}', '{"report": 1, "lessons": 5, "learner": ""}', "\0",
                                  '{"report": 1, "learner": "x", "lessons": {"arp": {"done": {"a": {}}}}}'])
def test_what_is_no_report_is_said_so(tmp_path: Path, text: str, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_text(text)
    assert main(["grade", str(tmp_path / "x.json"), str(tmp_path / "none.json")]) == 1
    said = capfd.readouterr()
    assert "2 of 2 reports cannot be relied on" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("text, complaint", [
    ("lessons = 5", "list of ids"), ('lessons = ["apr"]', "Did you mean: arp"), ("nonsense", "no TOML"),
    ('lessons = ["arp", "arp"]', "twice"), ('lessons = ["arp"]\nfoo = 1', "no field 'foo'"),
    ('lessons = ["arp"]\n[deadlines]\narp = "soon"', "is a day"),
    ('lessons = ["arp"]\n[deadlines]\ndns = 2027-01-01', "does not have"),
])
def test_a_course_file_with_a_mistake_is_refused(
    engine_shell: Shell, tmp_path: Path, text: str, complaint: str
) -> None:
    (tmp_path / "course.toml").write_text(text)
    assert complaint in " ".join(engine_shell.fail(f"lesson course {tmp_path}/course.toml").split())


def own_words(path: Path) -> None:
    """Replace what a new lesson begins with, as its author does."""
    text = path.read_text().replace(BETTER, "")
    for each in PLACEHOLDERS:
        text = text.replace(each, f"{each[:-1].upper()} of mine")
    path.write_text(text)


def test_a_new_lesson_is_good_and_found_on_the_path(
    engine_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    engine_shell.run("lesson new my-lesson")
    untouched = [each.message for each in check_file(tmp_path / "my-lesson.md", [])]
    assert len(untouched) == 4
    assert all("what it began with" in each for each in untouched)
    own_words(tmp_path / "my-lesson.md")
    assert check_file(tmp_path / "my-lesson.md", []) == []
    engine_shell.run(f"lesson path {tmp_path}")
    assert "my-lesson" in engine_shell.run("lesson list")
    assert "is there already" in engine_shell.fail("lesson new my-lesson")
    assert "no name" in engine_shell.fail("lesson new ../x")
    engine_shell.run(f"lesson path {tmp_path} --remove")
    assert "my-lesson" not in engine_shell.run("lesson list")


def test_what_was_done_by_oneself_is_not_replaced_by_what_was_skipped(engine_shell: Shell) -> None:
    kept = []
    for by_oneself in (True, False):
        engine_shell.run("lesson start first-frame --anew")
        player = engine_shell.session.lesson
        assert player is not None
        while player.asks:
            engine_shell.run("a")
        for line in player.commands(player.step.solution) if by_oneself else ["lesson skip"]:
            engine_shell.run(line)
        kept.append(ProgressStore.usual().load_evidence("first-frame")[player.lesson.steps[0].title])
    assert kept[0]["marks"][-1]["what"] == OVER
    assert kept[1] == kept[0]


def test_what_was_typed_becomes_a_lesson(
    engine_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "nothing was typed" in engine_shell.fail("lesson record drafted")
    engine_shell.run("ping 192.168.1.1 --count 1")
    engine_shell.run("lesson list")
    engine_shell.run("tcp connect 192.168.1.1:7")
    engine_shell.run("lesson record drafted")
    text = (tmp_path / "drafted.md").read_text()
    assert "ping 192.168.1.1 --count 1\ntcp connect 192.168.1.1:7\n" in text
    assert "lesson list" not in text
    assert len(check_file(tmp_path / "drafted.md", [])) == 6, "its checks are to be replaced, too"
    own_words(tmp_path / "drafted.md")
    assert check_file(tmp_path / "drafted.md", []) == []


def test_the_shell_grades_by_a_course_file_too(report: Path, tmp_path: Path, engine_shell: Shell) -> None:
    said = engine_shell.run(f"lesson grade {report} --course {tmp_path}/course.toml --json")
    [row] = json.loads(said)["rows"]
    assert (row["learner"], row["lessons"], row["late"]) == ("Ada", 2, ["arp"])


def test_grading_needs_no_lab_and_bears_one_that_is_named(report: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from shell.__main__ import main as program

    capfd.readouterr()
    assert program(["--sim", "lesson", "grade", str(report), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["rows"][0]["learner"] == "Ada"


def test_a_course_counts_its_lessons_and_marks_what_is_late(engine_shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text(
        'lessons = ["what-would-linux-do", "arp", "tour"]\n[deadlines]\narp = 2020-01-31\ntour = 2999-01-01\n')
    listed = json.loads(engine_shell.run(f"lesson course {tmp_path}/course.toml --json"))["lessons"]
    assert [row["number"] for row in listed] == [1, 2, 3]
    assert [row["late"] for row in listed] == [False, True, False]
    drawn = engine_shell.run("lesson list")
    assert "late, 2020-01-31 is past" in drawn
    assert "2999-01-01" in drawn
    assert "Two minutes" in engine_shell.run("lesson start 3"), "the number is that of the list"


def test_after_the_last_lesson_of_a_course_nothing_else_is_offered(engine_shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text('lessons = ["tour"]\n')
    engine_shell.run(f"lesson course {tmp_path}/course.toml")
    engine_shell.run("lesson start tour")
    for _ in range(3):
        said = engine_shell.run("lesson skip")
    assert "That was the last one" in said
    assert "done all lessons" in engine_shell.fail("lesson next")


def test_at_the_end_one_is_told_the_worth_that_the_course_gives_and_how_to_hand_in(
    engine_shell: Shell, tmp_path: Path,
) -> None:
    (tmp_path / "course.toml").write_text('title = "Nets"\nlessons = ["tour"]\n[weights]\nshown = 50\n')
    engine_shell.run(f"lesson course {tmp_path}/course.toml --name Ada")
    engine_shell.run("lesson start tour")
    for line in ("lesson play", "lesson next", "lesson play", "lesson next", "lesson play"):
        said = " ".join(engine_shell.run(line).split())
    assert "50 %: 0 of 3 steps done" in said, "by the usual weights it is nothing"
    assert "That was the last one of Nets:" in said and "lesson hand-in" in said
    listed = json.loads(engine_shell.run("lesson list --json"))
    assert listed["lessons"][0]["score"] == 50 and "hand-in" in listed["hint"]
    engine_shell.run(f"lesson report {tmp_path}/me.json")
    assert json.loads((tmp_path / "me.json").read_text())["score"] == 50


def test_lessons_without_a_place_are_numbered_after_the_others(
    engine_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        engine_shell.run(f"lesson new {name}")
    engine_shell.run(f"lesson path {tmp_path}")
    numbers = [row["number"] for row in json.loads(engine_shell.run("lesson list --json"))["lessons"]]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] < 1000


def test_grades_as_a_table_for_a_grade_book(report: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    content = json.loads(report.read_text())
    content["learner"] = '=HYPERLINK("x"), Ada'
    report.write_text(json.dumps(content))
    capfd.readouterr()
    assert main(["grade", str(report), "--course", str(tmp_path / "course.toml"), "--csv"]) == 1
    [row] = csv.DictReader(io.StringIO(capfd.readouterr().out))
    assert row["learner"] == "'=HYPERLINK(\"x\"), Ada"
    assert (row["score"], row["late"], row["file"]) == ("0", "arp", "ada.json")
    assert "edited by hand" in row["remark"]
