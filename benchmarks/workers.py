"""Two workers beside one: requests a second of a server whose handler has work to do, turn about in one sitting.

    python -m benchmarks.workers [ROUNDS]

The workers are those of `aether-shell --workers N`, each on a core of its own; the handler is benchmarks/busy.py. The
client, the kernel, shares a core with the last worker, and has little to do: the handler is what takes the time.
Two cores of a virtual machine are seldom two whole ones, so the same is measured of processes that only compute: no
server can be divided better than those.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import statistics
import sys
import tempfile
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

from benchmarks.busy import PORT, WORK
from benchmarks.tap_lab import TapLab, build_generator, missing

CONCURRENCY, TOTAL = 50, 4000
WORKERS = (1, 2)
LEAST = 1.6
"""How many times as fast two workers should be."""


def measure(rounds: int) -> tuple[dict[int, list[float]], dict[int, list[float]]]:
    """Return requests a second by the number of workers, round by round, after one to warm up.

    And how often a second as many processes that only compute do the handler's work.
    """
    rates: dict[int, list[float]] = {count: [] for count in WORKERS}
    bounds: dict[int, list[float]] = {count: [] for count in WORKERS}
    with contextlib.ExitStack() as stack:
        generator = build_generator(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        program = [sys.executable, "-m", "benchmarks.busy"]
        for round_ in range(rounds + 1):
            for count in WORKERS:
                with TapLab(str(count), [*program, str(count)], generator) as lab:
                    load = lab.load(CONCURRENCY, TOTAL, port=PORT)
                if load.failed or load.unfinished:
                    raise RuntimeError(f"{load.failed} requests failed, {load.unfinished} were not finished")
                bound = computed(count)
                if round_:
                    rates[count].append(load.rate)
                    bounds[count].append(bound)
    return rates, bounds


def ratio(rates: dict[int, list[float]]) -> float:
    """Return how many times as fast two are as one, by their medians."""
    one, two = (statistics.median(rates[count]) for count in WORKERS)
    return two / one


def compute(core: int, times: int, ready: Barrier) -> None:
    """Do the handler's work, and nothing else, on one core, from when everybody is ready until everybody is done."""
    os.sched_setaffinity(0, {core})
    ready.wait(60)
    for _ in range(times):
        sum(range(WORK))
    ready.wait(60)


def computed(count: int) -> float:
    """Return how often a second so many processes do the handler's work, in all as often as in a load."""
    ready = multiprocessing.Barrier(count + 1)
    usable = sorted(os.sched_getaffinity(0))
    processes = [multiprocessing.Process(target=compute, args=(core, TOTAL // count, ready)) for core in usable[:count]]
    for process in processes:
        process.start()
    ready.wait(60)
    began = time.perf_counter()
    ready.wait(60)
    seconds = time.perf_counter() - began
    for process in processes:
        process.join()
    return TOTAL / seconds


def main(rounds: int = 7) -> int:
    """Measure and print; return 1 if two workers are not that much faster."""
    why = missing() or ("needs two cores" if len(os.sched_getaffinity(0)) < max(WORKERS) else "")
    if why:
        print(f"workers: not measured, it {why}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the namespaces are removed
    rates, bounds = measure(rounds)
    for count, found in rates.items():
        print(f"{count} worker{'s' if count > 1 else ' '}: median {statistics.median(found):7,.0f} requests a second   "
              f"from {min(found):,.0f} to {max(found):,.0f}")
    print(f"two workers are {ratio(rates):.2f} times as fast as one (at least {LEAST} is wanted); two processes "
          f"that only compute, {ratio(bounds):.2f} times")
    return int(ratio(rates) < LEAST)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
