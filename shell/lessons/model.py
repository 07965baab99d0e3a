"""A lesson as plain data, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aether.filters import Filter
from shell.lessons.conditions import AskFault, Check, Mended, read_check

WIDTH = 78
"""Characters of a line of prose: what fits on a screen of 80 columns."""


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
    again: str = ""
    """The question as it is put by itself, at the end of a later lesson; empty if it is not."""
    shown: Filter | None = None
    """Which frames of the step decide it; None for those by which its checks hold."""


@dataclass(frozen=True, slots=True)
class LessonLine:
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
    proof: tuple[str, ...]
    """Which frames show it, among those that can be seen from one end (see `shell.lessons.proof`)."""
    level: int = 1
    """1, 2 or 3: how hard it is to find."""
    sees: str = ""
    """What somebody complains about."""
    cause: str = ""
    """What is broken, in a few words."""
    probe: tuple[str, ...] = ()
    """Commands that bring it out: `{probe}` in a block."""
    cure: tuple[str, ...] = ()
    """Commands that mend it: `{cure}` in a block."""
    quack: tuple[str, ...] = ()
    """Commands that mend something else: `{quack}` in a block."""
    mended: tuple[str, ...] = ()
    """Checks that hold once it is mended: the condition `mended`."""
    proven: tuple[str, ...] = ()
    """What each of those checks means, for the learner."""


@dataclass(slots=True)
class Step:
    """One section of a lesson."""

    title: str
    line: int
    prose: list[str] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    solution: list[LessonLine] = field(default_factory=list)
    wrong: list[list[LessonLine]] = field(default_factory=list)
    heading: str = ""
    """The title in the learner's language, if that is another one; by its own title the step is remembered."""


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
    heading: str = ""
    """The title in the learner's language, if that is another one."""

    @property
    def blind_until(self) -> int:
        """The index of the last step that asks what is broken; until it is done the fault is blind. -1 for none."""
        return max((index for index, step in enumerate(self.steps) for check in step.checks
                    if isinstance(check.condition, AskFault)), default=-1)


def mended_checks(fault: Fault, earlier: Sequence[Check], line: int) -> list[Check]:
    """Return the checks by which one sees that a fault is mended; CheckError if one makes no sense."""
    found: list[Check] = []
    for text, source in zip(fault.proven, fault.mended, strict=True):
        found.append(read_check(source, text, line, [*earlier, *found]))
    return found


def with_fault(checks: Sequence[Check], fault: Fault | None) -> list[Check]:
    """Return the checks of a step as they are with a fault, which says itself when it is mended."""
    found: list[Check] = []
    for check in checks:
        if isinstance(check.condition, Mended) and fault is not None:
            found += mended_checks(fault, found, check.line)
        else:
            found.append(check)
    return found


def for_fault(lines: Sequence[LessonLine], fault: Fault | None) -> list[LessonLine]:
    """Return the lines of a block that count with a fault; what the fault itself has comes in the place of its name."""
    found: list[LessonLine] = []
    for line in lines:
        if line.fault and (fault is None or line.fault != fault.name):
            continue
        if line.text in ("{probe}", "{cure}", "{quack}"):
            own: tuple[str, ...] = getattr(fault, line.text[1:-1]) if fault is not None else ()
            found += [LessonLine(text, line.number) for text in own]
        else:
            found.append(line)
    return found


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
