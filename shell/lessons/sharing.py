"""Reports that several processes grade: each repeats the recordings of its share."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from shell.lessons import library
from shell.lessons.course import Course
from shell.lessons.report import Graded, Lessons, judged, judged_alone, name_the_same

FEW = 8
"""Reports that one process has graded before others have begun."""
PORTIONS = 8
"""So many portions of the reports each process gets: the last ones end at about the same time."""


class _Share:
    """What a process goes by."""

    course: Course | None = None
    lessons: Lessons


def usual_jobs(reports: int) -> int:
    """Return how many processes so many reports are worth: as many as there are cores, or one."""
    if reports < FEW:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def judged_by(
    jobs: int, paths: Sequence[Path], course: Course | None = None, directories: Sequence[Path] = (),
) -> list[Graded]:
    """Return what some reports come to, as `report.judged` does; `jobs` processes share the work."""
    if jobs == 1:
        return judged(paths, course, directories)
    graded = _in_parallel(paths, course, list(directories or [library.BUILT_IN]), jobs)
    name_the_same(graded)
    return graded


def _in_parallel(paths: Sequence[Path], course: Course | None, directories: list[Path], jobs: int) -> list[Graded]:
    """Return what each report comes to, in their order."""
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _begin, (course, directories))
    try:
        return list(pool.map(_graded, paths, chunksize=max(len(paths) // (PORTIONS * jobs), 1)))
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(course: Course | None, directories: list[Path]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever has begun us ends us
    _Share.course, _Share.lessons = course, Lessons(directories)


def _graded(path: Path) -> Graded:
    return judged_alone(path, _Share.course, _Share.lessons)
