"""Initial sequence numbers (RFC 6528; RFC 9293 §3.4.1)."""

from hashlib import blake2b


def initial_sequence(how: str, secret: bytes, key: bytes, now: int, draw: int) -> int:
    """Return an ISN of 32 bits for the connection named by `key` (addresses and ports).

    `how` is the knob tcp.isn: ``rfc6528`` adds a keyed hash of the connection to a clock of 4 microseconds,
    ``random`` takes `draw`, and ``predictable`` is the clock alone, as in 1985: guessable by anybody.
    `now` in microseconds.
    """
    clock = now // 4
    if how == "predictable":
        return clock & 0xFFFFFFFF
    if how == "random":
        return draw & 0xFFFFFFFF
    hashed = int.from_bytes(blake2b(key, digest_size=4, key=secret).digest(), "big")
    return (clock + hashed) & 0xFFFFFFFF
