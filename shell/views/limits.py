"""What limits a transfer, as a table and in a line."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from shell.results.limits import LimitsReport, LimitsSide, Share
from shell.views.registry import draws
from shell.views.tables import muted, plain_table
from shell.views.theme import style

LEAST = 0.005
"""A smaller share is not named in a line."""


def in_a_line(shares: list[Share]) -> str:
    """Return the shares of a time in few words, the largest first."""
    return ", ".join(f"{share.what} {share.share:.0%}" for share in shares if share.share >= LEAST)


def _rows(side: LimitsSide) -> list[tuple[str, str, str]]:
    last = {share.what: share.share for share in side.last}
    rows = [(share.by, f"{share.share:.1%}", f"{last.pop(share.what, 0):.1%}") for share in side.life]
    return rows + [(share.by, "0.0%", f"{share.share:.1%}") for share in side.last if share.what in last]


@draws(LimitsReport)
def limits(result: LimitsReport) -> RenderableType:
    """Draw what held data back at each end, and what it comes to."""
    parts: list[RenderableType] = []
    for side in result.sides:
        table = plain_table(f"{side.host}: {side.sent:,} bytes sent, limited by", ">its life", ">last second")
        for row in _rows(side):
            table.add_row(*row)
        parts.append(table)
    parts.append(Text.assemble(("→ ", style("key")), (result.answer, "bold")))
    facts = " · ".join(fact for fact in (f"knob {result.knob}" if result.knob else "", result.rfc) if fact)
    parts += [Text(f"  {facts}")] * bool(facts) + [muted(f"  {result.remedy}")] * bool(result.remedy)
    return Group(*parts)


def plain(result: LimitsReport) -> list[str]:
    """Return the same as sentences."""
    found = []
    for side in result.sides:
        found += [f"{side.host}, which has sent {side.sent:,} bytes, was limited for {life} of the connection's life, "
                  f"{last} of the last second, by {by}"
                  for by, life, last in _rows(side)]
    return [*found, result.answer, *(part for part in (result.rfc, result.remedy) if part)]
