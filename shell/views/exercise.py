"""Exercises: the list, the task, and how a learner's part did, drawn and as plain lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from shell.language.values import amount
from shell.reading.escape import printable
from shell.results.exercise import (
    ExerciseCheck,
    ExerciseComparison,
    ExerciseList,
    ExerciseReport,
    ExerciseTask,
)
from shell.views.lessons import prose
from shell.views.lessons_plain import spoken
from shell.views.registry import draws
from shell.views.tables import plain_table
from shell.views.theme import style

SIGNS = {"ok": "✓", "wrong": "✗", "failed": "!", "untried": "-"}
LOOKS = {"ok": "good", "wrong": "error", "failed": "error", "untried": "muted"}
WORDS = {"ok": "right", "wrong": "not right", "failed": "failed", "untried": "not tried"}


@draws(ExerciseList)
def exercises(result: ExerciseList) -> RenderableType:
    """Draw which exercises there are."""
    table = plain_table("exercise", "you write", "as in", "min", "after the lesson")
    for row in result.exercises:
        table.add_row(row.name, row.title, row.clause, str(row.minutes), row.lesson)
    return Group(table, *prose([result.hint]))


@draws(ExerciseTask)
def task(result: ExerciseTask) -> RenderableType:
    """Draw what is to be done."""
    parts: list[RenderableType] = [Text(f"{result.title}  {result.clause}", style("key")), Text()]
    for paragraph in result.task:
        parts += [Text(paragraph), Text()]
    parts += [Padding(Text("\n".join(result.interface), style("command")), (0, 0, 0, 2), expand=False), Text()]
    parts += [*prose([f"`exercise use` shows {result.shows}."]), *prose([result.hint])]
    return Group(*parts)


@draws(ExerciseReport)
def report(result: ExerciseReport) -> RenderableType:
    """Draw each check, and below what does not hold what came out."""
    parts: list[RenderableType] = [Text(f"{printable(result.file)}: {result.title}", style("key"))]
    for each, below in _told(result):
        parts.append(Text.assemble((SIGNS[each.verdict], style(LOOKS[each.verdict], bold=True)), f" {each.title}  ",
                                   (each.clause, style("muted"))))
        parts += [Padding(Text(line), (0, 0, 0, 4), expand=False) for line in below]
    parts += [Text(f"it printed: {printable(line)}", style("muted")) for line in result.printed]
    parts.append(Text(_summary(result), style("good" if not result.failure else "error")))
    return Group(*parts, *prose([result.hint]))


def _told(result: ExerciseReport) -> Iterator[tuple[ExerciseCheck, list[str]]]:
    """Yield each check and what is said below it: the same failure once."""
    before: list[str] = []
    for each in result.checks:
        below = _below(each, result.file)
        yield each, ["the same"] if each.verdict == "failed" and below == before else below
        before = below if each.verdict == "failed" else before


def _below(each: ExerciseCheck, file: str) -> list[str]:
    found = []
    if each.observed:
        where = f"{printable(file)}:{each.line}: " if each.line else ""
        found.append(f"{where}{printable(each.observed)}")
    if each.code:
        found.append(f"    {printable(each.code)}")
    if each.mistake:
        found.append(f"It looks as if {printable(each.mistake)}")
    return found


def _summary(result: ExerciseReport) -> str:
    total = len(result.checks)
    if result.passed == total:
        return f"all {total} checks hold"
    untried = sum(each.verdict == "untried" for each in result.checks)
    return f"{result.passed} of {total} checks hold" + (f", {untried} were not tried" if untried else "")


@draws(ExerciseComparison)
def comparison(result: ExerciseComparison) -> RenderableType:
    """Draw how often both agreed."""
    good = result.agreed == result.compared
    parts = [Text(_agreed(result), style("good" if good else "error"))]
    parts += [Text(f"first: {printable(result.first)}")] if result.first else []
    return Group(*parts, *prose(result.notes))


def _agreed(result: ExerciseComparison) -> str:
    if not result.compared:
        return f"{result.what}: none came"
    if result.agreed == result.compared:
        return f"{result.what}: yours agrees with the stack in all {result.compared:,}"
    return f"{result.what}: yours agrees with the stack in {result.agreed:,} of {result.compared:,}"


def list_plain(result: ExerciseList) -> list[str]:
    """Return the exercises as lines."""
    found = [f"{row.name}: {row.title}, {row.clause}, {amount(row.minutes, 'minute')}, after the lesson {row.lesson}"
             for row in result.exercises]
    return [*found, *spoken([result.hint])]


def task_plain(result: ExerciseTask) -> list[str]:
    """Return a task as lines."""
    return [f"{result.title}, {result.clause}", *result.task, *(f"define: {line.strip()}" for line in result.interface),
            *spoken([f"`exercise use` shows {result.shows}.", result.hint])]


def report_plain(result: ExerciseReport) -> list[str]:
    """Return how a part did as lines."""
    found = [f"{printable(result.file)}: {result.title}"]
    for each, below in _told(result):
        found.append(f"{WORDS[each.verdict]}: {each.title} ({each.clause})")
        found += [line.strip() for line in below]
    found += [f"it printed: {printable(line)}" for line in result.printed]
    return [*found, _summary(result), *spoken([result.hint])]


def comparison_plain(result: ExerciseComparison) -> list[str]:
    """Return how often both agreed as lines."""
    first = [f"first: {printable(result.first)}"] if result.first else []
    return [_agreed(result), *first, *spoken(result.notes)]


LINES: dict[type, Callable[[Any], list[str]]] = {
    ExerciseList: list_plain, ExerciseTask: task_plain, ExerciseReport: report_plain,
    ExerciseComparison: comparison_plain,
}
"""How each result is written as plain lines."""
