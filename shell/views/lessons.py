"""Lessons: the list, a step, its checks."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from shell.results_lessons import LessonList, LintReport
from shell.views.tables import plain_table
from shell.views.theme import style

SIGNS = {"done": "✓", "started": "…", "": " "}


def listing(result: LessonList) -> RenderableType:
    """Draw the list of lessons."""
    table = plain_table(">#", "", "lesson", "id", ">min", "")
    for row in result.lessons:
        done = f"{row.steps_done}/{row.steps}" if row.state == "started" else ""
        table.add_row(str(row.number), SIGNS[row.state], row.title, row.id, str(row.minutes),
                      done or ("sim" if row.mode == "sim" else ""))
    return Group(table, Text(result.hint, style=style("muted")))


def lint(result: LintReport) -> RenderableType:
    """Draw what is wrong with lessons."""
    if not result.problems:
        return Text(f"{result.lessons} {'lesson' if result.lessons == 1 else 'lessons'}, nothing is wrong")
    lines = []
    for row in result.problems:
        where = f"{row.file}:{row.line}" if row.line else row.file
        lines += [Text(f"{where}: {row.message}"), Text(f"    {row.remedy}", style=style("muted"))]
    return Group(*lines)
