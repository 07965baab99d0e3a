"""Grades: recordings are repeated to the last bit and judged by the checks; what was forged or copied is named."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from shell.lessons import evidence, library, player
from shell.lessons.classroom import survey
from shell.lessons.course import Course, load
from shell.lessons.load import load as load_lesson
from shell.lessons.program import main
from shell.lessons.progress import USUAL, ProgressStore
from shell.lessons.report import digest, grade
from shell.results.lesson import GradeRow
from tests.shell.conftest import Shell

COURSE = 'title = "Networks"\nlessons = ["handshake"]\nown_seeds = true\n'
HANDSHAKE = [
    ["tcp connect 192.168.1.1:7"], ['tcp send 1 "hello"', "lesson answer {answer}"],
    ["tcp connect 192.168.1.1:6 --background", "run 1s"],
    ["link drop next tcp.flags.syn == 1 and dir == out", "tcp connect 192.168.1.1:7", "run 1s",
     "lesson answer {answer}"],
]


class Clock:
    """The wall's clock, by which a learner takes his time."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        self.now += 3.7
        return self.now

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def learner(engine_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Learner:
    """Return somebody who takes a course of one lesson."""
    monkeypatch.setattr(player, "time", Clock())
    (tmp_path / "course.toml").write_text(COURSE)
    return Learner(engine_shell, tmp_path)


class Learner:
    """Plays `handshake` under several names, and hands in."""

    def __init__(self, shell: Shell, directory: Path) -> None:
        self.shell = shell
        self.directory = directory
        self.course: Course = load(directory / "course.toml", ["handshake"])

    def plays(self, name: str, steps: int = 4, before: list[str] | None = None) -> Path:
        """Play a lesson from the beginning, and return the report."""
        for each in ProgressStore.usual().directory.glob("*.json"):
            each.unlink()
        self.shell.run(f"lesson course {self.directory}/course.toml --name {name}")
        self.shell.run("lesson start handshake --anew")
        for line in before or []:
            self.shell.try_(line)
        for number, lines in enumerate(HANDSHAKE[:steps]):
            for line in lines:
                player = self.shell.session.lesson
                assert player is not None
                self.shell.run(player.fill_in(line))
            if number + 1 < steps:
                self.shell.run("lesson next")
        self.shell.run("lesson quit")
        self.shell.run(f"lesson report {self.directory}/{name}.json --force")
        return self.directory / f"{name}.json"

    def grade(self, *paths: Path) -> list[GradeRow]:
        return grade(paths, self.course).rows


def change(path: Path, edit: Any) -> Path:
    """Change a report, and give it a digest that fits: somebody has read the source."""
    content = json.loads(path.read_text())
    content.pop("digest")
    edit(content)
    path.write_text(json.dumps({**content, "digest": digest(content)}))
    return path


def steps_of(content: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = content["evidence"]["handshake"]
    return found


def test_an_honest_report_is_worth_what_was_done(learner: Learner) -> None:
    [row] = learner.grade(learner.plays("ada"))
    assert (row.remark, row.done, row.steps, row.score, row.finished) == ("", 4, 4, 100, 1)


def test_hints_wrong_answers_and_half_a_lesson_are_in_the_mark(learner: Learner) -> None:
    [row] = learner.grade(learner.plays("ada", 2, ["lesson hint", "lesson answer 5"]))
    assert (row.remark, row.done, row.hints, row.wrong_answers) == ("", 2, 1, 0)
    assert row.score == (85 + 100) // 4
    assert row.finished == 0


def test_a_report_says_the_same_after_a_pause(learner: Learner) -> None:
    """The marks of a step are kept with the lab when a lesson is left in the middle."""
    shell = learner.shell
    shell.run(f"lesson course {learner.directory}/course.toml --name ada")
    shell.run("lesson start handshake")
    shell.run("lesson hint")
    shell.run("tcp connect 192.168.1.1:7")
    shell.run("lesson next")
    shell.run('tcp send 1 "hello"')
    shell.fail("lesson answer 7")
    shell.run("lesson quit")
    shell.run("lesson start handshake")
    player = shell.session.lesson
    assert player is not None
    shell.run(player.fill_in("lesson answer {answer}"))
    shell.run(f"lesson report {learner.directory}/ada.json")
    [row] = learner.grade(learner.directory / "ada.json")
    assert (row.remark, row.done, row.hints, row.wrong_answers) == ("", 2, 1, 1)


def test_everybody_has_numbers_of_his_own(learner: Learner) -> None:
    answers = []
    for name in ("ada", "ben"):
        content = json.loads(learner.plays(name).read_text())
        answers.append([mark["text"] for step in steps_of(content).values() for mark in step["marks"]
                        if mark["what"] == "answer" and len(mark["text"]) > 3])
    assert answers[0]
    assert answers[0] != answers[1]
    assert evidence.own_seed(3, "Networks", "Ada ") == evidence.own_seed(3, "Networks", "ada")
    assert evidence.own_seed(3, "Networks", "") == 3


def test_progress_that_was_edited_counts_for_nothing(learner: Learner) -> None:
    learner.plays("ada", 1)
    path = ProgressStore.usual().directory / "lessons.json"
    progress = json.loads(path.read_text())
    done = progress["lessons"]["handshake"]["done"]
    for title in ("What an ACK counts", "Refused", "Nobody answers"):
        done[title] = {**done["Open a connection"]}
    path.write_text(json.dumps(progress))
    learner.shell.run(f"lesson report {learner.directory}/ada.json --force")
    [row] = learner.grade(learner.directory / "ada.json")
    assert (row.done, row.score) == (1, 25)
    assert "What an ACK counts: without a recording (and 2 more)" in row.remark


def test_hints_that_were_edited_away_are_back(learner: Learner) -> None:
    def edit(content: dict[str, Any]) -> None:
        for step in content["lessons"]["handshake"]["done"].values():
            step["hints"] = step["wrong_answers"] = 0

    [row] = learner.grade(change(learner.plays("ada", 4, ["lesson hint", "lesson hint"]), edit))
    assert (row.hints, row.score) == (2, (70 + 300) // 4)


def test_a_copied_report_under_another_name_is_named(learner: Learner) -> None:
    path = learner.plays("ada")
    copy = learner.directory / "ben.json"
    copy.write_text(path.read_text())
    change(copy, lambda content: content.update(learner="ben"))
    ada, ben = learner.grade(path, copy)
    assert (ada.score, ada.remark) == (100, "")
    assert ben.score == 0
    assert "the seed of somebody else" in ben.remark


def test_two_reports_with_the_same_recording_are_named(learner: Learner) -> None:
    path = learner.plays("ada")
    copy = learner.directory / "again.json"
    copy.write_text(path.read_text())
    assert all("the same inputs at the same times as" in row.remark for row in learner.grade(path, copy))


def test_anothers_recording_is_named_though_its_seed_was_edited(learner: Learner) -> None:
    theirs = steps_of(json.loads(learner.plays("ada").read_text()))

    def edit(content: dict[str, Any]) -> None:
        own = next(iter(steps_of(content).values()))["seed"]
        content["evidence"]["handshake"] = {title: {**step, "seed": own} for title, step in theirs.items()}

    [row] = learner.grade(change(learner.plays("ben"), edit))
    assert row.score == 0
    assert "the seed of somebody else" in row.remark

    def edit_recording(content: dict[str, Any]) -> None:
        edit(content)
        for step in steps_of(content).values():
            text = evidence.unpack(step["recording"])
            head, rest = text.split("\n", 1)
            lab = {**json.loads(head)}
            lab["lab"]["seed"] = step["seed"]
            step["recording"] = evidence.pack(f"{json.dumps(lab)}\n{rest}")

    [row] = learner.grade(change(learner.plays("ben"), edit_recording))
    assert row.score == 0
    assert "cannot be repeated" in row.remark


def test_a_replay_with_one_input_changed_is_named(learner: Learner) -> None:
    def edit(content: dict[str, Any]) -> None:
        step = steps_of(content)["Open a connection"]
        text = evidence.unpack(step["recording"])
        assert text.count('"us": ') > 1
        lines = text.splitlines()
        changed = [line.replace('"us": ', '"us": 1') if number == 1 else line for number, line in enumerate(lines)]
        assert changed != lines
        step["recording"] = evidence.pack("\n".join(changed) + "\n")

    [row] = learner.grade(change(learner.plays("ada"), edit))
    assert row.done == 3
    assert "Open a connection: the recording cannot be repeated" in row.remark


def test_an_impossible_pace_is_named(learner: Learner) -> None:
    def edit(content: dict[str, Any]) -> None:
        for step in steps_of(content).values():
            for mark in step["marks"]:
                mark["wall"] = 0.1

    [row] = learner.grade(change(learner.plays("ada"), edit))
    assert "no time to read it (and 3 more)" in row.remark


def test_marks_whose_clock_goes_back_are_named(learner: Learner) -> None:
    def edit(content: dict[str, Any]) -> None:
        steps_of(content)["Refused"]["marks"][-1]["wall"] = -1.0

    [row] = learner.grade(change(learner.plays("ada"), edit))
    assert row.done == 3
    assert "its clock went back" in row.remark


def test_a_wrong_answer_that_was_made_right_does_not_hold(learner: Learner) -> None:
    def edit(content: dict[str, Any]) -> None:
        for mark in steps_of(content)["What an ACK counts"]["marks"]:
            if mark["what"] == "answer":
                mark["text"] = "12345"

    [row] = learner.grade(change(learner.plays("ada"), edit))
    assert "What an ACK counts: its checks do not hold in the recording" in row.remark


@pytest.mark.parametrize("damage", [
    {"recording": "!!!"}, {"recording": ""}, {"recording": evidence.pack("nonsense\n")}, {"index": 77}, {"marks": []},
    {"marks": 5}, {"seed": "x"}, {"recording": evidence.pack("x" * (evidence.MAX_RECORDING + 9))},
])
def test_damaged_evidence_never_brings_grading_down(learner: Learner, damage: dict[str, Any]) -> None:
    def edit(content: dict[str, Any]) -> None:
        steps_of(content)["Open a connection"].update(damage)

    [row] = learner.grade(change(learner.plays("ada", 2), edit))
    assert row.done == 1
    assert row.remark


def test_a_course_weighs(learner: Learner) -> None:
    path = learner.plays("ada", 4, ["lesson hint"])
    text = COURSE + '[deadlines]\nhandshake = 2020-01-31\n[weights]\nhint = 40\nlate = 50\n'
    (learner.directory / "course.toml").write_text(text)
    [row] = grade([path], load(learner.directory / "course.toml", ["handshake"])).rows
    assert row.late == ["handshake"]
    assert row.score == (60 + 300) * 50 // 100 // 4
    assert load(learner.directory / "course.toml", ["handshake"]).weights.wrong == USUAL.wrong


@pytest.mark.parametrize("text, complaint", [
    ("[weights]\nhnit = 5", "Did you mean: hint"), ("[weights]\nhint = 500", "from 0 to 100"),
    ("[counts]\narp = 2", "`counts` has 'arp'"), ('own_seeds = "yes"', "true or false"),
])
def test_a_wrong_weight_is_refused(learner: Learner, text: str, complaint: str) -> None:
    (learner.directory / "wrong.toml").write_text(f'lessons = ["handshake"]\n{text}\n')
    assert complaint in " ".join(learner.shell.fail(f"lesson course {learner.directory}/wrong.toml").split())


def test_who_changes_his_name_is_told_that_nothing_counts_any_more(learner: Learner) -> None:
    learner.plays("ada", steps=1)
    assert "does not count" not in learner.shell.run(f"lesson course {learner.directory}/course.toml --name ADA")
    said = " ".join(learner.shell.run(f"lesson course {learner.directory}/course.toml --name Ben").split())
    assert "what was done as ADA does not count for Ben" in said


def test_a_course_with_own_seeds_wants_a_name(learner: Learner) -> None:
    assert "--name NAME" in learner.shell.fail(f"lesson course {learner.directory}/course.toml")
    learner.shell.run(f"lesson course {learner.directory}/course.toml --name Ada")
    assert "done as Ada" in learner.shell.fail(f"lesson report {learner.directory}/x.json --name Ben")


@pytest.mark.parametrize("name", [name for name in library.files([library.BUILT_IN]) if name != "capstone"])
def test_every_lesson_can_be_graded(
    engine_shell: Shell, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Done by somebody who knows the solutions, under a name of his own, in no hurry."""
    monkeypatch.setattr(player, "time", Clock())
    (tmp_path / "course.toml").write_text(f'lessons = ["{name}"]\nown_seeds = true\n')
    engine_shell.run(f"lesson course {tmp_path}/course.toml --name ada")
    engine_shell.run(f"lesson start {name}")
    under_way: Any = engine_shell.session.lesson
    while not under_way.finished:
        for line in under_way.commands(under_way.step.solution):
            engine_shell.run(under_way.fill_in(line))
        if not under_way.finished:
            engine_shell.run("lesson next")
    engine_shell.run(f"lesson report {tmp_path}/ada.json")
    [row] = grade([tmp_path / "ada.json"], load(tmp_path / "course.toml", [name])).rows
    assert (row.remark, row.done, row.score) == ("", row.steps, 100)


def test_a_class_is_shown_step_by_step(learner: Learner) -> None:
    paths = [learner.plays("ada"), learner.plays("ben", 2, ["lesson hint"]), learner.plays("cleo", 1)]
    table = survey(paths, learner.course)
    assert [(row.number, row.learners, row.done, row.stuck) for row in table.rows] == [
        (1, 3, 3, 0), (2, 3, 2, 1), (3, 3, 1, 1), (4, 3, 1, 0)]
    assert [row.hints for row in table.rows] == [1, 0, 0, 0]
    folder = learner.directory / "handed-in"
    folder.mkdir()
    for each in paths:
        each.rename(folder / each.name)
    arguments = ["class", str(folder), "--course", str(learner.directory / "course.toml")]
    learner.shell.capfd.readouterr()
    assert main([*arguments, "--csv"]) == 0
    lines = list(csv.DictReader(io.StringIO(learner.shell.capfd.readouterr().out)))
    assert [line["stuck"] for line in lines] == ["0", "1", "1", "0"]
    assert {line["lesson"] for line in lines} == {"handshake"}
    (folder / "not.json").write_text("{}")
    assert main(arguments) == 1
    assert "not read: not.json" in " ".join(learner.shell.capfd.readouterr().out.split())
    assert main(["class", str(learner.directory / "nowhere")]) == 1
    (folder / "empty").mkdir()
    assert main(["class", str(folder / "empty")]) == 2


def test_what_a_report_claims_counts_for_nothing_in_the_table_of_the_class(learner: Learner) -> None:
    path = learner.plays("ada", 1)

    def claim(content: dict[str, Any]) -> None:
        record = content["lessons"]["handshake"]
        [step] = record["done"].values()
        title = load_lesson(library.files([library.BUILT_IN])["handshake"]).steps[1].title
        record["done"][title] = step

    table = survey([change(path, claim)], learner.course)
    assert [(row.done, row.stuck) for row in table.rows] == [(1, 0), (0, 1), (0, 0), (0, 0)]


@pytest.mark.parametrize(("build", "named"), [("0.0.1+abc", True), (None, False)])
def test_who_grades_with_another_aether_is_told(learner: Learner, build: str | None, named: bool) -> None:
    """What takes another way there need not have been changed by the learner."""
    def edit(content: dict[str, Any]) -> None:
        step = steps_of(content)["Open a connection"]
        lines = evidence.unpack(step["recording"]).splitlines()
        head, end = json.loads(lines[0]), json.loads(lines[-1])
        end["end"]["hash"] = "0" * len(end["end"]["hash"])
        lines[0], lines[-1] = json.dumps({**head, "build": build or head["build"]}), json.dumps(end)
        step["recording"] = evidence.pack("\n".join(lines) + "\n")

    [row] = learner.grade(change(learner.plays("ada"), edit))
    assert "Open a connection: the recording cannot be repeated: it ends in another state" in row.remark
    assert ("Another Aether recorded it (0.0.1+abc)" in row.remark) == named
