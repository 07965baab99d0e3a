"""`counters` and `drops`: what the stack has counted, and what it discarded and why."""

from __future__ import annotations

from functools import partial

from aether import queries
from shell.commands.common import HOST
from shell.language.grammar import command
from shell.results.counters import CounterList, DropList, DropsElsewhere
from shell.session import Session


@command("counters", HOST, examples=("counters", "counters --host host"))
def counters(session: Session, host: str) -> CounterList:
    """Show what the stack has counted."""
    lost = sum(row.count for row in session.ask_all(queries.losses))
    hint = f"the links lost {lost:,}, which no host counts: `drops`" if lost else ""
    return CounterList(host, session.ask_all(partial(queries.counters, host=host)), hint)


@command("drops", HOST, examples=("drops", "drops --host host"))
def drops(session: Session, host: str) -> DropList:
    """Show what was discarded, how often and why, with the RFC's clause and the knob that decides.

    What a link lost was discarded by no host: it is counted below, by link, direction and cause.
    """
    found = session.ask_all(partial(queries.drops, host=host))
    lost = session.ask_all(queries.losses)
    elsewhere = [DropsElsewhere(row.name, row.drops) for row in session.ask_all(queries.hosts)
                 if row.drops and row.name != host]
    hints = [_how_to_see(session)] if lost else []
    hints += [f"{other.host} discarded {other.count:,}: `drops --host {other.host}`" for other in elsewhere]
    return DropList(host, found, lost, elsewhere, hints)


def _how_to_see(session: Session) -> str:
    """Return how to see the frames that were lost."""
    if session.status().mode == "bench":
        return "benchmark mode keeps no frames; after `mode trace`, `frames frame.lost` lists those that are lost then"
    leave = "`capture close` returns to the lab, where " if session.capture is not None else ""
    return f"{leave}`frames frame.lost` lists them, `why drop` explains the last, `link show` tells what they do now"
