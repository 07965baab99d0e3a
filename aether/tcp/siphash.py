"""SipHash-2-4 (Aumasson and Bernstein, 2012): a short keyed hash, which Linux makes its Fast Open cookies with."""

from __future__ import annotations

MASK = 0xFFFF_FFFF_FFFF_FFFF


def siphash(key: bytes, text: bytes) -> bytes:
    """Return the hash, 8 bytes with the lowest first; the key has 16 bytes."""
    k0, k1 = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    state = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    padded = text + bytes(7 - len(text) % 8) + bytes((len(text) & 0xFF,))
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at:at + 8], "little")
        state[3] ^= word
        _rounds(state, 2)
        state[0] ^= word
    state[2] ^= 0xFF
    _rounds(state, 4)
    return (state[0] ^ state[1] ^ state[2] ^ state[3]).to_bytes(8, "little")


def _rounds(state: list[int], count: int) -> None:
    a, b, c, d = state
    for _ in range(count):
        a = (a + b) & MASK
        b = _turned(b, 13) ^ a
        a = _turned(a, 32)
        c = (c + d) & MASK
        d = _turned(d, 16) ^ c
        a = (a + d) & MASK
        d = _turned(d, 21) ^ a
        c = (c + b) & MASK
        b = _turned(b, 17) ^ c
        c = _turned(c, 32)
    state[:] = a, b, c, d


def _turned(word: int, count: int) -> int:
    return (word << count | word >> 64 - count) & MASK
