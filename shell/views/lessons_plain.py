"""Lessons as plain lines, for screen readers and scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from shell.language.translation import say
from shell.language.values import amount
from shell.results.explain import GlossaryEntry
from shell.results.lesson import (
    CheckReport,
    CheckView,
    HintReport,
    LessonNews,
    LessonStep,
    LessonSummary,
    LintReport,
    PredictionReport,
    QuestionView,
    Solution,
)
from shell.views import theme
from shell.views.lessons import how_many, once
from shell.views.spoken import as_drawn

_CODE = re.compile(r"`([^`]+)`")
_STRESS = re.compile(r"\*\*([^*]+)\*\*")


def spoken(lines: Iterable[str]) -> list[str]:
    """Return lines in which a command stands between quotation marks, which are read out."""
    whole = _STRESS.sub(r"\1", _CODE.sub("\u201c\\1\u201d", "\n".join(lines)))
    return whole.split("\n") if whole else []


def _to_do(question: QuestionView | None, found: list[CheckView]) -> list[str]:
    if question is None:
        return [_check(each) for each in found]
    choices = [say("choice {letter}: {text}", letter=each.letter, text=each.text) for each in question.choices]
    return [say("question: {question}", question=question.question), *choices, say("type the letter of your choice")]


def _check(found: CheckView) -> str:
    if found.holds:
        return say("done: {text}", text=found.text)
    return say("not yet: {missing}", missing=found.text) + (f" ({found.missing})" if found.missing else "")


def step(result: LessonStep) -> list[str]:
    """Return a step as lines."""
    title = say("{title} ({minutes} minutes)", title=result.title, minutes=result.minutes)
    introduction = [result.note] * bool(result.note)
    introduction += [title, *result.introduction] if result.introduction else []
    if not result.step:
        return [*introduction, result.hint]
    head = say("{title}, step {number} of {steps}: {name}", title=result.title, number=result.step,
               steps=result.steps, name=result.step_title)
    return [*introduction, head, *result.prose, *_to_do(result.prediction, result.checks),
            *[result.hint] * bool(result.hint)]


def news(result: LessonNews) -> list[str]:
    """Return what has come true."""
    question = [say("question: {question}", question=result.question)] if result.question else []
    return [*map(_check, result.done), *question, *result.told, *[result.step] * bool(result.step)]


def checks(result: CheckReport) -> list[str]:
    """Return how the checks stand."""
    return [*map(_check, once(result.checks)), *[result.hint] * bool(result.hint)]


def prediction(result: PredictionReport) -> list[str]:
    """Return what is said to a guess."""
    return [f"{say('yes' if result.right else 'no')}: {result.feedback}", *_to_do(result.prediction, result.checks)]


def hint(result: HintReport) -> list[str]:
    """Return a hint below a line that says how many there are."""
    return [how_many(result), *result.text.splitlines()]


def lint(result: LintReport) -> list[str]:
    """Return what is wrong with lessons."""
    if not result.problems:
        return [f"{amount(result.lessons, 'lesson')}, nothing is wrong"]
    return [f"{each.file}:{each.line}: {each.message}. {each.remedy}" for each in result.problems]


def solution(result: Solution) -> list[str]:
    """Return what runs now."""
    return [say("this is the solution:")]


def marked(result: Any) -> list[str]:
    """Return what is drawn where there are no colours: commands have their marks."""
    with theme.exactly("mono", "none"):
        return as_drawn(result)


def _spoken(lines: Callable[[Any], list[str]]) -> Callable[[Any], list[str]]:
    return lambda result: spoken(lines(result))


LINES: dict[type, Callable[[Any], list[str]]] = {
    **{kind: _spoken(lines) for kind, lines in (
        (LessonStep, step), (LessonNews, news), (CheckReport, checks), (PredictionReport, prediction),
        (HintReport, hint), (LessonSummary, marked), (GlossaryEntry, marked))},
    LintReport: lint, Solution: solution,
}
