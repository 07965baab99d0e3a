"""What `knob` and `profile` return."""

from __future__ import annotations

from dataclasses import dataclass

from aether.answers import (
    KnobRow,
)


@dataclass(slots=True)
class KnobList:
    """Knobs of one host."""

    host: str
    knobs: list[KnobRow]
    title: str = ""


@dataclass(slots=True)
class KnobReport:
    """One knob."""

    host: str
    knob: KnobRow
    message: str = ""
