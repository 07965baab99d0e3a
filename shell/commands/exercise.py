"""`exercise`: parts of the stack that the learner writes himself, in a file of his own."""

from __future__ import annotations

import ast
import pickle
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aether.engine import history
from aether.world import World
from shell.commands.common import FORCE
from shell.commands.plot import as_table
from shell.files.writing import write
from shell.language.grammar import CommandError, argument, command, did_you_mean, option
from shell.lessons.exercises.catalogue import EXERCISES, Exercise
from shell.results.exercise import (
    ExerciseCheck,
    ExerciseComparison,
    ExerciseList,
    ExerciseReport,
    ExerciseRow,
    ExerciseTask,
)
from shell.results.message import Message
from shell.results.plot import PlotReport, PlotTable, Series
from shell.session import Session

if TYPE_CHECKING:
    from shell.lessons.exercises.running import RunOutcome

USE_SECONDS = 15.0
"""Of the processor, for a whole transfer."""
WIDEST = 200
"""Characters of such a line."""
LINES = 10
"""Lines of what the code prints that are shown."""


def _exercise(text: str) -> Exercise:
    if text not in EXERCISES:
        near = did_you_mean(text, EXERCISES) or f". There are: {', '.join(EXERCISES)}"
        raise CommandError(f"there is no exercise {text!r}{near}")
    return EXERCISES[text]


NAME = argument("name", _exercise, "which exercise", complete=" ".join(EXERCISES))
FILE = argument("file", str, "your file", complete="programs")


@command("exercise list", examples=("exercise list",))
def list_(session: Session) -> ExerciseList:
    """Show the exercises in which you write a part of the stack yourself."""
    rows = [ExerciseRow(each.name, each.title, each.clause, each.minutes, each.lesson) for each in EXERCISES.values()]
    return ExerciseList(rows, "`exercise show rto` says what is to be done, `exercise start rto` writes a file to "
                              "begin with")


@command("exercise show", NAME, examples=("exercise show rto",))
def show(session: Session, name: Exercise) -> ExerciseTask:
    """Say what is to be done in an exercise, and what your file has to define."""
    paragraphs = [" ".join(each.split()) for each in name.task().split("\n\n")]
    return ExerciseTask(name.name, name.title, name.clause, paragraphs, _interface(name), name.shows,
                        f"`exercise start {name.name}` writes {name.name}.py, and `exercise check {name.name}.py` "
                        "judges it")


def _interface(exercise: Exercise) -> list[str]:
    """Return the lines that begin the class and the functions of the file to begin with."""
    tree = ast.parse(exercise.template())
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            found.append(f"class {node.name}:")
        elif isinstance(node, ast.FunctionDef):
            indent = "    " * exercise.is_class
            gives = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
            found.append(f"{indent}def {node.name}({ast.unparse(node.args)}){gives}")
    return found


@command("exercise start", NAME, FORCE, examples=("exercise start rto",))
def start(session: Session, name: Exercise, force: bool) -> Message:
    """Write the file to begin with into the present directory: the task, and what has to be defined."""
    path = f"{name.name}.py"
    write(path, name.template(), force=force, again=f"exercise start {name.name} --force")
    return Message(f"{path} written", f"write what is missing in any editor, then `exercise check {path}`")


@command("exercise check", FILE, examples=("exercise check rto.py",))
def check(session: Session, file: str) -> ExerciseReport:
    """Judge a part that you have written: your code runs in a process of its own, with your rights, bounded in time.

    For each thing that a right part does it is said whether yours does it; if not, what came out, and which mistake
    comes to just that.
    """
    from shell.lessons.exercises import running

    path = Path(file).expanduser()
    source = running.source_of(path)
    with session.terminal.busy("checking"):
        outcome = running.run("check", source)
    _usable(file, source, outcome)
    return _report(file, source, outcome)


@command("exercise use", FILE, option("--csv", "the points of a plot, as comma-separated values"),
         examples=("exercise use congestion.py", "exercise use rto.py"))
