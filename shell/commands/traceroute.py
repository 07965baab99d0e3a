"""`traceroute`: the routers on the way to a host."""

from __future__ import annotations

from aether.apps.traceroute import HopProbes
from aether.operations.net import Traceroute
from shell.commands.common import HOST, WAITS, run_job
from shell.commands.names import name_or_address, resolved
from shell.language.grammar import argument, command, option
from shell.language.values import count_to
from shell.results.traceroute import TraceHop, TraceHops, TraceProbe, TraceReport
from shell.session import Session, hint


@command(
    "traceroute", argument("address", name_or_address, "where the way leads", complete="addresses"),
    option("--icmp", "send echo requests, not UDP datagrams"),
    option("--hops", "how far to look at the most (30)", count_to(255), default=30, metavar="N"),
    option("--probes", "how many for each hop (3)", count_to(10), default=3, metavar="N"),
    HOST, *WAITS, examples=("traceroute 10.0.2.2", "traceroute 10.0.2.2 --icmp --probes 1"),
)
def traceroute(
    session: Session, address: str, icmp: bool, hops: int, probes: int, host: str, wait: int, background: bool
) -> TraceReport:
    """Send packets that live for one hop, then two, and so on, and show which routers say that they died."""
    address = resolved(session, address, host)
    job, outcome, so_far, shown = run_job(session, Traceroute(
        host=host, address=address, method="icmp" if icmp else "udp", max_hops=hops, probes=probes),
        host, wait, background, ends=True, draw=_hops)
    return TraceReport(
        job, so_far.destination, so_far.method, outcome, so_far.reached, _hops(so_far.hops[shown:]).hops,
        hint(outcome, ends=True))


def _hops(found: list[HopProbes]) -> TraceHops:
    return TraceHops([
        TraceHop(hop.ttl, [TraceProbe(each.address, each.rtt, each.mark) for each in hop.probes]) for hop in found])
