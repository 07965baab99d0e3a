"""One run of a load, on whatever lab there is: what the client saw, and what it cost the stack."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from aether import queries
from aether.answers import WorkerRow
from aether.apps.load import LoadReport
from aether.apps.ping import PingReport
from aether.lab import HOST
from aether.operations import JobCancel, Ping
from aether.operations_load import LoadStart
from aether.operations_workers import WorkersSet, processor
from aether.world import World
from shell.bench.client import percentile
from shell.grammar import CommandError
from shell.results_bench import Run
from shell.session import Session

ROOT = str(Path(__file__).resolve().parents[2])
BOTH_ENDS = "memory: of both ends of each connection, since both hosts live in this program"
LONGEST = 60
"""Seconds that one run may take at the most; of world time in the simulation."""
AB = "the kernel, driven by ApacheBench (ab) on the last core"
OWN = "the kernel, driven by a Python process of its own on the last core"
PING_INTERVAL = 1_000
"""Microseconds from one simulated echo request to the next."""


@dataclass(frozen=True)
class Load:
    """What a run asks for: a kind, how many in all, how many at a time, and bytes of each transfer."""

    kind: str
    asked: int
    at_once: int = 1
    size: int = 1


def measure(session: Session, load: Load) -> Run:
    """Put the load on the stack once. CommandError if it cannot be."""
    if session.paused:
        raise CommandError("time stands still, and nothing can be measured. `run` lets it go on")
    if not session.address:
        raise CommandError("this host has no address, and nobody can reach it. `dhcp lease` or `ip add` gives it one")
    meter = _Meter(session)
    run = _simulated(session, load) if session.lab.run_program is None else _real(session, load)
    meter.read_into(run)
    return run


class _Meter:
    """What the stack has used since this was made."""

    def __init__(self, session: Session) -> None:
        self.session = session
        session.count_anew()
        self.status = session.core.status()
        self.memory = _resident()
        self.wall = time.perf_counter()
        self.cpu = time.process_time()
        self.calls = _system_calls()

    def read_into(self, run: Run) -> None:
        """Note the difference."""
        status = self.session.core.status()
        wall = time.perf_counter() - self.wall
        frames = max(status.frames - self.status.frames, 1)
        run.wall_us = round(wall * 1e6)
        run.workers = 1 if self.session.shards is None else self.session.shards.count
        if self.session.lab.run_program is not None:
            run.memory = max(run.memory - self.memory, 0)
        run.cpu = min((time.process_time() - self.cpu) / wall, 1.0)
        run.frames = frames
        run.occurrences = status.present - self.status.present
        run.calls_per_frame = (_system_calls() - self.calls) / frames
        run.spin, run.yielding, run.sleep = status.spin, status.yielding, status.sleep
        if run.cores is not None and (run.cores.cost_us or run.cores.wake_us):
            _take_model(run, run.cores.rows)


def _take_model(run: Run, rows: list[WorkerRow]) -> None:
    """Let a simulated host's cores count instead of the machine's that simulates them."""
    run.spin, run.yielding, run.sleep = (
        sum(getattr(row, name) for row in rows) / len(rows) for name in ("spin", "yielding", "sleep"))
    run.cpu = sum(row.busy + row.spin + row.yielding for row in rows)


def _system_calls() -> int:
    """Return how often this process has read or written; 0 where the system does not tell."""
    try:
        text = Path("/proc/self/io").read_text(encoding="ascii")
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(("syscr", "syscw")))


def _simulated(session: Session, load: Load) -> Run:
    """Let the simulated host do it, as fast as this machine can."""
    speed = session.core.status().speed
    session.core.set_speed(math.inf)
    session.do(WorkersSet())
    if load.kind == "hold":
        tracemalloc.start()  # exact, where what was freed before would be used again; it costs time
    try:
        if load.kind == "ping":
            job = session.do(Ping(host=HOST, address=session.address, count=load.asked, interval_us=PING_INTERVAL))
        else:
            job = session.do(LoadStart(
                host=HOST, kind=load.kind, address=session.address, asked=load.asked, concurrency=load.at_once,
                size=load.size))
        began = session.ask(lambda world: world.now)
        outcome = session.wait(lambda world: queries.job_done(world, job, HOST), LONGEST * 1_000_000)
        if load.kind == "hold":
            session.wait(lambda world: world.now >= began + 1_000_000, 1_000_000)
        report = session.ask(lambda world: queries.job_report(world, job, HOST))
        connections = session.ask(_connections)
        memory = tracemalloc.get_traced_memory()[0]
        if outcome != "done" or load.kind == "hold":
            session.do(JobCancel(host=HOST, job=job))
        if outcome in ("paused", "detached", "breakpoint"):
            raise CommandError(f"the run was left before its end ({outcome})")
    finally:
        tracemalloc.stop()
        session.core.set_speed(speed)
    run = _of_ping(report) if isinstance(report, PingReport) else _of_load(report, connections, memory)
    run.cores = session.ask(processor)
    return run


def _of_load(report: LoadReport, connections: int, memory: int) -> Run:
    return Run(
        completed=report.completed, failed=report.failed + (0 if report.done else report.asked - report.completed),
        bytes=report.bytes, elapsed_us=report.elapsed, p50_us=percentile(report.times, 50),
        p99_us=percentile(report.times, 99), connections=connections, memory=memory,
        note=BOTH_ENDS if report.kind == "hold" else "")


def _of_ping(report: PingReport) -> Run:
    trips = [each.rtt for each in report.replies if each.rtt >= 0]
    return Run(
        completed=report.received, failed=report.sent - report.received, bytes=0, elapsed_us=max(sum(trips), 1),
        p50_us=percentile(trips, 50), p99_us=percentile(trips, 99))


def _real(session: Session, load: Load) -> Run:
    """Let a process on the kernel's side do it."""
    run_program = session.lab.run_program
    assert run_program is not None
    if client_of(session, load) == AB:
        return read_ab(run_program(ab(session.address, load)).output)
    words = [
        "env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "shell.bench.client", load.kind, session.address,
        session.lab.device, *(str(number) for number in (load.asked, load.at_once, load.size, LONGEST))]
    seen: list[tuple[int, int]] = []
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(session, load.asked, over, seen), daemon=True)
    if load.kind == "hold":
        watcher.start()
    try:
        done = run_program(words)
    finally:
        over.set()
    if load.kind == "hold":
        watcher.join()
    try:
        said = json.loads(done.output.splitlines()[-1])
    except (ValueError, IndexError):
        last = done.output.strip().rpartition("\n")[2] or f"it ended with status {done.status}"
        raise CommandError(f"the load generator failed: {last}") from None
    note = said.pop("note")
    said["failed"] += max(load.asked - said["completed"] - said["failed"], 0)
    connections, memory = max(seen, default=(0, 0))
    return Run(**said, note=note, connections=connections, memory=memory)


