"""Two workers beside one: requests a second of a server whose handler has work to do, turn about in one sitting.

    python -m benchmarks.workers [ROUNDS]

The workers are those of `aether-shell --workers N`, each on a core of its own; the handler is benchmarks/busy.py. The
client, the kernel, shares a core with the last worker, and has little to do: the handler is what takes the time.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.busy import PORT
from benchmarks.tap_lab import TapLab, build_generator, missing

CONCURRENCY, TOTAL = 50, 2000
WORKERS = (1, 2)
LEAST = 1.6
"""How many times as fast two workers should be."""


def measure(rounds: int) -> dict[int, list[float]]:
    """Return requests a second by the number of workers, round by round, after one to warm up."""
    rates: dict[int, list[float]] = {count: [] for count in WORKERS}
    with contextlib.ExitStack() as stack:
        generator = build_generator(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        program = [sys.executable, "-m", "benchmarks.busy"]
        for round_ in range(rounds + 1):
            for count in WORKERS:
                with TapLab(str(count), [*program, str(count)], generator) as lab:
                    load = lab.load(CONCURRENCY, TOTAL, port=PORT)
                if load.failed or load.unfinished:
                    raise RuntimeError(f"{load.failed} requests failed, {load.unfinished} were not finished")
                if round_:
                    rates[count].append(load.rate)
    return rates


def main(rounds: int = 7) -> int:
    """Measure and print; return 1 if two workers are not that much faster."""
    why = missing() or ("needs two cores" if len(os.sched_getaffinity(0)) < max(WORKERS) else "")
    if why:
        print(f"workers: not measured, it {why}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the namespaces are removed
    rates = measure(rounds)
    for count, found in rates.items():
        print(f"{count} worker{'s' if count > 1 else ' '}: median {statistics.median(found):7,.0f} requests a second   "
              f"from {min(found):,.0f} to {max(found):,.0f}")
    one, two = (statistics.median(rates[count]) for count in WORKERS)
    print(f"two workers are {two / one:.2f} times as fast as one (at least {LEAST} is wanted)")
    return int(two < LEAST * one)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
