"""Lessons as plain lines, for screen readers and scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from shell.language.values import amount
from shell.results.lesson import (
    CheckReport,
    CheckView,
    HintReport,
    LessonNews,
    LessonStep,
    LintReport,
    PredictionReport,
    QuestionView,
    Solution,
)
from shell.views.lessons import once

_CODE = re.compile(r"`([^`]+)`")
_STRESS = re.compile(r"\*\*([^*]+)\*\*")


def spoken(lines: Iterable[str]) -> list[str]:
    """Return lines in which a command stands between quotation marks, which are read out."""
    whole = _STRESS.sub(r"\1", _CODE.sub("\u201c\\1\u201d", "\n".join(lines)))
    return whole.split("\n") if whole else []


def _to_do(question: QuestionView | None, found: list[CheckView]) -> list[str]:
    if question is None:
        return [_check(each) for each in found]
    return [f"question: {question.question}", *(f"choice {each.letter}: {each.text}" for each in question.choices),
            "type the letter of your choice"]


def _check(found: CheckView) -> str:
    if found.holds:
        return f"done: {found.text}"
    return f"not yet: {found.text}" + (f" ({found.missing})" if found.missing else "")


def step(result: LessonStep) -> list[str]:
    """Return a step as lines."""
    introduction = [f"{result.title} ({result.minutes} minutes)", *result.introduction] if result.introduction else []
    if not result.step:
        return [*introduction, result.hint]
    head = f"{result.title}, step {result.step} of {result.steps}: {result.step_title}"
    return [*introduction, head, *result.prose, *_to_do(result.prediction, result.checks),
            *[result.hint] * bool(result.hint)]


def news(result: LessonNews) -> list[str]:
    """Return what has come true."""
    question = [f"question: {result.question}"] if result.question else []
    return [*map(_check, result.done), *question, *result.told, *[result.step] * bool(result.step)]


def checks(result: CheckReport) -> list[str]:
    """Return how the checks stand."""
    return [*map(_check, once(result.checks)), *[result.hint] * bool(result.hint)]


def prediction(result: PredictionReport) -> list[str]:
    """Return what is said to a guess."""
    return [f"{'yes' if result.right else 'no'}: {result.feedback}", *_to_do(result.prediction, result.checks)]


def hint(result: HintReport) -> list[str]:
    """Return a hint below a line that says how many there are."""
    last = ", the last one" if result.level == result.levels else ""
    return [f"hint {result.level} of {result.levels}{last}", *result.text.splitlines()]


def lint(result: LintReport) -> list[str]:
    """Return what is wrong with lessons."""
    if not result.problems:
        return [f"{amount(result.lessons, 'lesson')}, nothing is wrong"]
    return [f"{each.file}:{each.line}: {each.message}. {each.remedy}" for each in result.problems]


def solution(result: Solution) -> list[str]:
    """Return what runs now."""
    return ["this is the solution:"]


def _spoken(lines: Callable[[Any], list[str]]) -> Callable[[Any], list[str]]:
    return lambda result: spoken(lines(result))


LINES: dict[type, Callable[[Any], list[str]]] = {
    **{kind: _spoken(lines) for kind, lines in (
        (LessonStep, step), (LessonNews, news), (CheckReport, checks), (PredictionReport, prediction),
        (HintReport, hint))},
    LintReport: lint, Solution: solution,
}
