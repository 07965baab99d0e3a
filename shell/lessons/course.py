"""Course files: which lessons a class takes, in which order, and until when."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

import lessons
from shell.files import toml
from shell.files.opening import read_whole
from shell.language.grammar import CommandError, did_you_mean
from shell.lessons.progress import USUAL, Weights

BUILT_IN = Path(lessons.__file__).parent / "courses"
"""Where the courses are that come with Aether."""
FIELDS = ("title", "lessons", "deadlines", "weights", "counts", "own_seeds")
MAX_COURSE = 64 << 10
EXAMPLE = 'such as:\n  title = "Networks I"\n  lessons = ["first-frame", "arp"]\n  [deadlines]\n  arp = 2027-01-31'


@dataclass(slots=True)
class Course:
    """What a course file says."""

    title: str
    lessons: list[str]
    """Ids, in their order."""
    deadlines: dict[str, str] = field(default_factory=dict)
    """Days, as ISO 8601 writes them, by the id of the lesson."""
    weights: Weights = USUAL
    counts: dict[str, int] = field(default_factory=dict)
    """How often a lesson counts in the mark, where that is not once."""
    own_seeds: bool = False
    """Whether only lessons count that were done with the seed of the learner's own."""


def names() -> list[str]:
    """Return the names of the courses that come with Aether."""
    return sorted(each.stem for each in BUILT_IN.glob("*.toml"))


def place(name: str) -> Path:
    """Return where a course file is: one that comes with Aether may be called by its name."""
    path = Path(name).expanduser()
    return BUILT_IN / f"{name}.toml" if name in names() and not path.exists() else path


def weights_of(course: Course | None) -> Weights:
    """Return what takes how much off in a course; without one, the usual."""
    return course.weights if course is not None else USUAL


def load(path: Path, known: list[str]) -> Course:
    """Read a course file; CommandError says what is wrong with it. `known` are the ids of all lessons."""
    try:
        data = read_whole(path, MAX_COURSE)
        if len(data) > MAX_COURSE:
            raise CommandError(f"{path}: more than {MAX_COURSE >> 10} kB are no course file")
        values = toml.parse(data.decode("utf-8"))
    except OSError as problem:
        raise CommandError(f"cannot read {path}: {problem.strerror}. `lesson course off` takes all lessons") from None
    except ValueError as problem:
        raise CommandError(f"{path} is no TOML: {problem}; {EXAMPLE}") from None
    return _read(values, path.name, known)


def _read(values: dict[str, Any], name: str, known: list[str]) -> Course:
    for key in values:
        if key not in FIELDS:
            raise CommandError(f"{name}: there is no field {key!r}{did_you_mean(key, FIELDS)}; {EXAMPLE}")
    chosen = values.get("lessons")
    if not isinstance(chosen, list) or not chosen or not all(isinstance(each, str) for each in chosen):
        raise CommandError(f"{name}: `lessons` is a list of ids; {EXAMPLE}")
    for each in chosen:
        if each not in known:
            raise CommandError(f"{name}: there is no lesson {each!r}{did_you_mean(each, known)}. "
                               "`lesson list` shows them")
    if len(set(chosen)) < len(chosen):
        raise CommandError(f"{name}: a lesson is named twice; leave one of them out")
    title = values.get("title", "the course")
    if not isinstance(title, str) or not title.isprintable():
        raise CommandError(f"{name}: `title` is a text; {EXAMPLE}")
    deadlines = values.get("deadlines", {})
    if not isinstance(deadlines, dict):
        raise CommandError(f"{name}: `deadlines` is a table; {EXAMPLE}")
    own = values.get("own_seeds", False)
    if not isinstance(own, bool):
        raise CommandError(f"{name}: `own_seeds` is true or false")
    return Course(title, chosen, {each: _day(name, each, day, chosen) for each, day in deadlines.items()},
                  Weights(**_numbers(name, "weights", values, [each.name for each in fields(Weights)])),
                  _numbers(name, "counts", values, chosen), own)


def _numbers(name: str, table: str, values: dict[str, Any], known: list[str]) -> dict[str, int]:
    """Return a table of whole numbers from 0 to 100."""
    found = values.get(table, {})
    if not isinstance(found, dict):
        raise CommandError(f"{name}: `{table}` is a table")
    for key, value in found.items():
        if key not in known:
            raise CommandError(
                f"{name}: `{table}` has {key!r}{did_you_mean(key, known)}. There are: {', '.join(known)}")
        if type(value) is not int or not 0 <= value <= 100:
            raise CommandError(f"{name}: {key} in `{table}` is a whole number from 0 to 100, not {value!r}")
    return dict(found)


def _day(name: str, lesson: str, day: Any, chosen: list[str]) -> str:
    if lesson not in chosen:
        raise CommandError(f"{name}: the deadline of {lesson!r}, which the course does not have"
                           f"{did_you_mean(lesson, chosen)}")
    try:
        return (day if type(day) is date else date.fromisoformat(day)).isoformat()
    except (TypeError, ValueError):
        raise CommandError(f"{name}: the deadline of {lesson!r} is a day, such as 2027-01-31, not {day!r}") from None
