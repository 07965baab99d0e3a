"""`tcp read`, `tcp reading`, `tcp shutdown`: each direction of a connection by hand."""

from __future__ import annotations

from functools import partial

from aether import queries
from aether.operations.reading import TcpRead, TcpReading, TcpShutdown
from aether.world import World
from shell.commands.common import HOST, WAITS
from shell.commands.tcp import NUMBER
from shell.language.grammar import CommandError, argument, command
from shell.language.values import size
from shell.reading.escape import printable_bytes
from shell.results.message import Message
from shell.results.tcp import Connected
from shell.results.tcp_reading import ReadReport
from shell.session import Session, hint

SHOWN = 500
"""Bytes of what was read that are shown at the most."""


def switch(text: str) -> bool:
    """Read `on` or `off`."""
    if text not in ("on", "off"):
        raise CommandError(f"reading is on or off, not {text!r}")
    return text == "on"


@command(
    "tcp reading", NUMBER, argument("value", switch, "on: read what arrives at once; off: let it wait",
                                    complete="on off"), HOST,
    examples=("tcp reading 1 off", "tcp reading 1 on"),
)
def reading(session: Session, number: int, value: bool, host: str) -> Message:
    """Read what arrives on a connection at once, or let it wait in the receive buffer.

    While nobody reads, the buffer fills, and the window that we offer shrinks. `tcp read` takes
    some of it.
    """
    session.do(TcpReading(host=host, conn=number, on=value))
    what = "what arrives is read at once" if value else f"what arrives waits; `tcp read {number}` takes it"
    return Message(f"#{number}: {what}")


@command(
    "tcp read", NUMBER, argument("bytes", size, "read at most so many bytes", default=65_507), HOST,
    examples=("tcp read 1", "tcp read 1 100"),
)
def read(session: Session, number: int, bytes: int, host: str) -> ReadReport:
    """Read once from a connection: what waits, however many segments brought it.

    It shows something after `tcp reading NUMBER off`; otherwise everything was read at once.
    """
    data = session.do(TcpRead(host=host, conn=number, limit=bytes))
    left = session.ask(partial(queries.connection, number=number, host=host)).rcv_unread
    return ReadReport(number, len(data), printable_bytes(data[:SHOWN], lines=True), left)


@command("tcp shutdown", NUMBER, HOST, *WAITS, examples=("tcp shutdown 1",))
def shutdown(session: Session, number: int, host: str, wait: int, background: bool) -> Connected:
    """Send no more on a connection, and go on receiving: its half is closed with a FIN."""
    remote = session.ask(partial(queries.connection, number=number, host=host)).remote
    session.do(TcpShutdown(host=host, conn=number))

    def settled(world: World) -> bool:
        return queries.connection_state(world, number, host) in ("CLOSED", "TIME-WAIT", "FIN-WAIT-2")

    outcome = session.wait(settled, wait, background)
    state = session.ask(partial(queries.connection_state, number=number, host=host))
    return Connected(number, state, outcome, remote, hint=hint(outcome))
