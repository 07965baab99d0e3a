"""What was counted, discarded and lost: tables, and the same as lines."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from aether.answers import LossRow
from shell.reading.escape import printable
from shell.results.counters import CounterList, DropList
from shell.views.registry import draws
from shell.views.tables import at_host, muted, plain_table
from shell.views.theme import style


@draws(CounterList)
def counters(result: CounterList) -> RenderableType:
    """Draw counters."""
    hint = [muted(result.hint)] if result.hint else []
    if not result.counters:
        return Group(muted(f"nothing counted yet{at_host(result.host)}"), *hint)
    table = plain_table(">count", "what")
    for row in result.counters:
        table.add_row(f"{row.count:,}", row.name)
    return Group(table, *hint)


@draws(DropList)
def drops(result: DropList) -> RenderableType:
    """Draw the reasons of drops, and below them what the links lost."""
    parts: list[RenderableType] = []
    if result.drops:
        table = plain_table(">count", "reason", "why", "RFC, knob")
        for row in result.drops:
            clause = ", ".join(part for part in (row.rfc, f"knob {row.knob}" if row.knob else "") if part)
            table.add_row(
                f"{row.count:,}", Text(row.reason, style("error")), printable(row.help), Text(clause, style("muted")))
        parts.append(table)
    else:
        parts.append(muted(_nothing(result)))
    if result.lost:
        parts += [Text("")] * bool(result.drops)
        parts += [Text(f"the {_links(result.lost)} lost {_frames(result.lost)}:", style("error", bold=True))]
        table = plain_table(">count", "link", "direction", "cause")
        for loss in result.lost:
            table.add_row(f"{loss.count:,}", loss.link, loss.direction, Text(loss.cause, style("error")))
        parts.append(table)
    return Group(*parts, *map(muted, result.hints))


def drops_plain(result: DropList) -> list[str]:
    """Return the same as lines."""
    found = [] if result.drops else [_nothing(result)]
    for row in result.drops:
        clause = "".join(f", {part}" for part in (row.rfc, f"knob {row.knob}" if row.knob else "") if part)
        found.append(f"{row.count} discarded{at_host(result.host)}: {row.reason}, {printable(row.help)}{clause}")
    found += [f"{row.count} lost by link {row.link}, {row.direction}: {row.cause}" for row in result.lost]
    return found + result.hints


def counters_plain(result: CounterList) -> list[str]:
    """Return the same as lines."""
    found = [f"{row.count} {row.name}" for row in result.counters]
    return (found or [f"nothing counted yet{at_host(result.host)}"]) + [result.hint] * bool(result.hint)


def _nothing(result: DropList) -> str:
    """Say that a host discarded nothing, and of the links only what is true."""
    if result.lost:
        return f"nothing that arrived{at_host(result.host)} was discarded"
    return f"nothing was discarded{at_host(result.host)}, and the links lost nothing"


def _links(lost: list[LossRow]) -> str:
    return "link" if len({row.link for row in lost}) == 1 else "links"


def _frames(lost: list[LossRow]) -> str:
    number = sum(row.count for row in lost)
    return f"{number:,} frame{'' if number == 1 else 's'}"
