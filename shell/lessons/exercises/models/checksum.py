"""The Internet checksum: the right one, and the ways in which it goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from shell.lessons.exercises.stories import Make, Model, Observed, StoryCheck

ONCE = "the carry is added once, and that carries again: fold until nothing is left above the 16 bits"
MISTAKES = {
    "sum": "this is the sum itself: the checksum is its complement (RFC 1071 §1, step 2)",
    "no_carry": "what is carried out of the 16 bits is thrown away: it has to be added at the right again",
    "once": ONCE,
    "once_and_kept": ONCE,
    "swapped": "the bytes of each word are swapped: the first byte of a word is the higher one",
    "odd_low": "the last byte of an odd number stands at the right of its word: it is the higher byte, with a zero "
               "to its right",
    "odd_lost": "the last byte of an odd number is left out",
    "long": "the complement has more than 16 bits: keep only the lowest 16 of it",
}


class Checksum:
    """A checksum that can be wrong in one way."""

    def __init__(self, wrong: str = "") -> None:
        self.wrong = wrong

    def checksum(self, data: bytes) -> int:
        """Return the checksum (RFC 1071)."""
        wrong = self.wrong
        if len(data) % 2:
            data = data[:-1] if wrong == "odd_lost" else (
                data[:-1] + b"\0" + data[-1:] if wrong == "odd_low" else data + b"\0")
        order: str = "little" if wrong == "swapped" else "big"
        total = sum(int.from_bytes(data[at:at + 2], "little" if order == "little" else "big")
                    for at in range(0, len(data), 2))
        if wrong.startswith("once"):
            total = (total & 0xFFFF) + (total >> 16)
        while total > 0xFFFF and wrong not in ("once", "once_and_kept", "no_carry"):
            total = (total & 0xFFFF) + (total >> 16)
        if wrong in ("sum", "once_and_kept"):
            return total if wrong == "sum" else total ^ 0xFFFF
        return ~total if wrong == "long" else ~total & 0xFFFF


def _of(data: bytes, words: str, make: Make) -> Iterator[Observed]:
    yield Observed(words, "checksum()", make().checksum(data), "hex")


def _carried_in(make: Make) -> Iterator[Observed]:
    header = bytes.fromhex("450000732000400040110000c0a80001c0a800c7")
    value = make().checksum(header)
    yield Observed(f"of the IPv4 header {header.hex()}", "checksum()", value, "hex")
    whole = header[:10] + (value & 0xFFFF).to_bytes(2, "big") + header[12:]
    yield Observed("of the same header with its checksum in it", "checksum()", make().checksum(whole), "hex")


def _check(title: str, clause: str, data: bytes, words: str = "") -> StoryCheck:
    return StoryCheck(title, clause, partial(_of, data, words or f"of the bytes {data.hex()}"))


CHECKS = (
    _check("The example of RFC 1071 comes to 0x220d", "RFC 1071 §3", bytes.fromhex("0001f203f4f5f6f7")),
    _check("The byte that comes first is the higher one of its word", "RFC 1071 §1", bytes.fromhex("1234")),
    StoryCheck("A header with its checksum in it comes to 0", "RFC 791 §3.1", _carried_in),
    _check("An odd number of bytes is filled up with a zero at the right", "RFC 1071 §4.1", bytes.fromhex("010203")),
    _check("A carry that carries again is added again", "RFC 1071 §4.1", bytes.fromhex("ffffffff0001")),
    _check("Of nothing it is 0xffff", "RFC 1071 §1", b"", "of no bytes at all"),
    _check("Of 65,535 bytes it is right, too", "RFC 1071 §4.1", bytes(range(255)) * 257, "of 65,535 bytes"),
)


def _make(wrong: str) -> Make:
    return partial(Checksum, wrong)


MODEL = Model(CHECKS, _make, MISTAKES, {"checksum": "whole"})
