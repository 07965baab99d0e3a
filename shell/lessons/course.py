"""Course files: which lessons a class takes, in which order, and until when."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from shell.language.grammar import CommandError, did_you_mean

FIELDS = ("title", "lessons", "deadlines")
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


def load(path: Path, known: list[str]) -> Course:
    """Read a course file; CommandError says what is wrong with it. `known` are the ids of all lessons."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_COURSE + 1)
        if len(data) > MAX_COURSE:
            raise CommandError(f"{path}: more than {MAX_COURSE >> 10} kB are no course file")
        values = tomllib.loads(data.decode("utf-8"))
    except OSError as problem:
        raise CommandError(f"cannot read {path}: {problem.strerror}. `lesson course off` takes all lessons") from None
    except (ValueError, RecursionError) as problem:
        raise CommandError(f"{path} is no TOML: {problem}; {EXAMPLE}") from None
    return _read(values, path.name, known)


def _read(values: dict[str, Any], name: str, known: list[str]) -> Course:
    for key in values:
        if key not in FIELDS:
            raise CommandError(f"{name}: there is no field {key!r}{did_you_mean(key, FIELDS)}; {EXAMPLE}")
    lessons = values.get("lessons")
    if not isinstance(lessons, list) or not lessons or not all(isinstance(each, str) for each in lessons):
        raise CommandError(f"{name}: `lessons` is a list of ids; {EXAMPLE}")
    for each in lessons:
        if each not in known:
            raise CommandError(f"{name}: there is no lesson {each!r}{did_you_mean(each, known)}. "
                               "`lesson list` shows them")
    if len(set(lessons)) < len(lessons):
        raise CommandError(f"{name}: a lesson is named twice; leave one of them out")
    title = values.get("title", "the course")
    if not isinstance(title, str) or not title.isprintable():
        raise CommandError(f"{name}: `title` is a text; {EXAMPLE}")
    deadlines = values.get("deadlines", {})
    if not isinstance(deadlines, dict):
        raise CommandError(f"{name}: `deadlines` is a table; {EXAMPLE}")
    return Course(title, lessons, {each: _day(name, each, day, lessons) for each, day in deadlines.items()})


def _day(name: str, lesson: str, day: Any, lessons: list[str]) -> str:
    if lesson not in lessons:
        raise CommandError(f"{name}: the deadline of {lesson!r}, which the course does not have"
                           f"{did_you_mean(lesson, lessons)}")
    try:
        return (day if type(day) is date else date.fromisoformat(day)).isoformat()
    except (TypeError, ValueError):
        raise CommandError(f"{name}: the deadline of {lesson!r} is a day, such as 2027-01-31, not {day!r}") from None
