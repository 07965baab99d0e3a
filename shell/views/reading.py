"""What was read by hand, drawn."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from shell.language.values import amount
from shell.reading.escape import printable
from shell.results.tcp_reading import ReadReport
from shell.views.registry import draws
from shell.views.theme import style


@draws(ReadReport)
def read(result: ReadReport) -> RenderableType:
    """Draw the bytes of one read, and how many are left."""
    left = f", {amount(result.left, 'byte')} left" if result.left else ""
    parts: list[RenderableType] = [Text(f"one read of #{result.connection}: {amount(result.length, 'byte')}{left}")]
    if result.data:
        parts.append(Text(printable(result.data, lines=True), style("good")))
    return Group(*parts)
