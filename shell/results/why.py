"""What `why` returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Because:
    """One link of a chain of decisions."""

    time_us: int
    host: str
    what: str
    source: str
    """File and line of the decision."""


@dataclass(slots=True)
class Explanation:
    """Why something happened, or does not happen."""

    question: str
    answer: str
    chain: list[Because]
    rfc: str = ""
    knob: str = ""
    """The knob that decides, with its present value."""
    counter: str = ""
    remedy: str = ""
    """What would change it."""
