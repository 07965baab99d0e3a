"""One report judged for a program: a mark, whether it is enough, and a JSON that autograders read.

The JSON has the fields of Gradescope's results.json (score, max_score, output, and tests with name, score, max_score,
status and output); whoever wants a verdict alone takes the exit status.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from shell.language.grammar import CommandError
from shell.lessons import roster
from shell.lessons.course import Course
from shell.lessons.report import grade
from shell.results.lesson import GradeRow, LessonMark

WHOLE = 100


def autograde(path: Path, course: Course, lesson: str, least: int, learner: str = "") -> tuple[dict[str, Any], bool]:
    """Return what is to be said of a report, or of one lesson in it, and whether it reaches the `least` per cent.

    With the name of a learner, somebody else's report does not.
    """
    if lesson and lesson not in course.lessons:
        raise CommandError(f"the course has no lesson {lesson!r}. There are: {', '.join(course.lessons)}")
    if lesson:
        course = replace(course, lessons=[lesson], counts={},
                         deadlines={name: day for name, day in course.deadlines.items() if name == lesson})
    row = grade([path], course).rows[0]
    if learner and not row.remark and roster.key(row.learner) != roster.key(learner):
        row = replace(row, remark=f"this is the report of {row.learner}, and {learner}'s is wanted")
    enough = row.score >= least and not row.remark
    return {
        "score": row.score, "max_score": WHOLE, "output": _said(row, least),
        "tests": [_test(mark, least) for mark in row.marks],
        "extra_data": {"learner": row.learner, "remark": row.remark, "least": least, "passed": enough},
    }, enough


def _said(row: GradeRow, least: int) -> str:
    if row.remark:
        return f"{row.learner}: this cannot be relied on: {row.remark}" if row.learner else f"{row.file}: {row.remark}"
    return (f"{row.learner}: {row.score} %, and {least} % are wanted; {row.done} of {row.steps} steps done, "
            f"{row.hints} hints, {row.wrong_answers} wrong answers")


def _test(mark: LessonMark, least: int) -> dict[str, Any]:
    late = f", {mark.raw - mark.score} taken off for {mark.late_days} days late" if mark.late_days else ""
    return {
        "name": mark.lesson, "score": mark.score, "max_score": WHOLE,
        "status": "passed" if mark.score >= least else "failed",
        "output": f"{mark.score} %{late}{'' if mark.finished else ', not finished'}",
    }
