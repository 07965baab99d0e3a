"""What measurements return. Times are microseconds: of the wall's clock with a TAP, of world time in the simulation."""

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
    calls_per_frame: float = 0.0
    """How often the program read or wrote, per frame."""
    spin: float = 0.0
    """Shares of the time that the loop waited, each way."""
    yielding: float = 0.0
    sleep: float = 0.0
    cores: ProcessorReport | None = None
    """In the simulation: what the cores of your host did."""


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
    cpu: float
    calls_per_frame: float
    spin: float
    yielding: float
    sleep: float
    occurrences_a_second: float
    """By the wall's clock."""
    bytes_per_connection: int
    """0 unless connections were held open."""


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
    ratio: float
    """The first median as a multiple of the second; 0 of one alone."""
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Workers(ProcessorReport):
    """The cores of a simulated host."""

    hint: str = ""
    processes: bool = False
    """True when each is a process, behind a TAP, and no model."""
