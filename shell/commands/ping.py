"""`ping`: ask a host for a sign of life."""

from __future__ import annotations

from functools import partial

from aether.apps.ping import PingReply
from aether.operations.net import Ping
from shell.commands.common import HOST, WAITS, run_job
from shell.commands.names import name_or_address, resolved
from shell.language.grammar import argument, command, option
from shell.language.values import count as parse_count
from shell.language.values import duration, hexadecimal
from shell.language.values import hops as parse_hops
from shell.language.values import octet as parse_octet
from shell.language.values import size as parse_size
from shell.results.ping import PingAnswers, PingLine, PingReport
from shell.session import WAIT, Session, hint

COUNT = option("--count", "how many requests (3 unless said otherwise)", parse_count, default=3, metavar="N",
               short="-c")
SIZE = option("--size", "bytes of payload in each (56)", parse_size, default=56, metavar="BYTES", short="-s")
INTERVAL = option("--interval", "the time between two requests (1s)", duration, default=1_000_000, metavar="T",
                  short="-i")
TTL = option("--ttl", "the time to live of each, 1 to 255 (the knob ipv4.ttl says)", parse_hops, default=0, metavar="N")
TOS = option("--tos", "the type of service of each, 0 to 255 (0)", parse_octet, default=0, metavar="N")
DF = option("--df", "no router may cut the requests")
PATTERN = option(
    "--pattern", "hexadecimal digits that fill the payload (otherwise it counts)", hexadecimal, default=b"",
    metavar="HEX")


@command(
    "ping", argument("address", name_or_address, "whom to ask", complete="addresses"), COUNT, SIZE, INTERVAL, TTL, TOS,
    DF, PATTERN, HOST, *WAITS,
    examples=("ping 192.168.1.1", "ping 192.168.1.1 --count 10 --interval 100ms", "ping 10.0.2.2 --size 1472 --df",
              "ping 192.168.1.1 --pattern c0ffee", "ping www.lab -c 1"),
)
def ping(
    session: Session, address: str, count: int = 3, size: int = 56, interval: int = 1_000_000, ttl: int = 0,
    tos: int = 0, df: bool = False, pattern: bytes = b"", host: str = "you", wait: int = WAIT, background: bool = False,
) -> PingReport:
    """Send ICMP echo requests, and show what comes back.

    With --df no router may cut the requests: one that is too large for a path comes back as an error, and shows the
    path's MTU. Ctrl-C ends it.
    """
    address = resolved(session, address, host)
    if wait == WAIT:  # whoever asks for more waits for more
        wait = max(WAIT, (count - 1) * interval + WAIT // 3)
    job, outcome, so_far, shown = run_job(session, Ping(
        host=host, address=address, count=count, size=size, interval_us=interval, ttl=ttl, tos=tos, dont_fragment=df,
        pattern=pattern), host, wait, background, ends=True, draw=partial(_answers, address))
    rest = _answers(address, so_far.replies[shown:])
    return PingReport(
        job, so_far.destination, outcome, so_far.sent, so_far.received, rest.replies, rest.errors,
        so_far.min, so_far.average, so_far.max, hint(outcome, ends=True), so_far.mdev, so_far.duplicates, so_far.lost,
        so_far.elapsed, so_far.errors, next((each.error for each in so_far.replies if each.error), ""))


def _answers(address: str, found: list[PingReply]) -> PingAnswers:
    return PingAnswers(
        address, [PingLine(each.sequence, each.rtt, each.ttl, each.size, each.duplicate)
                  for each in found if each.rtt >= 0],
        [f"seq {each.sequence}: {each.error}" for each in found if each.error])
