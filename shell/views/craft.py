"""Crafted frames: as drafts, and what came of them."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Group, RenderableType
from rich.text import Text

from shell.language.values import amount
from shell.reading.escape import printable
from shell.results.craft import Crafted, Draft, DraftList, Fuzzed
from shell.results.frames import FrameDetail
from shell.views import frame
from shell.views.oneline import FrameLine, Shortener
from shell.views.registry import draws
from shell.views.theme import style
from shell.views.words_table import WordsTable


@draws(Crafted)
def crafted(result: Crafted) -> RenderableType:
    """Draw what crafted frames led to."""
    shorten = Shortener()
    parts: list[RenderableType] = []
    if result.count > 1:
        verb = "injected" if result.inward else "sent"
        parts.append(Text(f"{amount(result.count, 'frame')} {verb}, from {result.frame} on", style("muted")))
    parts += [FrameLine(row, shorten) for row in result.answers]
    if not result.answers:
        verb = "injected" if result.inward else "sent"
        parts.append(Text(f"frame {result.frame} {verb}: {printable(result.sent)}"))
    return Group(*parts, *(Text(line, style("muted")) for line in result.explanation))


@draws(Draft)
def draft(result: Draft) -> RenderableType:
    """Draw a frame that was crafted and not sent: what it says, and its bytes."""
    row = result.row
    detail = frame.detail(FrameDetail(replace(row, direction="out"), result.layers, result.hex, [], every_byte=True))
    body = list(detail.renderables)[1:] if isinstance(detail, Group) else [detail]
    head = Text.assemble((result.name, "bold"), f"  {row.length} B, not sent")
    hint = f"`send {result.name}` puts it on the wire, `inject {result.name}` onto your own stack"
    changes = [Text(f"{result.name}: {printable(change)}") for change in result.changes]
    return Group(head, *body, *changes, Text(hint, style("muted")))


@draws(DraftList)
def drafts(result: DraftList) -> RenderableType:
    """Draw the crafted frames that have a name."""
    if not result.drafts:
        return Text("no crafted frames yet. `craft as probe IP()/ICMP()` makes one", style("muted"))
    table = WordsTable(box=None, pad_edge=False)
    for title in ("name", "frame"):
        table.add_column(title, overflow="fold")
    for one in result.drafts:
        table.add_row(one.name, printable(one.text))
    return table


@draws(Fuzzed)
def fuzzed(result: Fuzzed) -> RenderableType:
    """Draw what became of random variations."""
    lines = [Text(f"{result.count:,} variations of {printable(result.name)}, seed {result.seed}: "
                  f"frames {result.first} to {result.last}", "bold")]
    for what, found in (("answered", result.answers), ("dropped", result.drops)):
        for name, number in found.items():
            lines.append(Text(f"  {what} {number:>6,}  {printable(name)}"))
    if not result.answers and not result.drops:
        lines.append(Text("  no answer, and nothing was dropped here", style("muted")))
    return Group(*lines)
