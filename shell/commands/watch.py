"""`watch`: one view on the whole terminal, live."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from shell.commands.breakpoints import set_breakpoint
from shell.commands.common import HOST
from shell.commands.frames import latest
from shell.commands.ladder import report as ladder_report
from shell.commands.status import status
from shell.commands.tcp import conns as tcp_conns
from shell.commands.tcp import show as tcp_show
from shell.language.grammar import argument, command
from shell.language.values import connection
from shell.reading.selection import compiled
from shell.results.frames import FrameList
from shell.results.ladder import LadderReport
from shell.results.message import Message
from shell.results.status import Status
from shell.results.tcp import ConnectionList, ConnectionReport
from shell.session import Session, View

T = TypeVar("T")
LATEST = 20_000
"""Events that a live ladder looks at, at the most: the newest."""
FRAMES = 300
"""Frames of a live trace."""


@command("watch tcp", argument("number", connection, "a connection's number", complete="connections"),
         examples=("watch tcp 3",))
def tcp(session: Session, number: int) -> ConnectionReport | None:
    """Watch one connection: windows, timers, round trip, congestion."""
    return show(session, f"tcp {number}", lambda: tcp_show(session, number, "you"))


@command("watch conns", examples=("watch conns",))
def conns(session: Session) -> ConnectionList | None:
    """Watch the connections, and the ports that are listened on."""
    return show(session, "connections", lambda: tcp_conns(session, "you"))


@command(
    "watch trace", argument("expression", str, "only frames that it selects", default="", raw="line",
                            complete="filters"),
    examples=("watch trace", "watch trace tcp.flags.syn == 1"),
)
def trace(session: Session, expression: str) -> FrameList | None:
    """Watch the latest frames."""
    text = expression.strip()
    if text:
        compiled(text)
    return show(session, f"trace {text}".strip(), lambda: latest(session, FRAMES, "you", text), from_the_end=True)


@command(
    "watch ladder", argument("what", str, "a connection's number, or an expression", default="", raw="line",
                             complete="filters"),
    examples=("watch ladder", "watch ladder 1"),
)
def ladder(session: Session, what: str) -> LadderReport | None:
    """Watch frames go to and fro between hosts."""
    text = what.strip()
    if text and not text.isdigit():
        compiled(text)

    def look() -> LadderReport:
        events = session.visible_events("the ladder")[-LATEST:]
        return ladder_report(events, text, rungs=200, follower=session.follower())

    return show(session, f"ladder {text}".strip(), look, from_the_end=True)


@command(
    "watch conn", argument("condition", str, "a connection's number and an expression over its fields", raw="line",
                           complete="connection_conditions"), HOST,
    examples=("watch conn 1 cwnd", "watch conn 1 state --host host"),
)
def change(session: Session, condition: str, host: str) -> Message:
    """Stop at the end of any occurrence in which an expression over a connection's fields changes."""
    return set_breakpoint(session, f"conn {condition}", host=host, change=True)


@command("watch loop", examples=("watch loop",))
def loop(session: Session) -> Status | None:
    """Watch what runs, and how busily: spin, yield and sleep, events kept and lost, hosts."""
    return show(session, "loop", lambda: status(session))


def show(session: Session, title: str, look: Callable[[], T], *, from_the_end: bool = False) -> T | None:
    """Show a view in a pane where there is a terminal; else return its result once, to be printed."""
    if session.terminal.pane is None:
        return look()
    session.terminal.pane(View(title, look, from_the_end))
    return None
