"""What always holds of TCP, in random worlds: bad links, knobs, calls, forged segments, both profiles.

AETHER_WORLDS_SECONDS=1200 plays for so long with seeds of its own (or from AETHER_WORLDS_SEED on), and says how many.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from aether.tcp import output, refusals
from aether.tcp.connection import Connection
from aether.tcp.scoreboard import Flight
from tests.sim.random_worlds import Action, Run, generate

WORLDS = 3000
PARTS = 4
SECONDS = float(os.environ.get("AETHER_WORLDS_SECONDS", "0"))


def problem_of(seed: int, actions: list[Action]) -> str:
    """Play a world; return what went wrong, empty if nothing did."""
    try:
        Run(seed).play(actions)
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"
    return ""


def cut_down(seed: int, actions: list[Action]) -> list[Action]:
    """Leave out actions as long as something goes wrong."""
    size = max(len(actions) // 2, 1)
    while size:
        at = 0
        while at < len(actions):
            fewer = actions[:at] + actions[at + size:]
            if problem_of(seed, fewer):
                actions = fewer
            else:
                at += size
        size //= 2
    return actions


def play(seed: int) -> None:
    """Play a world; AssertionError with the shortest way to what goes wrong."""
    actions = generate(seed)
    if problem_of(seed, actions):
        actions = cut_down(seed, actions)
        lines = "\n".join(f"  {action}" for action in actions)
        raise AssertionError(f"world {seed}: {problem_of(seed, actions)}\n{lines}")


@pytest.mark.parametrize("part", range(PARTS))
def test_what_always_holds(part: int) -> None:
    if SECONDS:
        play_for_long()
        return
    for seed in range(part, WORLDS, PARTS):
        play(seed)


def play_for_long() -> None:
    """Play as many worlds as there is time for, and list what goes wrong."""
    seed = int(os.environ.get("AETHER_WORLDS_SEED") or random.SystemRandom().randrange(1 << 40))
    began, count, found = time.monotonic(), 0, []
    print(f"seeds from {seed}")
    while time.monotonic() - began < SECONDS / PARTS:
        try:
            play(seed + count)
        except AssertionError as problem:
            found.append(str(problem))
        count += 1
    print(f"{count} worlds in {time.monotonic() - began:.0f} s, {len(found)} with something wrong")
    assert not found, "\n\n".join(found[:20])


def broken_persist(conn: Connection) -> None:
    """Do not watch the window."""


def broken_delack(conn: Connection, name: str, deadline: int) -> None:
    """Start every timer but that of delayed ACKs."""
    if name != "delack":
        STARTED(conn, name, deadline)


def broken_rate(conn: Connection, why: str) -> bool:
    """Answer whatever comes."""
    return True


def broken_pipe(flight: Flight, start: int, end: int, now: int) -> None:
    """Count a byte too many."""
    SENT(flight, start, end, now)
    flight.pipe += 1


STARTED, SENT = Connection.start, Flight.sent


@pytest.mark.parametrize(("owner", "name", "broken"), [
    (output, "_watch_window", broken_persist), (Connection, "start", broken_delack),
    (refusals, "_in_time", broken_rate), (Flight, "sent", broken_pipe),
])
def test_faults_are_noticed(owner: object, name: str, broken: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is broken on purpose is found within a few hundred worlds."""
    monkeypatch.setattr(owner, name, broken)
    assert any(problem_of(seed, generate(seed)) for seed in range(400))
