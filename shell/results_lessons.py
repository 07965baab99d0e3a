"""What the commands about lessons return."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class LessonRow:
    """A lesson in the list."""

    number: int
    id: str
    title: str
    minutes: int
    mode: str
    state: str
    """``done``, ``started`` or empty."""
    steps_done: int
    steps: int
    """0 as long as it was never started."""


@dataclass(slots=True)
class LessonList:
    """All lessons, in their order."""

    lessons: list[LessonRow]
    hint: str = ""


@dataclass(slots=True)
class ProblemRow:
    """One thing that is wrong with a lesson file."""

    file: str
    line: int
    message: str
    remedy: str


@dataclass(slots=True)
class LintReport:
    """What is wrong with lessons."""

    lessons: int
    problems: list[ProblemRow]

    @property
    def failure(self) -> str:
        """What the shell says about it on stderr."""
        count = len(self.problems)
        return f"{count} {'problem' if count == 1 else 'problems'}" if count else ""
