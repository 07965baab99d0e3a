"""How soon a key appears on the screen while trace events pour in.

    python benchmarks/echo.py [KEYS]

In a real pseudo-terminal: pings of 1,250 requests a second run with the trace on, which makes more than 5,000
events a second; keys that no trace line contains are typed, and the time until each is echoed is measured.
The limit is 50 ms for the 95th percentile.
"""

from __future__ import annotations

import contextlib
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect

LIMIT = 0.050
EVENTS = 5000
KEYS = "~^&{}@$"
ROOT = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def shell() -> Iterator[pexpect.spawn]:
    """Open the shell in a pseudo-terminal, in the simulation; it is at its first prompt."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
        child = pexpect.spawn(
            sys.executable, ["-m", "shell", "--sim"], env=environment, cwd=str(ROOT), timeout=30, dimensions=(40, 100))
        child.delaybeforesend = None
        try:
            child.expect_exact("aether>")
            yield child
        finally:
            child.close(force=True)


def events(child: pexpect.spawn) -> tuple[float, int]:
    """Return when, and how many events there have been."""
    child.sendline("status --json")
    child.expect(r'"events": (\d+),\s+"lost": (\d+)')
    return time.perf_counter(), int(child.match.group(1)) + int(child.match.group(2))


def type_keys(child: pexpect.spawn, count: int) -> list[float]:
    """Type `count` keys, one after the other, and return the seconds until each was echoed."""
    taken: list[float] = []
    dice = random.Random(1)
    while len(taken) < count:
        for key in KEYS:
            drain(child, 0.03 + 0.12 * dice.random())
            began = time.perf_counter()
            child.send(key)
            child.expect_exact(key, timeout=10)
            taken.append(time.perf_counter() - began)
        child.sendcontrol("u")
        drain(child, 0.3)
    return taken[:count]


def drain(child: pexpect.spawn, seconds: float) -> None:
    """Read what comes for a while, and forget it."""
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        with contextlib.suppress(pexpect.TIMEOUT):
            child.read_nonblocking(65536, timeout=left)
    child.buffer = b""


def main(count: int = 200) -> int:
    """Measure and print; return 1 if the limit is passed, or too few events came."""
    with shell() as child:
        for interval in ("1ms", "4ms"):
            child.sendline(f"ping 192.168.1.1 --count 200000 --interval {interval} --background")
            child.expect_exact("started in the background")
        began, before = events(child)
        child.sendline("trace on")
        child.expect_exact("not shown")
        taken = type_keys(child, count)
        child.sendline("trace off")
        ended, after = events(child)
    rate = (after - before) / (ended - began)
    late = statistics.quantiles(taken, n=100)
    middle, p95, slowest = (seconds * 1000 for seconds in (late[49], late[94], max(taken)))
    print(f"{rate:,.0f} events a second; {count} keys echoed in {middle:.1f} ms (median), "
          f"{p95:.1f} ms (95th percentile, at most {LIMIT * 1000:.0f}), {slowest:.1f} ms (slowest)")
    return int(late[94] > LIMIT or rate < EVENTS)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
