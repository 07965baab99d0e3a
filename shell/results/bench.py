"""What `bench` returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from aether.answers import ProcessorReport


@dataclass(slots=True)
class Run:
    """One run of a load."""

    completed: int
    failed: int
    """Those that failed, and those that were not finished in time."""
    bytes: int
    elapsed_us: int
    """From the first to the last, as the client saw it."""
    p50_us: int
    """Half of them took no longer than this."""
    p99_us: int
    note: str = ""
    connections: int = 0
    """How many were open at the most, where that is what was asked."""
    memory: int = 0
    """Bytes of memory that the program used more then than before."""
    wall_us: int = 0
    """What it took by the wall's clock."""
    workers: int = 1
    """How many processes shared the load; what follows is what the first of them did, which is the shell's own."""
    cpu: float = 0.0
    """The share of one core that this program used."""
    frames: int = 0
    occurrences: int = 0
    calls_per_frame: float | None = None
    """How often the program read or wrote, per frame; None where nothing was completed."""
    spin: float = 0.0
    """Shares of the time that the loop waited, each way."""
    yielding: float = 0.0
    sleep: float = 0.0
    cores: ProcessorReport | None = None
    """In the simulation: what the cores of your host did."""
    unfinished: int = 0
    """Those of the failed that were only not finished in time."""


@dataclass(slots=True)
class Measured:
    """Several runs under one setting."""

    setting: str
    unit: str
    """What is counted each second: connections, requests, pings or MB."""
    rates: list[float]
    """One for each run."""
    median: float
    low: float
    high: float
    p50_us: int
    """Medians over the runs."""
    p99_us: int
    failed: int
    """In all runs; those that were not finished in time among them."""
    cpu: float
    calls_per_frame: float | None
    """How often the program read or wrote, per frame; null where nothing was completed."""
    spin: float
    yielding: float
    sleep: float
    occurrences_a_second: float
    """By the wall's clock."""
    bytes_per_connection: int
    """0 unless connections were held open."""
    completed: list[int] = field(default_factory=list)
    """One for each run: how many of those asked for were completed."""
    elapsed_us: list[int] = field(default_factory=list)
    """One for each run: from the first to the last, as the client saw it."""
    workers: int = 1
    """How many processes shared the load; in the simulation, how many cores of the host."""


@dataclass(slots=True)
class BenchReport:
    """A measurement, or two side by side."""

    what: str
    lab: str
    """``SIM`` or ``TAP``."""
    client: str
    """Who put the load on."""
    mode: str
    measured: list[Measured]
    ratio: float | None
    """The first median as a multiple of the second; null of one alone."""
    notes: list[str] = field(default_factory=list)
    load: str = ""
    """Its kind: ``http``, ``keepalive``, ``ping``, ``down``, ``up`` or ``hold``."""
    client_key: str = ""
    """``ours``, ``ab`` or ``wrk`` at the kernel's side, ``host`` in the simulation."""
    asked: int = 0
    """How many in each run; 0 where the client counts seconds instead."""
    concurrency: int = 1
    """How many at a time."""
    size: int = 0
    """Bytes of one transfer; 0 of what is none."""
    runs: int = 0
    """How many runs of each were asked for."""
    elapsed_us: int = 0
    """What all of it took, by the wall's clock."""
    real_ratio: float | None = None
    """Of two in the simulation: occurrences a second of real time of the first, as a multiple of the second's."""
    clear: bool | None = None
    """Of two: whether every pair of runs says that the same one is faster; null of one alone."""
    verdict: str = ""
    """Of two: what the comparison shows, in words."""
    problems: list[str] = field(default_factory=list)
    """What went wrong, such as how many failed."""
    failure: str = ""
    """Why there are fewer runs than were asked for; empty if there are not."""
