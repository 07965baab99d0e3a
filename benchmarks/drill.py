"""How long 1,000 plays of packet scripts take on one core: every script of `tests/drill`, in turn.

    python -m benchmarks.drill

Each is read once, as a person's would be; each play has a fresh world.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from shell.drill.run import Wishes, load, player_for

PLAYS = 1000
LIMIT = 10.0
"""Seconds."""


def main() -> int:
    """Play, and print how long it took; return 1 beyond the limit."""
    paths = sorted((Path(__file__).parent.parent / "tests/drill").rglob("*.pkt"))
    began = time.process_time()
    scripts = [load(path) for path in paths]
    read = time.process_time() - began
    lines = 0
    began = time.process_time()
    for number in range(PLAYS):
        player = player_for(scripts[number % len(scripts)], Wishes(seed=number))
        player.play()
        lines += len(player.outcomes)
    took = time.process_time() - began
    within = took + read <= LIMIT
    print(f"drill: {PLAYS} plays of {len(scripts)} scripts, {lines:,} lines, in {took:.2f} s, "
          f"and {read:.2f} s to read them ({'within' if within else 'beyond'} {LIMIT:.0f} s)")
    return int(not within)


if __name__ == "__main__":
    sys.exit(main())
