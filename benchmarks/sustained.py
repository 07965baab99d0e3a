"""Does the rate hold? Ten runs of 20,000 connections in a row, then a minute of 100 clients.

    python -m benchmarks.sustained [SECONDS]

Every connection rests in TIME-WAIT at the server for a minute; the client's ports come round again meanwhile, from
twice the range that Linux uses by default.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.connections import SERVERS
from benchmarks.tap_lab import TapLab, build_generator, missing

RUNS, CONNECTIONS, CLIENTS = 10, 20_000, 100
PORTS = "9000 65463"
"""56,464 of them: Linux has 28,232."""
MANY = 5_000_000
"""More connections than there is time for."""
LEAST = 0.9
"""The share of the first run's rate that the last has to reach."""


def main(seconds: int = 60) -> int:
    """Measure and print; return 1 if a connection failed, or the rate did not hold."""
    if why := missing():
        print(f"whether the rate holds: not measured, it {why}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the namespace is removed
    with tempfile.TemporaryDirectory() as folder:
        generator = build_generator(Path(folder))
        with TapLab("sustained", SERVERS["aether-shell"], generator) as lab:
            lab.run("sysctl", "-qw", f"net.ipv4.ip_local_port_range={PORTS}")
            loads = [lab.load(CLIENTS, CONNECTIONS) for _ in range(RUNS)]
            minute = lab.load(CLIENTS, MANY, seconds)
    bad = sum(load.failed + load.unfinished for load in loads) + minute.failed
    share = loads[-1].rate / loads[0].rate
    print(f"{RUNS} runs of {CONNECTIONS:,}: " + ", ".join(f"{load.rate:,.0f}" for load in loads)
          + f" connections a second; the last is {share:.2f} of the first (at least {LEAST})")
    print(f"{CLIENTS} clients for {minute.seconds:.0f} s: {minute.completed:,} connections, {minute.rate:,.0f} a "
          f"second, {minute.failed} failed")
    return int(bad > 0 or share < LEAST)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
