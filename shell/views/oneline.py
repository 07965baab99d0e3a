"""A frame in one line: number, time, direction, who to whom, flags, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shell.results import FrameRow
from shell.views.escape import printable

if TYPE_CHECKING:
    from rich.text import Text

SIGNS = {"in": "<", "out": ">", "lost": "x"}
INFO_WIDTH = 32


def clock(microseconds: int) -> str:
    """Return a point in world time, in seconds."""
    return f"+{microseconds / 1_000_000:.4f}"


class Shortener:
    """Writes addresses of the lab's own network by their last number, ``.1``, to keep lines short."""

    def __init__(self, network: str = "192.168.1.") -> None:
        self.network = network

    def __call__(self, address: str) -> str:
        if self.network and address.startswith(self.network):
            return address[len(self.network) - 1:]
        return address


_as_it_is = Shortener("")


def pieces(row: FrameRow, shorten: Shortener = _as_it_is) -> tuple[str, str, str, str, str]:
    """Return the parts of a frame's line: lead, ends, flags, info and verdict."""
    lead = f"{row.number:>4} {clock(row.time_us):>9} {SIGNS[row.direction]}"
    if row.layer == "arp":
        ends, info = "ARP", f"{_shortened(row.info, shorten)} (from {shorten(row.source)})"
    else:
        ends = f"{shorten(row.source)} > {shorten(row.destination)}"
        named = {"udp": "UDP ", "icmp": "ICMP "}.get(row.layer, "")
        info = named + row.info
    verdict = "; ".join([f"DROP {row.dropped}"] * bool(row.dropped) + row.notes)
    return lead, printable(ends), row.flags, printable(info), printable(verdict)


def _shortened(info: str, shorten: Shortener) -> str:
    return " ".join(shorten(word) if word[:1].isdigit() else word for word in info.split(" "))


def frame_line(row: FrameRow) -> str:
    """Return a frame as one line of plain text with full addresses."""
    return " ".join(part for part in pieces(row) if part)


def frame_text(row: FrameRow, shorten: Shortener) -> Text:
    """Return a frame as one line in colour."""
    from rich.text import Text

    from shell.views.theme import style

    lead, ends, flags, info, verdict = pieces(row, shorten)
    layer = style(row.layer)
    text = Text(no_wrap=True, overflow="ignore", end="")
    text.append(lead, style("muted"))
    text.append(f" {ends:<21} {flags:<4} ", layer)
    text.append(f"{info:<{INFO_WIDTH}}" if verdict else info)
    if verdict:
        bad = bool(row.dropped) or row.direction == "lost" or "LOST" in verdict
        text.append(" " + verdict, style("error", bold=True) if bad else style("good"))
    return text


def note_text(time: int, words: str) -> Text:
    """Return a line for something that happened without a frame."""
    from rich.text import Text

    from shell.views.theme import style

    text = Text(no_wrap=True, overflow="ignore", end="")
    text.append(f"     {clock(time):>9} · ", style("muted"))
    text.append(words, style("error", bold=True) if words.startswith("DROP") else style("good"))
    return text
