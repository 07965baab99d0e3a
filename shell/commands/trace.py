"""`trace`: frames and events above the prompt, as they happen."""

from __future__ import annotations

from shell import results
from shell.grammar import argument, command
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


@command(
    "trace filter", argument("expression", str, "a filter expression, or off", raw="line", complete="filters"),
    examples=("trace filter tcp.port == 80", "trace filter drop.reason", "trace filter off"),
)
def filter_(session: Session, expression: str) -> results.Message:
    """Show only what an expression selects; `trace filter off` shows everything again."""
    text = expression.strip()
    if text == "off":
        session.tracer.selection = None
        return results.Message("the trace shows everything")
    from shell.selection import Selection

    session.need_trace("the trace")
    session.tracer.selection = selection = Selection(text, session.events())
    return results.Message(f"the trace shows only: {text}", "; ".join(selection.notices))
