"""Which frames prove what is broken, among those that can be seen from one end.

A proof is an expression; or ``A then B``, where the frame B is the proof and `$0` in it is an earlier A (a segment that
is sent again); or ``A never B``, where A is, if no such B came within a second (a question that nobody answers).
"""

from __future__ import annotations

from collections.abc import Iterable

from aether.filters import Filter, FilterError, Record, compile_filter
from shell.lessons.conditions import CheckError, divide
from shell.lessons.model import Fault, mended_checks

PROOF_TIMEOUT = 1_000_000
"""Microseconds after which what did not come never came."""
MAX_FRAMES = 512
"""Frames that are remembered for what follows."""


class Proof:
    """Collects the frames that prove a fault."""

    def __init__(self, text: str) -> None:
        """Read the text; FilterError if it makes no sense."""
        self.never = len(divide(text, "never")) == 2
        parts = divide(text, "never" if self.never else "then")
        self.first: Filter = compile_filter(parts[0])
        self.second = compile_filter(" then ".join(parts[1:]).replace("$0", "$1"), 1) if len(parts) > 1 else None
        self._open: list[Record] = []
        self._found: dict[int, Record] = {}

    def take(self, record: Record) -> None:
        """Take note of what happened next."""
        if self.second is not None:
            follows = [each for each in self._open if each.number != record.number
                       and self.second.matches(record, [each])]
            if self.never:
                self._open = [each for each in self._open if each not in follows]
            elif follows and record.number:
                self._found.setdefault(record.number, record)
        if record.number and self.first.test(record):
            if self.second is None:
                self._found.setdefault(record.number, record)
            elif all(each.number != record.number for each in self._open):
                self._open = [*self._open[1 - MAX_FRAMES:], record]

    def frames(self, now: int) -> list[Record]:
        """Return the frames that prove it, at a time."""
        if self.never:
            return [each for each in self._open if now - each.time >= PROOF_TIMEOUT]
        return list(self._found.values())


def look_at(fault: Fault) -> tuple[str, str] | None:
    """Return what is wrong with the expressions of a fault, and what to do; None if they are good.

    A lesson may have many faults, and reading their expressions takes a while: only those that are needed are read.
    """
    try:
        for text in fault.proof:
            Proof(text)
        mended_checks(fault, [], 1)
    except FilterError as problem:
        return f"the proof of {fault.name!r}: {problem.message}", "docs/filters.md lists all fields"
    except CheckError as problem:
        return f"how one sees that {fault.name!r} is mended: {problem}", problem.remedy
    return None


def frames(proofs: Iterable[Proof], now: int) -> list[Record]:
    """Return the frames that prove it in one way or another, each once, in their order."""
    found = {record.number: record for proof in proofs for record in proof.frames(now)}
    return [found[number] for number in sorted(found)]
