"""What two runs are compared by, counted while it happens: however few of the events are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aether.world import World


class Meter:
    """Observes a world for somebody else, and counts on the way."""

    def __init__(self, world: World, further: Callable[..., None]) -> None:
        """`further` is told of every event."""
        self.world = world
        self.further = further
        self.delivered = 0
        """Bytes that reached applications by TCP."""
        self.last_delivery = -1
        """When the last of them did, in microseconds of world time; -1 if none has."""
        self.sent = 0
        """Bytes that were put on links, in frames, by anybody."""
        self.lost = 0
        """Frames that links have lost."""
        self.largest_queue = 0
        """The most bytes that have waited before a limited rate, in one direction of a link."""

    def __call__(self, host: str, kind: str, *values: Any) -> None:
        """Count an event, and hand it on."""
        if kind == "tcp.delivered":
            self.delivered += values[1]
            self.last_delivery = self.world.now
        elif kind == "frame.sent":
            self.sent += len(values[2])
        elif kind == "frame.lost":
            self.lost += 1
        self.further(host, kind, *values)

    def look(self) -> None:
        """Look at the queues, at the end of an occurrence: within one they only grow."""
        for link in self.world.links.values():
            self.largest_queue = max(
                self.largest_queue, link.left.pipe.waiting_bytes, link.right.pipe.waiting_bytes)
