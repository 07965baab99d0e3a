"""The connections of a host, as a table and as lines: those that live first, and few of those that only rest."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from aether.answers import ConnectionRow
from aether.tcp.states import TIME_WAIT
from shell.results.tcp import ConnectionList
from shell.views.registry import draws
from shell.views.tables import at_host, muted, plain_table
from shell.views.theme import style

RESTING = 20
"""How many in TIME-WAIT are shown: after a measurement there are thousands, and nothing more happens to them."""


def chosen(result: ConnectionList) -> tuple[list[ConnectionRow], str]:
    """Return the connections to show, and what to say of the others; empty if there are none."""
    living = [row for row in result.connections if row.state != TIME_WAIT]
    resting = sorted((row for row in result.connections if row.state == TIME_WAIT), key=_opened)
    more = 0 if result.every else max(len(resting) - RESTING, 0)
    host = "" if result.host == "you" else f" --host {result.host}"
    said = f"{more:,} more rest in TIME-WAIT: `tcp conns --all{host}`" if more else ""
    return living + sorted(resting[more:], key=_number), said


def _opened(row: ConnectionRow) -> tuple[int, int]:
    return row.opened_us, row.number  # of several workers, one may be ahead with its numbers


def _number(row: ConnectionRow) -> int:
    return row.number


def none(result: ConnectionList) -> str:
    """Say that there are no connections, and how many there were."""
    if not result.ended:
        return f"no connections{at_host(result.host)}"
    ended = "one has" if result.ended == 1 else f"{result.ended:,} have"
    return f"no connections{at_host(result.host)} now: {ended} ended"


@draws(ConnectionList)
def connections(result: ConnectionList) -> RenderableType:
    """Draw connections and listeners."""
    parts: list[RenderableType] = []
    shown, more = chosen(result)
    if shown:
        table = plain_table("#", "state", "local", "remote", ">sent", ">received", ">unread")
        for row in shown:
            table.add_row(
                str(row.number), Text(row.state, style("tcp", bold=True)), row.local, row.remote, f"{row.sent:,}",
                f"{row.received:,}", f"{row.unread:,}")
        parts.append(table)
    else:
        parts.append(muted(none(result)))
        parts += [muted(result.hint)] * bool(result.hint)
    if more:
        parts.append(muted(more))
    if result.listeners:
        table = plain_table("listening on", "application", ">half open", ">waiting", ">backlog")
        for one in result.listeners:
            table.add_row(one.local, one.application, str(one.half_open), str(one.waiting), str(one.backlog))
        parts += [Text(""), table]
    return Group(*parts)
