"""The lines that are run when nobody types: those of `-c`, of a script, or of standard input."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator


class CommandFileError(ValueError):
    """A script that cannot be read; the text says which, and why."""


def nobody_types(options: argparse.Namespace) -> bool:
    """Tell whether there are lines to run, without opening anything."""
    return bool(options.lines or options.script or not (sys.stdin.isatty() or options.no_shell))


def lines(options: argparse.Namespace) -> Iterable[tuple[str, str]] | None:
    """Return the lines to run, each with its place; None when a person will type them. ScriptError.

    Those of standard input are read one at a time, so that another program can look at an answer before it asks on.
    Whoever was root for a device's sake has to have given that back: the file is the person's, and read as theirs.
    """
    if options.lines:
        return [(f"-c {line!r}", line) for line in options.lines]
    if options.script and options.script != "-":
        try:
            with open(options.script, encoding="utf-8") as file:
                return _placed(os.path.basename(options.script), file.readlines())
        except (OSError, UnicodeDecodeError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
            raise CommandFileError(f"cannot read {options.script}: {reason}") from None
    return _placed("standard input", iter(sys.stdin.readline, "")) if nobody_types(options) else None


def _placed(name: str, lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each line with the name and the number of its place."""
    for number, line in enumerate(lines, 1):
        yield f"{name}:{number}", line.rstrip("\n")
