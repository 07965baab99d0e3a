"""How long a round trip takes under a flood of pings: Aether, and the bound of what Python can do, turn about.

    python -m benchmarks.pings [ROUNDS]

The kernel's `ping -f` sends the next request as soon as a reply is there. Servers share one core, ping has another.
"""

from __future__ import annotations

import re
import shutil
import signal
import statistics
import sys

from aether.lab import YOUR_ADDRESS
from benchmarks.connections import SERVERS
from benchmarks.tap_lab import TapLab, labs, missing

COUNT = 20_000
LIMIT = 1.5
"""The bound's round trips, as a multiple of which ours may be no longer."""


def flood(lab: TapLab) -> float:
    """Return the mean round trip in microseconds; RuntimeError if a reply is missing."""
    said = lab.run("ping", "-f", "-q", "-n", "-c", str(COUNT), YOUR_ADDRESS)
    loss, mean = re.search(r" 0% packet loss", said), re.search(r"= [\d.]+/([\d.]+)/", said)
    if loss is None or mean is None:
        raise RuntimeError(f"replies are missing: {said}")
    return float(mean[1]) * 1000


def measure(rounds: int) -> dict[str, list[float]]:
    """Return the mean round trip of each server's floods in microseconds, after one to warm up."""
    trips: dict[str, list[float]] = {name: [] for name in SERVERS}
    with labs(SERVERS) as servers:
        for round_ in range(rounds + 1):
            for name, lab in servers.items():
                trip = flood(lab)
                if round_:
                    trips[name].append(trip)
    return trips


def main(rounds: int = 7) -> int:
    """Measure and print; return 1 if round trips are longer than they may be."""
    if why := missing() or ("" if shutil.which("ping") else "needs ping"):
        print(f"flood pings: not measured, it {why}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the namespaces are removed
    trips = measure(rounds)
    medians = {name: statistics.median(found) for name, found in trips.items()}
    for name, found in trips.items():
        print(f"{name:<14} flood ping: median round trip {medians[name]:5.1f} µs   "
              f"from {min(found):.1f} to {max(found):.1f}")
    share = medians["aether-shell"] / medians["the bound"]
    print(f"flood ping, aether-shell takes {share:.2f} times as long as the bound (at most {LIMIT})")
    return int(share > LIMIT)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
