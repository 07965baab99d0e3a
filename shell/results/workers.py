"""What `workers` returns."""

from __future__ import annotations

from dataclasses import dataclass

from aether.answers import ProcessorReport


@dataclass(slots=True)
class Workers(ProcessorReport):
    """The cores of a simulated host."""

    hint: str = ""
    processes: bool = False
    """True when each is a process, behind a TAP, and no model."""
