"""`ping`: ask a host for a sign of life."""

from __future__ import annotations

from functools import partial

from aether import queries
from aether.operations import Ping
from aether.world import World
from shell import results
from shell.commands.common import HOST, WAITS
from shell.grammar import argument, command, option
from shell.session import Session, hint
from shell.values import address as parse_address
from shell.values import count as parse_count
from shell.values import duration
from shell.values import size as parse_size

COUNT = option("--count", "how many requests (3 unless said otherwise)", parse_count, default=3, metavar="N")
SIZE = option("--size", "bytes of payload in each (56)", parse_size, default=56, metavar="BYTES")
INTERVAL = option("--interval", "the time between two requests (1s)", duration, default=1_000_000, metavar="T")


@command(
    "ping", argument("address", parse_address, "whom to ask", complete="addresses"), COUNT, SIZE, INTERVAL, HOST,
    *WAITS,
    examples=("ping 192.168.1.1", "ping 192.168.1.1 --count 10 --interval 100ms"),
)
def ping(
    session: Session, address: str, count: int, size: int, interval: int, host: str, wait: int, background: bool
) -> results.PingReport:
    """Send ICMP echo requests, and show what comes back."""
    job = session.do(Ping(host=host, address=address, count=count, size=size, interval_us=interval))

    def finished(world: World) -> bool:
        return queries.job_done(world, job, host)

    outcome = session.wait(finished, wait, background)
    return report(session, job, host, outcome)


def report(session: Session, job: int, host: str, outcome: str) -> results.PingReport:
    """Return how a ping went so far."""
    so_far = session.ask(partial(queries.job_report, number=job, host=host))
    good = [reply for reply in so_far.replies if reply.rtt >= 0]
    times = [reply.rtt for reply in good]
    return results.PingReport(
        job, so_far.destination, outcome, so_far.sent, so_far.received,
        [results.PingLine(each.sequence, each.rtt, each.ttl, each.size) for each in good],
        [f"seq {each.sequence}: {each.error}" for each in so_far.replies if each.error],
        min(times, default=0), sum(times) // len(times) if times else 0, max(times, default=0), hint(outcome))
