"""`mode`: see everything, or go as fast as possible."""

from __future__ import annotations

from shell import results
from shell.grammar import command
from shell.session import Session


@command("mode trace", examples=("mode trace",))
def trace(session: Session) -> results.Message:
    """Record every event: trace, frames, steps and history work."""
    workers = 1 if session.shards is None else session.shards.count
    lost = session.set_mode("trace")
    said = "trace mode: every event is recorded. A new history begins here"
    if workers == 1:
        return results.Message(said)
    had = f"; connections of the others are reset: {lost}" if lost else ""
    return results.Message(f"{said}. It has one worker{had}", "`mode bench` brings the others back")


@command("mode bench", examples=("mode bench",))
def bench(session: Session) -> results.Message:
    """Go as fast as possible: no events, no trace, no history, no breakpoints."""
    session.tracing = False
    session.set_mode("bench")
    workers = 1 if session.shards is None else session.shards.count
    more = f", {workers} workers" if workers > 1 else ""
    return results.Message(f"benchmark mode: no events, no trace, no history{more}", "`mode trace` brings them back")
