"""What `status` returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from aether.answers import (
    HostRow,
)


@dataclass(slots=True)
class Status:
    """What runs, where, and how busily."""

    lab: str
    """``SIM`` or ``TAP``."""
    device: str
    address: str
    """Ours as it is now; empty if there is none."""
    host_address: str
    seed: int
    mode: str
    """``trace`` or ``bench``."""
    running: bool
    speed: str
    occurrence: int
    time_us: int
    frames: int
    spin: float
    """Share of the time spent spinning, 0.0 to 1.0."""
    yielding: float
    """Share of the time spent yielding."""
    sleep: float
    """Share of the time spent sleeping."""
    events: int
    """Events kept in the ring."""
    lost: int
    """Events that were pushed out of the ring."""
    tracing: bool
    hosts: list[HostRow] = field(default_factory=list)
    waits: str = "engine"
    """Whose shares these are: those of the ``engine``, or, in a simulation that models them, of your ``cores``, or the
    means over several ``workers`` behind a TAP."""
    fault: str = ""
    """What made the world stop, such as a TAP that was removed; empty if nothing did."""
    workers: int = 1
    """How many processes handle frames, each with a whole stack."""
    offload: str = ""
    """Begins with ``on`` or ``off``: whether the kernel cuts our large segments and computes checksums, and we take the
    same of it; then what that means. Empty in the simulation."""
    memory: int | None = None
    """Bytes that this program has in memory, those of its workers included; None in the simulation, whose answers
    repeat exactly, and where the system does not tell."""
    lost_frames: int = 0
    """Frames that the links lost; `drops` tells why."""
