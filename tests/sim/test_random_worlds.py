"""What always holds of TCP, in random worlds: bad links, knobs, calls, forged segments, both profiles.

AETHER_WORLDS_SECONDS=1200 plays for so long with seeds of its own (or from AETHER_WORLDS_SEED on), and says how many.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from tests.sim.random_worlds import Action, Run, generate

WORLDS = 160
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
    for seed in range(part, WORLDS, PARTS):
        play(seed)


@pytest.mark.skipif(not SECONDS, reason="AETHER_WORLDS_SECONDS says for how long")
def test_for_long() -> None:
    seed = int(os.environ.get("AETHER_WORLDS_SEED") or random.SystemRandom().randrange(1 << 40))
    began, count, found = time.monotonic(), 0, []
    print(f"seeds from {seed}")
    while time.monotonic() - began < SECONDS:
        try:
            play(seed + count)
        except AssertionError as problem:
            found.append(str(problem))
        count += 1
    print(f"{count} worlds in {time.monotonic() - began:.0f} s, {len(found)} with something wrong")
    assert not found, "\n\n".join(found[:20])
