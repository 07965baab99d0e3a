"""cmd2's reading of a line, except where the line belongs to the command.

cmd2 takes redirections, pipes, terminators and quotes out of every line. A command that
takes an expression or crafted text needs those characters itself, so its line is handed
on untouched; but for what no expression can mean (see `redirection`).
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import Any

from cmd2.parsing import Statement, StatementParser

from shell.language import grammar
from shell.language.registry import owns_line
from shell.language.shortened import whole_words

KEEP = ("alias", "macro")
"""Commands of which a line may be a part."""


def commands_of(line: str) -> Iterator[str]:
    """Yield the commands of a line, with ; between them; one that takes text as it stands has all that follows."""
    words = line.split(None, 1)
    owner = owns_line(whole_words(line)) if words else None
    if not words or words[0] in KEEP or (owner is not None and not _is_expression(owner)):
        yield line
        return
    quote = ""
    for index, char in enumerate(line):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == ";":
            if line[:index].strip():
                yield line[:index].strip()
            yield from commands_of(line[index + 1:].strip())
            return
    yield line


def _is_expression(found: grammar.Command) -> bool:
    """Tell whether a command that owns its line takes an expression, in which ; means nothing but between quotes."""
    return found.raw == "line" and found.arguments[-1].complete in ("filters", "breaks", "conditions")


FILES = (".txt", ".csv", ".json", ".log", ".out", ".md")
"""How the name of a file ends that is told from a field of an expression."""


def redirection(line: str, found: grammar.Command) -> int:
    """Return where the line of an expression ends, and a pipe or a redirection begins; -1 if neither does.

    ``|`` by itself and ``>>`` are no operators of expressions. ``>`` is one, unless no expression stands before it, but
    options and a number at the most, or what follows it is a path (with a slash, or an ending of `FILES`).
    """
    if found.raw != "line" or found.arguments[-1].complete != "filters":
        return -1
    quote = ""
    bounds = [(start, line[start:end]) for start, end in grammar.split_words(line)]
    for index, (start, word) in enumerate(bounds):
        before = quote
        for char in word:
            if quote or char in "\"'":
                quote = "" if char == quote else quote or char
        if before or quote or index < len(found.path):
            continue
        after = [each for _, each in bounds[index + 1:]]
        if word in ("|", ">>") and after:
            return start
        name = _one_name(line[start + 1:]) if word == ">" else ""
        if name and ("/" in name or name.endswith(FILES) or _no_expression(found, [w for _, w in bounds[:index]])):
            return start
    return -1


def _one_name(text: str) -> str:
    """Return the only word of a text, which quotes may hold together; empty if there are more, or none."""
    try:
        words = shlex.split(text)
    except ValueError:
        return ""
    return words[0] if len(words) == 1 else ""


def _no_expression(found: grammar.Command, words: list[str]) -> bool:
    """Tell whether there is no expression among the words of a command: only options, and a number."""
    options = {each.name: each for each in found.all_options}
    rest = iter(words[len(found.path):])
    for word in rest:
        if word in options:
            if options[word].parse is not None:
                next(rest, "")
        elif not word.lstrip("#").isdigit():
            return False
    return True


class LineParser(StatementParser):
    """A statement parser that leaves raw lines alone."""

    def __init__(self, *, written_out: Callable[[str], str], **options: Any) -> None:
        super().__init__(**options)
        self.written_out = written_out

    def parse(self, line: str) -> Statement:
        """Read a line; one that belongs to its command keeps every character."""
        expanded = self.written_out(self._expand(line).strip())
        if owns_line(expanded) is None:
            return super().parse(line if expanded == self._expand(line).strip() else expanded)
        found = owns_line(expanded)
        cut = redirection(expanded, found) if found is not None else -1
        noun, rest = [*(expanded if cut < 0 else expanded[:cut]).split(None, 1), ""][:2]
        if cut < 0:
            return Statement(rest, raw=line, command=noun)
        onward = super().parse(f"{noun} {expanded[cut:]}")
        return Statement(
            rest.strip(), raw=line, command=noun, redirector=onward.redirector, redirect_to=onward.redirect_to)
