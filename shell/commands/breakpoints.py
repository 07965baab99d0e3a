"""`break`: stop when something happens."""

from __future__ import annotations

from aether.engine.breakpoints import Breakpoint, BreakpointError, Breakpoints, Change, expand
from aether.filters import FilterError
from shell.commands.common import HOST
from shell.language.grammar import CommandError, argument, command
from shell.language.values import count, passes
from shell.results.breakpoints import BreakpointList, BreakpointRow
from shell.results.message import Message
from shell.session import Session

NUMBER = argument("number", count, "the breakpoint's number, as `break list` shows it")


def _which(text: str) -> int:
    """Read the number of a breakpoint; 0 for all of them."""
    return 0 if text == "all" else count(text)


WHICH = argument("number", _which, "the breakpoint's number, as `break list` shows it, or all", complete="all")
EXPRESSION = argument(
    "expression", str, "what to stop at: state ESTABLISHED, drop, drop tcp.out_of_order, timer rto, conn 3, or any "
    "filter expression", raw="line", complete="breaks")


def set_breakpoint(
    session: Session, text: str, *, when: bool = False, temporary: bool = False, host: str = "you",
    change: bool = False,
) -> Message:
    """Set a breakpoint of any kind, and say how it is to be read."""
    session.need_trace("a breakpoint")
    if session.breakpoints is None:
        session.breakpoints = Breakpoints()
    try:
        watched = Change(text, host) if change else None
        if watched is not None:
            session.ask(watched.begin)
        one = session.breakpoints.add(
            text, session.core.ring.since(0)[0], when=when, temporary=temporary, host=host, change=watched)
    except (BreakpointError, FilterError) as problem:
        raise CommandError(str(problem)) from None
    session.core.set_breakpoint(session.breakpoints.hit)
    meant = text if when or change else expand(text)
    stands_for = f" ({meant})" if meant != text else ""
    return Message(f"breakpoint {one.number} at {one.text}{stands_for}", "time stops after the occurrence that hits it")


def _find(session: Session, number: int) -> Breakpoint:
    try:
        return (session.breakpoints or Breakpoints()).find(number)
    except BreakpointError as problem:
        raise CommandError(str(problem)) from None


@command("break", EXPRESSION, examples=("break state ESTABLISHED", "break drop", "break tcp.flags.fin == 1"))
def set_(session: Session, expression: str) -> Message:
    """Stop at the end of any occurrence in which something matches."""
    return set_breakpoint(session, expression)


@command("tbreak", EXPRESSION, examples=("tbreak timer rto",))
def set_once(session: Session, expression: str) -> Message:
    """Stop once, and forget the breakpoint."""
    return set_breakpoint(session, expression, temporary=True)


@command(
    "break when", argument("condition", str, "a connection and a comparison of its fields", raw="line",
                           complete="conditions"), HOST,
    examples=("break when conn 3 cwnd < 2*mss", "break when conn 1 snd_wnd == 0",
              "break when conn 1 state == CLOSE-WAIT --host host"),
)
def when(session: Session, condition: str, host: str) -> Message:
    """Stop when a condition on a connection's fields becomes true."""
    return set_breakpoint(session, condition, when=True, host=host)


@command("break list", examples=("break list",))
def list_(session: Session) -> BreakpointList:
    """List the breakpoints."""
    items = session.breakpoints.items.values() if session.breakpoints is not None else ()
    return BreakpointList([
        BreakpointRow(b.number, b.text, b.enabled, b.temporary, b.ignore, b.hits, list(b.commands)) for b in items])


@command("break delete", WHICH, examples=("break delete 1", "break delete all"))
def delete(session: Session, number: int) -> Message:
    """Remove a breakpoint, or all."""
    gone = _chosen(session, number)
    assert session.breakpoints is not None
    for each in gone:
        session.breakpoints.delete(each.number)
    if not session.breakpoints.items:
        session.core.set_breakpoint(None)
    return Message(f"{_named(gone)} {'is' if len(gone) == 1 else 'are'} gone")


@command("break enable", WHICH, examples=("break enable 1",))
def enable(session: Session, number: int) -> Message:
    """Let a breakpoint stop time again, or all."""
    return _turn(session, number, True)


@command("break disable", WHICH, examples=("break disable 1",))
def disable(session: Session, number: int) -> Message:
    """Let a breakpoint rest, or all."""
    return _turn(session, number, False)


def _chosen(session: Session, number: int) -> list[Breakpoint]:
    """Return a breakpoint, or all; CommandError if there is none."""
    if number:
        return [_find(session, number)]
    found = list(session.breakpoints.items.values()) if session.breakpoints is not None else []
    if not found:
        raise CommandError("there are no breakpoints. `break state ESTABLISHED` sets one")
    return found


def _named(chosen: list[Breakpoint]) -> str:
    if len(chosen) == 1:
        return f"breakpoint {chosen[0].number} at {chosen[0].text}"
    return f"breakpoints {', '.join(str(each.number) for each in chosen)}"


def _turn(session: Session, number: int, on: bool) -> Message:
    chosen = _chosen(session, number)
    for each in chosen:
        each.enabled = on
    numbers = ", ".join(str(each.number) for each in chosen)
    return Message(f"breakpoint{'s' * (len(chosen) > 1)} {numbers} {'is' if len(chosen) == 1 else 'are'} "
                   f"{'on' if on else 'off'}")


@command("ignore", NUMBER, argument("times", passes, "how many hits to pass over"), examples=("ignore 1 5",))
@command("break ignore", NUMBER, argument("times", passes, "how many hits to pass over"),
         examples=("break ignore 1 5",))
def ignore(session: Session, number: int, times: int) -> Message:
    """Pass over the next hits of a breakpoint."""
    _find(session, number).ignore = times
    return Message(f"breakpoint {number} passes over the next {times} hits" if times
                   else f"breakpoint {number} stops at every hit")


@command(
    "break commands", NUMBER, argument("lines", str, "commands to run when it stops there, with ; between", raw="text"),
    examples=("break commands 1 tcp show 1; drops",),
)
def commands(session: Session, number: int, lines: str) -> Message:
    """Run commands when a breakpoint stops time."""
    text = lines.decode() if isinstance(lines, bytes) else lines
    _find(session, number).commands = [line.strip() for line in text.split(";") if line.strip()]
    return Message(f"breakpoint {number} runs: {'; '.join(_find(session, number).commands) or 'nothing'}")
