"""Marks on their way to grade books and autograders, and what is handed in."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from shell.language.grammar import CommandError
from shell.lessons import gradebook, player, roster
from shell.lessons.course import Course
from shell.lessons.course import load as load_course
from shell.lessons.program import main
from shell.lessons.progress import USUAL, LessonRecord, StepRecord, Weights
from shell.lessons.report import _mark
from shell.lessons.sharing import judged_by
from shell.results.lesson import GradeRow, GradeTable, LessonMark
from tests.shell.conftest import Shell

ROOT = Path(__file__).parents[3]
COURSE = Course("Networks I", ["arp", "handshake"], {"arp": "2027-01-31"})
ROSTER = "Name;Email address;Username;ID number;SIS User ID;Section\nLovelace, Ada;ada@example.org;al01;4711;;A\n" \
         "Ben B;ben@example.org;bb17;4712;;B\n"


def row(learner: str, *marks: tuple[str, int, int], remark: str = "") -> GradeRow:
    found = [LessonMark(name, raw, 1 if raw > score else 0, score, "2027-02-01T10:00:00+00:00", "2027-01-31")
             for name, raw, score in marks]
    return GradeRow(f"{learner}.json", learner, 1, 2, 5, 0, 0, 6, 0, 0, 10, 80, remark, [], found)


TABLE = GradeTable([row("Lovelace, Ada", ("arp", 90, 72), ("handshake", 100, 100))])


def table_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.fixture
def known(tmp_path: Path) -> dict[str, roster.Learner]:
    (tmp_path / "list.csv").write_text(ROSTER)
    return roster.load(tmp_path / "list.csv")


def test_moodle_finds_everybody_by_any_of_its_keys_and_gives_no_mark_for_nothing(
    known: dict[str, roster.Learner],
) -> None:
    text, strangers = gradebook.written("moodle", TABLE, COURSE, known)
    head, ada, ben = table_of(text)
    assert head == ["First name", "Last name", "ID number", "Email address", "Username", "arp", "handshake",
                    "Networks I", "Feedback"]
    assert ada == ["Ada", "Lovelace", "4711", "ada@example.org", "al01", "72", "100", "80", ""]
    assert ben == ["Ben", "B", "4712", "ben@example.org", "bb17", "-", "-", "-", "nothing was handed in"]
    assert not strangers


def test_canvas_takes_the_header_and_the_line_of_points(known: dict[str, roster.Learner]) -> None:
    """What `lib/gradebook_importer.rb` asks of a file: these columns, these positions, this second line."""
    head, points, ada, ben = table_of(gradebook.written("canvas", TABLE, COURSE, known)[0])
    assert "Student" in head[0] and "ID" in head[1]
    assert head[2:5] == ["SIS User ID", "SIS Login ID", "Section"]
    assert "Points Possible" in points[0] and points[5:] == ["100", "100", "100"]
    assert ada == ["Lovelace, Ada", "", "4711", "al01", "A", "72", "100", "80"]
    assert ben[5:] == ["", "", ""]


def test_nbgrader_has_a_line_for_each_lesson_and_learner(known: dict[str, roster.Learner]) -> None:
    rows = list(csv.DictReader(io.StringIO(gradebook.written("nbgrader", TABLE, COURSE, known)[0], newline="")))
    assert [(each["assignment"], each["last_name"]) for each in rows] == [
        ("arp", "Lovelace"), ("arp", "B"), ("handshake", "Lovelace"), ("handshake", "B")]
    assert {name: rows[0][name] for name in ("raw_score", "late_submission_penalty", "score", "max_score")} == {
        "raw_score": "90.0", "late_submission_penalty": "18.0", "score": "72.0", "max_score": "100.0"}
    assert rows[0]["duedate"] == "2027-01-31" and rows[0]["timestamp"] == "2027-02-01 10:00:00"
    assert rows[1]["score"] == "0.0" and rows[1]["timestamp"] == ""


def test_without_a_list_everybody_is_who_his_report_says() -> None:
    for form in gradebook.FORMS:
        text, strangers = gradebook.written(form, TABLE, COURSE, {})
        assert "Lovelace" in text and not strangers


def test_who_is_not_in_the_list_is_named_and_a_formula_is_none(known: dict[str, roster.Learner]) -> None:
    table = GradeTable([row("=HYPERLINK(1)", ("arp", 1, 1), ("handshake", 1, 1))])
    assert gradebook.written("canvas", table, COURSE, known)[1] == ["=HYPERLINK(1)"]
    assert "'=HYPERLINK(1)" in gradebook.written("canvas", table, COURSE, {})[0]


@pytest.mark.parametrize("text, words", [
    ("", "is empty"), ("email\na@b\n", "no column is called name"), ("name,email\nA,1\na ,2\n", ":3: a is there twice"),
    ('name\n"A', "is no CSV"), ("name\n\udcff\n", "is no CSV"),
])
def test_a_list_that_is_none_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CommandError, match=words):
        roster.load(file)


def test_what_canvas_has_exported_is_a_list(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("﻿Student,ID,SIS User ID,SIS Login ID,Section,Essay (17)\nPoints Possible,,,,,10\n"
                    "\"Lovelace, Ada\",42,4711,al01,A,9\n")
    assert roster.load(file) == {"lovelace, ada": roster.Learner(
        "Lovelace, Ada", username="al01", id="42", number="4711", section="A")}


@pytest.mark.parametrize("finished, days, score", [
    ("2027-01-31T23:59:00+00:00", 0, 100), ("2027-02-01T00:01:00+00:00", 1, 85), ("2027-02-03T12:00:00+00:00", 3, 75),
    ("2027-02-28T12:00:00+00:00", 28, 40),
])
def test_each_day_late_takes_something_off(finished: str, days: int, score: int) -> None:
    course = replace(COURSE, weights=Weights(late=10, late_day=5, late_most=60))
    record = LessonRecord("ARP", 1, {"step": StepRecord("done", finished)}, finished)
    mark = _mark("arp", record, course)
    assert (mark.late_days, mark.raw, mark.score) == (days, 100, score)
    assert _mark("arp", record, replace(course, deadlines={})).score == 100


def test_an_unfinished_lesson_is_late_by_its_last_step() -> None:
    course = replace(COURSE, deadlines={"arp": "2020-01-31"}, weights=Weights(late_day=5))
    record = LessonRecord("ARP", 2, {"step": StepRecord("done", "2020-02-02T00:00:00")})
    assert _mark("arp", record, course).late_days == 2
    assert _mark("arp", LessonRecord("ARP", 2), course).late_days >= 1
    assert _mark("arp", record, replace(course, deadlines={"arp": "2999-01-31"})).late_days == 0
    assert USUAL.lateness(5) == 0


def test_a_course_file_says_what_a_day_costs(tmp_path: Path) -> None:
    file = tmp_path / "course.toml"
    file.write_text('lessons = ["arp"]\n[weights]\nlate_day = 5\nlate_most = 50\n')
    assert load_course(file, ["arp"]).weights == replace(USUAL, late_day=5, late_most=50)


class Still:
    """A wall's clock that stands: nobody has taken any time."""

    def time(self) -> float:
        return 1_800_000_000.0

    monotonic = time


