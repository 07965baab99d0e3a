"""How much of a lesson is shown at once: what a terminal of 80 by 24 has room for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from shell.language.translation import say
from shell.results.lesson import LessonStep

COLUMNS = 80
ROWS = 21
"""Lines of a page: the line that asked for it, the prompt and the bottom line have the others."""


def first_page(whole: LessonStep) -> LessonStep:
    """Return the introduction with the first step, or alone if there is no room for both."""
    if rows(whole) <= ROWS:
        return whole
    return replace(whole, step=0, step_title="", prose=[], prediction=None, checks=[],
                   hint=say("`lesson next` begins the first step"))


def rows(page: LessonStep) -> int:
    """Return how many lines a page has, as it is drawn."""
    head = 3 + len(page.introduction) if page.introduction else 0
    if page.prediction is not None:
        choices = [f"  {each.letter} {each.text}" for each in page.prediction.choices]
        below = [page.prediction.question, *choices, ""]
    else:
        below = [*(f"✗ {each.text}" for each in page.checks), *[page.hint] * bool(page.hint)]
    return head + 2 + len(page.prose) + _rows(below)


def _rows(lines: Iterable[str]) -> int:
    return sum(max(-(-len(line) // COLUMNS), 1) for line in lines)
