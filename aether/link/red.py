"""Random early detection: a queue that speaks up before it is full (Floyd and Jacobson, 1993; RFC 7567 §2.1).

It keeps an average of its length. Below `minimum` every frame passes, above `maximum` none does, and between the two
the chance to be lost, or marked, grows in proportion up to `share`. All integers, so that it repeats everywhere.
"""

from __future__ import annotations

WEIGHT_SHIFT = 9
"""Each frame moves the average by 1/512 of the difference, as the authors advise."""
SCALE = 16
"""The average has so many bits behind the point."""
TYPICAL = 500
"""Bytes of a frame that an idle line is thought to have carried: so fast does the average decay."""
PASS, EARLY, FULL = "", "early", "full"


class Average:
    """The average number of bytes that wait."""

    __slots__ = ("scaled",)

    def __init__(self) -> None:
        self.scaled = 0

    @property
    def bytes(self) -> int:
        """The average, in bytes."""
        return self.scaled >> SCALE

    def follow(self, waiting: int, idle: int, rate: int) -> None:
        """Take a look as a frame arrives: `waiting` bytes, after `idle` microseconds without any, at `rate` bit/s."""
        if idle > 0:
            self.scaled = self.scaled * _power(idle * rate // (8_000_000 * TYPICAL)) >> 32
        self.scaled += ((waiting << SCALE) - self.scaled) >> WEIGHT_SHIFT

    def verdict(self, minimum: int, maximum: int, share: float, drawn: int) -> str:
        """Return what becomes of the frame: PASS, EARLY (lose or mark it) or FULL; `drawn` is 53 random bits."""
        average = self.bytes
        if average >= maximum:
            return FULL
        if average < minimum:
            return PASS
        chance = int(share * (1 << 53)) * (average - minimum) // (maximum - minimum)
        return EARLY if drawn < chance else PASS


def _power(frames: int) -> int:
    """Return (1 - 1/512) to the power of `frames`, with 32 bits behind the point."""
    result, factor = 1 << 32, (1 << 32) - (1 << 32 - WEIGHT_SHIFT)
    while frames and result:
        if frames & 1:
            result = result * factor >> 32
        factor = factor * factor >> 32
        frames >>= 1
    return result
