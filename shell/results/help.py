"""What `help` returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class HelpLine:
    """One line of the list of commands."""

    name: str
    verbs: str
    help: str


@dataclass(slots=True)
class HelpGroup:
    """Commands that belong together."""

    title: str
    lines: list[HelpLine]


@dataclass(slots=True)
class HelpIndex:
    """All commands."""

    groups: list[HelpGroup]
    keys: list[HelpLine]


@dataclass(slots=True)
class HelpPage:
    """One command, or one noun with its verbs, in detail."""

    usage: list[str]
    description: str
    arguments: list[HelpLine]
    options: list[HelpLine]
    examples: list[str]
    more: list[HelpLine]


@dataclass(slots=True)
class FieldLine:
    """A field that expressions may ask about."""

    name: str
    type: str
    help: str
    wireshark: bool
    """Whether Wireshark has it too, by this name."""
    words: list[str]
    """What it may be compared with by name; empty if there are no names."""


@dataclass(slots=True)
class FieldGroup:
    """Fields that belong together."""

    title: str
    fields: list[FieldLine]


@dataclass(slots=True)
class FieldList:
    """All fields, or those that begin in one way."""

    groups: list[FieldGroup]
