"""A frame in one line: number, time, direction, who to whom, flags, and what became of it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from shell.reading.escape import printable
from shell.results.frames import FrameRow

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.text import Text

network = "192.168.1."
"""The beginning of the addresses of the lab's own network: lines of the trace leave it out."""
SIGNS = {"in": "<", "out": ">", "lost": "x"}
VERDICT_COLUMN = 68
"""Where it begins to say what became of a frame, if there is room."""


def clock(microseconds: int) -> str:
    """Return a point in world time, in seconds."""
    return f"+{microseconds / 1_000_000:.4f}"


def use_network(address: str) -> None:
    """Shorten the addresses of the network that `address` is in."""
    global network
    network = address.rpartition(".")[0] + "."


class Shortener:
    """Writes addresses of the lab's own network by their last number, ``.1``, to keep lines short."""

    def __init__(self, own: str | None = None) -> None:
        """Shorten addresses that begin with `own`; with the lab's own network if it is None."""
        self.network = network if own is None else own

    def all(self, text: str) -> str:
        """Shorten every address in a text."""
        return " ".join(self(word) for word in text.split(" "))

    def __call__(self, address: str) -> str:
        if self.network and address.startswith(self.network):
            return address[len(self.network) - 1:]
        return address


_as_it_is = Shortener("")


def pieces(row: FrameRow, shorten: Shortener = _as_it_is) -> tuple[str, str, str, str, str]:
    """Return the parts of a frame's line: lead, ends, flags, info and verdict."""
    lead = f"{row.number:>4} {row.time or clock(row.time_us):>9} {SIGNS[row.direction]}"
    if row.layer == "arp":
        ends, info = "ARP", f"{shorten.all(row.info)} (from {shorten(row.source)})"
    else:
        ends = f"{shorten(row.source)} > {shorten(row.destination)}"
        named = {"udp": "UDP ", "icmp": "ICMP "}.get(row.layer, "")
        info = named + row.info
    verdict = "; ".join([f"DROP {row.dropped}"] * bool(row.dropped) + row.notes)
    return lead, printable(ends), row.flags, printable(info), printable(verdict)


def frame_line(row: FrameRow) -> str:
    """Return a frame as one line of plain text with full addresses."""
    return " ".join(part for part in pieces(row) if part)


class FrameLine:
    """A frame as one line in colour; what became of it takes a second line where one is too narrow."""

    def __init__(self, row: FrameRow, shorten: Shortener) -> None:
        self.row = row
        self.shorten = shorten

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.cells import cell_len
        from rich.text import Text

        from shell.views.theme import style

        row, width = self.row, options.max_width
        lead, ends, flags, info, verdict = pieces(row, self.shorten)
        indent = " " * len(lead) + " "
        text = Text(no_wrap=True, overflow="ignore")
        text.append(lead, style("muted"))
        text.append(f" {ends:<19} {flags:<4} " if flags else f" {ends:<24} ", style(row.layer))
        if text.cell_len + cell_len(info) <= width:
            text.append(info)
        else:  # below, where there is more room
            text.rstrip()
            for piece in textwrap.wrap(info, max(width - len(indent), 20)):
                text.append(f"\n{indent}{piece}")
        if verdict:
            bad = bool(row.dropped) or row.direction == "lost" or "LOST" in verdict
            look = style("error", bold=True) if bad else style("good")
            column = max(text.cell_len + 1, VERDICT_COLUMN)
            if "\n" not in text.plain and column + cell_len(verdict) <= width:
                text.append(" " * (column - text.cell_len))
                text.append(verdict, look)
            else:
                mark = f"{indent}↳ "
                for piece in textwrap.wrap(verdict, max(width - len(mark), 20)):
                    text.append("\n" + mark)
                    text.append(piece, look)
                    mark = f"{indent}  "
        yield text


def note_text(time: int, words: str) -> Text:
    """Return a line for something that happened without a frame."""
    from rich.text import Text

    from shell.views.theme import style

    text = Text(overflow="fold")
    text.append(f"     {clock(time):>9} · ", style("muted"))
    text.append(words, style("error", bold=True) if words.startswith("DROP") else style("good"))
    return text
