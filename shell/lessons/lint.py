"""The proof of a lesson: its checks hold after the solution, and neither before it nor after what is wrong."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from shell.language.grammar import CommandError
from shell.lessons.allowed import ANSWER
from shell.lessons.load import load
from shell.lessons.model import Fault, Lesson, LessonError, LessonLine, Problem, Step, for_fault
from shell.lessons.proof import look_at
from shell.lessons.sandbox import Sandbox
from shell.lessons.tracker import CheckRow


def lint(path: Path, name: str = "") -> list[Problem]:
    """Return all that is wrong with a lesson file: first with its text, and if that is good with its steps."""
    try:
        lesson = load(path, name)
    except LessonError as problem:
        return problem.problems
    return prove(lesson, name or path.name)


def prove(lesson: Lesson, name: str) -> list[Problem]:
    """Return what is wrong with the steps of a lesson, in the simulation."""
    found: list[Problem] = []
    for fault in lesson.faults or (None,):
        found += Walkthrough(lesson, name, fault).problems()
    return list(dict.fromkeys(found))


class Walkthrough:
    """Goes through the steps of a lesson, with one of its faults."""

    def __init__(self, lesson: Lesson, name: str, fault: Fault | None) -> None:
        self.lesson = lesson
        self.name = name
        self.fault = fault
        self.found: list[Problem] = []

    def problems(self) -> list[Problem]:
        """Return all that is wrong; what comes after a step that fails is not tried."""
        if self.fault is not None and (wrong := look_at(self.fault)):
            self._add(self.lesson.lines.get("faults", 1), *wrong)
            return self.found
        with self.lab() as sandbox:
            try:
                sandbox.prepare(self.lesson, self.fault)
            except CommandError as problem:
                self._add(self.lesson.lines.get("setup", 1), str(problem), "try the commands one by one in the shell")
                return self.found
            for index, step in enumerate(self.lesson.steps):
                if step.checks and not self._step(sandbox, index, step):
                    break
        return self.found

    def lab(self) -> AbstractContextManager[Sandbox]:
        """Return the lab to prove it in."""
        return Sandbox.of(self.lesson)

    def wrong_ways(self, sandbox: Sandbox, index: int, step: Step) -> None:
        """Go each wrong way from where the step begins."""
        for block in step.wrong:
            with sandbox.fork() as other:
                other.begin(self.lesson, index, self.fault)
                self.wrong(other, block)

    def _step(self, sandbox: Sandbox, index: int, step: Step) -> bool:
        before = len(self.found)
        self.wrong_ways(sandbox, index, step)
        sandbox.begin(self.lesson, index, self.fault)
        sandbox.catch_up()
        if all(row.holds for row in sandbox.rows()):
            self._add(step.line, f"the checks of {step.title!r} hold before anything was done",
                      "ask for something that only the solution brings about")
        self._solution(sandbox, step)
        return len(self.found) == before

    def _solution(self, sandbox: Sandbox, step: Step) -> None:
        for line in self._lines(step.solution):
            if line.text.startswith(ANSWER):
                self._replies(sandbox, step)
            if failure := sandbox.run(line):
                self._add(line.number, f"the solution's {line.text!r} failed: {failure}", "a solution never fails")
                return
        for row in sandbox.rows():
            if not row.holds:
                self._add(self._line(step, row), f"does not hold after the solution: {row.text}", self._help(row))

    def _replies(self, sandbox: Sandbox, step: Step) -> None:
        """Prove that whoever gives a wrong answer that was foreseen is told what it is."""
        tracker = sandbox.tracker
        assert tracker is not None
        question = sandbox.core.ask(tracker.question)
        for reply, instead in sandbox.core.ask(tracker.unreached):
            line = question.line if question is not None else step.line
            self._add(line, f"nobody sees what is said to `wrong {reply.value}`: {instead}",
                      "a reply is for an answer that is wrong, and that no reply above it takes")

    def wrong(self, sandbox: Sandbox, block: list[LessonLine]) -> None:
        """Go one wrong way: the checks must not hold then."""
        for line in self._lines(block):
            sandbox.run(line)
        if all(row.holds for row in sandbox.rows()):
            self._add(block[0].number, f"the checks hold after this wrong way, too: {block[0].text}",
                      "make a check stricter, or remove the block if the way is right")

    def _lines(self, block: list[LessonLine]) -> list[LessonLine]:
        return for_fault(block, self.fault)

    @staticmethod
    def _line(step: Step, row: CheckRow) -> int:
        return step.checks[min(row.number, len(step.checks)) - 1].line

    @staticmethod
    def _help(row: CheckRow) -> str:
        waits = f" ({row.missing})" if row.missing else ""
        return f"`frames EXPR` in the shell shows what matches; does time pass long enough (run 6s)?{waits}"

    def _add(self, line: int, message: str, remedy: str) -> None:
        with_fault = f" [fault {self.fault.name}]" if self.fault is not None else ""
        self.found.append(Problem(self.name, line, message + with_fault, remedy))
