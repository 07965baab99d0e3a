"""`mode`: see everything, or go as fast as possible."""

from __future__ import annotations

from aether.engine.offload import BETWEEN, FORWARDING, KNOB, ON, TRACING, offload
from shell import results
from shell.cores import crowded
from shell.grammar import command
from shell.session import Session

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
def trace(session: Session) -> results.Message:
    """Record every event: trace, frames, steps and history work."""
    workers = 1 if session.shards is None else session.shards.count
    lost = session.set_mode("trace")
    said = "trace mode: every event is recorded. A new history begins here"
    if workers == 1:
        return results.Message(said, _hint(session, ""))
    had = f"; connections of the others are reset: {lost}" if lost else ""
    return results.Message(f"{said}. It has one worker{had}", _hint(session, "`mode bench` brings the others back"))


@command("mode bench", examples=("mode bench",))
def bench(session: Session) -> results.Message:
    """Go as fast as possible: no events, no trace, no history, no breakpoints."""
    session.tracing = False
    session.set_mode("bench")
    workers = 1 if session.shards is None else session.shards.count
    more = f", {workers} workers" if workers > 1 else ""
    return results.Message(
        f"benchmark mode: no events, no trace, no history{more}",
        _hint(session, "`mode trace` brings them back", crowded(workers) if workers > 1 else ""))


def _hint(session: Session, *hints: str) -> str:
    """Return hints, one a line, after what the mode means for offload."""
    said = offload_said(session)
    return "\n".join(hint for hint in (f"offload: {said}" if said else "", *hints) if hint)
