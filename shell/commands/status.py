"""`status`: what runs, where, and how busily."""

from __future__ import annotations

from aether import queries
from aether.engine import core
from aether.engine.figures import resident
from shell.commands.mode import offload_said
from shell.language.grammar import command
from shell.results.status import Status
from shell.session import Session


@command("status", examples=("status", "status --json"))
def status(session: Session) -> Status:
    """Show what runs, where, and how busily."""
    now, lab, shards = session.status(), session.lab, session.shards
    workers = 1 if shards is None else shards.count
    speed = "max" if now.speed == float("inf") else f"{now.speed:g}"
    return Status(
        lab.kind, lab.device, session.address, lab.host_address, lab.seed, now.mode, not now.paused, speed,
        now.occurrence, now.time, now.frames, now.spin, now.yielding, now.sleep, now.ring_size, now.ring_lost,
        session.tracing, session.ask_all(queries.hosts), _waiting(now, workers), now.fault, workers,
        offload_said(session), _memory(session), sum(row.count for row in session.ask_all(queries.losses)))


def _memory(session: Session) -> int | None:
    """Return how many bytes the processes have in memory; None in the simulation, whose answers repeat exactly."""
    if session.lab.kind == "SIM":
        return None
    return resident() if session.shards is None else session.shards.memory()


def _waiting(now: core.CoreStatus, workers: int) -> str:
    """Return whose shares of time these are."""
    if workers > 1:
        return "workers"
    return "cores" if now.modelled else "engine"
