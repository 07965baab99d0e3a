"""What is written where nothing is broken into lines: a file, a pipe."""

from __future__ import annotations

import os
from typing import IO

from shell.views.harmless import harmless

WIDTH = 1000
"""Columns where nobody has said how many there are: what is written can be searched line by line."""


def is_unbroken(file: IO[str]) -> bool:
    """Return whether nothing that is written there is broken into lines."""
    return not file.isatty() and "COLUMNS" not in os.environ


def write(file: IO[str], lines: str) -> None:
    """Write text as it stands: to have rich do it takes longer than to read a capture. OSError if that fails.

    A pipe that nobody reads any more has what was wanted of it.
    """
    try:
        file.write(f"{harmless(lines)}\n")
        file.flush()
    except BrokenPipeError:
        pass
