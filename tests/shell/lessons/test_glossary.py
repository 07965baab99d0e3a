"""The glossary: enough words, links that lead somewhere, and every term of a lesson."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from shell.language.glossary import index, terms
from shell.lessons import library
from shell.prompt.completion import SOURCES
from tests.shell.conftest import Shell

FILE = Path(__file__).parents[3] / "shell/language/glossary/terms.toml"


def test_it_has_enough_words_each_once() -> None:
    assert len(terms()) >= 80
    names = [name.casefold() for term in terms() for name in (term.name, *term.also)]
    assert sorted(names) == sorted(set(names))


def test_the_file_says_nothing_that_nobody_reads() -> None:
    """A field with a slip in its name would be left out without a word."""
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    for name, entry in data.items():
        assert set(entry) <= {"text", "rfc", "see", "also"} and isinstance(entry["text"], str), name
        assert all(isinstance(entry.get(each, []), list) for each in ("see", "also")), name


@pytest.mark.parametrize("term", terms(), ids=lambda term: term.name)
def test_every_link_leads_to_an_entry(term: object) -> None:
    name, text, rfc, see, _ = term  # type: ignore[misc]
    assert set(map(str.casefold, see)) <= set(index()) - {name.casefold()}
    assert re.fullmatch(r"(RFC \d+( §[\d.]+)?)?", rfc)
    assert text.endswith((".", "?", "`."))


def test_every_term_of_a_lesson_is_explained() -> None:
    for lesson in library.headings([library.BUILT_IN]):
        assert {term for term in lesson.terms if term.casefold() not in index()} == set(), lesson.id


def test_a_word_is_explained_with_its_links(shell: Shell) -> None:
    printed = shell.run("explain rtt")
    assert "acknowledgement" in printed
    assert "RFC 6298" in printed
    assert "lesson start timer-doubles" in printed
    found = json.loads(shell.run("explain Three-Way  Handshake --json"))
    assert found["term"] == "handshake"
    assert found["lessons"] == ["handshake"]


def test_an_unknown_word_is_met_with_similar_ones(shell: Shell) -> None:
    assert "TIME-WAIT" in shell.fail("explain time-wat").upper()
    assert "has no 'xyzzy'. `explain` lists" in " ".join(shell.fail("explain xyzzy").split())


def test_the_words_are_completed_and_listed(shell: Shell) -> None:
    offered = {candidate.text for candidate in SOURCES["terms"](shell.session, [])}
    assert {"TIME-WAIT", "SYN cookie", "cwnd"} <= offered
    assert "SYN cookie" in shell.run("explain")
