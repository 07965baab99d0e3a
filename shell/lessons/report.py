"""Reports: what a learner has done, as a file for the teacher, and the table over a class.

The digest at the end of a report notices an edit by hand. It is no signature: whoever reads this can make one, too. The
recordings count, which are repeated (`shell.lessons.judge`).
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from aether import plain
from shell.files.opening import read_whole
from shell.lessons import library
from shell.lessons.course import Course, weights_of
from shell.lessons.evidence import from_data, own_seed
from shell.lessons.judge import Judgement, judge
from shell.lessons.load import load
from shell.lessons.model import Lesson, LessonError
from shell.lessons.progress import DONE, SKIPPED, USUAL, LessonRecord, Progress, Weights, tally, worth
from shell.results.lesson import GradeRow, GradeTable, LessonMark

VERSION = 1
MAX_REPORT = 32 << 20
"""Bytes of a report."""
COUNTED = ("hints", "wrong_answers", "right_predictions", "predictions", "seconds")
MOST_COUNTED = (1 << 31) - 1
_KEY = b"aether lesson report 1"


def build(
    progress: Progress, learner: str, steps: dict[str, int], course: str, evidence: dict[str, dict[str, Any]],
    weights: Weights = USUAL,
) -> dict[str, Any]:
    """Return a report over the lessons of `steps`, which says how many steps each has.

    `evidence` is how the steps of each were done, by their titles.
    """
    records = {name: progress.lessons.get(name, LessonRecord(name, count)) for name, count in steps.items()}
    whole = [replace(record, steps=steps[name]) for name, record in records.items()]
    content = {
        "report": VERSION, "learner": learner, "course": course,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "score": tally(whole, weights).score,
        "lessons": {name: asdict(record) for name, record in zip(records, whole, strict=True)},
        "evidence": {name: evidence[name] for name in steps if evidence.get(name)},
    }
    return {**content, "digest": digest(content)}


def digest(content: dict[str, Any]) -> str:
    """Return what the content of a report must agree with."""
    content = {name: value for name, value in content.items() if name != "digest"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(_KEY, text.encode(), hashlib.sha256).hexdigest()


def as_text(content: dict[str, Any]) -> str:
    """Return a report as it stands in its file."""
    return json.dumps(content, indent=1) + "\n"


def as_csv(table: GradeTable) -> str:
    """Return a table as comma-separated values (RFC 4180): one learner a line, below a line of names."""
    return csv_text(
        ("learner", "score", "done", "steps", "hints", "wrong", "minutes", "late", "remark", "file"),
        ((row.learner, row.score, row.done, row.steps, row.hints, row.wrong_answers, row.minutes,
          " ".join(row.late), row.remark, row.file) for row in table.rows))


def csv_text(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return lines of comma-separated values, below one of names; no text in them is taken for a formula."""
    file = io.StringIO()
    lines = csv.writer(file, lineterminator="\r\n")
    lines.writerow(names)
    lines.writerows([no_formula(each) if isinstance(each, str) else each for each in row] for row in rows)
    return file.getvalue()


