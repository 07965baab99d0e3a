"""Loads from the kernel's side of a TAP: the programs that put them on, and what they say of it."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

from aether.engine import python
from shell.bench.client import HELD
from shell.bench.load import LoadWish, why_left
from shell.language.grammar import CommandError
from shell.results.bench import Run
from shell.session import Finished, Session

MAX_RUN = 50
"""Seconds that one run may take at the most: less than what a program at the host's side may."""
WRK_SECONDS = 2
"""Seconds of one run of wrk, which counts time and not requests."""
CLIENTS = {
    "ours": "the kernel, driven by a Python process of its own on the last core",
    "ab": "the kernel, driven by ApacheBench (ab) on the last core",
    "wrk": f"the kernel, driven by wrk on the last core, {WRK_SECONDS} s each run",
}
AB_MOST = 20_000
"""Connections at a time that ApacheBench can have."""
SPARE = 64
"""Open files that a client needs besides its connections."""
LOCAL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def chosen(kind: str, wanted: str) -> str:
    """Return which client puts a load on: the one that is wanted, else the best there is. CommandError without it."""
    if kind not in ("http", "keepalive"):
        if wanted not in ("", "ours"):
            raise CommandError(f"{wanted} asks for pages only: http and keepalive")
        return "ours"
    if not wanted:
        return "ab" if shutil.which("ab") else "ours"
    if wanted not in CLIENTS:
        raise CommandError(f"no client {wanted!r}. There are: {', '.join(CLIENTS)}")
    if wanted != "ours" and not shutil.which(wanted):
        raise CommandError(f"{wanted} is not installed on this machine. `--client ours` needs nothing")
    return wanted


def refuse_too_many(load: LoadWish) -> None:
    """Raise CommandError if the kernel's side cannot have so many connections at a time."""
    if load.kind == "ping":
        return
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    limits = [(files - SPARE, f"the limit of open files is {files:,} (`ulimit -Hn`)")]
    try:
        low, high = map(int, LOCAL_PORTS.read_text(encoding="ascii").split())
        limits.append((high - low + 1, f"the kernel's local ports are {low} to {high} (net.ipv4.ip_local_port_range)"))
    except (OSError, ValueError):
        pass
    if load.client == "ab":
        limits.append((AB_MOST, "ApacheBench has no more at a time; `--client ours` may"))
    most, why = min(limits)
    if load.together > most:
        raise CommandError(f"at most {most:,} connections at a time here, not {load.together:,}: {why}")


def run(session: Session, load: LoadWish, held: Callable[[], None]) -> Run:
    """Put the load on once; KeyboardInterrupt if it was cut off.

    `held` is called when all connections are open that are only held; then they are, for a while.
    """
    if load.client == "ab":
        return read_ab(_finished(session, ab(session.address, load)).output, load.asked)
    if load.client == "wrk":
        return read_wrk(_finished(session, wrk(session.address, load)).output)
    words = [
        "env", f"{python.PATH}={python.search_path()}", *python.words("shell.bench.client"), load.kind, session.address,
        session.lab.device, *(str(number) for number in (load.asked, load.at_once, load.size, MAX_RUN))]

    def write(text: str) -> None:
        if HELD in text:
            held()

    return read_ours(_finished(session, words, write), load.asked)


def _finished(session: Session, words: list[str], write: Callable[[str], None] | None = None) -> Finished:
    """Run a client to its end, and no longer than time goes on."""
    run_program = session.lab.run_program
    assert run_program is not None
    done = run_program(words, write, lambda: session.paused)
    if done.interrupted:
        raise KeyboardInterrupt
    if session.paused:
        raise CommandError(why_left(session))
    return done


def read_ours(done: Finished, asked: int) -> Run:
    """Return what our own client says; CommandError if it says nothing of use."""
    try:
        said = json.loads(done.output.splitlines()[-1])
    except (ValueError, IndexError):
        last = done.output.strip().rpartition("\n")[2] or f"it ended with status {done.status}"
        raise CommandError(f"the load generator failed: {last}") from None
    found = Run(**said)
    found.unfinished = max(asked - found.completed - found.failed, 0)
    found.failed += found.unfinished
    return found


def _on_last_core(words: list[str], connections: int) -> list[str]:
    """Return a command line that leaves the other cores to the stack, and may open so many files."""
    pin = ["taskset", "-c", str(max(os.sched_getaffinity(0)))] if shutil.which("taskset") else []
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    more = ["sh", "-c", 'ulimit -n "$0"; exec "$@"', str(hard)] if connections + SPARE > soft else []
    return [*more, *pin, *words]


def ab(address: str, load: LoadWish) -> list[str]:
    """Return the command line of ApacheBench for a load."""
    words = ["ab", "-q", "-n", str(load.asked), "-c", str(load.together), "-s", "5"]
    words += ["-t", str(MAX_RUN), "-n", str(load.asked)]  # -t alone would ask for 50,000
    if load.kind == "keepalive":
        words.append("-k")
    return _on_last_core([*words, f"http://{address}/"], load.together)


def wrk(address: str, load: LoadWish) -> list[str]:
    """Return the command line of wrk for a load."""
    words = ["wrk", "-t", "1", "-c", str(load.at_once), "-d", f"{WRK_SECONDS}s", "--timeout", "5s", "--latency"]
    if load.kind != "keepalive":
        words += ["-H", "Connection: close"]
    return _on_last_core([*words, f"http://{address}/"], load.at_once)


def read_ab(output: str, asked: int) -> Run:
    """Return what ApacheBench says; CommandError if it says nothing of use."""
    def number(pattern: str) -> float:
        found = re.search(pattern + r":?\s+([\d.]+)", output)
        return float(found[1]) if found else 0.0

    if not (complete := int(number("Complete requests"))):
        raise CommandError(f"ApacheBench failed: {_complaint(output)}")
    unfinished = max(asked - complete, 0)
    failed = int(number("Failed requests") + number("Non-2xx responses"))
    return Run(
        completed=max(complete - failed, 0), failed=failed + unfinished, bytes=int(number("Total transferred")),
        elapsed_us=round(number("Time taken for tests") * 1e6), p50_us=round(number(r"\n\s+50%") * 1e3),
        p99_us=round(number(r"\n\s+99%") * 1e3), unfinished=unfinished)


UNITS = {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


def read_wrk(output: str) -> Run:
    """Return what wrk says; CommandError if it says nothing of use."""
    def amount(pattern: str) -> int:
        found = re.search(pattern + r"\s+([\d.]+)([A-Za-z]+)", output)
        return round(float(found[1]) * UNITS.get(found[2], 1)) if found else 0

    whole = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m), ([\d.]+)([KMG]?B) read", output)
    if not whole or not int(whole[1]):
        raise CommandError(f"wrk failed: {_complaint(output)}")
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    bad = int(refused[1]) if refused else 0
    return Run(
        completed=max(int(whole[1]) - bad, 0), failed=bad + (sum(map(int, errors.groups())) if errors else 0),
        bytes=round(float(whole[4]) * UNITS[whole[5]]), elapsed_us=round(float(whole[2]) * UNITS[whole[3]]),
        p50_us=amount(r"\n\s+50%"), p99_us=amount(r"\n\s+99%"))


def _complaint(output: str) -> str:
    """Return the line that says what was wrong, of all that a program has printed."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = (line for line in lines if line.startswith(("apr_", "ab:", "unable to", "socket:")))
    return next(told, lines[-1] if lines else "it said nothing")
