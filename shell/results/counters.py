"""What `counters` and `drops` return: what was counted at a host, what it discarded, and what never reached it."""

from __future__ import annotations

from dataclasses import dataclass, field

from aether.answers import CounterRow, DropRow, LossRow


@dataclass(slots=True)
class CounterList:
    """What one host has counted."""

    host: str
    counters: list[CounterRow]
    hint: str = ""
    """Where else to look; empty if there is nothing else."""


@dataclass(slots=True)
class DropsElsewhere:
    """What another host has discarded."""

    host: str
    count: int


@dataclass(slots=True)
class DropList:
    """What one host has discarded, what the links lost before any host had it, and what others discarded."""

    host: str
    drops: list[DropRow]
    lost: list[LossRow] = field(default_factory=list)
    """What the links lost, whoever sent it."""
    elsewhere: list[DropsElsewhere] = field(default_factory=list)
    """The other hosts that discarded something."""
    hints: list[str] = field(default_factory=list)
    """How to see what was lost, and what others discarded: sentences with commands between backquotes."""
