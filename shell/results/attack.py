"""What `attack` returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class AttackRow:
    """One attack that there is."""

    name: str
    about: str
    defence: str
    knobs: list[str]
    """With these settings it works, as NAME=VALUE."""
    rfc: str


@dataclass(slots=True)
class AttackList:
    """The attacks that there are."""

    attacks: list[AttackRow]


@dataclass(slots=True)
class AttackReport:
    """How an attack went, or goes."""

    attack: AttackRow
    victim: str
    outcome: str
    """``done``, or why the command did not see its end."""
    moves: int
    frames: int
    """How many frames the attacker sent."""
    elapsed_us: int
    success: bool | None
    """Whether it did what it says; null where nobody can tell."""
    findings: list[str]
    hint: str = ""
