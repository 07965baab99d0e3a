"""What the commands about exercises return."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class ExerciseRow:
    """An exercise in the list."""

    name: str
    title: str
    clause: str
    """Where it is said what is right."""
    minutes: int
    lesson: str
    """The lesson that should come before it."""


@dataclass(slots=True)
class ExerciseList:
    """All exercises."""

    exercises: list[ExerciseRow]
    hint: str = ""


@dataclass(slots=True)
class ExerciseTask:
    """What is to be done."""

    name: str
    title: str
    clause: str
    task: list[str]
    """Paragraphs."""
    interface: list[str]
    """Lines of Python: what the file has to define."""
    shows: str
    """What `exercise use` shows."""
    hint: str = ""


@dataclass(slots=True)
class ExerciseCheck:
    """How a part did in one check."""

    title: str
    """What a part has to do that is right."""
    verdict: str
    """``ok``, ``wrong``, ``failed`` (the code raised something, or did not end) or ``untried``."""
    clause: str
    observed: str = ""
    """What came out, and what is right; or what the code raised."""
    mistake: str = ""
    """What it looks like; empty if it looks like nothing that is known."""
    line: int = 0
    """Of the file, where the code failed; 0 if it did not."""
    code: str = ""
    """That line."""


@dataclass(slots=True)
class ExerciseReport:
    """How a learner's part did."""

    exercise: str
    title: str
    file: str
    checks: list[ExerciseCheck]
    passed: int
    printed: list[str] = field(default_factory=list)
    """What the code printed, a part of it."""
    hint: str = ""

    @property
    def failure(self) -> str:
        """What the shell says about it on stderr."""
        wrong = len(self.checks) - self.passed
        return f"{wrong} of {len(self.checks)} checks do{'es' if wrong == 1 else ''} not hold" if wrong else ""


@dataclass(slots=True)
class ExerciseComparison:
    """How often a learner's part agreed with the stack's in a transfer over a copy of the lab."""

    what: str
    """What was compared."""
    compared: int = 0
    agreed: int = 0
    first: str = ""
    """The first time that they did not."""
    notes: list[str] = field(default_factory=list)

    def compare(self, agrees: bool, otherwise: str) -> None:
        """Count one more."""
        self.compared += 1
        self.agreed += agrees
        if not agrees and not self.first:
            self.first = otherwise
