"""Reassembly: the right one, and the ways in which it goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from shell.lessons.exercises.stories import Make, Model, Observed, StoryCheck

NUMBERS = 1 << 32
STREAM = bytes(range(32, 127)) * 40
"""What is sent, so that every byte shows where it belongs."""
MISTAKES = {
    "in_order_only": "what comes too early is thrown away: keep it until what is before it has come",
    "as_they_come": "what comes too early is delivered at once: the application would read it before what is missing",
    "twice": "what was delivered is delivered again when it comes again",
    "overlap_whole": "of a segment that is partly old, the old part is delivered again: cut it off",
    "overlap_lost": "a segment that is partly old is thrown away as a whole: its end is new",
    "one_piece": "when a hole is filled, only one of the pieces that wait behind it is delivered: all that follow "
                 "without a hole are due",
    "exact": "a piece that waits is found only if it begins exactly at what is expected: it may begin before that",
    "shorter": "a shorter segment with the same number takes the place of a longer one that waits",
    "no_wrap": "sequence numbers are compared as plain numbers: after 4294967295 comes 0 (RFC 9293 §3.4)",
    "beyond": "the expected number goes beyond 32 bits: it is modulo 2**32 (RFC 9293 §3.4)",
}


class StreamModel:
    """Reassembly that can be wrong in one way."""

    def __init__(self, wrong: str, first: int) -> None:
        self.wrong, self.next = wrong, first
        self.pieces: dict[int, bytes] = {}
        """What waits, by how its number counts on from the beginning, without end."""

    def arrived(self, sequence: int, data: bytes) -> bytes:
        """Take a segment, and return what it completes."""
        wrong = self.wrong
        start = sequence
        if wrong != "no_wrap":
            start = self.next + (sequence - self.next + NUMBERS // 2) % NUMBERS - NUMBERS // 2
        if start < self.next:
            if start + len(data) <= self.next:
                return data if wrong == "twice" else b""
            if wrong == "overlap_lost":
                return b""
            if wrong == "overlap_whole":
                self.next = start + len(data)
                return data
        elif start > self.next:
            if wrong == "in_order_only":
                return b""
            if wrong == "as_they_come":
                return data
        if wrong == "shorter" or len(data) > len(self.pieces.get(start, b"")):
            self.pieces[start] = data
        return self._ready()

    def _ready(self) -> bytes:
        found, count = b"", 0
        for start in sorted(self.pieces):
            if start > self.next or (self.wrong == "one_piece" and count == 2):
                break
            if self.wrong == "exact" and count and start != self.next:
                continue
            data = self.pieces.pop(start)[self.next - start:]
            found += data
            self.next += len(data)
            count += 1
        return found

    def expected(self) -> int:
        """Return what is missing next."""
        return self.next if self.wrong == "beyond" else self.next % NUMBERS


def _segments(first: int, segments: Sequence[tuple[int, int]], make: Make) -> Iterator[Observed]:
    part = make(first)
    yield Observed(f"with the first byte at {first}", "expected()", part.expected())
    for start, end in segments:
        number = (first + start) % NUMBERS
        did = f"after bytes {number} to {(first + end - 1) % NUMBERS}"
        yield Observed(did, "arrived()", part.arrived(number, STREAM[start:end]))
        yield Observed(did, "expected()", part.expected())


def _check(title: str, *segments: tuple[int, int], first: int = 1000, clause: str = "RFC 9293 §3.10.7.4") -> StoryCheck:
    return StoryCheck(title, clause, partial(_segments, first, segments))


CHECKS = (
    _check("What comes in order is delivered at once", (0, 10), (10, 20), (20, 21)),
    _check("What comes too early waits for what is missing", (0, 10), (20, 30), (10, 20), (30, 40)),
    _check("Several pieces behind a hole are delivered together", (0, 5), (10, 15), (20, 25), (15, 20), (5, 10)),
    _check("What comes twice is delivered once", (0, 10), (0, 10), (20, 30), (20, 30), (10, 20), (10, 20)),
    _check("Of what is partly old, the new part is delivered", (0, 10), (5, 15), (0, 20)),
    _check("Pieces that overlap fit together", (0, 10), (20, 30), (25, 40), (10, 22), (40, 41)),
    _check("A shorter copy does not take the place of a longer one", (0, 10), (20, 40), (20, 25), (10, 20)),
    _check("A segment that spans everything that waits is enough", (0, 5), (10, 12), (20, 22), (5, 30), (30, 31)),
    _check("After 4294967295 comes 0", (0, 10), (20, 30), (10, 20), (30, 40), first=NUMBERS - 15,
           clause="RFC 9293 §3.4"),
)


def _make(wrong: str) -> Make:
    return partial(StreamModel, wrong)


MODEL = Model(CHECKS, _make, MISTAKES, {"arrived": "bytes", "expected": "whole"})
