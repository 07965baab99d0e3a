"""What is drawn, on its way to a terminal or a file: nothing that came from elsewhere steers either.

Views escape what they show where it has a place of its own. This is for all that they do not think of: the words of a
file in an error, a comment, a title. It stands where every drawing passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.measure import Measurement
from rich.segment import Segment

from shell.reading.escape import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult


class Harmless:
    """A drawing of which only text and colours get through."""

    __slots__ = ("drawn",)

    def __init__(self, drawn: RenderableType) -> None:
        self.drawn = drawn

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.drawn, options):
            text = segment.text
            if text.isprintable() or text == "\n":
                yield segment
            else:
                yield Segment(printable(text, lines=True), segment.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self.drawn)


def harmless(what: Any) -> Any:
    """Return something that may be printed: a text without what steers, or a drawing of which none gets through."""
    if hasattr(what, "__rich_console__") or hasattr(what, "__rich__"):
        return what if isinstance(what, Harmless) else Harmless(what)
    return printable(str(what), lines=True)
