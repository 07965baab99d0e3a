"""The glossary: what the words of this trade mean. The text is data, in `terms.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Term(NamedTuple):
    """One entry."""

    name: str
    text: str
    rfc: str = ""
    """The clause that defines it; empty if there is none."""
    see: tuple[str, ...] = ()
    """Names of other entries."""
    also: tuple[str, ...] = ()
    """Other names of the same thing."""


@cache
def terms() -> tuple[Term, ...]:
    """Return all entries, in the order of the file."""
    data = tomllib.loads(Path(__file__).with_name("terms.toml").read_text(encoding="utf-8"))
    return tuple(
        Term(name, entry["text"], entry.get("rfc", ""), tuple(entry.get("see", ())), tuple(entry.get("also", ())))
        for name, entry in data.items())


def index() -> dict[str, Term]:
    """Return the entries by every name they have, in small letters."""
    found = {term.name.casefold(): term for term in terms()}
    for term in terms():
        for name in term.also:
            found.setdefault(name.casefold(), term)
    return found
