"""What may stand for a command: gdb's short names, and the beginnings of words that can be only one."""

from __future__ import annotations

from collections.abc import Iterable

from shell.language import grammar
from shell.language.registry import ELSEWHERE, NOUNS, load

SHORT = {"s": "step", "n": "next", "c": "run", "b": "break", "p": "print", "u": "step until"}
"""What gdb calls them."""


def whole_words(line: str, others: Iterable[str] = ()) -> str:
    """Return a line with gdb's short names, and the beginnings of words that can be only one, written out.

    `others` are commands besides ours. What is a command as it stands is left alone.
    """
    words = line.split(None, 1)
    if not words:
        return line
    first, rest = words[0], words[1] if len(words) > 1 else ""
    if first in ELSEWHERE and first not in others:
        return line
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
