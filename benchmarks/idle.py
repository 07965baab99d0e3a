"""What an idle connection costs: memory by two measures, and what thousands of them take from the others' rate.

    python -m benchmarks.idle [CONNECTIONS [ROUNDS]]

Connections to the echo port, each used once, are held open by a process on the kernel's side. Their memory is the
growth of the server's resident set, and, in a second server of the same kind, what tracemalloc counts. The rate of
short connections is measured in turn at a server that holds them and at one that holds none.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from aether.lab import YOUR_ADDRESS
from benchmarks.connections import SERVERS
from benchmarks.tap_lab import LONGEST, ROOT, TapLab, build_generator, missing

ECHO = 7
TRACED = "AETHER_TRACED"
"""The environment variable that names the file for what tracemalloc counts."""
LIMIT = 3072
"""Bytes of an idle connection, at the most."""
LEAST = 0.9
"""The share of the rate without them that has to be left to others."""
LOAD = (100, 10_000)
"""How many short connections at a time, and how many in all."""


def hold(count: int) -> None:
    """Open connections, one after the other, use each once, say so, and hold them until somebody closes our input."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    held = []
    for _ in range(count):
        one = socket.create_connection((YOUR_ADDRESS, ECHO), timeout=10)
        one.send(b"x")
        one.recv(1)
        held.append(one)
    print("held", flush=True)
    sys.stdin.read()


def serve_traced() -> None:
    """Be the server, and write what tracemalloc counts to a file at each SIGUSR1."""
    from shell.__main__ import main as shell

    def tell(_signal: int, _frame: FrameType | None) -> None:
        Path(os.environ[TRACED]).write_text(str(tracemalloc.get_traced_memory()[0]), encoding="ascii")

    signal.signal(signal.SIGUSR1, tell)
    tracemalloc.start()
    sys.exit(shell(SERVERS["aether-shell"][3:]))


@contextlib.contextmanager
def holding(lab: TapLab, count: int) -> Iterator[None]:
    """Hold connections open."""
    command = ["ip", "netns", "exec", lab.namespace, sys.executable, "-m", "benchmarks.idle", "--hold", str(count)]
    holder = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdin is not None and holder.stdout is not None
    try:
        if holder.stdout.readline() != "held\n":
            raise RuntimeError("the connections could not be opened")
        yield
    finally:
        holder.stdin.close()
        try:
            holder.wait(LONGEST)
        except subprocess.TimeoutExpired:
            holder.kill()
            holder.wait()


def resident(lab: TapLab) -> int:
    """Return the bytes of memory that a server has."""
    assert lab.server is not None
    for line in Path(f"/proc/{lab.server.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the system does not tell how much memory a process has")


def traced(lab: TapLab, file: Path) -> int:
    """Return the bytes that a server's tracemalloc counts."""
    assert lab.server is not None
    file.unlink(missing_ok=True)
    lab.server.send_signal(signal.SIGUSR1)
    for _ in range(200):
        time.sleep(0.05)
        if file.exists() and (text := file.read_text(encoding="ascii")):
            return int(text)
    raise RuntimeError("the server does not say what it counts")


def main(count: int = 10_000, rounds: int = 7) -> int:
    """Measure and print; return 1 if a connection is larger than it may be, or slows others down too much."""
    if why := missing():
        print(f"idle connections: not measured, it {why}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the namespaces are removed
    command = SERVERS["aether-shell"]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        generator = build_generator(folder)
        os.environ[TRACED] = str(folder / "traced")
        lab, empty, counted = (stack.enter_context(TapLab(name, words, generator)) for name, words in (
            ("held", command), ("empty", command),
            ("traced", [sys.executable, "-m", "benchmarks.idle", "--traced"])))
        with holding(counted, 100), holding(lab, 100):
            pass  # what the first ones need once is not theirs
        before, before_traced = resident(lab), traced(counted, folder / "traced")
        with holding(counted, count):
            by_trace = (traced(counted, folder / "traced") - before_traced) / count
        with holding(lab, count):
            by_system = (resident(lab) - before) / count
            print(f"{count:,} connections idle: {by_system:,.0f} bytes each of the resident set, {by_trace:,.0f} by "
                  f"tracemalloc (at most {LIMIT:,})")
            rates: dict[TapLab, list[float]] = {lab: [], empty: []}
            for round_ in range(rounds + 1):
                for each, found in rates.items():
                    rate = each.load(*LOAD).rate
                    if round_:
                        found.append(rate)
        share = statistics.median(rates[lab]) / statistics.median(rates[empty])
        print(f"connections a second beside them: {statistics.median(rates[lab]):,.0f}, {share:.2f} of the rate "
              f"without (at least {LEAST:.2f})")
    return int(max(by_system, by_trace) > LIMIT or share < LEAST)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--hold"]:
        hold(int(sys.argv[2]))
    elif sys.argv[1:2] == ["--traced"]:
        serve_traced()
    else:
        sys.exit(main(*map(int, sys.argv[1:])))
