"""One run of a load, on whatever lab there is: what the client saw, and what it cost the stack."""

from __future__ import annotations

import math
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aether import queries
from aether.answers import WorkerRow
from aether.apps.load import LoadReport
from aether.apps.ping import PingProgress
from aether.engine.figures import resident
from aether.lab import HOST
from aether.operations.load import MOST_AT_ONCE, MOST_REQUESTS, LoadStart
from aether.operations.net import Ping
from aether.operations.services import JobCancel
from aether.operations.workers import WorkersSet, processor
from aether.socket_options import EPHEMERAL
from aether.world import World
from shell.bench import kernel
from shell.bench.client import percentile
from shell.bench.load import LoadWish, why_left
from shell.language.grammar import CommandError
from shell.results.bench import Run
from shell.session import Session

BOTH_ENDS = "memory: of both ends of each connection, since both hosts live in this program"
MAX_RUN = 60
"""Seconds of world time that one run in the simulation may take at the most."""
PING_INTERVAL = 1_000
"""Microseconds from one simulated echo request to the next."""


def check(session: Session, load: LoadWish) -> None:
    """Raise CommandError, before anything is begun, if the load cannot be put on the stack."""
    if session.paused:
        raise CommandError("time stands still, and nothing can be measured. `run` lets it go on")
    if not session.address:
        raise CommandError("this host has no address, and nobody can reach it. `dhcp lease` or `ip add` gives it one")
    if session.lab.run_program is not None:
        kernel.refuse_too_many(load)
        return
    low, high = EPHEMERAL
    ports = f"the simulated host's ports are {low} to {high}"
    if load.kind == "hold":
        limits = [("connections", load.asked, high - low + 1, f": {ports}")]
    else:
        limits = [("-n", load.asked, MOST_REQUESTS, ""), ("-c", load.together, MOST_AT_ONCE, "")]
    for name, value, most, why in limits:
        if value > most:
            raise CommandError(f"in the simulation {name}: at most {most:,}, not {value:,}{why}")


def measure(session: Session, load: LoadWish) -> Run:
    """Put the load on the stack once. CommandError if it cannot be, KeyboardInterrupt if it was cut off."""
    meter = _Meter(session)
    if session.lab.run_program is None:
        run = _simulated(session, load, meter.stop)
    else:
        with _watched(session, load) as seen:
            run = kernel.run(session, load, meter.stop)
        run.connections, run.memory = max(seen, default=(0, 0))
    meter.stop()
    meter.read_into(run)
    return run


class _Readings:
    """What the stack has used so far."""

    def __init__(self, session: Session) -> None:
        self.status = session.core.status()
        self.wall = time.perf_counter()
        self.cpu = time.process_time()
        self.calls = _system_calls()


class _Meter:
    """What the stack has used since this was made, until it was stopped."""

    def __init__(self, session: Session) -> None:
        self.session = session
        session.count_anew()
        self.memory = resident() or 0
        self.before = _Readings(session)
        self.after: _Readings | None = None

    def stop(self) -> None:
        """Count no more: what follows is no part of the load."""
        self.after = self.after or _Readings(self.session)

    def read_into(self, run: Run) -> None:
        """Note the difference."""
        before, after = self.before, self.after
        assert after is not None
        wall = max(after.wall - before.wall, 1e-6)
        run.wall_us = round(wall * 1e6)
        run.workers = 1 if self.session.shards is None else self.session.shards.count
        if self.session.lab.run_program is not None:
            run.memory = max(run.memory - self.memory, 0)
        run.cpu = min((after.cpu - before.cpu) / wall, 1.0)
        run.frames = after.status.frames - before.status.frames
        run.occurrences = after.status.present - before.status.present
        if run.frames and run.completed:  # else it was waiting that was read for
            run.calls_per_frame = (after.calls - before.calls) / run.frames
        run.spin, run.yielding, run.sleep = after.status.spin, after.status.yielding, after.status.sleep
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


def _simulated(session: Session, load: LoadWish, held: Callable[[], None]) -> Run:
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
                host=HOST, kind=load.kind, address=session.address, asked=load.asked,
                concurrency=min(load.at_once, load.asked), size=load.size))
        began = session.ask(lambda world: world.now)
        outcome = session.wait(lambda world: queries.job_done(world, job, HOST), MAX_RUN * 1_000_000)
        held()
        if load.kind == "hold" and outcome == "done":
            outcome = session.wait(lambda world: world.now >= began + 1_000_000, 1_000_000)
        report = session.ask(lambda world: queries.job_report(world, job, HOST))
        connections = session.ask(_connections)
        memory = tracemalloc.get_traced_memory()[0]
        if outcome != "done" or load.kind == "hold":
            session.do(JobCancel(host=HOST, job=job))
        if outcome == "detached":
            raise KeyboardInterrupt
        if outcome in ("paused", "breakpoint"):
            raise CommandError(why_left(session))
    finally:
        tracemalloc.stop()
        session.core.set_speed(speed)
    run = _of_ping(report, load) if isinstance(report, PingProgress) else _of_load(report, connections, memory)
    run.cores = session.ask(processor)
    return run


def _of_load(report: LoadReport, connections: int, memory: int) -> Run:
    unfinished = 0 if report.done else report.asked - report.completed - report.failed
    return Run(
        completed=report.completed, failed=report.failed + unfinished, bytes=report.bytes, elapsed_us=report.elapsed,
        p50_us=percentile(report.times, 50), p99_us=percentile(report.times, 99), connections=connections,
        memory=memory, note=BOTH_ENDS if report.kind == "hold" else "", unfinished=unfinished)


def _of_ping(report: PingProgress, load: LoadWish) -> Run:
    trips = [each.rtt for each in report.replies if each.rtt >= 0]
    return Run(
        completed=report.received, failed=load.asked - report.received, bytes=0, elapsed_us=max(sum(trips), 1),
        p50_us=percentile(trips, 50), p99_us=percentile(trips, 99), unfinished=load.asked - report.sent)


@contextmanager
def _watched(session: Session, load: LoadWish) -> Iterator[list[tuple[int, int]]]:
    """Note how much memory there is in use with how many connections, where connections are only held."""
    seen: list[tuple[int, int]] = []
    if load.kind != "hold":
        yield seen
        return
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            seen.append((session.ask(_connections), resident() or 0))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _connections(world: World) -> int:
    return world.hosts["you"].tcp.count()
