"""Bulk transfers: Aether and the bound of what Python can do, turn about in one sitting, with offload and without.

    python -m benchmarks.bulk [ROUNDS [MEGABYTES]]
    python -m benchmarks.bulk check [MEGABYTES]

The second form compares every byte by its SHA-256, once each way with offload and without, and measures nothing.
Servers share one core, the client, the kernel, has another.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import signal
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.bulk_load import BLOCK
from benchmarks.tap_lab import DEVICE, TapLab, build_generator, missing

SERVERS = {
    ("the bound", "offload"): [sys.executable, "-m", "benchmarks.bulk_bound", DEVICE, "tso"],
    ("aether", "offload"): [sys.executable, "-m", "benchmarks.bulk_server", "on"],
    ("the bound", "one by one"): [sys.executable, "-m", "benchmarks.bulk_bound", DEVICE, "mss"],
    ("aether", "one by one"): [sys.executable, "-m", "benchmarks.bulk_server", "off"],
}
LEAST = 0.5
"""The share of the bound that is wanted."""


class BulkLab(TapLab):
    """A server of bulk transfers behind a TAP."""

    def _answers(self) -> bool:
        return self.transfer("down", 1)[0] > 0

    def transfer(self, direction: str, megabytes: int, *more: str) -> tuple[float, str]:
        """Return megabytes a second, and the digest if it was asked for."""
        said = json.loads(self.run(
            sys.executable, "-m", "benchmarks.bulk_load", direction, str(megabytes), *more, seconds=600))
        return megabytes / said["seconds"], said["digest"]


def measure(rounds: int, megabytes: int) -> dict[tuple[str, str, str], list[float]]:
    """Return megabytes a second of each server, with and without offload, down and up, after a round to warm up."""
    rates: dict[tuple[str, str, str], list[float]] = {}
    with contextlib.ExitStack() as stack:
        generator = build_generator(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        labs = {name: stack.enter_context(BulkLab(str(index), command, generator))
                for index, (name, command) in enumerate(SERVERS.items())}
        for round_ in range(rounds + 1):
            for direction in ("down", "up"):
                for (who, how), lab in labs.items():
                    size = megabytes if how == "offload" else max(megabytes // 10, 1)
                    rate, _ = lab.transfer(direction, size)
                    if round_:
                        rates.setdefault((who, how, direction), []).append(rate)
    return rates


def check(megabytes: int) -> int:
    """Compare every byte; return 1 if one is wrong."""
    digest = hashlib.sha256()
    for _ in range(megabytes):
        digest.update(BLOCK)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        generator = build_generator(Path(folder))
        for offload in ("on", "off"):
            command = [sys.executable, "-m", "benchmarks.bulk_server", offload, "--check"]
            with BulkLab(f"check-{offload}", command, generator) as lab:
                for direction in ("down", "up"):
                    rate, found = lab.transfer(direction, megabytes, "--check")
                    good = found == digest.hexdigest()
                    wrong += not good
                    print(f"{megabytes:,} MB {direction}, offload {offload}: "
                          f"{'every byte is right' if good else 'THE DIGEST IS ANOTHER'} ({rate:,.0f} MB/s)")
    return int(wrong > 0)


def main(rounds: int = 5, megabytes: int = 200) -> int:
    """Measure and print; return 1 if a share is less than it should be."""
    rates = measure(rounds, megabytes)
    low = 0
    for how in ("offload", "one by one"):
        for direction in ("down", "up"):
            bound, ours = (statistics.median(rates[who, how, direction]) for who in ("the bound", "aether"))
            low += ours < LEAST * bound
            print(f"{direction:<4} {how:<10}  the bound {bound:7,.0f} MB/s   aether {ours:7,.0f} MB/s   "
                  f"share {ours / bound:.2f}")
    return int(low > 0)


if __name__ == "__main__":
    if why := missing():
        print(f"bulk transfers: not measured, it {why}")
        sys.exit(0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the namespaces are removed
    if sys.argv[1:2] == ["check"]:
        sys.exit(check(*map(int, sys.argv[2:])))
    sys.exit(main(*map(int, sys.argv[1:])))
