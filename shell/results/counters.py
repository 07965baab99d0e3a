"""What `counters` and `drops` return."""

from __future__ import annotations

from dataclasses import dataclass

from aether.answers import (
    CounterRow,
    DropRow,
)


@dataclass(slots=True)
class CounterList:
    """What one host has counted."""

    host: str
    counters: list[CounterRow]


@dataclass(slots=True)
class DropList:
    """What one host has discarded."""

    host: str
    drops: list[DropRow]
