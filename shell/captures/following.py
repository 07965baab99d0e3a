"""What has followed all frames of a capture."""

from __future__ import annotations

from aether.reading.context import Context
from aether.reading.flow import Follower
from aether.reading.packet import Dissected


class CaptureFollower(Follower):
    """Has followed all frames of a capture, which are numbered from 1, once and in their order."""

    __slots__ = ("contexts", "shapes")

    def __init__(self) -> None:
        super().__init__()
        self.contexts: list[Context | None] = []
        """What is known of the conversation of each frame, by its number less 1."""
        self.shapes = bytearray()
        """The shape of each (see `aether.reading.steady`)."""

    def see(self, number: int, data: bytes, packet: Dissected | None = None) -> Context | None:
        """Return what is known of a frame's conversation; None without TCP or UDP."""
        if 0 < number <= len(self.contexts):
            return self.contexts[number - 1]
        return super().see(number, data, packet)

    def __contains__(self, number: int) -> bool:
        """Return whether a frame was followed."""
        return 0 < number <= len(self.contexts) or super().__contains__(number)
