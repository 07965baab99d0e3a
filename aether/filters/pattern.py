"""Regular expressions whose time is bounded, whatever bytes a peer sends to be looked at.

The peer supplies what is searched, and a stranger's file may supply the expression: an engine that tries one way
after the other takes longer than anybody waits for `(a+)+$`. RE2 goes over the bytes once. Where it is not installed
(it is compiled, and not for every system), expressions whose work is bounded by how they are written are still taken.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

Search = Callable[[Any], object]

MAX_PATTERN = 300
"""Characters in an expression."""
MAX_WAYS = 1000
"""How many ways an expression may have to go on from one place, where every way may have to be tried."""


class PatternProblem(ValueError):
    """What is wrong with an expression, in words for the person who wrote it."""


def searcher(pattern: bytes, text: bool) -> Search:
    """Return what looks for `pattern` in bytes, or in text: in capitals or small letters, in linear time.

    Raises PatternProblem for what is no regular expression, or is one that cannot be bounded.
    """
    if len(pattern) > MAX_PATTERN:
        raise PatternProblem(f"a regular expression has at most {MAX_PATTERN} characters")
    try:
        import re2
    except ImportError:
        return _backtracking(pattern, text)
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    if not text:
        options.encoding = re2.Options.Encoding.LATIN1
    try:
        search: Search = re2.compile(pattern, options).search
    except re2.error as error:
        said = error.args[0] if error.args else ""
        words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        hint = "; what looks ahead or back, or repeats a group by number, takes time without a bound" if (
            "perl operator" in words or "escape sequence" in words) else ""
        raise PatternProblem(f"this is no regular expression: {words}{hint}") from None
    return _in_text(search) if text else search


def _backtracking(pattern: bytes, text: bool) -> Search:
    """Compile for the standard library's engine what it cannot take long over."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            search = re.compile(pattern, re.IGNORECASE).search
    except (re.error, OverflowError, RecursionError, ValueError) as error:
        raise PatternProblem(f"this is no regular expression: {error}") from None
    if what := _unbounded(pattern):
        raise PatternProblem(f"{what} may take time without a bound here; write it without, repeat single characters "
                             "as in x{0,9}, or install google-re2")
    return _in_text(search) if text else search


def _in_text(search: Search) -> Search:
    return lambda value: search(value.encode("utf-8", "replace"))


_PART = re.compile(rb"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d*)(,?)(\d*)\}|\(\?[^:)]?|.", re.DOTALL)


def _unbounded(pattern: bytes) -> str:
    """Name what keeps the work for one place of the searched bytes from being bounded; nothing if it is."""
    ways, before = 1, b""
    for part in _PART.finditer(pattern):
        found, last = part[0], before
        before = found
        if found in (b"*", b"+") or (found[:1] == b"{" and part[2] and not part[3] and part[1]):
            return f"'{found.decode()}'"
        if found.startswith(b"(?") and found != b"(?:"[:len(found)]:
            return f"'{found.decode('latin-1')}'"
        if re.fullmatch(rb"\\[1-9]", found):
            return f"'{found.decode()}'"
        if found in (b"?", b"|"):
            ways *= 2
        elif found[:1] == b"{" and (part[1] or part[3]):
            if last == b")":
                # Each time round, the group may go each of its ways: their number is a power.
                return "a group that is repeated"
            ways *= int(part[3] or part[1] or 1) + 1
        if ways > MAX_WAYS:
            return f"an expression with more than {MAX_WAYS} ways to go on"
    return ""
