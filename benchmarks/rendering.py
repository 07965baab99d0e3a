"""What the screen costs under full load: a bulk transfer in trace mode, with the trace shown and without.

    python -m benchmarks.rendering [KEYS]

In a real pseudo-terminal: a transfer without end runs as fast as the machine can simulate it. With the trace on, keys
must be echoed within 50 ms (95th percentile), and the stack must keep at least half of what it does with the trace off.
"""

from __future__ import annotations

import statistics
import sys
import time

import pexpect

from benchmarks.echo import LIMIT, drain, shell, type_keys

KEPT = 0.5
"""The share of its speed that the stack keeps with the trace on, at the least."""
SECONDS = 4.0


def occurrences(child: pexpect.spawn) -> tuple[float, int]:
    """Return when, and how many occurrences there have been."""
    child.sendline("status --json")
    child.expect(r'"occurrence": (\d+)', timeout=30)
    return time.perf_counter(), int(child.match.group(1))


def rate(child: pexpect.spawn, work: float = SECONDS) -> float:
    """Return how many occurrences a second there are."""
    began, before = occurrences(child)
    drain(child, work)
    ended, after = occurrences(child)
    return (after - before) / (ended - began)


def main(keys: int = 100) -> int:
    """Measure and print; return 1 if a limit is passed."""
    without, shown = [], []
    taken: list[float] = []
    with shell() as child:
        child.sendline("speed 1000")
        child.sendline("tcp connect 192.168.1.1:19")
        child.expect_exact("ESTABLISHED")
        drain(child, 2)
        for _ in range(3):
            child.sendline("trace off")
            child.expect_exact("trace is off")
            without.append(rate(child))
            child.sendline("trace on")
            child.expect_exact("not shown")
            began, before = occurrences(child)
            taken += type_keys(child, keys // 3)
            ended, after = occurrences(child)
            shown.append((after - before) / (ended - began))
    kept = statistics.median(shown) / statistics.median(without)
    late = statistics.quantiles(taken, n=100)
    print(f"bulk transfer in trace mode: {statistics.median(without):,.0f} occurrences a second, "
          f"{statistics.median(shown):,.0f} with the trace shown: {kept:.2f} (at least {KEPT})")
    print(f"{len(taken)} keys echoed meanwhile in {late[49] * 1000:.1f} ms (median), {late[94] * 1000:.1f} ms "
          f"(95th percentile, at most {LIMIT * 1000:.0f})")
    return int(kept < KEPT or late[94] > LIMIT)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
