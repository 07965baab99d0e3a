"""What it costs that everything is recorded: connections a second in trace mode beside benchmark mode, turn about.

    python -m benchmarks.tracing [ROUNDS]

The same load as `benchmarks.connections`. In trace mode every event is kept for whoever wants to read it, and so is
all that is needed to go back; nobody reads meanwhile.
"""

from __future__ import annotations

import signal
import statistics
import sys

from benchmarks.tap_lab import DEVICE, labs, missing

SHELL = [sys.executable, "-m", "shell", "--no-shell", "--tap", DEVICE, "--mode"]
LOADS = ((100, 5000), (1, 1500))
"""How many connections at a time, and how many in all."""
LIMIT = 3.0
"""The factor that tracing may cost."""


def main(rounds: int = 7) -> int:
    """Measure and print; return 1 if a connection failed, or tracing costs more than it may."""
    if why := missing():
        print(f"what tracing costs: not measured, it {why}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the namespaces are removed
    rates: dict[tuple[str, int], list[float]] = {}
    failed = dear = 0
    with labs({mode: [*SHELL, mode] for mode in ("bench", "trace")}) as servers:
        for round_ in range(rounds + 1):
            for concurrency, total in LOADS:
                for mode, lab in servers.items():
                    load = lab.load(concurrency, total)
                    failed += load.failed + load.unfinished
                    if round_:  # the first warms up
                        rates.setdefault((mode, concurrency), []).append(load.rate)
    for concurrency, _ in LOADS:
        medians = {mode: statistics.median(rates[mode, concurrency]) for mode in servers}
        for mode, median in medians.items():
            every = rates[mode, concurrency]
            print(f"mode {mode} {concurrency:>3} at a time: median {median:7,.0f} connections a second   "
                  f"from {min(every):,.0f} to {max(every):,.0f}")
        factor = medians["bench"] / medians["trace"]
        dear += factor > LIMIT
        print(f"{concurrency} at a time, trace mode costs a factor of {factor:.2f} (at most {LIMIT:.0f})")
    if failed:
        print(f"{failed} connections failed or were not finished", file=sys.stderr)
    return int(failed > 0 or dear > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
