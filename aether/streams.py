"""Seeded randomness: one independent, small stream for every consumer.

A world must repeat exactly from its seed, and changing one setting must not shuffle
what another consumer draws. So every consumer (one direction of a link and one
impairment, the initial sequence numbers of a host, an application) names its own stream.
The generator is SplitMix64: its whole state is one integer, so a snapshot of a world
with dozens of streams stays small (`random.Random` carries 2,500 bytes each).
"""

from hashlib import blake2b

_MASK = 0xFFFFFFFFFFFFFFFF
_GAMMA = 0x9E3779B97F4A7C15


class Stream:
    """A repeatable source of random numbers; equal names and seeds give equal streams."""

    __slots__ = ("state",)

    def __init__(self, seed: int, *names: str) -> None:
        text = "\x00".join((str(seed), *names)).encode()
        self.state = int.from_bytes(blake2b(text, digest_size=8).digest(), "big")

    def bits(self, count: int) -> int:
        """Return an integer of `count` random bits, 1 to 64."""
        self.state = state = (self.state + _GAMMA) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        return (state ^ (state >> 31)) >> (64 - count)

    def below(self, limit: int) -> int:
        """Return an integer from 0 to `limit` - 1; `limit` at least 1."""
        return (self.bits(64) * limit) >> 64

    def between(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, probability: float) -> bool:
        """Return True with the given probability, 0.0 to 1.0; always draws exactly once."""
        return self.bits(53) < probability * (1 << 53)

    def unit(self) -> float:
        """Return a float, 0.0 <= x < 1.0."""
        return self.bits(53) / (1 << 53)

    def normal(self, deviation: int) -> int:
        """Return an integer, normally distributed around 0; always draws three times.

        It is a sum of twelve even draws, which no library and no processor rounds differently;
        it never leaves six standard deviations.
        """
        total = -6 * 0xFFFF
        for _ in range(3):
            bits = self.bits(64)
            total += (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
        return (total * deviation + 0x8000) >> 16

    def octets(self, count: int) -> bytes:
        """Return `count` random bytes."""
        return b"".join(self.bits(64).to_bytes(8, "big") for _ in range((count + 7) // 8))[:count]
