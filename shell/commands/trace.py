"""`trace`: frames and events above the prompt, as they happen."""

from __future__ import annotations

from shell.configuration import LAYERS
from shell.language.grammar import CommandError, argument, command, did_you_mean
from shell.results.message import Message
from shell.session import Session


@command("trace on", examples=("trace on",))
def on(session: Session) -> Message:
    """Show every frame, and what was decided about it, as it happens.

    Words say what no field says: retransmission, duplicate ACK, window update, zero window, window
    probe, keepalive. A segment that was only seen to arrive is `late, or sent again`. What is said of
    the frames of a capture is Wireshark's verdict, by their order and times: `out of order`, too.
    """
    session.need_trace("the trace")
    if not session.tracing:
        session.tracer.skip(session.core.ring)
        session.tracing = True
    return Message("trace is on", "< arrives, > leaves, x was lost on the way. `frame N` shows one in full")


@command("trace off", examples=("trace off",))
def off(session: Session) -> Message:
    """Stop showing frames as they happen; they are still recorded."""
    session.tracing = False
    return Message("trace is off")


def _layers(text: str) -> list[str]:
    """Read the names of layers, divided by commas."""
    if text == "all":
        return []
    names = [_NAMES.get(name.strip().lower(), name.strip().lower()) for name in text.split(",") if name.strip()]
    for name in names:
        if name not in LAYERS:
            raise CommandError(f"a layer is one of {', '.join(LAYERS)}, not {name!r}{did_you_mean(name, LAYERS)}")
    if not names:
        raise CommandError("trace layers takes layers divided by commas, such as arp,tcp, or all")
    return names


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise CommandError(f"this is on or off, not {text!r}. For example: trace events on")
    return text == "on"


_NAMES = {"ethernet": "eth", "ipv4": "ip"}


@command(
    "trace layers", argument("layers", _layers, f"{', '.join(LAYERS)}, divided by commas; or all", raw="many",
                             complete=f"all {' '.join(LAYERS)}"),
    examples=("trace layers arp,tcp", "trace layers all"),
)
def layers(session: Session, layers: list[str]) -> Message:
    """Show only frames of some layers, and what was decided about them; `trace layers all` shows everything again."""
    return filter_(session, " or ".join(layers) or "off")


@command(
    "trace events", argument("value", _switch, "on or off", complete="on off"),
    examples=("trace events on", "trace events off"),
)
def events(session: Session, value: bool) -> Message:
    """Give every decision a line of its own: timers, round trips, the congestion window, why an ACK was sent."""
    session.need_trace("the trace")
    session.tracer.watcher.every_event = value
    if value:
        return Message("the trace shows every decision", "" if session.tracing else "`trace on` begins it")
    return Message("the trace shows frames, and what they changed")


@command(
    "trace verbose", argument("value", _switch, "on or off", complete="on off"),
    examples=("trace verbose on", "trace verbose off"),
)
def verbose(session: Session, value: bool) -> Message:
    """Show each frame's headers below its line."""
    session.need_trace("the trace")
    session.tracer.verbose = value
    if value:
        return Message("the trace shows headers", "" if session.tracing else "`trace on` begins it")
    return Message("the trace shows a line for each frame")


@command(
    "trace filter", argument("expression", str, "a filter expression, or off", raw="line", complete="filters"),
    examples=("trace filter tcp.port == 80", "trace filter drop.reason", "trace filter off"),
)
def filter_(session: Session, expression: str) -> Message:
    """Show only what an expression selects; `trace filter off` shows everything again."""
    text = expression.strip()
    if text == "off":
        session.tracer.selection = None
        return Message("the trace shows everything")
    from shell.reading.selection import Selection

    session.need_trace("the trace")
    session.tracer.selection = selection = Selection(text, session.events())
    return Message(f"the trace shows only: {text}", "; ".join(selection.notices))
