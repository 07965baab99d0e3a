"""Reports: what a learner has done, as a file for the teacher, and the table over a class.

The digest at the end of a report notices an edit by hand. It is no signature: whoever reads this can make one, too.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from aether import plain
from shell.lessons.course import Course
from shell.lessons.progress import LessonRecord, Progress, tally
from shell.results.lesson import GradeRow, GradeTable

VERSION = 1
MAX_REPORT = 1 << 20
"""Bytes of a report."""
COUNTED = ("hints", "wrong_answers", "right_predictions", "predictions", "seconds")
MOST_COUNTED = (1 << 31) - 1
_KEY = b"aether lesson report 1"


def build(progress: Progress, learner: str, steps: dict[str, int], course: str) -> dict[str, Any]:
    """Return a report over the lessons of `steps`, which says how many steps each has."""
    records = {name: progress.lessons.get(name, LessonRecord(name, count)) for name, count in steps.items()}
    whole = [replace(record, steps=steps[name]) for name, record in records.items()]
    content = {
        "report": VERSION, "learner": learner, "course": course,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "score": tally(whole).score,
        "lessons": {name: asdict(record) for name, record in zip(records, whole, strict=True)},
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


def grade(paths: Iterable[Path], course: Course | None = None) -> GradeTable:
    """Return the table over some reports; a course tells which lessons count, and until when."""
    return GradeTable([_row(path, course) for path in paths])


@dataclass(slots=True)
class Report:
    """What stands in a report."""

    report: int
    learner: str
    course: str
    written: str
    score: int
    lessons: dict[str, LessonRecord]
    digest: str = ""


def _row(path: Path, course: Course | None) -> GradeRow:
    try:
        found, remark = _read(path)
    except _NoReport as problem:
        return GradeRow(path.name, "", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, str(problem))
    every = found.lessons
    chosen = {name: every.get(name, LessonRecord(name, 0)) for name in course.lessons} if course is not None else every
    sums = tally(chosen.values())
    seconds = sum(step.seconds for each in chosen.values() for step in each.done.values())
    return GradeRow(
        path.name, found.learner, sum(each.whole for each in chosen.values()), len(chosen), sums.own, sums.shown,
        sums.skipped, sums.steps, sums.hints, sums.wrong_answers, seconds // 60, sums.score, remark,
        _late(chosen, course))


class _NoReport(ValueError):
    """A file is no report; the text says why."""


def _read(path: Path) -> tuple[Report, str]:
    """Return a report, and what is to be said of it; _NoReport if it is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_REPORT + 1)
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


def _late(records: dict[str, LessonRecord], course: Course | None) -> list[str]:
    """Return the lessons that were finished after their deadline, or not at all though it is over."""
    late = []
    for name, day in course.deadlines.items() if course is not None else ():
        finished = records[name].finished[:10] if name in records else ""
        if (finished or date.today().isoformat()) > day:
            late.append(name)
    return late
