"""What is told of crafted frames."""

from __future__ import annotations

from dataclasses import dataclass, field

from shell.results.frames import FrameRow, Layer


@dataclass(slots=True)
class Crafted:
    """Crafted frames that were sent or injected, and what came of them."""

    frame: int
    """Number of the first of them."""
    count: int
    inward: bool
    """True if they went onto our own stack, as if from the wire."""
    sent: str
    answers: list[FrameRow]
    """The frames of the same conversations, the crafted ones among them."""
    outcome: str
    explanation: list[str]


@dataclass(slots=True)
class Draft:
    """A crafted frame that waits to be sent."""

    name: str
    text: str
    """How it was described."""
    row: FrameRow
    layers: list[Layer]
    hex: str
    changes: list[str] = field(default_factory=list)
    """For one that was edited: each field, before and after."""


@dataclass(slots=True)
class DraftList:
    """The crafted frames that have a name."""

    drafts: list[DraftRow]


@dataclass(slots=True)
class DraftRow:
    """One of them."""

    name: str
    text: str
    length: int
    """Bytes."""


@dataclass(slots=True)
class Fuzzed:
    """What became of many random variations of a crafted frame."""

    name: str
    count: int
    seed: int
    answers: dict[str, int]
    """How many answers of each kind came back."""
    drops: dict[str, int]
    """How many were dropped by our stack, by reason; for injected ones."""
    first: int
    last: int
    """Numbers of the frames."""
