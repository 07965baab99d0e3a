"""`lesson`: guided lessons."""

from __future__ import annotations

from shell.grammar import argument, command
from shell.lessons import library
from shell.lessons.program import check_file
from shell.results_lessons import LessonList, LessonRow, LintReport, ProblemRow
from shell.session import Session

NAME = argument("name", str, "a lesson: its id, its number in `lesson list`, or a file", complete="lessons", default="")


@command("lesson list", examples=("lesson list",))
def list_(session: Session) -> LessonList:
    """List the lessons, and how far you are."""
    rows = [LessonRow(each.order, each.id, each.title, each.minutes, each.mode, "", 0, 0)
            for each in library.headings([library.BUILT_IN])]
    return LessonList(rows, "`lesson start ID` begins one")


@command("lesson lint", NAME, examples=("lesson lint handshake", "lesson lint my-lesson.md"))
def lint(session: Session, name: str) -> LintReport:
    """Prove a lesson, or all: checks hold after the solution, and neither before it nor after what is wrong.

    It happens in a simulation of its own; your lab stays as it is.
    """
    directories = [library.BUILT_IN]
    paths = [library.find(name, directories)] if name else list(library.files(directories).values())
    problems = [each for path in paths for each in check_file(path, directories)]
    return LintReport(len(paths), [ProblemRow(each.file, each.line, each.message, each.remedy) for each in problems])
