"""`icmp`: which messages came and went."""

from __future__ import annotations

from functools import partial

from aether import queries
from shell.commands.common import HOST
from shell.language.grammar import command
from shell.results.icmp import IcmpStats
from shell.session import Session


@command("icmp stats", HOST, examples=("icmp stats", "icmp stats --host host"))
def stats(session: Session, host: str) -> IcmpStats:
    """Show which ICMP messages came and went, and to whom no more errors may be sent now."""
    return IcmpStats(host, session.ask(partial(queries.icmp_counts, host=host)))
