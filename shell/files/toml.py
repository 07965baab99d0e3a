"""TOML of strangers: what it says, or why it is none. What it says can be shown, compared and counted with."""

from __future__ import annotations

import tomllib
from typing import Any

from aether.plain import DEEPEST, LARGEST_NUMBER

MOST_DOTS = 300
"""Dots of one line: for a name with so many parts, time and memory of the parser grow with the square of them."""


class TomlError(ValueError):
    """A text is no TOML, or more than a file of ours needs; the text says what."""


def parse(text: str) -> dict[str, Any]:
    """Return what a TOML text says; TomlError for what is none, is nested too deeply, or has too large a number.

    TOML has whole numbers without a bound, and Python writes none of more than 4,300 digits; dotted names nest without
    a bound, and Python walks no deeper than its stack.
    """
    if any(line.count(".") > MOST_DOTS for line in text.splitlines()):
        raise TomlError(f"nested too deeply, or a line with more than {MOST_DOTS} dots")
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise TomlError(str(problem)) from None
    except RecursionError:
        raise TomlError("nested too deeply") from None
    except ValueError as problem:  # of Python's own, for a number or a date
        raise TomlError("too large a number" if "digits" in str(problem) else str(problem)) from None
    level: list[Any] = [found]
    for _ in range(DEEPEST):
        level = [each for value in level if isinstance(value, dict | list)
                 for each in (value.values() if isinstance(value, dict) else value)]
        if any(isinstance(each, int) and abs(each) > LARGEST_NUMBER for each in level):
            raise TomlError("too large a number")
    if level:
        raise TomlError("nested too deeply")
    return found
