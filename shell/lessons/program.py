"""`aether-shell lesson …`: what teachers do from the command line, without a lab."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from shell.language.grammar import CommandError
from shell.lessons import classroom, course, library, report
from shell.lessons.course import Course
from shell.lessons.lint import lint
from shell.lessons.model import Problem
from shell.reading.escape import printable
from shell.reading.stderr import Parser, complain

T = TypeVar("T")


def parser() -> argparse.ArgumentParser:
    """Return the parser of what follows `aether-shell lesson`."""
    found = Parser(prog="aether-shell lesson", description="for those who write and give lessons")
    verbs = found.add_subparsers(dest="verb", required=True, metavar="lint|grade|class")
    one = verbs.add_parser("lint", help="prove lesson files: every check, before and after its solution")
    one.add_argument("files", nargs="*", metavar="FILE",
                     help="lesson files, directories of them, or ids; all lessons if none is named")
    two = verbs.add_parser("grade", help="a table over the reports of a class")
    two.add_argument("reports", nargs="+", metavar="REPORT", help="files that `lesson report` wrote")
    two.add_argument("--course", metavar="FILE", help="count the lessons of this course file, and its deadlines")
    _forms(two)
    three = verbs.add_parser("class", help="how a class stands, step by step")
    three.add_argument("reports", nargs="+", metavar="DIR", help="a directory of reports, or reports")
    three.add_argument("--course", metavar="FILE", help="the lessons of this course file alone")
    _forms(three)
    return found


def _forms(verb: argparse.ArgumentParser) -> None:
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print a table that spreadsheets and grade books read")


def main(argv: list[str]) -> int:
    """Run `aether-shell lesson …`; return the exit status."""
    options = parser().parse_args(argv)
    if options.verb == "lint":
        return _lint(options.files)
    try:
        known = list(library.files([library.BUILT_IN]))
        chosen = course.load(course.place(options.course), known) if options.course else None
    except CommandError as problem:
        complain(problem)
        return 2
    return (_class if options.verb == "class" else _grade)(options, chosen)


def _class(options: argparse.Namespace, chosen: Course | None) -> int:
    paths = classroom.reports(options.reports)
    if not paths:
        complain(f"there is no report in {' '.join(options.reports)}: their names end in .json")
        return 2
    table = classroom.survey(paths, chosen)
    _print(options, table, classroom.as_csv)
    return int(bool(table.unread))


def _grade(options: argparse.Namespace, chosen: Course | None) -> int:
    table = report.grade([Path(each) for each in options.reports], chosen)
    _print(options, table, report.as_csv)
    if table.failure:
        complain(table.failure)
    return int(bool(table.failure))


def _print(options: argparse.Namespace, table: T, as_csv: Callable[[T], str]) -> None:
    """Print a table in the form that was asked for."""
    from rich.console import Console

    from shell.views import render

    if options.json:
        print(render.to_json(table, indent=2))
    elif options.csv:
        print(as_csv(table), end="")
    else:
        Console().print(render.to_rich(table))


def _lint(names: list[str]) -> int:
    directories = [library.BUILT_IN]
    paths = list(library.files(directories).values())
    status = 0
    try:
        paths = [path for name in names for path in library.find_all(name, directories)] or paths
    except CommandError as unknown:
        complain(unknown)
        return 2
    for path in paths:
        problems = check_file(path, directories)
        for problem in problems:
            print(printable(str(problem), lines=True), file=sys.stderr)
        if not problems:
            print(printable(f"{path.name}: good"))
        status = status or int(bool(problems))
    return status


def check_file(path: Path, directories: list[Path]) -> list[Problem]:
    """Return all that is wrong with a lesson file, what it requires included."""
    return lint(path, str(path) if path.parent != library.BUILT_IN else path.name) or library.order_problems(
        path, directories)
