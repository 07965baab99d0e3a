"""The glossary: what the words of this trade mean. The text is data, in `terms.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from shell.language import translation


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


@cache
def _words(code: str) -> dict[str, dict[str, str]]:
    """Return the entries of a language, by their English names: a name and a text each."""
    path = Path(__file__).with_name(f"terms.{code}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def shown(term: Term) -> Term:
    """Return an entry in the language that is spoken, as far as it is translated."""
    words = _words(translation.chosen()).get(term.name)
    if words is None:
        return term
    name = words.get("name", term.name)
    also = term.also if name.casefold() == term.name.casefold() else (term.name, *term.also)
    return term._replace(name=name, text=words["text"], also=also)


def called(name: str) -> str:
    """Return what a word is called in the language that is spoken."""
    found = index().get(name.casefold())
    return shown(found).name if found is not None else name


def index() -> dict[str, Term]:
    """Return the entries by every name they have, in small letters; in the language that is spoken, too."""
    found = {term.name.casefold(): term for term in terms()}
    for term in terms():
        found.setdefault(shown(term).name.casefold(), term)
    for term in terms():
        for name in term.also:
            found.setdefault(name.casefold(), term)
    return found
