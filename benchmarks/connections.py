"""How many connections a second: Aether, and the bound of what Python can do, turn about in one sitting.

    python -m benchmarks.connections [ROUNDS]

A connection is opened, asks for the page, reads it to the end and is closed; the client is the kernel. Servers share
one core, clients have another. Machines change their speed from minute to minute, so what counts is the ratio.
"""

from __future__ import annotations

import signal
import statistics
import sys

from benchmarks.tap_lab import DEVICE, Load, labs, missing

SERVERS = {
    "the bound": [sys.executable, "-m", "benchmarks.bound", DEVICE],
    "aether-shell": [sys.executable, "-m", "shell", "--no-shell", "--tap", DEVICE, "--mode", "bench"],
}
LOADS = ((100, 5000), (1, 1500))
"""How many connections at a time, and how many in all."""


def measure(rounds: int) -> dict[str, dict[int, list[Load]]]:
    """Return what each server reached at each concurrency, round by round, after one round to warm up."""
    found: dict[str, dict[int, list[Load]]] = {name: {} for name in SERVERS}
    with labs(SERVERS) as servers:
        for round_ in range(rounds + 1):
            for concurrency, total in LOADS:
                for name, lab in servers.items():
                    load = lab.load(concurrency, total)
                    if round_:
                        found[name].setdefault(concurrency, []).append(load)
    return found


def main(rounds: int = 5) -> int:
    """Measure and print; return 1 if a connection failed."""
    if why := missing():
        print(f"connections a second: not measured, it {why}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the namespaces are removed
    found = measure(rounds)
    failed = 0
    for concurrency, _ in LOADS:
        medians = {}
        for name, loads in found.items():
            rates = [load.rate for load in loads[concurrency]]
            medians[name] = statistics.median(rates)
            failed += sum(load.failed + load.unfinished for load in loads[concurrency])
            print(f"{name:<14} {concurrency:>3} at a time: median {medians[name]:7,.0f} connections a second   "
                  f"from {min(rates):,.0f} to {max(rates):,.0f}")
        share = medians["aether-shell"] / medians["the bound"]
        print(f"{concurrency} at a time, aether-shell reaches {share:.2f} of the bound")
    if failed:
        print(f"{failed} connections failed or were not finished", file=sys.stderr)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
