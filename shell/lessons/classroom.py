"""A class, step by step: where learners stand, and what each step has cost them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from shell.lessons import library
from shell.lessons.course import Course
from shell.lessons.progress import DONE, PLAYED, SKIPPED, LessonRecord, StepRecord
from shell.lessons.report import Lessons, csv_text
from shell.lessons.sharing import judged_by
from shell.results.lesson import ClassRow, ClassTable

COLUMNS = ("lesson", "number", "step", "learners", "done", "shown", "skipped", "stuck", "hints", "wrong", "seconds")


def reports(names: Iterable[str]) -> list[Path]:
    """Return the reports that files and directories are and hold, in their order."""
    found: list[Path] = []
    for name in names:
        path = Path(name).expanduser()
        found += sorted(path.glob("*.json")) if path.is_dir() else [path]
    return found


def survey(
    paths: Sequence[Path], course: Course | None = None, directories: Sequence[Path] = (), jobs: int = 1,
) -> ClassTable:
    """Return how a class stands in each step of its lessons, by what the recordings of its reports show."""
    graded = judged_by(jobs, paths, course, directories)
    lessons = Lessons(directories or [library.BUILT_IN])
    names = list(dict.fromkeys(name for each in graded for name in each.records))
    rows: list[ClassRow] = []
    for name in names:
        lesson = lessons.find(name)
        records = [each.records[name] for each in graded if name in each.records]
        begun = [each for each in records if each.done or each.tries]
        titles = [each.title for each in lesson.steps] if lesson is not None and begun else []
        rows += [_row(name, number, title, titles, begun) for number, title in enumerate(titles, 1)]
    unread = [each.row.file for each in graded if not each.records]
    return ClassTable(rows, len(graded) - len(unread), unread)


def _row(name: str, number: int, title: str, titles: Sequence[str], begun: Sequence[LessonRecord]) -> ClassRow:
    over = [each.done[title] for each in begun if title in each.done]
    stuck = [each for each in begun if next((one for one in titles if one not in each.done), "") == title]
    tries = [each.tries[title] for each in stuck if title in each.tries]
    done = [each for each in over if each.how == DONE]
    return ClassRow(
        name, number, title, len(begun), len(done), _count(over, PLAYED), _count(over, SKIPPED), len(stuck),
        sum(each.hints for each in over) + sum(each.hints for each in tries),
        sum(each.wrong_answers for each in over) + sum(each.wrong_answers for each in tries),
        round(median(each.seconds for each in done)) if done else 0)


def _count(steps: Sequence[StepRecord], how: str) -> int:
    return sum(each.how == how for each in steps)


def as_csv(table: ClassTable) -> str:
    """Return the table as comma-separated values (RFC 4180): a step a line, below a line of names."""
    return csv_text(COLUMNS, (
        (row.lesson, row.number, row.step, row.learners, row.done, row.shown, row.skipped, row.stuck, row.hints,
         row.wrong_answers, row.seconds) for row in table.rows))
