"""`dhcp`: an address from a server."""

from __future__ import annotations

from functools import partial

from aether import queries
from aether.operations.services import DhcpInform, DhcpRelease, DhcpRenew, DhcpStart
from aether.world import World
from shell.commands.common import HOST, WAITS
from shell.lab.peer import refusal
from shell.language.grammar import command, option
from shell.language.values import duration
from shell.results.dhcp import LeaseReport
from shell.session import Session, hint

LONGER = (
    option("--wait", "how long to wait, in world time (8s unless said otherwise)", duration, default=8_000_000,
           metavar="T"),
    WAITS[1],
)


@command("dhcp start", HOST, *LONGER, examples=("dhcp start",))
def start(session: Session, host: str, wait: int, background: bool) -> LeaseReport:
    """Give up the address there is, and ask for one by DHCP.

    When nobody answers within 5 s, the address of before is used again, and asking goes on behind it.
    """
    session.do(DhcpStart(host=host))

    def configured(world: World) -> bool:
        return queries.dhcp_lease(world, host).source != "none"

    return _report(session, host, session.wait(configured, wait, background))


@command("dhcp lease", HOST, examples=("dhcp lease",))
def lease(session: Session, host: str) -> LeaseReport:
    """Show the address, where it is from, and how long it lasts."""
    return _report(session, host, "done")


@command("dhcp renew", HOST, *WAITS, examples=("dhcp renew",))
def renew(session: Session, host: str, wait: int, background: bool) -> LeaseReport:
    """Ask for more time now, instead of when half of the lease is over."""
    session.do(DhcpRenew(host=host))

    def renewed(world: World) -> bool:
        return queries.dhcp_lease(world, host).state not in ("renewing", "rebinding")

    return _report(session, host, session.wait(renewed, wait, background))


@command("dhcp release", HOST, examples=("dhcp release",))
def release(session: Session, host: str) -> LeaseReport:
    """Give the address back, and have none."""
    session.do(DhcpRelease(host=host))
    found = _report(session, host, "done")
    found.hint = "`dhcp start` asks for an address again"
    return found


@command("dhcp inform", HOST, *WAITS, examples=("dhcp inform",))
def inform(session: Session, host: str, wait: int, background: bool) -> LeaseReport:
    """Keep the static address, and ask for everything else."""
    session.do(DhcpInform(host=host))

    def told(world: World) -> bool:
        return queries.dhcp_lease(world, host).state != "informing"

    return _report(session, host, session.wait(told, wait, background))


def _report(session: Session, host: str, outcome: str) -> LeaseReport:
    found = session.ask(partial(queries.dhcp_lease, host=host))
    said = hint(outcome)
    if found.source == "static" and found.state in ("selecting", "init", "requesting"):
        said = "no DHCP server answered: this is the address of before, and asking goes on"
        said += refusal(session, session.lab.host_address, 67, host)
    return LeaseReport(host, found, outcome, said)
