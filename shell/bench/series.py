"""Several runs, under one setting or under two in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Rounds(Generic[T]):
    """What came of several runs: for each setting a list, in the order of the rounds."""

    found: list[list[T]]
    interrupted: bool
    """True if it was cut off; what was measured by then is whole rounds."""


def series(
    settings: list[tuple[str, Callable[[], None]]], run: Callable[[], T], rounds: int, tell: Callable[[int, str], None],
) -> Rounds[T]:
    """Measure under several settings turn about, so that a machine that changes its speed changes it for all.

    Of two settings neither is always the first, and one run of each is thrown away: caches, and whatever else is
    slow the first time, are the same for both then. `tell` hears how many runs are done, and what is next.
    """
    found: list[list[T]] = [[] for _ in settings]
    order = list(range(len(settings)))
    done = 0

    def one(number: int, what: str) -> T:
        nonlocal done
        name, begin = settings[number]
        tell(done, f"{name}: {what}")
        begin()
        result = run()
        done += 1
        return result

    try:
        for number in order if len(order) > 1 else ():
            one(number, "warming up")
        for index in range(rounds):
            for number in order[::-1] if index % 2 else order:
                found[number].append(one(number, f"run {index + 1} of {rounds}"))
    except KeyboardInterrupt:
        whole = min(len(each) for each in found)
        return Rounds([each[:whole] for each in found], interrupted=True)
    return Rounds(found, interrupted=False)


def steps(settings: int, rounds: int) -> int:
    """Return how many runs a series has, with those that are thrown away."""
    return settings * (rounds + (settings > 1))
