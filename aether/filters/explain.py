"""Why an expression cannot be read, in words for the person who wrote it."""

from __future__ import annotations

import re

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from aether.filters.errors import FilterError

_LOGIC = ("and", "or", "xor", "not")
_WORDS = (*_LOGIC, "in", "eq", "ne", "lt", "gt", "le", "ge", "contains", "matches")
_SYMBOLS = (
    ("=>", "'=>' is no operator; >= is"),
    ("=<", "'=<' is no operator; <= is"),
    ("<>", "'<>' is no operator; != is"),
    ("=~", "'=~' is no operator; matches is"),
    ("=", "'=' is no operator; == compares"),
    ("|", "'|' is no operator; || or the word or is"),
    ("^", "'^' is no operator; ^^ or the word xor is"),
    ("${", "a reference to an earlier record is $1.tcp.seq: the number of its line, a dot and a field"),
    ("$", "a reference to an earlier record is $1.tcp.seq: the number of its line, a dot and a field"),
    ("'", "text stands in double quotes: \"GET\"; one character alone in apostrophes"),
    ("#", "a layer is picked by # after a field, and its number: ip.src#2, ip.src#[1-2], ip.src#[-1]"),
    ("@", "@ stands before the name of a field, whose bytes it means: @ip.src"),
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\.\.|(?:[\w$:-]|\.(?!\.))+|[=!<>&|^~]+|.', re.DOTALL)


def explain(error: UnexpectedInput, text: str) -> FilterError:
    """Return what is wrong with `text`, where lark found that it cannot go on."""
    place, end = _place(error, text)
    before, rest = text[:place], text[place:].rstrip()
    found = _unclosed_quote(text)
    if found is not None:
        return FilterError('the closing " is missing', text, found, found + 1)
    if rest.startswith("["):
        if "]" not in rest:
            return FilterError("the closing ] is missing", text, place, place + 1)
        return FilterError("a slice such as [0:2] follows a field, and holds only numbers", text, place, end)
    if _wants_value(error):
        return _value_missing(before, rest, place, end, text)
    return _operator_missing(before, rest, place, end, text)


def _place(error: UnexpectedInput, text: str) -> tuple[int, int]:
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        token = error.token
        start = token.start_pos or 0
        return start, start + len(token)
    if isinstance(error, UnexpectedCharacters) and text[error.pos_in_stream or 0:].strip():
        place = error.pos_in_stream or 0
        return place, place + 1
    return len(text.rstrip()), len(text.rstrip()) + 1


def _wants_value(error: UnexpectedInput) -> bool:
    accepted = getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None)
    return "STRING" in (accepted or ())


def _value_missing(before: str, rest: str, place: int, end: int, text: str) -> FilterError:
    last = _last_token(before)
    if not rest:
        if last and _unclosed(text) >= 0 and (last[-1].isalnum() or last[-1] in '"}'):
            return _missing_close(text)
        return FilterError(f"the expression ends where a field or a value should follow '{last}'", text, place, end)
    word = _TOKEN.match(rest)
    found = word[0] if word else rest[0]
    for symbol, message in _SYMBOLS:
        if _is_symbol(found, symbol):
            return FilterError(message, text, place, place + len(symbol))
    if rest[0] == ")" and last == "(":
        return FilterError("there is nothing between the parentheses", text, place - 1, end)
    if rest[0] == "}" and last == "{":
        return FilterError("there is nothing between the braces", text, place - 1, end)
    if last == "in":
        return FilterError("a set of values stands in braces: {80, 443}", text, place, place + 1)
    if rest[0] == "(":
        return FilterError(
            "parentheses group conditions; braces group values: {tcp.len + 10}", text, place, place + 1)
    if found[0].isascii() and (found[0].isalnum() or found[0] in "=!<>&|^~+-*/%).,}"):
        after = f" after '{last}'," if last else ""
        return FilterError(f"a field or a value is missing{after} before '{found}'", text, place, place + len(found))
    return FilterError(f"'{rest[0]}' has no place in an expression", text, place, place + 1)


def _operator_missing(before: str, rest: str, place: int, end: int, text: str) -> FilterError:
    last = _last_token(before)
    if not rest:
        if _unclosed(text) >= 0:
            return _missing_close(text)
        follows = "'in' and a set" if last == "not" else "an operator such as == or in"
        return FilterError(f"the expression ends where {follows} should follow '{last}'", text, place, end)
    word = _TOKEN.match(rest)
    found = word[0] if word else rest[0]
    for symbol, message in _SYMBOLS:
        if _is_symbol(found, symbol):
            return FilterError(message, text, place, place + len(symbol))
    span = (text, place, place + len(found))
    if found.lower() in _WORDS and found not in _WORDS:
        return FilterError(f"operators are written in small letters: {found.lower()}", *span)
    if found == "in" or last == "in":
        return FilterError("'in' stands between a field and a set: tcp.port in {80, 443}", *span)
    if last in _LOGIC:
        return FilterError(f"a field or a value is missing before '{last}'", text, _last_place(before), place - 1)
    if rest[0] == ")":
        return FilterError("there is no ( for this )", text, place, place + 1)
    if rest[0] == "}":
        return FilterError("there is no { for this }", text, place, place + 1)
    if rest[0] == "{":
        return FilterError("a set of values follows 'in': tcp.port in {80, 443}", text, place, place + 1)
    if before.rstrip().endswith(")") and found[0] in "=!<>&+-*/%":
        return FilterError("parentheses group conditions; braces group values: {tcp.len + 10}", *span)
    if found in ("is", "equals", "like", "not", "has"):
        return FilterError(f"'{found}' is no operator; ==, !=, contains, matches and in are", *span)
    if found[0].isascii() and (found[0].isalnum() or found[0] in '"$!'):
        return FilterError(f"an operator such as == or and is missing before '{found}'", *span)
    return FilterError(f"'{found}' has no place here", *span)


def _missing_close(text: str) -> FilterError:
    opened = _unclosed(text)
    return FilterError(f"the closing {')' if text[opened] == '(' else '}'} is missing", text, opened, opened + 1)


def _is_symbol(found: str, symbol: str) -> bool:
    return found == symbol if symbol[0] in "=<|^" else found.startswith(symbol)


def _tokens(text: str) -> list[re.Match[str]]:
    return [match for match in _TOKEN.finditer(text) if not match[0].isspace()]


def _last_token(before: str) -> str:
    tokens = _tokens(before)
    return tokens[-1][0] if tokens else ""


def _last_place(before: str) -> int:
    tokens = _tokens(before)
    return tokens[-1].start() if tokens else 0


def _unclosed_quote(text: str) -> int | None:
    """Return where a quote opens that is never closed."""
    for match in _tokens(text):
        if match[0] == '"':
            return match.start()
    return None


def _unclosed(text: str) -> int:
    """Return where the innermost parenthesis or brace opens that is never closed; -1 if none."""
    opened: list[int] = []
    for match in _tokens(text):
        if match[0] in "({":
            opened.append(match.start())
        elif match[0] in ")}" and opened:
            opened.pop()
    return opened[-1] if opened else -1
