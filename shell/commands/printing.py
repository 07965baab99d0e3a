"""`print`: the value of an expression over a connection's fields."""

from __future__ import annotations

from aether.engine.breakpoints import BreakpointError, FieldExpression
from aether.operations.base import host_named
from aether.world import World
from shell.commands.common import HOST
from shell.language.grammar import CommandError, argument, command
from shell.results.message import Message
from shell.session import Session


@command(
    "print", argument("condition", str, "a connection, and its fields with numbers and + - * // between", raw="line",
                      complete="conditions"), HOST,
    examples=("print conn 1 cwnd", "print conn 1 cwnd - in_flight", "print conn 1 state --host host"),
)
def print_(session: Session, condition: str, host: str) -> Message:
    """Print the value of an expression over the fields of a connection, as `break when` knows them."""
    try:
        wanted = FieldExpression(condition, host)
    except BreakpointError as problem:
        raise CommandError(str(problem)) from None

    def ask(world: World) -> object:
        host_named(world, host)
        return wanted.value(world)

    value = session.ask(ask, session.owner(wanted.number, host))
    if value is None:
        raise CommandError(f"no connection {wanted.number} at {host!r}. `tcp conns` lists them")
    return Message(f"{wanted.text} = {value}")
