"""Initial sequence numbers (RFC 6528; RFC 9293 §3.4.1)."""

from __future__ import annotations

from hashlib import blake2b

from aether.streams import Stream

STEP = 64_000
"""How much later the next predictable number is: BSD's habit of the 1980s, which Morris's attack of 1985 counted on."""


class InitialSequence:
    """Chooses the initial sequence numbers of one host."""

    __slots__ = ("counter", "secret", "stream")

    def __init__(self, seed: int, host: str) -> None:
        self.secret = Stream(seed, host, "tcp.secret").octets(16)
        self.stream = Stream(seed, host, "tcp.isn")
        self.counter = self.stream.bits(31) // STEP * STEP

    def choose(self, how: str, key: bytes, now: int) -> tuple[int, int]:
        """Return an ISN and a start of the timestamp clock, 32 bits each, for the connection named by `key`.

        `how` is the knob tcp.isn: ``rfc6528`` adds a keyed hash of the connection to a clock of 4 microseconds,
        ``random`` draws, and ``predictable`` counts on by the same step for every connection (RFC 6528 §1).
        `now` in microseconds.
        """
        iss, offset = self.both(key, now)
        if how == "predictable":
            self.counter = iss = (self.counter + STEP) & 0xFFFFFFFF
        elif how == "random":
            iss = self.stream.bits(32)
        return iss, offset

    def both(self, key: bytes, now: int) -> tuple[int, int]:
        """Return the ISN of RFC 6528 §3, and a start of the timestamp clock (RFC 7323 §5.4).

        The start is the same for every incarnation of a connection, so that its clock never runs back (§5.5).
        """
        hashed = int.from_bytes(blake2b(key, digest_size=8, key=self.secret).digest(), "big")
        return (now // 4 + (hashed >> 32)) & 0xFFFFFFFF, hashed & 0xFFFFFFFF

    def counted(self, isn: int, recent: int) -> bool:
        """Tell whether a predictable number is one of the `recent` last ones."""
        ago = (self.counter - isn) & 0xFFFFFFFF
        return ago % STEP == 0 and ago // STEP < recent
