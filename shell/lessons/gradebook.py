"""The marks of a class as the grade books of others take them.

Moodle: the import asks which column names the user (id, ID number, e-mail or user name), and which items the others are
(grade/import/csv/classes/load_data.php). `-` is no grade, and 100 is the most unless the site allows more.

Canvas: the first columns are Student, ID, SIS User ID, SIS Login ID and Section, each further one an assignment; a
line that begins with `Points Possible` says what they are worth (lib/gradebook_importer.rb). Somebody is found by ID,
else by one of the SIS numbers, else by name.

nbgrader takes no marks from elsewhere: this is the table that its own `nbgrader export` writes, with a line for each
assignment and student (nbgrader/plugins/export.py), for what is made of that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from shell.lessons.course import Course
from shell.lessons.report import csv_text
from shell.lessons.roster import Learner, key
from shell.results.lesson import GradeRow, GradeTable

WHOLE = 100
"""What a lesson and the course are worth."""
Pairs = Sequence[tuple[Learner, GradeRow | None]]
"""A class in its order, with what each has handed in."""


def written(form: str, table: GradeTable, course: Course, roster: Mapping[str, Learner]) -> tuple[str, list[str]]:
    """Return a table in one of `FORMS`, and the names in it that the list of the class does not have.

    Without a list everybody is who his report says. With one, its order counts, and who has handed in nothing has no
    marks. A report that cannot be read is nobody's.
    """
    rows = {key(row.learner): row for row in table.rows if row.learner}
    known = roster or {name: Learner(row.learner) for name, row in rows.items()}
    pairs = [(learner, rows.get(name)) for name, learner in known.items()]
    return FORMS[form](pairs, course), [
        row.learner for name, row in rows.items() if name not in known]


def _scores(row: GradeRow | None, course: Course, nothing: str) -> list[str]:
    """Return the mark of each lesson, and that of the course."""
    if row is None:
        return [nothing] * (len(course.lessons) + 1)
    marks = {mark.lesson: str(mark.score) for mark in row.marks}
    return [*(marks.get(name, nothing) for name in course.lessons), str(row.score)]


def moodle(pairs: Pairs, course: Course) -> str:
    """Return what Moodle imports."""
    lines = []
    for learner, row in pairs:
        first, last = learner.names
        lines.append([first, last, learner.number, learner.email, learner.username, *_plain(_scores(row, course, "-")),
                      row.remark if row is not None else "nothing was handed in"])
    return csv_text(["First name", "Last name", "ID number", "Email address", "Username", *course.lessons, course.title,
                     "Feedback"],
                    lines)


def canvas(pairs: Pairs, course: Course) -> str:
    """Return what Canvas imports."""
    lines: list[Sequence[object]] = [["Points Possible", "", "", "", "", *[WHOLE] * (len(course.lessons) + 1)]]
    for learner, row in pairs:
        lines.append([learner.name, learner.id, learner.number, learner.username, learner.section,
                      *_plain(_scores(row, course, ""))])
    return csv_text(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *course.lessons, course.title], lines)


def nbgrader(pairs: Pairs, course: Course) -> str:
    """Return the table that `nbgrader export` writes."""
    lines: list[Sequence[object]] = []
    for number, name in enumerate(course.lessons):
        for learner, row in pairs:
            first, last = learner.names
            mark = row.marks[number] if row is not None else None
            who = [learner.id or learner.username or learner.number or learner.name, last, first, learner.email]
            figures = (mark.raw, mark.raw - mark.score, mark.score) if mark is not None else (0, 0, 0)
            lines.append([name, course.deadlines.get(name, ""), mark.finished[:19].replace("T", " ") if mark else "",
                          *who, *(f"{each:.1f}" for each in (*figures, WHOLE))])
    return csv_text(("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
                     "raw_score", "late_submission_penalty", "score", "max_score"), lines)


def _plain(scores: Sequence[str]) -> list[object]:
    """Return marks that no guard against formulas changes: `-` is Moodle's word for none."""
    return [int(each) if each.isdigit() else _Verbatim(each) for each in scores]


class _Verbatim:
    """A text that is written as it is."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


FORMS: dict[str, Callable[[Pairs, Course], str]] = {"moodle": moodle, "canvas": canvas, "nbgrader": nbgrader}
