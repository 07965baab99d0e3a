"""`trace`: frames and events above the prompt, as they happen."""

from __future__ import annotations

from shell import results
from shell.grammar import command
from shell.session import Session


@command("trace on", examples=("trace on",))
def on(session: Session) -> results.Message:
    """Show every frame, and what was decided about it, as it happens."""
    session.need_trace("the trace")
    if not session.tracing:
        session.tracer.skip(session.core.ring)
        session.tracing = True
    return results.Message("trace is on", "< arrives, > leaves, x was lost on the way. `frame N` shows one in full")


@command("trace off", examples=("trace off",))
def off(session: Session) -> results.Message:
    """Stop showing frames as they happen; they are still recorded."""
    session.tracing = False
    return results.Message("trace is off")
