"""How a part is judged: by what comes out of it while a story is told to it.

A story calls a part and says what came out. The right part says what should have; parts with one typical mistake each
say what that mistake looks like. So a wrong part is told what was observed, and which mistake comes to just that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

Make = Callable[..., Any]
"""Makes a part, with what its constructor takes."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Something that came out of a part."""

    did: str
    """What was done to it before."""
    what: str
    """What was looked at, such as ``timeout()``."""
    value: Any
    unit: str = ""
    """Of the value; ``hex`` shows 16 bits."""

    def shown(self) -> str:
        """Return the value as a person reads it."""
        value = self.value
        if isinstance(value, bool) or value is None:
            return str(value)
        if self.unit == "hex" and isinstance(value, int):
            return f"0x{value:04x}" if value >= 0 else str(value)
        if isinstance(value, (bytes, str)):
            text = repr(value)
            return text if len(text) <= 40 else f"{text[:36]}... ({len(value)} bytes)"
        if isinstance(value, float):
            value = f"{value:.4g}" if abs(value) < 1e6 else f"{value:.6e}"
        return f"{value} {self.unit}".rstrip()

    def agrees(self, other: Observed, slack: float) -> bool:
        """Tell whether another part did the same; numbers may differ by `slack`."""
        one, two = self.value, other.value
        if isinstance(one, (int, float)) and isinstance(two, (int, float)) and not isinstance(one, bool):
            return isclose(one, two, rel_tol=1e-6, abs_tol=max(slack, 1e-9))
        return bool(one == two)


@dataclass(frozen=True, slots=True)
class StoryCheck:
    """One thing that a part has to do."""

    title: str
    """As a sentence about a part that is right."""
    clause: str
    story: Callable[[Make], Iterator[Observed]]
    slack: float = 0.0
    """By how much numbers may differ, in their unit."""
    names_mistakes: bool = True
    """Whether mistakes can be told by it; where much goes into what comes out, others tell them better."""


@dataclass(frozen=True, slots=True)
class Model:
    """What an exercise asks for."""

    checks: tuple[StoryCheck, ...]
    make: Callable[[str], Make]
    """Makes the right part, or with the name of a mistake one that makes it."""
    mistakes: Mapping[str, str]
    """What each mistake is, as one would say it to the learner."""
    returns: Mapping[str, str]
    """Of which kind is what a learner's methods and attributes give: see `shell.lessons.exercises.proxy`."""


@dataclass(slots=True)
class Told:
    """What came out of a part in one story."""

    check: StoryCheck
    seen: list[Observed]
    wrong_at: int = -1
    """Which of it is the first that is not right; -1 if all is."""
    observed: str = ""
    """What that was, and what is right."""


def told(model: Model, check: StoryCheck, seen: list[Observed]) -> Told:
    """Return what came out of a part, beside what is right."""
    right = list(check.story(model.make("")))
    for index, (one, wanted) in enumerate(zip(seen, right, strict=True)):
        if not one.agrees(wanted, check.slack):
            observed = f"{one.did}: {one.what} is {one.shown()}; {wanted.shown()} is right"
            return Told(check, seen, index, observed)
    return Told(check, seen)


def mistakes(model: Model, every: Sequence[Told]) -> list[str]:
    """Return for each story which mistake comes to just what was seen; empty where all was right, or none does.

    Of several, it is the one that agrees with the part in most of the other stories too.
    """
    asked = [each for each in every if each.check.names_mistakes]
    if not any(each.observed for each in asked):
        return [""] * len(every)
    same = {name: [_agreeing(model, each, name) for each in asked] for name in model.mistakes}
    ranked = sorted(model.mistakes, key=lambda name: -sum(
        length >= len(each.seen) for length, each in zip(same[name], asked, strict=True)))
    return ["" if not each.observed or each not in asked else next(
        (model.mistakes[name] for name in ranked if same[name][asked.index(each)] > each.wrong_at), "")
        for each in every]


def _agreeing(model: Model, each: Told, name: str) -> int:
    """Return how much of what was seen a mistake explains, from the beginning."""
    other = list(each.check.story(model.make(name)))
    return next((index for index, (one, two) in enumerate(zip(each.seen, other, strict=True))
                 if not one.agrees(two, each.check.slack)), len(each.seen))
