"""`ladder`: who said what to whom, and when."""

from __future__ import annotations

from collections.abc import Sequence

from aether.events import Event
from aether.filters import Around
from aether.reading.flow import Follower
from shell.language.grammar import CommandError, argument, command, option
from shell.language.values import count, count_to, is_number
from shell.reading import ladder as climbing
from shell.results.ladder import LadderReport
from shell.session import Session

MAX_RUNGS = 500
"""Rungs on a page."""


@command(
    "ladder",
    argument("what", str, "a connection's number, or an expression; everything otherwise", default="", raw="line",
             complete="filters"),
    option("--page", "which page; the last one unless said otherwise", count, metavar="N", default=0),
    option("--rungs", f"how many on a page ({climbing.PAGE})", count_to(MAX_RUNGS), metavar="N", default=climbing.PAGE),
    examples=("ladder", "ladder 3", "ladder 3 --page 1", "ladder arp or icmp", "ladder tcp.port == 80 --rungs 100"),
)
def ladder(session: Session, what: str, page: int, rungs: int) -> LadderReport:
    """Draw frames as arrows between hosts: time runs down, and each arrow is one frame, with what it changed.

    A frame that was lost ends in ╳; a dashed one was overtaken on its way. States and timers stand beside.
    """
    return report(session.visible_events("the ladder"), what.strip(), page, rungs, session.follower(), session.around())


def report(
    events: Sequence[Event], what: str, page: int = 0, rungs: int = climbing.PAGE, follower: Follower | None = None,
    around: Around | None = None,
) -> LadderReport:
    """Return a page of the ladder of some events; CommandError for a bad expression."""
    from shell.reading.selection import Chosen

    conn = int(what) if is_number(what) else 0
    if not what:
        return climbing.build(events, page=page, per_page=rungs, follower=follower)
    expression = f"conn == {conn}" if conn else what
    chosen = Chosen(expression, events, follower, around)
    found = climbing.build(events, "", chosen.frames.__contains__, conn, page, rungs, follower)
    if not found.rungs:
        raise CommandError(f"no frame of connection #{conn} is kept. `tcp conns` lists them" if conn
                           else f"no frame matches {what}")
    return found
