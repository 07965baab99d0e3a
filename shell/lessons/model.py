"""A lesson as plain data, and what is wrong with one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from shell.lessons.conditions import Check


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a lesson file."""

    file: str
    line: int
    """Counted from 1; 0 when it is about the whole file."""
    message: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}\n    {self.remedy}"


class LessonError(ValueError):
    """A lesson that cannot be used; it carries every problem that was found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a prediction."""

    text: str
    right: bool
    feedback: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """A question that is asked before something happens; it is never graded."""

    question: str
    choices: tuple[Choice, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Line:
    """A command of a block."""

    text: str
    number: int
    """Its line in the file."""
    fault: str = ""
    """The fault that it is only run for; empty for any."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A way in which a lesson breaks the lab."""

    name: str
    setup: tuple[str, ...]
    proof: str


@dataclass(slots=True)
class Step:
    """One section of a lesson."""

    title: str
    line: int
    prose: list[str] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    solution: list[Line] = field(default_factory=list)
    wrong: list[list[Line]] = field(default_factory=list)


@dataclass(slots=True)
class Lesson:
    """A lesson that was read and found good."""

    path: Path
    id: str
    title: str
    minutes: int
    mode: str = "any"
    """``any``, or ``sim`` if it works only in the simulation."""
    seed: int = 1
    order: int = 1000
    requires: tuple[str, ...] = ()
    knobs: dict[str, str] = field(default_factory=dict)
    setup: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """Ports at the host where somebody has to listen, such as ``tcp 7``; the simulated host does."""
    faults: tuple[Fault, ...] = ()
    prose: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    """The lines of the fields of the front matter."""


class Finder:
    """Collects what is wrong with one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def add(self, line: int, message: str, remedy: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(self.file, line, message, remedy))

    def raise_all(self) -> None:
        """Raise LessonError if there was any."""
        if self.problems:
            raise LessonError(sorted(self.problems, key=lambda each: each.line))
