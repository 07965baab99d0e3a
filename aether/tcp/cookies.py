"""SYN cookies (RFC 4987 §3.6): a handshake that keeps no state until the third segment.

The initial sequence number of the SYN,ACK carries what would have been remembered: a counter of
64 seconds (5 bits), the MSS as an index (3 bits), and a keyed hash of both with the connection (24 bits).
If the peer uses timestamps, ours carries its window scale and whether it knows SACK and ECN (6 bits);
without them those options are lost, and that is the price of a cookie.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

PERIOD = 64_000_000
"""Microseconds that the counter takes for a step; a cookie is good for the present period and the one before."""
SIZES = (216, 536, 1024, 1300, 1360, 1400, 1440, 1460)
"""The MSS values that fit into three bits: the largest that is not above the peer's is used."""
SACK, ECN, SCALE = 0x10, 0x20, 0x0F
NO_SCALE = 0x0F
"""In the bits for the window scale: the peer did not offer it."""
REMEMBERED = 4096
"""Cookies that were used are remembered while they are good, at the most so many."""


class Cookie(NamedTuple):
    """What a valid cookie says about the SYN that it answered."""

    mss: int
    expires: int
    """World time in microseconds."""


def make(secret: bytes, key: bytes, sequence: int, mss: int, now: int) -> int:
    """Return the initial sequence number for the SYN,ACK; `sequence` is that of the SYN, `mss` what it offered."""
    index = max((i for i, size in enumerate(SIZES) if size <= mss), default=0)
    count = now // PERIOD
    top = (count & 0x1F) << 3 | index
    return top << 24 | _hash(secret, key, sequence, count, index)


def check(secret: bytes, key: bytes, sequence: int, cookie: int, now: int) -> Cookie | None:
    """Return what a cookie says, or None if it is not ours or too old; `sequence` is that of the SYN."""
    index = cookie >> 24 & 0x07
    present = now // PERIOD
    for count in (present, present - 1):
        if count >= 0 and count & 0x1F == cookie >> 27:
            if cookie & 0xFFFFFF == _hash(secret, key, sequence, count, index):
                return Cookie(SIZES[index], (count + 2) * PERIOD)
            return None
    return None


def _hash(secret: bytes, key: bytes, sequence: int, count: int, index: int) -> int:
    text = key + (sequence & 0xFFFFFFFF).to_bytes(4, "big") + count.to_bytes(8, "big") + bytes((index,))
    return int.from_bytes(blake2b(text, digest_size=3, key=secret, person=b"cookie").digest(), "big")


def options_in(clock: int, scale: int | None, sack: bool, ecn: bool) -> int:
    """Return a timestamp value, not later than `clock` (milliseconds), whose low bits carry the options."""
    bits = (NO_SCALE if scale is None else min(scale, 14)) | (SACK if sack else 0) | (ECN if ecn else 0)
    value = clock & ~0x3F | bits
    return value if value <= clock else value - 0x40


class CookieOptions(NamedTuple):
    """The options that a timestamp carried."""

    scale: int | None
    sack: bool
    ecn: bool


def options_out(echo: int) -> CookieOptions:
    """Read the options back from the timestamp that the peer echoes."""
    scale = echo & SCALE
    return CookieOptions(None if scale == NO_SCALE else scale, bool(echo & SACK), bool(echo & ECN))
