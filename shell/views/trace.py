"""A portion of the trace, drawn."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from shell.prompt.tracing import Portion
from shell.views.theme import style


def drawn(portion: Portion, mode: str) -> RenderableType:
    """Return a portion of the trace as something to print."""
    parts: list[RenderableType] = [
        line.rich() if mode == "rich" else Text(line.json() if mode == "json" else line.plain(), no_wrap=True)
        for line in portion.lines
    ]
    if portion.not_shown and mode != "json":
        parts.append(Text(f"     … {portion.not_shown:,} not shown", style("muted")))
    return Group(*parts)
