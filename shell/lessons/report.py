"""Reports: what a learner has done, as a file for the teacher, and the table over a class.

The digest at the end of a report notices an edit by hand. It is no signature: whoever reads this can make one, too.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from shell.lessons.course import Course
from shell.lessons.progress import LessonRecord, Progress, StepRecord, tally
from shell.results.lesson import GradeRow, GradeTable

VERSION = 1
MAX_REPORT = 1 << 20
"""Bytes of a report."""
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
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(_KEY, text.encode(), hashlib.sha256).hexdigest()


def as_text(content: dict[str, Any]) -> str:
    """Return a report as it stands in its file."""
    return json.dumps(content, indent=1) + "\n"


def grade(paths: Iterable[Path], course: Course | None = None) -> GradeTable:
    """Return the table over some reports; a course tells which lessons count, and until when."""
    return GradeTable([_row(path, course) for path in paths])


def _row(path: Path, course: Course | None) -> GradeRow:
    content = _read(path)
    if isinstance(content, str):
        return GradeRow(path.name, "", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, content)
    remark = "" if hmac.compare_digest(str(content.pop("digest", "")), digest(content)) else "edited by hand"
    try:
        every = {name: _record(each) for name, each in content["lessons"].items()}
        learner = str(content["learner"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return GradeRow(path.name, "", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, remark or "not a whole report")
    chosen = {name: every.get(name, LessonRecord(name, 0)) for name in course.lessons} if course is not None else every
    found = tally(chosen.values())
    seconds = sum(step.seconds for each in chosen.values() for step in each.done.values())
    return GradeRow(
        path.name, learner, sum(each.whole for each in chosen.values()), len(chosen), found.own, found.shown,
        found.skipped, found.steps, found.hints, found.wrong_answers, seconds // 60, found.score, remark,
        _late(chosen, course))


def _read(path: Path) -> dict[str, Any] | str:
    """Return the content of a report, or why it is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_REPORT + 1)
    except OSError as problem:
        return f"cannot be read: {problem.strerror}"
    if len(data) > MAX_REPORT:
        return "too large for a report"
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return "not JSON: write it with `lesson report FILE.json`"
    if not isinstance(content, dict) or content.get("report") != VERSION:
        return "not a report: write it with `lesson report FILE.json`"
    return content


def _record(data: dict[str, Any]) -> LessonRecord:
    steps = {str(title): StepRecord(**step) for title, step in data["done"].items()}
    for step in steps.values():
        if not all(isinstance(each, int) and 0 <= each < 1 << 31
                   for each in (step.hints, step.wrong_answers, step.seconds)):
            raise ValueError("a count that is none")
    return LessonRecord(str(data["title"]), int(data["steps"]), steps, str(data["finished"]))


def _late(records: dict[str, LessonRecord], course: Course | None) -> list[str]:
    """Return the lessons that were finished after their deadline, or not at all though it is over."""
    late = []
    for name, day in course.deadlines.items() if course is not None else ():
        finished = records[name].finished[:10] if name in records else ""
        if (finished or date.today().isoformat()) > day:
            late.append(name)
    return late
