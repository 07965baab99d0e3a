"""`aether-shell lesson …`: what teachers do from the command line, without a lab."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from shell.files.writing import place, write
from shell.language.grammar import CommandError
from shell.lessons import classroom, course, gradebook, library, report, roster, translated
from shell.lessons.autograde import autograde
from shell.lessons.course import Course
from shell.lessons.lint import lint
from shell.lessons.model import Problem
from shell.lessons.sharing import judged_by, usual_jobs
from shell.reading.escape import printable
from shell.reading.stderr import Parser, complain
from shell.results.lesson import GradeTable

T = TypeVar("T")
MOST_JOBS = 256
PAGE_WIDTH = 120
"""Columns of a page."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of what follows `aether-shell lesson`."""
    found = Parser(prog="aether-shell lesson", description="for those who write and give lessons")
    verbs = found.add_subparsers(dest="verb", required=True, metavar="lint|grade|class|autograde")
    one = verbs.add_parser("lint", help="prove lesson files: every check, before and after its solution")
    one.add_argument("files", nargs="*", metavar="FILE",
                     help="lesson files, directories of them, or ids; all lessons if none is named")
    two = verbs.add_parser("grade", help="a table over the reports of a class")
    two.add_argument("reports", nargs="+", metavar="REPORT", help="reports, and directories of them")
    two.add_argument("--course", metavar="FILE", help="count the lessons of this course file, and its deadlines")
    form = _forms(two)
    for name, whose in (("moodle", "Moodle imports"), ("canvas", "Canvas imports"),
                        ("nbgrader", "`nbgrader export` writes")):
        form.add_argument(f"--{name}", action="store_true", help=f"print the CSV that {whose}; needs --course")
    two.add_argument("--roster", metavar="FILE", help="the list of the class, as CSV: names, and what the grade book "
                                                      "knows them by")
    _jobs(two)
    three = verbs.add_parser("class", help="how a class stands, step by step")
    three.add_argument("reports", nargs="+", metavar="DIR", help="a directory of reports, or reports")
    three.add_argument("--course", metavar="FILE", help="the lessons of this course file alone")
    _forms(three).add_argument("--html", metavar="FILE", help="write a page")
    three.add_argument("--force", action="store_true", help="replace a page that is there already")
    _jobs(three)
    four = verbs.add_parser("autograde", help="one report, for a program: exit status 0 if its mark is enough")
    four.add_argument("report", metavar="REPORT", help="a file that `lesson hand-in` or `lesson report` wrote")
    four.add_argument("--course", metavar="FILE", required=True, help="the course file")
    four.add_argument("--lesson", metavar="ID", default="", help="judge this lesson alone")
    four.add_argument("--learner", metavar="NAME", default="", help="whose report it has to be")
    four.add_argument("--least", metavar="N", type=_per_cent, default=60, help="per cent that are enough (60)")
    four.add_argument("--json", action="store_true", help="print JSON, with the fields of Gradescope's results.json")
    return found


def _forms(verb: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print a table that spreadsheets and grade books read")
    return form


def _jobs(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--jobs", metavar="N", type=_count, default=0,
                      help="how many processes share the work (as many as there are cores)")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_JOBS:
        raise argparse.ArgumentTypeError(f"a number from 1 to {MOST_JOBS} is wanted, not {text!r}")
    return int(text)


def _per_cent(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 100:
        raise argparse.ArgumentTypeError(f"a number from 0 to 100 is wanted, not {text!r}")
    return int(text)


def main(argv: list[str]) -> int:
    """Run `aether-shell lesson …`; return the exit status."""
    options = parser().parse_args(argv)
    if options.verb == "lint":
        return _lint(options.files)
    try:
        known = list(library.files([library.BUILT_IN]))
        chosen = course.load(course.place(options.course), known) if options.course else None
        return {"class": _class, "grade": _grade, "autograde": _autograde}[options.verb](options, chosen)
    except CommandError as problem:
        complain(problem)
        return 2


def _reports(options: argparse.Namespace) -> list[Path]:
    paths = classroom.reports(options.reports)
    if not paths:
        raise CommandError(f"there is no report in {' '.join(options.reports)}: their names end in .json")
    return paths


def _class(options: argparse.Namespace, chosen: Course | None) -> int:
    if options.html:
        place(options.html, options.force, f"lesson class {' '.join(options.reports)} --html {options.html} --force")
    paths = _reports(options)
    table = classroom.survey(paths, chosen, jobs=options.jobs or usual_jobs(len(paths)))
    if options.html:
        from shell.views.exporting import draw

        title = chosen.title if chosen else "A class"
        page = draw([("", table)], "html", PAGE_WIDTH, "light", prompt=False, title=title)
        write(options.html, page, force=options.force)
        print(printable(f"{options.html} written: {table.reports} reports"))
    else:
        _print(options, table, classroom.as_csv)
    return int(bool(table.unread))


def _grade(options: argparse.Namespace, chosen: Course | None) -> int:
    form = next((name for name in gradebook.FORMS if getattr(options, name)), "")
    if form and chosen is None:
        raise CommandError(f"--{form} needs the course: lesson grade --course FILE --{form} REPORT...")
    if options.roster and not form:
        raise CommandError("--roster is for a grade book: add --moodle, --canvas or --nbgrader")
    known = roster.load(Path(options.roster).expanduser()) if options.roster else {}
    paths = _reports(options)
    table = GradeTable([each.row for each in judged_by(options.jobs or usual_jobs(len(paths)), paths, chosen)])
    if form and chosen is not None:
        text, strangers = gradebook.written(form, table, chosen, known)
        print(text, end="")
        for each in strangers:
            complain(f"{each} is not in {options.roster}, and so not in the table. Names are compared without regard "
                     "to capital letters")
        unread = [row for row in table.rows if not row.learner]
        for row in unread:
            complain(f"{row.file} is in no line: {row.remark}")
        return int(bool(strangers or table.failure))
    _print(options, table, report.as_csv)
    if table.failure:
        complain(table.failure)
    return int(bool(table.failure))


def _autograde(options: argparse.Namespace, chosen: Course | None) -> int:
    assert chosen is not None  # the parser wants it
    found, enough = autograde(Path(options.report).expanduser(), chosen, options.lesson, options.least, options.learner)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        print(printable(found["output"]))
        for test in found["tests"]:
            print(printable(f"{test['status']:<7} {test['name']}: {test['output']}"))
    return int(not enough)


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
    """Return all that is wrong with a lesson file, what it requires and its translations included."""
    if translated.original(path) != path:
        return translated.compare(path, called(path))
    found = lint(path, called(path)) or library.order_problems(path, directories)
    return found + [problem for each in translated.translations(path)
                    for problem in translated.compare(each, called(each))]


def called(path: Path) -> str:
    """Return what messages call a file."""
    return str(path) if path.parent != library.BUILT_IN else path.name
