"""What `host` returns of a real program."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ProgramReport:
    """A program that ran at the host's side."""

    program: str
    status: int
    output: str
    """What it printed, control characters escaped."""
    outcome: str = "done"
    hint: str = ""

    @property
    def failure(self) -> str:
        """What to say when it failed."""
        return f"{self.program} ended with status {self.status}" if self.status else ""
