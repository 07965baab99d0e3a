"""`ip`: routes, and packets that wait for their fragments."""

from __future__ import annotations

from functools import partial

from aether import queries
from shell import results
from shell.commands.common import HOST
from shell.grammar import command
from shell.session import Session


@command("ip routes", HOST, examples=("ip routes", "ip routes --host host"))
def routes(session: Session, host: str) -> results.RouteTable:
    """List the routes, the most specific first, and the path MTUs that routers have told."""
    return results.RouteTable(
        host, session.ask(partial(queries.routes, host=host)), session.ask(partial(queries.paths, host=host)))


@command("ip fragments", HOST, examples=("ip fragments",))
def fragments(session: Session, host: str) -> results.FragmentList:
    """List the packets of which fragments are missing, the oldest first."""
    return results.FragmentList(host, session.ask(partial(queries.fragments, host=host)))
