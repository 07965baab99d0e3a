"""cmd2's reading of a line, except where the line belongs to the command.

cmd2 takes redirections, pipes, terminators and quotes out of every line. A command that
takes an expression or crafted text needs those characters itself, so its line is handed
on untouched; but for what no expression can mean (see `redirection`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cmd2.parsing import Statement, StatementParser

from shell.language import grammar
from shell.language.registry import NOUNS, load, owns_line

SHORT = {"s": "step", "n": "next", "c": "run", "b": "break", "p": "print", "u": "step until"}
"""What gdb calls them."""
KEEP = ("alias", "macro")
"""Commands of which a line may be a part."""


def whole_words(line: str, others: Iterable[str] = ()) -> str:
    """Return a line with gdb's short names, and the beginnings of words that can be only one, written out.

    `others` are commands besides ours. What is a command as it stands is left alone.
    """
    words = line.split(None, 1)
    if not words:
        return line
    first, rest = words[0], words[1] if len(words) > 1 else ""
    if first not in NOUNS and first not in others:
        beginning = [noun for noun in dict.fromkeys((*NOUNS, *others)) if noun.startswith(first)]
        full = SHORT.get(first) or (beginning[0] if len(beginning) == 1 else "")
        if not full:
            return line
        return whole_words(f"{full} {rest}".strip(), others)
    if not rest or first not in NOUNS:
        return line
    load(first)
    verb, after = [*rest.split(None, 1), ""][:2]
    if (first,) in grammar.COMMANDS or verb.startswith("-"):
        return line
    verbs = {each.path[1] for each in grammar.beneath((first,))}
    beginning = [each for each in verbs if each.startswith(verb)]
    if verb in verbs or len(beginning) != 1:
        return line
    return f"{first} {beginning[0]} {after}".strip()


def commands_of(line: str) -> Iterator[str]:
    """Yield the commands of a line, with ; between them; one that owns its line has all that follows."""
    words = line.split(None, 1)
    if not words or words[0] in KEEP or owns_line(whole_words(line)) is not None:
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
        if word == ">" and len(after) == 1:
            name = after[0].strip("\"'")
            if "/" in name or name.endswith(FILES) or _no_expression(found, [w for _, w in bounds[:index]]):
                return start
    return -1


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
