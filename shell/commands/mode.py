"""`mode`: see everything, or go as fast as possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.engine.offload import BETWEEN, FORWARDING, KNOB, ON, TRACING, offload
from shell.lab.cores import crowded
from shell.language.grammar import command
from shell.results.message import Message
from shell.session import Session

if TYPE_CHECKING:
    from aether.engine.shards import Shards

AS_ON_THE_WIRE = "every frame is as it goes on the wire"
OFFLOAD = {
    ON: "on (the kernel cuts segments of up to 64 KB, and computes checksums)",
    TRACING: f"off in trace mode: {AS_ON_THE_WIRE}",
    KNOB: f"off by the knob loop.offload: {AS_ON_THE_WIRE}",
    FORWARDING: f"off at a host that forwards, or has several interfaces: {AS_ON_THE_WIRE}",
    BETWEEN: f"off while the link or a model of the processor works on each frame: {AS_ON_THE_WIRE}",
    "": "",
}
"""What to say of each answer of `offload`."""


def offload_said(session: Session) -> str:
    """Return what the kernel leaves to us and we to it, in words; empty where there is no TAP."""
    return "" if session.lab.kind == "SIM" else OFFLOAD[session.core.with_loop(offload)]


@command("mode trace", examples=("mode trace",))
def trace(session: Session) -> Message:
    """Record every event: trace, frames, steps and history work."""
    workers = 1 if session.shards is None else session.shards.count
    lost = reset(session.shards)
    session.set_mode("trace")
    session.tracing, session.traced = session.tracing or session.traced, False
    said = "trace mode: every event is recorded. A new history begins here"
    if workers == 1:
        return Message(said, _hint(session, ""))
    return Message(f"{said}. It has one worker{lost}", _hint(session, "`mode bench` brings the others back"))


@command("mode bench", examples=("mode bench",))
def bench(session: Session) -> Message:
    """Go as fast as possible: no events, no trace, no history, no breakpoints."""
    session.tracing, session.traced = False, session.tracing or session.traced
    session.set_mode("bench")
    workers = 1 if session.shards is None else session.shards.count
    more = f", {workers} workers" if workers > 1 else ""
    return Message(
        f"benchmark mode: no events, no trace, no history{more}",
        _hint(session, "`mode trace` brings them back", crowded(workers) if workers > 1 else ""))


def reset(shards: Shards | None) -> str:
    """Return what to add of the connections of all workers but the first, before these end; empty if there are none."""
    if shards is None or not (lost := shards.at_stake()).connections:
        return ""
    resting = lost.connections - lost.living
    more = f"{resting:,} in TIME-WAIT" if resting else ""
    if not lost.living:
        return f"; the others had no living connection, and {more}"
    said = f"; connections of the others are reset: {lost.living:,} that lived"
    return f"{said}, and {more}" if more else said


def _hint(session: Session, *hints: str) -> str:
    """Return hints, one a line, after what the mode means for offload."""
    said = offload_said(session)
    return "\n".join(hint for hint in (f"offload: {said}" if said else "", *hints) if hint)
