"""Boxes in the middle of a link: the table of a NAT."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from shell.language.values import show_duration
from shell.results.link_box import LinkBox
from shell.views.registry import draws
from shell.views.tables import muted, plain_table

EXACT = 100_000_000
"""Microseconds from which on tenths of a second are left out."""


@draws(LinkBox)
def box(result: LinkBox) -> RenderableType:
    """Draw a box and what it remembers."""
    if not result.box:
        return muted(f"no box in the middle of {result.link}")
    head = Text(head_of(result))
    how = muted(settings_of(result))
    if not result.sessions:
        return Group(head, how, muted("nothing is mapped: nobody inside has sent anything, or it is forgotten"))
    table = plain_table("", "inside", "outside", "other end", "state", ">idle", ">expires")
    for row in result.sessions:
        table.add_row(row.protocol, row.inside, row.outside, row.other, row.state, about(row.idle_us),
                      about(row.expires_us))
    return Group(head, how, table)


def head_of(result: LinkBox) -> str:
    """Say what it is."""
    return f"a NAT in the middle of {result.link}: the other end sees {result.outside}"


def settings_of(result: LinkBox) -> str:
    """Say how it is set."""
    return ", ".join(f"{name} {value}" for name, value in result.settings.items())


def about(microseconds: int) -> str:
    """Return a time to a tenth of a second, or to a second where it is long."""
    return show_duration(round(microseconds, -6 if microseconds >= EXACT else -5))
