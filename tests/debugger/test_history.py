"""What becomes of the way back when snapshots are larger than their budget: history starts later, and nobody waits."""

from __future__ import annotations

from itertools import count

import pytest

from aether.engine import history
from aether.engine.history import COST_SHARE, LONGEST_REPLAY_NS, History
from aether.engine.log import InputLog, LogError, dump
from aether.lab import describe, simulated
from aether.operations.tcp import TcpConnect, TcpSend

SECOND = 1_000_000_000
"""Nanoseconds of work that every slice of the run is said to have taken."""


def test_history_starts_later_rather_than_keep_somebody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "BYTE_BUDGET", 0)
    world = simulated(3)
    log = InputLog(describe(world))
    kept = History(world, log, lambda: 0)
    hashes, firsts = {}, []
    for number in range(60):
        for operation in (TcpConnect(address="192.168.1.1", port=7), TcpSend(conn=number + 1, data=bytes(2000))):
            log.add(world, operation)
            world.do(operation)
            while world.step(world.now + 1000):
                hashes[world.occurrence] = world.state_hash()
        kept.worked_for(world, SECOND)
        firsts.append(kept.first)
        assert len(kept.snapshots) <= 2, "the last two are kept, whatever they hold"
        for one, two in zip(kept.snapshots, kept.snapshots[1:], strict=False):
            assert two.worked - one.worked <= LONGEST_REPLAY_NS
        assert kept.worked - kept.snapshots[0].worked <= 2 * LONGEST_REPLAY_NS
    assert firsts[0] == 0
    assert firsts == sorted(firsts)
    assert firsts[-1] > 100
    with pytest.raises(ValueError, match=f"history starts at ev {kept.first}"):
        kept.world_at(kept.first - 1)
    reached = [at for at in (kept.first, kept.first + 1, world.occurrence - 1) if at in hashes]
    assert reached
    for occurrence in reached:
        assert kept.world_at(occurrence).state_hash() == hashes[occurrence]


def test_history_starts_later_rather_than_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """More inputs than are kept: the earliest go, and from what is left every moment is as it was."""
    monkeypatch.setattr(history, "MOST_INPUTS", 20)
    world = simulated(3)
    log = InputLog(describe(world))
    kept = History(world, log, lambda: 0)
    hashes = {}
    for number in range(30):
        for operation in (TcpConnect(address="192.168.1.1", port=7), TcpSend(conn=number + 1, data=b"hello")):
            log.add(world, operation)
            world.do(operation)
            while world.step(world.now + 1000):
                if number > 15:
                    hashes[world.occurrence] = world.state_hash()
        kept.worked_for(world, SECOND)
        assert len(log.inputs) <= 22
        kept.world_at(max(kept.first, world.occurrence - 200))  # lays snapshots on its way
    assert log.count() == 60
    assert kept.first > 50
    reached = [at for at in hashes if at >= kept.first]
    assert len(reached) > 10
    for occurrence in reached[::5]:
        assert kept.world_at(occurrence).state_hash() == hashes[occurrence]
    with pytest.raises(LogError, match=f"history starts at ev {kept.first}: benchmark mode, or too much to keep"):
        dump(log, world)


def test_what_the_first_snapshot_costs_counts_too() -> None:
    """A world that takes a second to copy is not copied again before that second is a small share of the work."""
    ticks = count(step=SECOND)
    world = simulated(3)
    kept = History(world, InputLog(describe(world)), lambda: next(ticks))
    enough = int(SECOND / COST_SHARE)
    for _ in range(enough // SECOND):
        kept.worked_for(world, SECOND)
        assert kept.taken == 0
    kept.worked_for(world, SECOND)
    assert kept.taken == 1
