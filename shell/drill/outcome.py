"""How a line of a script went."""

from __future__ import annotations

from dataclasses import dataclass, field

from shell.drill.packets import Difference
from shell.drill.script import ScriptLine


@dataclass(slots=True)
class Outcome:
    """How a line went."""

    line: ScriptLine
    verdict: str = ""
    """``ok``, ``failed``, ``waits`` (a call that has not returned), or empty for not yet."""
    expected_at: int = -1
    """When it was to happen, in microseconds; -1 for whenever."""
    time: int = -1
    """When it happened; -1 if it did not."""
    frame: int = 0
    """The number of the frame that came or went; 0 for none."""
    cause: int = 0
    """The frame that the host handled when it sent that one; 0 for none."""
    got: str = ""
    """What came, as a script would write it."""
    problem: str = ""
    fields: list[Difference] = field(default_factory=list)
    """Empty unless it failed."""


class LineFailed(Exception):
    """A line that did not go as it is written."""

    def __init__(self, problem: str, fields: list[Difference] | None = None, got: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.fields = fields or []
        self.got = got
