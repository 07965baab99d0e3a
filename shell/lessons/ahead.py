"""Which lessons there are for a learner, in which order, and which comes next."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from shell.lessons import library
from shell.lessons.course import Course, load
from shell.lessons.model import Lesson
from shell.lessons.progress import LessonRecord, Progress

NO_ORDER = 1000
"""The order of a lesson that does not say where it belongs."""


def directories(progress: Progress) -> list[Path]:
    """Return where lessons are."""
    return [library.BUILT_IN, *map(Path, progress.paths)]


def chosen_course(progress: Progress) -> Course | None:
    """Return the course that was chosen; None for all lessons."""
    known = list(library.files(directories(progress)))
    return load(Path(progress.course), known) if progress.course else None


def in_order(progress: Progress, course: Course | None) -> list[Lesson]:
    """Return the headings of all lessons, or of those of a course, in their order."""
    known = {each.id: each for each in library.headings(directories(progress))}
    return [known[each] for each in course.lessons if each in known] if course else list(known.values())


def numbered(progress: Progress, course: Course | None) -> dict[int, Lesson]:
    """Return them by the numbers of `lesson list`: those of a course from 1 on, those without a place at the end."""
    lessons = in_order(progress, course)
    if course is not None:
        return dict(enumerate(lessons, 1))
    found: dict[int, Lesson] = {}
    for each in lessons:
        number = each.order if each.order < NO_ORDER and each.order not in found else max(found, default=0) + 1
        found[number] = each
    return found


def what_is_ahead(simulated: bool, progress: Progress, after: str = "") -> str:
    """Return the id of the next lesson: the first to be done from the latest one on that was begun, or else of all.

    `after` is one that was just ended. Empty if all are done.
    """
    lessons = in_order(progress, chosen_course(progress))
    begun = [place for place, each in enumerate(lessons) if each.id in progress.lessons or each.id == progress.current]
    ended = [place for place, each in enumerate(lessons) if each.id == after]
    place = ended[0] if ended else begun[-1] if begun else 0
    for each in lessons[place:] + lessons[:place]:
        record = progress.lessons.get(each.id)
        if (record is None or not record.finished) and (each.mode == "any" or simulated):
            return each.id
    return ""


def is_late(deadline: str, record: LessonRecord | None) -> bool:
    """Tell whether a lesson was finished after its day, or that is over and it is not finished."""
    finished = record.finished[:10] if record is not None else ""
    return bool(deadline) and (finished or date.today().isoformat()) > deadline