@pytest.fixture
def handed_in(engine_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that somebody has handed in who has done a step of a course of two lessons."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(player, "time", Still())
    (tmp_path / "course.toml").write_text('title = "Netze & Co."\nlessons = ["handshake", "arp"]\n')
    engine_shell.run("lesson course course.toml --name Zoë")
    engine_shell.run("lesson start handshake")
    engine_shell.run("tcp connect 192.168.1.1:7")
    engine_shell.run("lesson quit")
    said = " ".join(engine_shell.run("lesson hand-in").split())
    assert "netze-co-zoe.json written" in said
    assert "Not finished: handshake (1 of 4 steps), arp (0 of" in said
    assert "is there already" in engine_shell.fail("lesson hand-in")
    engine_shell.run("lesson hand-in --force")
    return tmp_path / "netze-co-zoe.json"


def test_what_is_handed_in_is_graded(handed_in: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert handed_in.exists()
    main(["grade", "--course", "course.toml", "--csv", "."])
    assert "Zoë" in capfd.readouterr().out


def test_nobody_hands_in_without_a_course(engine_shell: Shell) -> None:
    assert "lesson course FILE --name NAME" in " ".join(engine_shell.fail("lesson hand-in").split())


@pytest.mark.parametrize("more, status", [(("--least", "0"), 1), (("--least", "99"), 1), (("--lesson", "nowhere"), 2)])
def test_an_autograder_gets_a_status_and_json(
    handed_in: Path, capfd: pytest.CaptureFixture[str], more: tuple[str, ...], status: int,
) -> None:
    """The step was done by a script, faster than anybody reads: so the report is not relied on, whatever is enough."""
    assert main(["autograde", str(handed_in), "--course", "course.toml", "--json", *more]) == status
    said = capfd.readouterr()
    if status == 2:
        assert "the course has no lesson 'nowhere'" in said.err
        return
    found = json.loads(said.out)
    assert [each["name"] for each in found["tests"]] == ["handshake", "arp"]
    assert {"score", "max_score", "output", "tests"} <= found.keys()
    assert all({"name", "score", "max_score", "status", "output"} == each.keys() for each in found["tests"])
    assert found["extra_data"]["passed"] is False and "no time to read" in found["output"]


def test_autograding_passes_what_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from shell.lessons import autograde

    monkeypatch.setattr(autograde, "grade", lambda paths, course: TABLE)
    assert autograde.autograde(tmp_path, COURSE, "", 80)[1]
    assert not autograde.autograde(tmp_path, COURSE, "", 81)[1]
    found, _ = autograde.autograde(tmp_path, COURSE, "", 80)
    assert [each["status"] for each in found["tests"]] == ["failed", "passed"]
    name = TABLE.rows[0].learner
    assert autograde.autograde(tmp_path, COURSE, "", 80, name.upper())[1]
    found, enough = autograde.autograde(tmp_path, COURSE, "", 80, "Grace")
    assert not enough and f"the report of {name}, and Grace's is wanted" in found["output"]


def test_several_processes_say_what_one_says(handed_in: Path) -> None:
    course = load_course(Path("course.toml"), ["handshake", "arp"])
    for number in range(5):
        (handed_in.parent / f"{number}.json").write_bytes(handed_in.read_bytes())
    (handed_in.parent / "bad.json").write_text("{")
    paths = sorted(handed_in.parent.glob("*.json"))
    assert [each.row for each in judged_by(2, paths, course)] == [each.row for each in judged_by(1, paths, course)]


@pytest.mark.parametrize("words", [
    ("--moodle", "."), ("--canvas", "."), ("--course", "course.toml", "--roster", "course.toml", "."),
    ("--jobs", "0", "."), ("--course", "course.toml", "--moodle", "--canvas", "."),
    ("--course", "course.toml", "nowhere"),
])
def test_what_makes_no_sense_is_refused(handed_in: Path, words: tuple[str, ...]) -> None:
    try:
        status = main(["grade", *words])
    except SystemExit as ended:
        status = int(ended.code or 0)
    assert status in (1, 2)


def test_a_class_is_written_as_a_page(handed_in: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["class", ".", "--course", "course.toml", "--html", "class.html"]) == 0
    page = Path("class.html").read_text()
    assert "<html" in page.lower() and "handshake" in page
    assert main(["class", ".", "--html", "class.html"]) == 2
    assert "is there already" in capfd.readouterr().err
    Path("class.html").chmod(0o640)
    assert main(["class", ".", "--html", "class.html", "--force"]) == 0
    assert stat.S_IMODE(os.stat("class.html").st_mode) == 0o640


def test_the_program_grades_in_parallel_from_anywhere(handed_in: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "shell", "lesson", "grade", "--course", "course.toml", "--jobs", "2", "--nbgrader",
         "."], cwd=handed_in.parent, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL)
    assert "handshake,,,Zoë,,Zoë," in done.stdout, done.stderr
    assert "Traceback" not in done.stderr
