"""How fast the simulation is when nobody looks: ten megabytes over a link that loses one frame in a hundred.

    python -m benchmarks.simulation [RUNS]

One step for each occurrence, in virtual time, both hosts in this process.
"""

from __future__ import annotations

import statistics
import sys
import time

from benchmarks.transfer import make_world, start

LENGTH = 10_000_000
FOREVER = 1 << 60
LONGEST, LEAST = 1.0, 25_000
"""Seconds for the transfer, and occurrences a second."""


def run(seed: int) -> tuple[float, float]:
    """Return the seconds that a transfer takes, and occurrences a second."""
    world = make_world(loss="1%", seed=seed)
    world.allow_short_cuts(True)
    sink, number = start(world, LENGTH)
    before, began = world.occurrence, time.perf_counter()
    while number not in sink.ended and world.step(FOREVER):
        pass
    seconds = time.perf_counter() - began
    if sink.lengths[number] != LENGTH:
        raise RuntimeError(f"{sink.lengths[number]:,} bytes arrived of {LENGTH:,}")
    return seconds, (world.occurrence - before) / seconds


def main(runs: int = 7) -> int:
    """Measure and print; return 1 if it is slower than it should be."""
    found = [run(seed) for seed in range(1, runs + 1)]
    seconds, rate = (statistics.median(each) for each in zip(*found, strict=True))
    print(f"{LENGTH // 1_000_000} MB with 1% loss in the simulation: {seconds:.2f} s (at most {LONGEST:.0f}), "
          f"{rate:,.0f} occurrences a second (at least {LEAST:,})")
    return int(seconds > LONGEST or rate < LEAST)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
