"""What is wrong with a script, and where."""

from __future__ import annotations

from typing import NamedTuple

from shell.language.grammar import CommandError


class Place(NamedTuple):
    """Where something stands in a script; lines and columns count from 1."""

    line: int
    column: int


class ScriptError(CommandError):
    """A script that cannot be read or played; the text names file, line and column, and says what would do."""

    def __init__(self, problem: str, place: Place, file: str = "script") -> None:
        super().__init__(f"{file}:{place.line}:{place.column}: {problem}")
        self.problem = problem
        self.place = place
        self.file = file


class KernelError(CommandError):
    """No kernel to be had; the text says which right is missing and how to get it."""
