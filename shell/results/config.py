"""What `config` and `theme` return."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class ThemeRow:
    """One theme."""

    name: str
    help: str
    current: bool


@dataclass(slots=True)
class ThemeReport:
    """The themes, and which one is used."""

    theme: str
    chosen_by: str
    """Who chose it: the command, AETHER_THEME, the configuration or the terminal."""
    colours: str
    """How many colours the terminal shows: ``truecolor``, ``256``, ``16`` or ``none``."""
    themes: list[ThemeRow]


@dataclass(slots=True)
class ConfigRow:
    """One setting."""

    name: str
    value: str
    set: bool
    """Whether the file sets it."""
    help: str


@dataclass(slots=True)
class ConfigReport:
    """The configuration: its file, its settings, and what is wrong with it."""

    file: str
    exists: bool
    settings: list[ConfigRow]
    problems: list[str] = field(default_factory=list)
    hint: str = ""
