"""`dns`: names and their addresses."""

from __future__ import annotations

from functools import partial

from aether import queries
from aether.operations.services import DnsAsk, DnsFlush
from shell.commands.common import HOST, WAITS, run_job
from shell.lab.peer import refusal
from shell.language.grammar import CommandError, argument, command, option
from shell.language.values import address as parse_address
from shell.results.dns import DnsCacheReport, DnsLine, DnsReport
from shell.results.message import Message
from shell.session import Session, hint

TYPES = "A AAAA CNAME PTR MX TXT NS SOA SRV"


def record_type(text: str) -> str:
    """Read a record type."""
    if text.upper() not in TYPES.split():
        raise CommandError(f"no record type {text!r}. There are: {TYPES.replace(' ', ', ')}")
    return text.upper()


@command(
    "dns ask", argument("name", str, "the name, or an address to find the name of"),
    argument("type", record_type, f"the type of record: {TYPES}", complete=TYPES, default=""),
    option("--server", "ask this name server", parse_address, complete="addresses", default="", metavar="A"), HOST,
    *WAITS, examples=("dns ask www.lab", "dns ask lab MX", "dns ask 192.168.1.1"),
)
def ask(
    session: Session, name: str, type: str, server: str, host: str, wait: int, background: bool
) -> DnsReport:
    """Look a name up: in the cache, then at a name server."""
    wanted = type or ("PTR" if ":" in name or name.replace(".", "").isdigit() else "A")
    job, outcome, so_far, _ = run_job(
        session, DnsAsk(host=host, name=name, type=wanted, server=server), host, wait, background)
    if so_far.error:
        asked = server or next(iter(session.ask(partial(queries.dns_cache, host=host)).servers), "")
        raise CommandError(f"{so_far.name}: {so_far.error}{refusal(session, asked, 53, host)}")
    return DnsReport(
        job, so_far.name, so_far.type, outcome,
        [DnsLine(row.name, row.type, row.ttl, row.data) for row in so_far.records], so_far.code,
        so_far.server, so_far.over, so_far.tries, so_far.elapsed, hint(outcome))


@command("dns cache", HOST, examples=("dns cache",))
def cache(session: Session, host: str) -> DnsCacheReport:
    """Show what the resolver remembers, and for how long; and whom it asks."""
    found = session.ask(partial(queries.dns_cache, host=host))
    return DnsCacheReport(host, found.servers, found.domain, found.hits, found.misses, found.entries)


@command("dns flush", HOST, examples=("dns flush",))
def flush(session: Session, host: str) -> Message:
    """Forget everything that the resolver remembers."""
    count = session.do(DnsFlush(host=host))
    return Message(f"{count} {'entry' if count == 1 else 'entries'} forgotten")
