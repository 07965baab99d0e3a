"""In which language the shell speaks where it teaches: the sentences around a lesson, and the words of the glossary.

A catalogue, `catalogues/de.toml`, has each English sentence as the code says it, and what it is in that language. What
is not in it is said in English. Commands, the names of fields, events and all that is on the wire are the same in
every language.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

ENGLISH = "en"
VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The first that is set decides, as for every program (POSIX, Environment Variables, section 8.2)."""
_CODE = re.compile(r"[a-z]{2,3}")
_chosen = [ENGLISH]


class LanguageError(ValueError):
    """A text that is no language; it says what would be one."""


def languages() -> list[str]:
    """Return the codes of the languages that the sentences are there in."""
    return sorted([ENGLISH, *(path.stem for path in _folder().glob("*.toml"))])


def read_code(text: str) -> str:
    """Return the code of a language, such as ``de`` of ``de``, ``de-AT`` or ``de_DE.UTF-8``; LanguageError if none."""
    code = re.split(r"[-_.@]", text.strip().casefold())[0]
    if not _CODE.fullmatch(code):
        raise LanguageError(f"{text!r} is no language: a code such as {' or '.join(languages())}")
    return code


def of_environment(environment: Mapping[str, str]) -> str:
    """Return the language of an environment; English where it says nothing, or something that there is not."""
    said = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    try:
        code = read_code(said)
    except LanguageError:
        return ENGLISH
    return code if code in languages() else ENGLISH


def choose(code: str) -> None:
    """Speak this language from now on."""
    _chosen[0] = code


def chosen() -> str:
    """Return the code of the language that is spoken."""
    return _chosen[0]


def say(text: str, /, **values: Any) -> str:
    """Return a sentence in the language that is spoken, with values in the place of their names."""
    found = catalogue(chosen()).get(text, text)
    return found.format(**values) if values else found


def count(number: int, one: str, many: str, /) -> str:
    """Return how many there are, of texts with ``{n}``: the first if it is one."""
    return say(one if number == 1 else many, n=f"{number:,}")


@cache
def catalogue(code: str) -> dict[str, str]:
    """Return the sentences of a language by the English ones; none for English, and where there is no catalogue."""
    path = _folder() / f"{code}.toml"
    found: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def _folder() -> Path:
    return Path(__file__).with_name("catalogues")
