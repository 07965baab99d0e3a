"""Sequence numbers.

On the wire they are 32 bits and wrap (RFC 9293 §3.4). Inside they are plain integers that never wrap:
every number that arrives is unwrapped once, next to one that is known, and then ``<`` means "before".
"""

MASK = 0xFFFFFFFF
HALF = 0x80000000


def unwrap(wire: int, near: int) -> int:
    """Return the number nearest to `near` (unbounded) that is `wire` (32 bits) on the wire."""
    return near + ((wire - near + HALF) & MASK) - HALF
