"""`arp`: neighbours and their hardware addresses."""

from __future__ import annotations

from functools import partial

from aether import queries
from aether.operations.net import ArpClear, ArpWho
from aether.world import World
from shell.commands.common import HOST, WAITS
from shell.language.grammar import CommandError, argument, command
from shell.language.values import address as parse_address
from shell.results.arp import ArpTable
from shell.results.message import Message
from shell.session import Session, hint


@command("arp table", HOST, examples=("arp table", "arp table --host host"))
def table(session: Session, host: str) -> ArpTable:
    """List the neighbours whose hardware addresses are known, or asked for."""
    return ArpTable(host, session.ask(partial(queries.neighbours, host=host)))


@command("arp clear", HOST, examples=("arp clear",))
def clear(session: Session, host: str) -> Message:
    """Forget every neighbour."""
    count = session.do(ArpClear(host=host))
    return Message(f"{count} {'neighbour' if count == 1 else 'neighbours'} forgotten")


@command(
    "arp who", argument("address", parse_address, "whose hardware address to ask for", complete="addresses"), HOST,
    *WAITS, examples=("arp who 192.168.1.1",),
)
def who(session: Session, address: str, host: str, wait: int, background: bool) -> ArpTable | Message:
    """Ask who has an address, whatever is known already."""
    session.do(ArpWho(host=host, address=address))

    def answered(world: World) -> bool:
        entries = [row for row in queries.neighbours(world, host) if row.address == address]
        return not entries or entries[0].state == "reachable"

    outcome = session.wait(answered, wait, background)
    rows = [row for row in session.ask(partial(queries.neighbours, host=host)) if row.address == address]
    if not rows:
        raise CommandError(f"nobody answers for {address}")
    if outcome != "done":
        return Message(f"asked who has {address}", hint(outcome))
    return ArpTable(host, rows)
