"""Frames: a list of them, and one in full, as a tree of headers over its bytes."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.style import Style
from rich.text import Text

from aether.reading.protocols import PROTOCOLS
from shell.reading.escape import ascii_column, printable
from shell.results.frames import Field, FrameDetail, FrameList, Layer
from shell.views.oneline import FrameLine, Shortener
from shell.views.registry import draws
from shell.views.theme import style

NAMES = {protocol.name: protocol.title for protocol in PROTOCOLS}
LONG, SHOWN = 6, 1
"""Rows of data, or of zeros, above which the middle is left out, and how many are shown before it."""
WIDE = 72
"""Columns that a row of 16 bytes needs."""
LIT = Style(bold=True, reverse=True)
"""How the bytes of a chosen field stand out in every theme."""


@draws(FrameList)
def listing(result: FrameList) -> RenderableType:
    """Draw a list of frames, one line each."""
    if not result.frames:
        return Text(result.nothing, style("muted"))
    shorten = Shortener()
    parts: list[RenderableType] = []
    if result.earlier:
        parts.append(Text(f"{result.earlier:,} earlier frames not listed", style("muted")))
    return Group(*parts, *(FrameLine(row, shorten) for row in result.frames))


@draws(FrameDetail)
def detail(result: FrameDetail) -> RenderableType:
    """Draw one frame: verdict, tree, bytes."""
    row = result.row
    what = {"in": "received", "out": "sent", "lost": "never arrived"}[row.direction]
    head = Text.assemble((f"frame {row.number}", "bold"), f"  {what}  {row.length} B  +{row.time_us / 1_000_000:.4f}")
    if row.dropped:
        head.append(f"  DROPPED {row.dropped}", style("error", bold=True))
    parts: list[RenderableType] = [head, *_tree(result.layers, result.field)]
    parts.append(Text(""))
    left_out = "" if result.every_byte else f"`frame {row.number} --all`"
    parts.append(Hexdump(bytes.fromhex(result.data), result.layers, result.field, left_out))
    if result.events:
        parts.append(Text(""))
        for event in result.events:
            who = "" if event.host in ("you", "user") else f" at {event.host}"
            parts.append(Text(f"  {event.text}{who}", style("error") if event.kind == "drop" else ""))
    chosen = [field for layer in result.layers for field in layer.fields if field.name == result.field]
    if chosen:  # once more, where it is seen: the tree may have scrolled away
        parts += [Text(""), *(_row(field, "▶ ", "bold") for field in chosen)]
    return Group(*parts)


def _row(field: Field, before: str, look: str) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(before, style("error", bold=True))
    text.append(f"{field.name:<24} {printable(field.text)}", look)
    return text


def headings(layers: list[Layer]) -> list[Text]:
    """Return one line for each header, to stand below the line of its frame."""
    lines = []
    for layer in layers:
        line = Text("                 ", no_wrap=True, overflow="ellipsis")
        line.append(f"{NAMES.get(layer.name, layer.name):<9}", style(layer.name))
        line.append(printable(layer.summary), style("muted"))
        if layer.problem:
            line.append(f"  {printable(layer.problem)}", style("error", bold=True))
        lines.append(line)
    return lines


def _tree(layers: list[Layer], lit: str) -> list[Text]:
    lines = []
    for index, layer in enumerate(layers):
        last = index == len(layers) - 1
        name = NAMES.get(layer.name, layer.name)
        title = f"[{layer.key}] {name:<9}", style(layer.name, bold=True)
        line = Text.assemble("└ " if last else "├ ", title, printable(layer.summary))
        if layer.problem:
            line.append(f"  {layer.problem}", style("error", bold=True))
        lines.append(line)
        for field in layer.fields:
            chosen = field.name == lit
            if field.part and not chosen:
                continue
            row = _row(field, "▶ " if chosen else "  ", "bold" if chosen else "")
            lines.append(Text.assemble("  " if last else "│ ", row, no_wrap=True, overflow="ellipsis"))
    return lines


class Hexdump:
    """Bytes in rows of 16, or of 8 where it is narrow: hexadecimal and as characters, below each its layer's letter."""

    def __init__(self, data: bytes, layers: list[Layer], lit: str, left_out: str = "") -> None:
        self.data = data
        self.left_out = left_out
        """What shows the rows that are left out of long data; empty to leave none out."""
        self.owner, self.lighted = _owners(len(data), layers, lit)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        count = 16 if options.max_width >= WIDE else 8
        for kind, found in groupby(range(0, len(self.data), count), lambda start: self._kind(start, count)):
            rows = list(found)
            out = rows[SHOWN:-1] if kind and self.left_out and len(rows) > LONG else []
            for start in rows:
                if start not in out:
                    yield from self._row(start, count)
                elif start == out[0]:
                    yield Text(f"      … {len(out) * count:,} more {kind}: {self.left_out}", style("muted"))

    def _kind(self, start: int, count: int) -> str:
        """Return what a row is nothing but; empty if it has more to show."""
        row = range(start, min(start + count, len(self.data)))
        if any(index in self.lighted for index in row):
            return ""
        if all((layer := self.owner[index]) is not None and layer.name == "data" for index in row):
            return "bytes of data"
        return "" if any(self.data[index] for index in row) else "bytes that are zero"

    def _row(self, start: int, count: int) -> tuple[Text, Text]:
        """Return a row of `count` bytes, and the letters below it."""
        row = Text(f"{start:04x}  ", style("muted"), no_wrap=True)
        letters = Text("      ", no_wrap=True)
        for index in range(start, start + count):
            gap = "  " if index - start == 7 else " "
            if index >= len(self.data):
                row.append("  " + gap)
                continue
            layer, lit = self.owner[index], index in self.lighted
            look = style(layer.name) if layer is not None else style("muted")
            row.append(f"{self.data[index]:02x}", look + LIT if lit else look)
            row.append(gap)
            mark = "^^" if lit else f"{layer.key if layer is not None else '?'} "
            letters.append(mark + gap, look)
        row.append(" ")
        shown = ascii_column(self.data[start:start + count])
        for index, char in enumerate(shown, start):
            layer = self.owner[index]
            look = style(layer.name) if layer is not None else style("muted")
            row.append(char, look + LIT if index in self.lighted else look)
        letters.rstrip()
        return row, letters


def _owners(length: int, layers: list[Layer], lit: str) -> tuple[list[Layer | None], set[int]]:
    """Return for each byte the layer it belongs to, and which bytes belong to the field `lit`."""
    owner: list[Layer | None] = [None] * length
    lighted: set[int] = set()
    for layer in layers:
        for index in range(layer.offset, min(layer.offset + layer.length, length)):
            owner[index] = layer
        for field in layer.fields:
            if field.name == lit:
                lighted.update(range(field.offset, field.offset + field.length))
    return owner, lighted
