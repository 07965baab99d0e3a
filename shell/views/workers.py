"""The workers of a host, drawn: the table, and over what period it counts."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from shell.language.values import show_duration
from shell.results.workers import Workers
from shell.views import bench
from shell.views.registry import draws
from shell.views.theme import style


@draws(Workers)
def workers(result: Workers) -> RenderableType:
    """Draw what each worker did, and in how much time."""
    if not any(row.frames for row in result.rows):
        return bench.workers(result)
    period = f"counted over {show_duration(_rounded(result.passed_us))}, up to the latest frame"
    return Group(bench.workers(result), Text(period, style("muted")))


def _rounded(microseconds: int) -> int:
    """Return a time with no more digits than mean something here: tenths of seconds, or of milliseconds."""
    return round(microseconds, -5 if microseconds >= 1_000_000 else -2)
