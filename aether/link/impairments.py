"""What a link does to frames on their way: loss, delay, reordering and the rest. Pure."""

from typing import NamedTuple


class Passage(NamedTuple):
    """What became of one frame."""

    deliveries: list[tuple[int, bytes, str]]
    """When it comes out (microseconds of world time), with which bytes, and how they were altered."""
    lost: str = ""
    """The impairment that lost it, such as ``loss`` or ``queue``; empty when it was not lost."""


class Pipe:
    """One direction of a link."""

    __slots__ = ("clear",)

    def __init__(self, seed: int, link: str, direction: str) -> None:
        self.clear = True
        """True while frames pass at once and unchanged: the hot path asks only this."""

    def carry(self, now: int, frame: bytes) -> Passage:
        """Decide what becomes of a frame that enters the link at `now`."""
        return Passage([(now, frame, "")])
