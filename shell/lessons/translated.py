"""Lessons in another language: `arp.de.md` beside `arp.md`.

A translation says everything in other words, and nothing else: what is checked, asked and carried out is always what
the original has. So progress, recordings and marks are the same whatever language somebody reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from shell.language import translation
from shell.language.translation import ENGLISH, say
from shell.lessons.conditions import Check
from shell.lessons.front import Front
from shell.lessons.load import load, text_of
from shell.lessons.model import (
    Choice,
    Fault,
    Finder,
    Lesson,
    LessonError,
    LessonLine,
    Prediction,
    Problem,
    Step,
)

SAME = ("minutes", "mode", "seed", "order", "requires", "knobs", "setup", "terms", "needs")
"""Fields of the front matter that a translation takes over as they are."""


def original(path: Path) -> Path:
    """Return the file of the lesson that a file is a translation of; the file itself if it is none."""
    stem, dot, _ = path.stem.partition(".")
    return path.with_name(f"{stem}.md") if dot else path


def translations(path: Path) -> list[Path]:
    """Return the files that are translations of a lesson."""
    return sorted(path.parent.glob(f"{path.stem}.*.md"))


def load_chosen(path: Path) -> tuple[Lesson, str]:
    """Return a lesson in the language that is spoken, and what is to be said if it is not; LessonError as `load`."""
    first = original(path)
    lesson = load(first)
    code = path.stem.partition(".")[2] or translation.chosen()
    if code == ENGLISH:
        return lesson, ""
    file = first.with_name(f"{first.stem}.{code}.md")
    if not file.is_file():
        return lesson, say("this lesson is not translated: {file} would be its translation", file=file.name)
    try:
        theirs = load(file)
    except LessonError as wrong:
        return lesson, _does_not_fit(wrong.problems[0])
    problems = differences(lesson, theirs, file.name)
    return (lesson, _does_not_fit(problems[0])) if problems else (_merged(lesson, theirs), "")


def _does_not_fit(problem: Problem) -> str:
    return say("the translation {file} does not fit, and is left out: `lesson lint` says why", file=problem.file)


def title(lesson: Lesson) -> str:
    """Return the title of a lesson, of which perhaps the heading alone was read, in the language that is spoken."""
    file = lesson.path.with_name(f"{lesson.path.stem}.{translation.chosen()}.md")
    if lesson.heading or translation.chosen() == ENGLISH or not file.is_file():
        return lesson.heading or lesson.title
    finder = Finder(file.name)
    try:
        theirs = Front(text_of(file, finder).split("\n"), finder).lesson(file)
    except LessonError:
        return lesson.title
    return theirs.title or lesson.title


# What has to be the same


def compare(path: Path, name: str = "") -> list[Problem]:
    """Return what is wrong with a translation: with the file, and where it is not what its original is."""
    first = original(path)
    try:
        theirs = load(path, name)
    except LessonError as wrong:
        return wrong.problems
    if not first.is_file():
        return [Problem(name or path.name, 0, f"it is a translation, and there is no {first.name} beside it",
                        "a translation lies beside its original: ID.md and ID.LANGUAGE.md")]
    try:
        return differences(load(first), theirs, name or path.name)
    except LessonError:
        return []  # what is wrong with the original is said where that is looked at


def differences(lesson: Lesson, theirs: Lesson, file: str) -> list[Problem]:
    """Return where a translation has not the steps, checks, answers, hints and commands of its original."""
    found = Finder(file)
    for name in SAME:
        if getattr(lesson, name) != getattr(theirs, name):
            found.add(theirs.lines.get(name, 1), f"{name} is not that of {lesson.path.name}",
                      f"take over the line of {lesson.path.name} as it is; of the front matter only the title is "
                      "translated, and what a fault says")
    if [_bare(each) for each in lesson.faults] != [_bare(each) for each in theirs.faults]:
        found.add(theirs.lines.get("faults", 1), f"the faults are not those of {lesson.path.name}",
                  "only `sees`, `cause` and `proven` are translated")
    for number, (mine, other) in enumerate(zip(lesson.steps, theirs.steps, strict=False), 1):
        _compare_steps(number, mine, other, found)
    for number, step in enumerate(lesson.steps[len(theirs.steps):], len(theirs.steps) + 1):
        found.add(0, f"step {number} is missing: {step.title!r}", "translate it, too")
    for step in theirs.steps[len(lesson.steps):]:
        found.add(step.line, f"the step {step.title!r} is not in {lesson.path.name}", "a translation adds no steps")
    return sorted(found.problems, key=lambda each: each.line)


def _bare(fault: Fault) -> Fault:
    """Return a fault without what it says to a person."""
    return replace(fault, sees="", cause="", proven=("",) * len(fault.proven))


def _compare_steps(number: int, mine: Step, other: Step, found: Finder) -> None:
    def differ(what: str, one: object, two: object, line: int) -> None:
        if one != two:
            found.add(line or other.line, f"step {number} ({mine.title!r}): {what}",
                      "a translation has other words, and nothing else: take it over from the original")

    for what, many, here in (("predictions", len(mine.predictions), len(other.predictions)),
                             ("checks", len(mine.checks), len(other.checks)),
                             ("hints", len(mine.hints), len(other.hints)),
                             ("wrong blocks", len(mine.wrong), len(other.wrong))):
        differ(f"the original has {many} {what}, and this {here}", many, here, 0)
    if bool(mine.prose) != bool(other.prose):
        differ("it has no prose", 0, 1, 0)
    for one, two in zip(mine.predictions, other.predictions, strict=False):
        differ("the prediction has not the same answers, or not the same right ones",
               [each.right for each in one.choices], [each.right for each in two.choices], two.line)
        differ("something is said to other answers than in the original",
               [bool(each.feedback) for each in one.choices], [bool(each.feedback) for each in two.choices], two.line)
        differ("the prediction has a line `Again:` in one of both alone", bool(one.again), bool(two.again), two.line)
        differ("the line `Shown:` is not that of the original", one.shown and one.shown.text,
               two.shown and two.shown.text, two.line)
    for check, again in zip(mine.checks, other.checks, strict=False):
        differ(f"check {check.number} is `{again.source}`, and in the original `{check.source}`",
               check.source.split(), again.source.split(), again.line)
        differ(f"check {check.number} has not the replies to wrong answers that the original has",
               [each.value for each in check.replies], [each.value for each in again.replies], again.line)
        differ(f"check {check.number} says {{frame}} in one of both alone",
               "{frame}" in check.text, "{frame}" in again.text, again.line)
    for what, lines, theirs in _blocks(mine, other):
        differ(f"the {what} is not that of the original", [(each.text, each.fault) for each in lines],
               [(each.text, each.fault) for each in theirs], theirs[0].number if theirs else 0)


def _blocks(mine: Step, other: Step) -> Iterator[tuple[str, Sequence[LessonLine], Sequence[LessonLine]]]:
    """Yield the blocks of commands of two steps side by side."""
    yield "solution", mine.solution, other.solution
    for one, two in zip(mine.wrong, other.wrong, strict=False):
        yield "wrong block", one, two


# The original, in other words


def _merged(lesson: Lesson, theirs: Lesson) -> Lesson:
    """Return a lesson with the words of its translation."""
    faults = tuple(replace(one, sees=two.sees, cause=two.cause, proven=two.proven)
                   for one, two in zip(lesson.faults, theirs.faults, strict=True))
    steps = [_merged_step(one, two) for one, two in zip(lesson.steps, theirs.steps, strict=True)]
    return replace(lesson, heading=theirs.title, prose=theirs.prose, faults=faults, steps=steps)


def _merged_step(mine: Step, other: Step) -> Step:
    return replace(
        mine, heading=other.title, prose=other.prose, hints=other.hints,
        predictions=[_merged_prediction(*each) for each in zip(mine.predictions, other.predictions, strict=True)],
        checks=[_merged_check(*each) for each in zip(mine.checks, other.checks, strict=True)])


def _merged_prediction(mine: Prediction, other: Prediction) -> Prediction:
    return replace(mine, question=other.question, again=other.again, choices=tuple(
        Choice(two.text, one.right, two.feedback) for one, two in zip(mine.choices, other.choices, strict=True)))


def _merged_check(mine: Check, other: Check) -> Check:
    return replace(mine, text=other.text, replies=tuple(
        replace(one, said=two.said) for one, two in zip(mine.replies, other.replies, strict=True)))
