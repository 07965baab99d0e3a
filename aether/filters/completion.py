"""What may come next in an expression that is being typed.

Works on the text alone, without lark, at every key: fields where a field may stand, the
operators that suit the field, and the values that it can have.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from aether.filters import macros
from aether.filters.field import FilterField
from aether.filters.fields import all_fields
from aether.filters.operands import FUNCTIONS
from aether.reading.types import BOOLEAN, WORD


class Suggestion(NamedTuple):
    """One thing that may stand where the cursor is."""

    text: str
    """What replaces the last `replaces` characters before the cursor."""
    replaces: int
    kind: str
    """``field``, ``operator``, ``value``, ``function`` or ``macro``."""
    help: str


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|\$\{\w*|\$[0-9]*\.?|[A-Za-z0-9_.:-]+|==|!=|~=|<=|>=|&&|\|\||\^\^|.', re.DOTALL)
_COMPARE = ("==", "!=", "~=", ">", "<", ">=", "<=", "eq", "ne", "gt", "lt", "ge", "le")
_BEFORE_VALUE = (*_COMPARE, "contains", "matches", "&", "+", "-", "*", "/", "%", "===")
_BEFORE_FIELD = ("", "and", "or", "xor", "not", "!", "(", "&&", "||", "^^", "any", "all")
_OPERATORS = {
    "==": "is", "!=": "is not, for every value", ">": "is greater than", "<": "is less than", ">=": "is at least",
    "<=": "is at most", "in": "is one of: {80, 443}", "contains": "has these bytes, or this text, in it",
    "matches": "fits this regular expression, in small letters or capitals",
}
_JOIN = {"and": "both", "or": "one, or both", "xor": "one, and not both"}


def complete(before: str) -> list[Suggestion]:
    """Return what may stand at the end of `before`, the text before the cursor."""
    tokens = [match for match in _TOKEN.finditer(before) if not match[0].isspace()]
    word = tokens.pop()[0] if tokens and tokens[-1].end() == len(before) and re.match(r"[\w$]", tokens[-1][0]) else ""
    if not word and len(tokens) > 1 and tokens[-1].end() == len(before) and tokens[-1][0] in ("=", "!", "<", ">", "~"):
        word = tokens.pop()[0]
    texts = [token[0] for token in tokens]
    if texts and texts[-1].startswith('"') and (len(texts[-1]) == 1 or not texts[-1].endswith('"')):
        return []
    last = texts[-1] if texts else ""
    if last.startswith("$") and last.endswith("."):
        return _fields(word)
    if last in ("{", ",") or last == ".." or _in_set(texts):
        return _values(_subject(texts), word)
    if last in _BEFORE_VALUE:
        return _values(_subject(texts), word)
    if last in _BEFORE_FIELD:
        return _fields(word) + _functions(word) + _macros(word)
    return _after_value(texts, word)


def _in_set(texts: list[str]) -> bool:
    return "{" in texts and "}" not in texts[len(texts) - texts[::-1].index("{"):]


def _subject(texts: list[str]) -> FilterField | None:
    """Return the field whose value is being typed: the last one before the last operator."""
    return next((known for text in reversed(texts) if (known := all_fields().get(text)) is not None), None)


def _fields(word: str) -> list[Suggestion]:
    """Offer fields that begin with what is typed, down to the next dot: `tcp.` before `tcp.flags.syn`."""
    known = all_fields()
    found: dict[str, str] = {}
    for name, field in known.items():
        if name.startswith(word):
            stop = name.find(".", len(word))
            if stop == len(word):
                # The word is complete already: go on to what it contains.
                stop = name.find(".", stop + 1)
            shown = name if stop < 0 else name[:stop]
            if shown in known:
                found[shown] = f"{known[shown].type.name}; {known[shown].help}"
            else:
                found.setdefault(f"{shown}.", f"{field.name} and others" if stop >= 0 else field.help)
    return [Suggestion(name, len(word), "field", help) for name, help in found.items()]


def _functions(word: str) -> list[Suggestion]:
    return [Suggestion(f"{name}(", len(word), "function", help) for name, (_, _, help) in FUNCTIONS.items()
            if word and name.startswith(word)]


def _macros(word: str) -> list[Suggestion]:
    return [Suggestion(f"${{{name}:" if "$1" in text else f"${{{name}}}", len(word), "macro", text)
            for name, text in macros.known().items() if word and f"${{{name}".startswith(word)]


def _values(field: FilterField | None, word: str) -> list[Suggestion]:
    if field is None:
        return _fields(word)
    values: list[tuple[str, str]] = []
    if field.choices is not None:
        values = [(choice, field.name) for choice in field.choices()]
    elif field.names is not None:
        values = [(f'"{name}"' if " " in name else name, str(number)) for name, number in field.names.items()]
    elif field.examples:
        values = [(example, field.name) for example in field.examples]
    elif field.type is BOOLEAN:
        values = [("1", "is set"), ("0", "is not set")]
    offered = [Suggestion(value, len(word), "value", help) for value, help in values
               if value.strip('"').lower().startswith(word.lower())]
    if offered or field.type is WORD or not word:
        return offered
    return [Suggestion(name, len(word), "field", other.help) for name, other in all_fields().items()
            if name.startswith(word) and other.type.family == field.type.family]


def _after_value(texts: list[str], word: str) -> list[Suggestion]:
    """Offer what may follow a field or a value: an operator, or the next condition."""
    field = all_fields().get(texts[-1])
    offered: dict[str, str] = {}
    if field is not None and (len(texts) < 2 or texts[-2] not in _BEFORE_VALUE):
        family = field.type.family
        offered = {name: help for name, help in _OPERATORS.items()
                   if (family in ("bytes", "text")) >= (name in ("contains", "matches"))
                   and (family != "text" or name not in (">", "<", ">=", "<="))}
    offered |= _JOIN
    return [Suggestion(name, len(word), "operator", help) for name, help in offered.items() if name.startswith(word)]