def no_formula(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: a report comes from anybody."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def grade(paths: Iterable[Path], course: Course | None = None, directories: Sequence[Path] = ()) -> GradeTable:
    """Return the table over some reports; a course tells which lessons count, until when, and how much.

    What a report claims is judged by its recordings; two that are the same are named.
    """
    return GradeTable([each.row for each in judged(paths, course, directories)])


def judged(paths: Iterable[Path], course: Course | None = None, directories: Sequence[Path] = ()) -> list[Graded]:
    """Return what some reports come to, with what became of each lesson."""
    lessons = Lessons(directories or [library.BUILT_IN])
    graded = [judged_alone(path, course, lessons) for path in paths]
    name_the_same(graded)
    return graded


@dataclass(slots=True)
class Report:
    """What stands in a report."""

    report: int
    learner: str
    course: str
    written: str
    score: int
    lessons: dict[str, LessonRecord]
    evidence: dict[str, dict[str, Any]] = field(default_factory=dict)
    """How the steps of each lesson were done, by their titles; what that has is read when it is judged."""
    digest: str = ""


@dataclass(slots=True)
class Graded:
    """What one report comes to."""

    row: GradeRow
    prints: dict[str, str] = field(default_factory=dict)
    """What identifies the recording of each step."""
    records: dict[str, LessonRecord] = field(default_factory=dict)
    """What became of each lesson, by its id, as the recordings show; empty for what is no report."""


class Lessons:
    """Lessons by their ids, each read once."""

    def __init__(self, directories: Sequence[Path]) -> None:
        self.files = library.files(directories)
        self.read: dict[str, Lesson | None] = {}

    def find(self, name: str) -> Lesson | None:
        """Return a lesson; None if there is none that can be read."""
        if name not in self.read:
            try:
                self.read[name] = load(self.files[name]) if name in self.files else None
            except LessonError:
                self.read[name] = None
        return self.read[name]


def judged_alone(path: Path, course: Course | None, lessons: Lessons) -> Graded:
    """Return what one report comes to, not compared with any other."""
    try:
        report, remark = _read(path)
    except _NoReport as problem:
        return Graded(GradeRow(path.name, "", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, str(problem)))
    remarks = [remark] if remark else []
    every = report.lessons
    chosen = {name: every.get(name, LessonRecord(name, 0)) for name in course.lessons} if course is not None else every
    title = course.title if course is not None else report.course
    prints: dict[str, str] = {}
    for name, record in chosen.items():
        if (lesson := lessons.find(name)) is not None:
            record.steps = len(lesson.steps)
            own = own_seed(lesson.seed, title, report.learner)
            seeds = (own,) if course is not None and course.own_seeds else (own, lesson.seed)
            remarks += _judge(lesson, record, report.evidence.get(name, {}), seeds, prints)
    found = tally(chosen.values())
    seconds = sum(step.seconds for each in chosen.values() for step in each.done.values())
    marks = [_mark(name, record, course) for name, record in chosen.items()]
    return Graded(GradeRow(
        path.name, report.learner, sum(each.whole for each in chosen.values()), len(chosen), found.own, found.shown,
        found.skipped, found.steps, found.hints, found.wrong_answers, seconds // 60, _score(chosen, marks, course),
        _first(remarks), [each.lesson for each in marks if each.late_days], marks), prints, chosen)


def _judge(
    lesson: Lesson, record: LessonRecord, evidence: dict[str, Any], seeds: tuple[int, ...], prints: dict[str, str],
) -> list[str]:
    """Put what the recordings show in the place of what is claimed; return what cannot be relied on."""
    remarks = []
    for step in lesson.steps:
        claimed = record.done.get(step.title)
        if claimed is None or claimed.how == SKIPPED:
            continue
        try:
            shown = from_data(evidence[step.title])
        except (KeyError, TypeError, ValueError, AttributeError):
            remarks.append(f"{lesson.id}, {step.title}: without a recording")
            del record.done[step.title]
            continue
        if not shown.recording and _cannot_be_repeated(lesson):
            continue
        seed = shown.seed if shown.seed in seeds else seeds[0]
        verdict = judge(replace(lesson, seed=seed), shown, seed, claimed.when, claimed.seconds)
        if lesson.steps[shown.index if 0 <= shown.index < len(lesson.steps) else 0].title != step.title:
            verdict = Judgement(None, f"{step.title}: the recording is of another step")
        if verdict.remark:
            remarks.append(f"{lesson.id}, {verdict.remark}")
        if verdict.step is None:
            del record.done[step.title]
        else:
            record.done[step.title] = verdict.step
        if verdict.print and verdict.step is not None and verdict.step.how == DONE:
            prints[verdict.print] = f"{lesson.id}, {step.title}"
    if len(record.done) < record.steps:
        record.finished = ""
    return remarks


def _cannot_be_repeated(lesson: Lesson) -> bool:
    """Tell whether a lesson measures in benchmark mode, which keeps no inputs."""
    return any(line.text.startswith(("bench", "mode bench")) for step in lesson.steps for line in step.solution)


def _mark(name: str, record: LessonRecord, course: Course | None) -> LessonMark:
    """Return what a lesson is worth: less if it is late."""
    weights = weights_of(course)
    raw = sum(worth(step, weights) for step in record.done.values()) // record.steps if record.steps else 0
    deadline = course.deadlines.get(name, "") if course is not None else ""
    days = _days_late(record, deadline) if deadline else 0
    return LessonMark(name, raw, days, raw * (100 - weights.lateness(days)) // 100, record.finished, deadline)


def _days_late(record: LessonRecord, deadline: str) -> int:
    """Return by how many days a lesson is late that was finished after its deadline, or not at all though it is over.

    Of one that is not finished the last step counts that was done, for nothing will become of the others.
    """
    day, now = date.fromisoformat(deadline), date.today()
    if not record.finished and now <= day:
        return 0
    last = record.finished or max((step.when for step in record.done.values()), default="")
    try:
        done = date.fromisoformat(last[:10])
    except ValueError:
        done = now
    return max((done - day).days, 0 if record.finished else 1)


def _score(records: dict[str, LessonRecord], marks: Sequence[LessonMark], course: Course | None) -> int:
    """Return the mark, in per cent: lessons count as often as the course says, and by their steps."""
    if course is None:
        return tally(records.values()).score
    total = count = 0
    for mark in marks:
        record, times = records[mark.lesson], course.counts.get(mark.lesson, 1)
        worths = sum(worth(step, course.weights) for step in record.done.values())
        total += times * worths * (100 - course.weights.lateness(mark.late_days)) // 100
        count += times * record.steps
    return total // count if count else 0


def _first(remarks: Sequence[str]) -> str:
    """Return the first remark, and how many more there are."""
    more = len(remarks) - 1
    return "" if not remarks else remarks[0] + (f" (and {more} more)" if more else "")


def name_the_same(graded: Sequence[Graded]) -> None:
    """Say in their rows which reports have the same recording."""
    owners: dict[str, list[Graded]] = {}
    for each in graded:
        for print in each.prints:
            owners.setdefault(print, []).append(each)
    for print, those in owners.items():
        for each in those if len(those) > 1 else ():
            other = next(one for one in those if one is not each)
            same = f"{each.prints[print]}: the same inputs at the same times as {other.row.file}"
            each.row.remark = each.row.remark or same


class _NoReport(ValueError):
    """A file is no report; the text says why."""


def _read(path: Path) -> tuple[Report, str]:
    """Return a report, and what is to be said of it; _NoReport if it is none."""
    try:
        data = read_whole(path, MAX_REPORT)
    except OSError as problem:
        raise _NoReport(f"cannot be read: {problem.strerror}") from None
    if len(data) > MAX_REPORT:
        raise _NoReport("too large for a report")
    try:
        content = plain.parse(data)
        if not isinstance(content, dict) or content.get("report") != VERSION:
            raise _NoReport("not a report: write it with `lesson report FILE.json`")
        found = plain.load(Report, data)
        for name, record in found.lessons.items():
            _check_counts(record, ("lessons", name), data)
    except plain.DataError as problem:
        raise _NoReport(f"line {problem.line}: {problem}" if problem.line else str(problem)) from None
    whole = hmac.compare_digest(found.digest.encode(), digest(content).encode())
    return found, "" if whole else "edited by hand"


def _check_counts(record: LessonRecord, where: tuple[str, ...], data: bytes) -> None:
    """See to it that what is counted can have been counted."""
    counts: list[tuple[tuple[str, ...], int]] = [(("steps",), record.steps)]
    for title, step in record.done.items():
        counts += [(("done", title, name), getattr(step, name)) for name in COUNTED]
    for below, value in counts:
        if not 0 <= value <= MOST_COUNTED:
            place = (*where, *below)
            raise plain.DataError(f"{value} is no count", place, plain.line_of(data.decode(), place))
