"""Macros: short names for expressions, with arguments, as Wireshark has them.

``${tcp_conv:10.1.1.2;10.1.1.3}`` and ``$tcp_conv(10.1.1.2,10.1.1.3)`` stand for the text of the macro, whose ``$1`` and
``$2`` are the arguments. What they stand for is put in before the expression is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from aether.filters.errors import FilterError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MOST_NESTED = 20
"""Macros that may be inside each other, so that a ring of them ends."""
LONGEST_EXPRESSION = 20_000
"""Characters of an expression, when everything is put in."""
_CALL = re.compile(r'"(?:[^"\\]|\\.)*"?|\$\{([A-Za-z_]\w*)(?:[:;]([^}]*))?\}|\$([A-Za-z_]\w*)\(([^)]*)\)', re.ASCII)
_PARAMETER = re.compile(r"\$([0-9]+)(?!\.)")
_known: dict[str, str] = {}


def use(macros: Mapping[str, str]) -> None:
    """Let these macros be known, and no others."""
    _known.clear()
    _known.update(macros)


def known() -> Mapping[str, str]:
    """Return the macros that are known, by their names."""
    return _known


def expand(text: str) -> str:
    """Return an expression with what its macros stand for; FilterError for one that is not known or used otherwise."""
    if "${" not in text and not re.search(r"\$[A-Za-z_]", text):
        return text
    found = text
    for _ in range(MOST_NESTED):
        after = _CALL.sub(partial(_body, found), found)
        if len(after) > LONGEST_EXPRESSION:
            raise FilterError("with its macros the expression is too long", text)
        if after == found:
            return found
        found = after
    raise FilterError(f"macros are inside each other more than {MOST_NESTED} times", text)


def _body(text: str, call: re.Match[str]) -> str:
    """Return what a macro stands for that is called in a text."""
    name = call[1] or call[3]
    if name is None:
        return call[0]  # text in quotes
    where = call.start(), call.end()
    if name not in _known:
        there = f"There is {', '.join(sorted(_known))}" if _known else "None is; the configuration file defines them"
        raise FilterError(f"there is no macro '{name}'. {there}", text, *where)
    given = call[2] if call[1] else call[4]
    arguments = re.split("[;,]" if call[3] else ";", given) if given else []
    body = _known[name]
    wanted = max((int(number) for number in _PARAMETER.findall(body)), default=0)
    if len(arguments) != wanted:
        takes = f"{wanted} argument{'s' * (wanted != 1)}"
        raise FilterError(f"the macro '{name}' takes {takes}, not {len(arguments)}: {body}", text, *where)
    return _PARAMETER.sub(lambda place: arguments[int(place[1]) - 1].strip() if int(place[1]) else "", body)
