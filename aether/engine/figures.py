"""What the workers behind a TAP have done since they count, each told by itself and put side by side.

Each tells how it waited up to its own latest work, in nanoseconds of the machine's monotonic clock, which is the same
in all processes. A table goes up to the latest frame of them all: that they are idle while somebody reads says nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aether.answers import WorkerRow
from aether.engine.backoff import Shares, Spent

if TYPE_CHECKING:
    from aether.engine.core import Core, CoreStatus
    from aether.engine.loop import Loop

NOTHING = Spent(0, 0, 0, 0, 0)


@dataclass(slots=True)
class Figures:
    """What one worker tells of itself; moments and times in nanoseconds."""

    worker: int
    connections: int = 0
    frames: int = 0
    """Since the worker began."""
    frames_before: int = 0
    """Those of them that came before it counted anew."""
    began: int = 0
    """When it began to count."""
    worked: Spent = NOTHING
    """Up to the end of its latest work."""
    now: Spent = NOTHING
    spin_for: int = 0
    """How long it spins, and how long it yields after that, before it sleeps."""
    yield_for: int = 0
    memory: int | None = None
    """Bytes that its process has in memory; None where the system does not tell."""
    lately: Shares | None = None
    """How it waited in about the last second; None before it has said anything."""

    def shares(self, until: int | None = None) -> Shares:
        """Return how it waited from when it began to count up to now, or up to a moment after its latest work."""
        spent, until = (self.now, self.now.until) if until is None else (self.worked, until)
        waited = max(until - spent.until, 0)
        spin = min(waited, self.spin_for)
        yielding = min(waited - spin, self.yield_for)
        total = max(until - self.began, 1)
        return Shares(*(round(min(each / total, 1.0), 4) for each in (
            spent.spin + spin, spent.yielding + yielding, spent.sleep + waited - spin - yielding)))


def figures(core: Core, number: int) -> Figures:
    """Return what a worker of this process has to tell."""
    return replace(core.with_loop(lambda loop: _of(loop, number)), memory=resident())


def resident() -> int | None:
    """Return how many bytes this process has in memory; None where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _of(loop: Loop, number: int) -> Figures:
    world, backoff = loop.world, loop.backoff
    return Figures(
        number, sum(host.tcp.count() for host in world.hosts.values()), world.frames, loop.frames_before, backoff.began,
        backoff.worked(), backoff.now(), backoff.spin_for, backoff.yield_for, lately=backoff.lately())


def together(status: CoreStatus, others: list[Figures]) -> CoreStatus:
    """Return how worker 0's core is, with the frames of all workers, and the means of their shares of time."""
    shares = _mean([Shares(status.spin, status.yielding, status.sleep), *(each.shares() for each in others)])
    lately = status.lately
    if lately is not None:
        lately = _mean([lately, *(each.lately or each.shares() for each in others)])
    return replace(
        status, frames=status.frames + sum(each.frames for each in others), spin=shares.spin,
        yielding=shares.yielding, sleep=shares.sleep, lately=lately)


def _mean(shares: list[Shares]) -> Shares:
    return Shares(*(sum(each) / len(shares) for each in zip(*shares, strict=True)))


def side_by_side(told: list[Figures]) -> tuple[list[WorkerRow], int]:
    """Return a row for each worker, and over how many microseconds they count: up to the latest frame of them all."""
    end = max((each.worked.until for each in told if each.frames > each.frames_before), default=0)
    until = end or max(each.now.until for each in told)
    began = min((each.began for each in told if each.began), default=until)  # 0: it has said nothing yet
    return [_row(each, until) for each in told], max(until - began, 0) // 1000


def _row(told: Figures, until: int) -> WorkerRow:
    shares = told.shares(until)
    busy = round(max(1.0 - sum(shares), 0.0), 4)
    return WorkerRow(
        told.worker, told.connections, told.frames - told.frames_before, busy, *shares, told.worked.sleeps)
