"""`mode`: see everything, or go as fast as possible."""

from __future__ import annotations

from shell import results
from shell.grammar import command
from shell.session import Session


@command("mode trace", examples=("mode trace",))
def trace(session: Session) -> results.Message:
    """Record every event: trace, frames, steps and history work."""
    session.core.set_mode("trace")
    return results.Message("trace mode: every event is recorded. A new history begins here")


@command("mode bench", examples=("mode bench",))
def bench(session: Session) -> results.Message:
    """Go as fast as possible: no events, no trace, no history, no breakpoints."""
    session.tracing = False
    session.core.set_mode("bench")
    return results.Message("benchmark mode: no events, no trace, no history", "`mode trace` brings them back")
