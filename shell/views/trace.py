"""A portion of the trace, drawn: a line for a frame, or for what happened without one."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from shell.reading.escape import printable
from shell.reading.tracing import Portion, PortionLine
from shell.results.frames import TraceLine
from shell.views.frame import headings
from shell.views.oneline import FrameLine, Shortener, clock, frame_line, note_text
from shell.views.render import to_json
from shell.views.theme import style


def drawn(portion: Portion, mode: str) -> RenderableType:
    """Return a portion of the trace as something to print, in `mode` rich, plain or json."""
    parts: list[RenderableType] = [
        in_colour(line) if mode == "rich" else Text(as_json(line) if mode == "json" else as_text(line), no_wrap=True)
        for line in portion.lines if mode != "json" or not line.alike
    ]
    if portion.not_shown and mode != "json":
        parts.append(Text(f"     … {portion.not_shown:,} not shown", style("muted")))
    return Group(*parts)


def in_colour(line: PortionLine) -> RenderableType:
    """Return a line in colour, with its headers below it where the trace is verbose."""
    if line.alike:
        return Text(f"     … {line.alike:,} more like it", style("muted"))
    if line.frame is None:
        return note_text(line.time_us, line.text)
    frame = FrameLine(line.frame, Shortener())
    return Group(frame, *headings(line.layers)) if line.layers else frame


def as_json(line: PortionLine) -> str:
    """Return a line as a JSON document."""
    return to_json(TraceLine(line.time_us, line.frame, line.text))


def as_text(line: PortionLine) -> str:
    """Return a line as plain text."""
    if line.alike:
        return f"… {line.alike:,} more like it"
    if line.frame is None:
        return f"{clock(line.time_us)} {line.text}"
    below = [f"{layer.name}: {printable(layer.summary)} {layer.problem}".rstrip() for layer in line.layers]
    return "\n".join([frame_line(line.frame), *below])
