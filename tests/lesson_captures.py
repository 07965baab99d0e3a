"""What goes over the wires of every lesson when its solution is carried out, as frames with their times."""

from __future__ import annotations

from functools import lru_cache

from shell.lessons import library
from shell.lessons.load import load
from shell.lessons.model import for_fault
from shell.lessons.sandbox import Sandbox

MOST = 120
"""Frames of one lesson: a flood has many of one kind."""
SILENT = {"what-would-linux-do", "catch-the-stack", "strangers-capture"}
"""Lessons that send nothing: two judge packet scripts, and one reads captures."""
NAMES = tuple(each.id for each in library.headings([library.BUILT_IN])
              if each.mode in ("any", "sim") and each.id not in SILENT)


@lru_cache(maxsize=4)
def session_of(name: str) -> list[tuple[int, bytes]]:
    """Return frames with their times in microseconds, in order."""
    path = next(each.path for each in library.headings([library.BUILT_IN]) if each.id == name)
    lesson = load(path)
    fault = lesson.faults[0] if lesson.faults else None
    with Sandbox.of(lesson, fault) as lab:
        lab.prepare(lesson, fault)
        for index, step in enumerate(lesson.steps):
            lab.begin(lesson, index, fault)
            for line in for_fault(step.solution, fault):
                lab.run(line)
        lab.catch_up()
        return [(event.time, event.values[2]) for event in lab.past if event.kind == "frame.sent"][:MOST]
