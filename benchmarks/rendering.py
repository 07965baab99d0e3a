"""What the screen costs under full load: a bulk transfer in trace mode, with the trace shown and without.

    python -m benchmarks.rendering [KEYS]

In a real pseudo-terminal: a transfer without end runs as fast as the machine can simulate it. With the trace on, keys
must be echoed within 50 ms (95th percentile), and the stack must keep at least half of what it does with the trace off.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time

import pexpect

from benchmarks.echo import LIMIT, ROOT, drain, type_keys

KEPT = 0.5
"""The share of its speed that the stack keeps with the trace on, at the least."""
SECONDS = 4.0


def occurrences(child: pexpect.spawn) -> tuple[float, int, int]:
    """Return when, how many occurrences there have been, and how many frames."""
    child.sendline("status --json")
    child.expect(r'"occurrence": (\d+)', timeout=30)
    now, count = time.perf_counter(), int(child.match.group(1))
    child.expect(r'"frames": (\d+)', timeout=30)
    return now, count, int(child.match.group(1))


def rate(child: pexpect.spawn, work: float = SECONDS) -> float:
    """Return how many occurrences a second there are."""
    began, before, _ = occurrences(child)
    drain(child, work)
    ended, after, _ = occurrences(child)
    return (after - before) / (ended - began)


def main(keys: int = 100) -> int:
    """Measure and print; return 1 if a limit is passed."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
        child = pexpect.spawn(
            sys.executable, ["-m", "shell", "--sim"], env=environment, cwd=str(ROOT), timeout=30, dimensions=(40, 100))
        child.delaybeforesend = None
        try:
            child.expect_exact("aether>")
            child.sendline("speed 1000")
            child.sendline("tcp connect 192.168.1.1:19")
            child.expect_exact("ESTABLISHED")
            drain(child, 2)
            without, shown = [], []
            taken: list[float] = []
            for _ in range(3):
                child.sendline("trace off")
                child.expect_exact("trace is off")
                without.append(rate(child))
                child.sendline("trace on")
                child.expect_exact("not shown")
                began, before, _ = occurrences(child)
                taken += type_keys(child, keys // 3)
                ended, after, _ = occurrences(child)
                shown.append((after - before) / (ended - began))
        finally:
            child.close(force=True)
    kept = statistics.median(shown) / statistics.median(without)
    late = statistics.quantiles(taken, n=100)
    print(f"bulk transfer in trace mode: {statistics.median(without):,.0f} occurrences a second, "
          f"{statistics.median(shown):,.0f} with the trace shown: {kept:.2f} (at least {KEPT})")
    print(f"{len(taken)} keys echoed meanwhile in {late[49] * 1000:.1f} ms (median), {late[94] * 1000:.1f} ms "
          f"(95th percentile, at most {LIMIT * 1000:.0f})")
    return int(kept < KEPT or late[94] > LIMIT)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
