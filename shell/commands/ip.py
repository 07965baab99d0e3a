"""`ip`: addresses, routes, and packets that wait for their fragments."""

from __future__ import annotations

from functools import partial

from aether import queries
from aether.answers import AddressRow
from aether.operations.net import AddressAdd, AddressRemove
from aether.world import World
from shell.commands.common import HOST, WAITS
from shell.language.grammar import CommandError, argument, command, option
from shell.language.values import address as parse_address
from shell.language.values import duration, octet
from shell.results.ip import AddressList, FragmentList, RouteTable
from shell.session import Session, hint

ADDED = (
    option("--wait", "how long to wait, in world time (10s unless said otherwise)", duration, default=10_000_000,
           metavar="T"),
    WAITS[1],
)


@command("ip addresses", HOST, examples=("ip addresses", "ip addresses --host host"))
def addresses(session: Session, host: str) -> AddressList:
    """List the addresses, with those that are probed for, and those that somebody else has."""
    return AddressList(host, session.ask(partial(queries.addresses, host=host)))


@command(
    "ip add", argument("address", str, "the address and its prefix, such as 192.168.1.7/24"),
    option("--interface", "the number of the interface (0)", octet, default=0, metavar="N"), HOST, *ADDED,
    examples=("ip add 192.168.1.7/24",),
)
def add(session: Session, address: str, interface: int, host: str, wait: int, background: bool) -> AddressList:
    """Take one more address, if three probes show that nobody else has it; then announce it twice."""
    session.do(AddressAdd(host=host, address=address, interface=interface))

    def settled(world: World) -> bool:
        return all(row.state in ("in use", "conflict") for row in find(queries.addresses(world, host)))

    def find(rows: list[AddressRow]) -> list[AddressRow]:
        return [row for row in rows if row.address == address]

    outcome = session.wait(settled, wait, background)
    rows = find(session.ask(partial(queries.addresses, host=host)))
    if rows and rows[0].state == "conflict":
        raise CommandError(f"{rows[0].detail} has {address} already, or wants it too: it is not used")
    return AddressList(host, rows, outcome, hint(outcome))


@command("ip remove", argument("address", parse_address, "the address"), HOST, examples=("ip remove 192.168.1.7",))
def remove(session: Session, address: str, host: str) -> AddressList:
    """Use an address no more, or stop to probe for it."""
    session.do(AddressRemove(host=host, address=address))
    return addresses(session, host)


@command("ip routes", HOST, examples=("ip routes", "ip routes --host host"))
def routes(session: Session, host: str) -> RouteTable:
    """List the routes, the most specific first, and the path MTUs that routers have told."""
    return RouteTable(
        host, session.ask(partial(queries.routes, host=host)), session.ask(partial(queries.paths, host=host)))


@command("ip fragments", HOST, examples=("ip fragments",))
def fragments(session: Session, host: str) -> FragmentList:
    """List the packets of which fragments are missing, the oldest first."""
    return FragmentList(host, session.ask(partial(queries.fragments, host=host)))
