"""Mutations without coverage: what runs in CI, and where there is no atheris.

The same seed makes the same inputs, so whatever is found is found again.
"""

from __future__ import annotations

import random
import time

from tests.fuzz.targets import CORPUS, LONGEST, Target

EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x0A, 0x20, 0x22, 0x5B)


def beginnings(name: str, target: Target) -> list[bytes]:
    """Return the seeds of a target, and what earlier runs have found worth keeping."""
    kept = sorted((CORPUS / name).glob("*")) if (CORPUS / name).is_dir() else []
    return [*target.seeds(), *(path.read_bytes() for path in kept)]


def changed(data: bytes, others: list[bytes], words: list[bytes], chance: random.Random) -> bytes:
    """Return an input with a few changes."""
    found = bytearray(data)
    for _ in range(1 << chance.randrange(4)):
        at = chance.randrange(len(found) + 1)
        kind = chance.randrange(7)
        if kind == 0 and found:
            found[at % len(found)] ^= 1 << chance.randrange(8)
        elif kind == 1 and found:
            found[at % len(found)] = chance.choice(EDGES)
        elif kind == 2:
            del found[at:at + chance.randrange(1, 16)]
        elif kind == 3:
            found[at:at] = found[at:at + chance.randrange(1, 32)]
        elif kind == 4:
            other = chance.choice(others)
            start = chance.randrange(len(other) + 1)
            found[at:at] = other[start:start + chance.randrange(1, 64)]
        elif kind == 5 and words:
            found[at:at] = b" " + chance.choice(words) + b" "
        else:
            found[at:at] = chance.randbytes(chance.randrange(1, 5))
    return bytes(found[:LONGEST])


def run(name: str, target: Target, *, executions: int = 0, seconds: float = 0, seed: int = 1) -> int:
    """Run a target so often, or for so long; return how often. What it raises is the finding, with the input in it."""
    chance = random.Random(seed)
    begin = beginnings(name, target)
    words = [word.encode() for word in target.words()]
    until = time.monotonic() + seconds
    done = 0
    for data in begin:
        one(target, data)
    while done < executions or (seconds and time.monotonic() < until):
        one(target, changed(chance.choice(begin), begin, words, chance))
        done += 1
    return done


def one(target: Target, data: bytes) -> None:
    """Run a target once."""
    try:
        target.run(data)
    except BaseException as problem:
        problem.add_note(f"the input: {data!r}")
        raise
