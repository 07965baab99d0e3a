"""`counters` and `drops`: what the stack has counted, and what it discarded and why."""

from __future__ import annotations

from functools import partial

from aether import queries
from shell.commands.common import HOST
from shell.language.grammar import command
from shell.results.counters import CounterList, DropList
from shell.session import Session


@command("counters", HOST, examples=("counters", "counters --host host"))
def counters(session: Session, host: str) -> CounterList:
    """Show what the stack has counted."""
    return CounterList(host, session.ask_all(partial(queries.counters, host=host)))


@command("drops", HOST, examples=("drops", "drops --host host"))
def drops(session: Session, host: str) -> DropList:
    """Show what was discarded, how often and why, with the RFC's clause and the knob that decides."""
    return DropList(host, session.ask_all(partial(queries.drops, host=host)))
