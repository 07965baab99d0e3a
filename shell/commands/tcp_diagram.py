"""`tcp diagram`: the states of TCP, and where a connection is in them."""

from __future__ import annotations

from functools import partial

from aether import queries
from aether.tcp.states import CLOSED, LISTEN, TRANSITIONS
from shell.commands.common import HOST
from shell.language.grammar import CommandError, argument, command
from shell.language.values import connection
from shell.results.tcp_diagram import Arrow, DiagramReport
from shell.session import Session


@command(
    "tcp diagram", argument("number", connection, "a connection's number; none for the diagram alone", default=0,
                            complete="connections"), HOST,
    examples=("tcp diagram", "tcp diagram 1", "tcp diagram 1 --host host"),
)
def diagram(session: Session, number: int, host: str) -> DiagramReport:
    """Draw TCP's states from the table that the stack itself uses, and light the way that a connection took.

    Each arrow says what causes it, and what is sent. What ends a connection in any state (a reset, an abort, a
    time-out) is left out, unless the connection took it.
    """
    arrows = [Arrow(*each) for each in TRANSITIONS]
    if not number:
        return DiagramReport(arrows, 0, "", host, [])
    table = {(arrow.old, arrow.cause): arrow for arrow in arrows}
    path: list[str] = []
    for event in session.visible_events("the way of a connection"):
        if event.kind != "tcp.state" or event.host != host or event.values[0] != number:
            continue
        _, old, new, cause = event.values
        arrow = table.get((old, cause))
        if arrow is None:
            arrow = table[old, cause] = Arrow(old, cause, new, "", "")
            arrows.append(arrow)
        arrow.taken.append(str(event.frame) if event.frame else f"+{event.time / 1_000_000:.3f}")
        path += [new] if path else [old, new]
    if not path:
        path = [session.ask(partial(queries.connection_state, number=number, host=host))]
        if path == [CLOSED]:
            raise CommandError(f"there is no connection #{number} at {host}. `tcp conns` lists them")
    return DiagramReport(arrows, number, path[-1], host, path if path[0] != LISTEN else [CLOSED, *path])
