"""The observer that fills a ring: it keeps raw values, and remembers which line of the stack decided."""

from __future__ import annotations

import sys
from typing import Any

from aether.engine.ring import EventRing
from aether.world import World

MESSENGERS = frozenset((
    "drop", "move", "start", "stop", "report_cwnd", "report_recovery", "_blocked", "_hold", "note_limit", "_become",
    "number",
))
"""Functions that only report what their caller decided: the caller's line is the one to show."""


class EventRecorder:
    """Called by the stack for every event of one world."""

    def __init__(self, world: World, ring: EventRing) -> None:
        self.world = world
        self.ring = ring

    def __call__(self, host: str, kind: str, *values: Any) -> None:
        """Keep one event."""
        frame = sys._getframe(1)
        code = frame.f_code
        while code.co_name in MESSENGERS and frame.f_back is not None:
            frame = frame.f_back
            code = frame.f_code
        world, ring = self.world, self.ring
        ring.add((
            ring.last_serial + 1, world.occurrence, world.now, host, world.frame, kind, values, code, frame.f_lasti,
        ))

    def together(self, host: str, count: int, happening: str, values: tuple[Any, ...]) -> None:
        """Keep so many events of one occurrence as one, which unfolds when somebody reads them."""
        world, ring = self.world, self.ring
        ring.add_together((
            ring.last_serial + 1, world.occurrence, world.now, host, world.frame, count, happening, values))