def use(session: Session, file: str, csv: bool = False) -> PlotReport | PlotTable | ExerciseComparison:
    """Let a part that you have written run beside the stack's own, in a transfer over a copy of the lab as it is.

    Your links and knobs count, and nothing of it comes back: the lab stays as it was. A time-out and a congestion
    window are plotted beside the stack's; of other parts it is counted how often both agreed.
    """
    from shell.lessons.exercises import running

    path = Path(file).expanduser()
    source = running.source_of(path)
    snapshot = _snapshot(session)
    with session.terminal.busy("a transfer with yours, and one with the stack's"):
        outcome = running.run("use", source, snapshot, seconds=USE_SECONDS)
    _usable(file, source, outcome)
    if outcome.ended:
        raise CommandError(_place(file, outcome.line, outcome.ended, source))
    found = next(each for each in outcome.said if "result" in each)
    result = _result(found["kind"], found["result"])
    return as_table(result) if csv and isinstance(result, PlotReport) else result


def _result(kind: str, values: dict[str, Any]) -> PlotReport | ExerciseComparison:
    if kind == ExerciseComparison.__name__:
        return ExerciseComparison(**values)
    report = PlotReport(**values)
    return replace(report, series=[Series(**each) for each in values["series"]])


def _snapshot(session: Session) -> bytes:
    """Return a copy of the lab, as bytes; CommandError where there is none to be had."""
    if session.lab.kind != "SIM" or session.lab.replayed or session.away is not None:
        raise CommandError("`exercise use` runs over a copy of the simulated lab, and this is another. Begin with: "
                           "aether-shell --sim")
    if session.core.whole is not session.core:
        raise CommandError("a copy of the lab would show what the lesson hides. End it first: lesson quit")

    def copied(world: World) -> bytes:
        return pickle.dumps(history.take(world, 0))

    return session.core.ask(copied)


def _usable(file: str, source: str, outcome: RunOutcome) -> None:
    """Raise CommandError if the code could not be run at all."""
    for each in outcome.said:
        if "unusable" in each:
            raise CommandError(_place(file, each["unusable"]["line"], each["unusable"]["text"], source))
    if outcome.ended and not any("begun" in each for each in outcome.said):
        raise CommandError(_place(file, outcome.line, outcome.ended, source))


def _place(file: str, line: int, text: str, source: str) -> str:
    """Return what is wrong, after where it is and before the line itself."""
    where = f"{file}:{line}" if line else file
    code = _code(source, line)
    return f"{where}: {text}" + (f"\n    {code}" if code else "")


def _code(source: str, line: int) -> str:
    lines = source.splitlines()
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""


def _report(file: str, source: str, outcome: RunOutcome) -> ExerciseReport:
    exercise = outcome.exercise
    assert exercise is not None  # the process has begun with its checks
    checks = [ExerciseCheck(each.title, "untried", each.clause) for each in exercise.model().checks]
    for said in outcome.said:
        if "of" in said:
            checks[said["of"]].mistake = said["mistake"]
        if "check" not in said:
            continue
        row = checks[said["check"]]
        if "failed" in said:
            _failed(row, said["failed"]["text"], said["failed"]["line"], source)
        else:
            row.verdict = "wrong" if said["observed"] else "ok"
            row.observed = said["observed"]
    if outcome.ended:
        begun = max(each["begun"] for each in outcome.said if "begun" in each)
        _failed(checks[begun], outcome.ended, outcome.line, source)
    passed = sum(each.verdict == "ok" for each in checks)
    printed = [line[:WIDEST] for line in outcome.printed.splitlines()]
    shown = printed[:LINES] + [f"... and {len(printed) - LINES} more lines"] * (len(printed) > LINES)
    return ExerciseReport(exercise.name, exercise.title, file, checks, passed, shown,
                          _hint(exercise, file, passed == len(checks)))


def _failed(row: ExerciseCheck, text: str, line: int, source: str) -> None:
    row.verdict, row.observed, row.line, row.code = "failed", text, line, _code(source, line)


def _hint(exercise: Exercise, file: str, right: bool) -> str:
    if right:
        return f"`exercise use {file}` shows {exercise.shows}"
    return f"`exercise show {exercise.name}` says what is asked for"
