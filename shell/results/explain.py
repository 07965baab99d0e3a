"""What `explain` returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class GlossaryEntry:
    """A word of the glossary."""

    term: str
    also: list[str]
    """Other names of the same thing."""
    text: str
    rfc: str
    """The clause that defines it; empty if there is none."""
    see: list[str]
    """Other words to look at."""
    lessons: list[str]
    """Ids of the lessons that introduce it."""


@dataclass(slots=True)
class TermList:
    """All words of the glossary."""

    terms: list[str]