def client_of(session: Session, load: Load) -> str:
    """Return who puts a load on, as one may say it."""
    if session.lab.run_program is None:
        return "the simulated host: this is the virtual network, in its own time"
    return AB if load.kind in ("http", "keepalive") and shutil.which("ab") else OWN


def ab(address: str, load: Load) -> list[str]:
    """Return the command line of ApacheBench for a load."""
    words = ["ab", "-q", "-n", str(load.asked), "-c", str(min(load.at_once, load.asked)), "-s", "10"]
    words += ["-t", str(LONGEST), "-n", str(load.asked)]  # -t alone would ask for 50,000
    if load.kind == "keepalive":
        words.append("-k")
    pin = ["taskset", "-c", str(max(os.sched_getaffinity(0)))] if shutil.which("taskset") else []
    return [*pin, *words, f"http://{address}/"]


def read_ab(output: str) -> Run:
    """Return what ApacheBench says; CommandError if it says nothing of use."""
    def number(pattern: str) -> float:
        found = re.search(pattern + r":?\s+([\d.]+)", output)
        return float(found[1]) if found else 0.0

    if not (complete := int(number("Complete requests"))):
        last = output.strip().rpartition("\n")[2] or "it said nothing"
        raise CommandError(f"ApacheBench failed: {last}")
    failed = int(number("Failed requests") + number("Non-2xx responses"))
    return Run(
        completed=complete - failed, failed=failed, bytes=int(number("Total transferred")),
        elapsed_us=round(number("Time taken for tests") * 1e6), p50_us=round(number(r"\n\s+50%") * 1e3),
        p99_us=round(number(r"\n\s+99%") * 1e3))


def _watch(session: Session, asked: int, over: threading.Event, seen: list[tuple[int, int]]) -> None:
    """Note how much memory there is in use with how many connections, until the run is over."""
    while not over.wait(0.1):
        seen.append((session.ask(_connections), _resident()))


def _connections(world: World) -> int:
    return world.hosts["you"].tcp.count()


def _resident() -> int:
    """Return the bytes of memory that this process has in use; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def interleaved(
    settings: list[Callable[[], None]], run: Callable[[], Run], rounds: int,
    around: Callable[[int], AbstractContextManager[object]],
) -> list[list[Run]]:
    """Measure under several settings turn about, so that a machine that changes its speed changes it for all."""
    found: list[list[Run]] = [[] for _ in settings]
    for index in range(rounds):
        with around(index):
            for runs, begin in zip(found, settings, strict=True):
                begin()
                runs.append(run())
    return found
