"""Where lessons are: those that come with Aether, and the directories that a teacher has added."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import lessons
from shell.language.grammar import CommandError, did_you_mean
from shell.language.values import is_number
from shell.lessons.front import Front
from shell.lessons.load import text_of
from shell.lessons.model import Finder, Lesson, LessonError, Problem

BUILT_IN = Path(lessons.__file__).parent


def files(directories: Sequence[Path]) -> dict[str, Path]:
    """Return the lesson files of some directories by their ids; the first of a name counts. Translations are not."""
    found: dict[str, Path] = {}
    for directory in directories:
        for path in sorted(directory.glob("*.md")):
            if "." not in path.stem and not path.name.startswith(("README", "readme")):
                found.setdefault(path.stem, path)
    return found


def heading(path: Path) -> Lesson:
    """Return a lesson with its front matter alone: reading it takes no time. LessonError if that is wrong."""
    finder = Finder(path.name)
    lesson = Front(text_of(path, finder).split("\n"), finder).lesson(path)
    finder.raise_all()
    return lesson


def headings(directories: Sequence[Path]) -> list[Lesson]:
    """Return the headings of all lessons that can be read, in the order in which they are taken."""
    found = []
    for path in files(directories).values():
        try:
            found.append(heading(path))
        except LessonError:
            continue
    return sorted(found, key=lambda lesson: (lesson.order, lesson.id))


def find(name: str, directories: Sequence[Path]) -> Path:
    """Return the file of a lesson, by its id, its number or its path; CommandError if there is none."""
    if name.endswith(".md") or "/" in name:
        return Path(name).expanduser()
    known = files(directories)
    if name in known:
        return known[name]
    if is_number(name):
        for lesson in headings(directories):
            if lesson.order == int(name):
                return lesson.path
    raise CommandError(f"there is no lesson {name!r}{did_you_mean(name, known)}. `lesson list` shows them all")


def find_all(name: str, directories: Sequence[Path]) -> list[Path]:
    """Return the files that a name means: one lesson, or all of a directory; CommandError if there are none."""
    directory = Path(name).expanduser()
    if ("/" in name or name == "." or name not in files(directories)) and os.path.isdir(directory):
        found = list(files([directory]).values())
        if not found:
            raise CommandError(f"there are no lessons in {name}: a lesson is a file ID.md")
        return found
    return [find(name, directories)]


def order_problems(path: Path, directories: Sequence[Path]) -> list[Problem]:
    """Return what is wrong with what a lesson requires: a lesson that is not there, or a circle."""
    try:
        lesson = heading(path)
    except LessonError:
        return []
    known = {each.id: each for each in headings([path.parent, *directories])}
    line = lesson.lines.get("requires", 1)
    for name in lesson.requires:
        if name not in known:
            return [Problem(path.name, line, f"it requires the lesson {name!r}, which is not there",
                            f"name one of: {', '.join(known)}")]
    if circle := _circle(lesson, known):
        return [Problem(path.name, line, f"the lessons require each other in a circle: {' → '.join(circle)}",
                        "remove one of them from `requires`")]
    return []


def _circle(lesson: Lesson, known: dict[str, Lesson]) -> list[str]:
    """Return the way from a lesson back to itself; empty if there is none."""
    ways = [[lesson.id]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        requires = lesson.requires if way[-1] == lesson.id else known[way[-1]].requires if way[-1] in known else ()
        for name in requires:
            if name == lesson.id:
                return [*way, name]
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []
