"""Faults that a learner has to find: which one is broken, what is told of it, and what a guess costs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from random import Random

from shell.language.translation import count, say
from shell.lessons.model import WIDTH, Fault, Lesson

GUESSES = 3
"""Wrong answers to what is broken, until something else is."""
FOUND = 3
"""Faults of a level that one has to find before the next level comes by itself."""


def draw(lesson: Lesson, level: int, found: Sequence[str], met: list[str], seed: int) -> Fault:
    """Let the seed choose a fault: of a level, or for 0 of the one that was earned by those that were `found`.

    Those that were `met` since the program began come again only when there is no other, never twice in a row.
    """
    levels = sorted({each.level for each in lesson.faults})
    if level not in levels:
        level = levels[min(len(found) // FOUND, len(levels) - 1)]
    those = [each for each in lesson.faults if each.level == level]
    new = [each for each in those if each.name not in met]
    if not new:
        new = [each for each in those if each.name != met[-1]] or those
        met[:] = [name for name in met if name not in {each.name for each in those}]
    return Random(f"{seed}/{len(met)}").choice([each for each in new if each.name not in found] or new)


def choices(lesson: Lesson, fault: Fault | None) -> list[Fault]:
    """Return the faults that it may be: those of the level."""
    return [each for each in lesson.faults if fault is not None and each.level == fault.level]


def told(fault: Fault | None) -> list[str]:
    """Return what is said once a fault is found: what was broken, and how."""
    if fault is None:
        return []
    cause = f": {fault.cause}" if fault.cause else ""
    said = say("It was {what}. This broke it:", what=f"`{fault.name}`{cause}")
    return [said, *(f"    {line}" for line in fault.setup)]


def filled(prose: Sequence[str], lesson: Lesson, fault: Fault | None) -> list[str]:
    """Return prose in which the fault says what is complained about, and which faults it may be."""
    lines: list[str] = []
    for line in prose:
        if line.strip() == "{complaint}" and fault is not None:
            lines += textwrap.wrap(f'"{fault.sees}"', WIDTH)
        elif line.strip() == "{faults}":
            lines += [f"    {each.name:<15} {each.cause}" for each in choices(lesson, fault)]
        else:
            lines.append(line)
    return lines


def guessed(guesses: int, said: str) -> str:
    """Return what is said to a wrong guess that is not the last one."""
    left = count(GUESSES - guesses, "{n} guess is left", "{n} guesses are left")
    return say("{said}. {left}, then something else breaks", said=said, left=left)


def last_guess(said: str, was: Fault) -> str:
    """Return what is said to the last wrong guess."""
    cause = f" ({was.cause})" if was.cause else ""
    return say("{said}. That was the last guess: it was {what}. Now something else is broken, and the step begins "
               "again. `lesson show` shows it", said=said, what=f"{was.name}{cause}")
