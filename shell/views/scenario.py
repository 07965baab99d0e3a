"""Scenarios, drawn."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shell.results.scenario import ScenarioList, ScenarioReport
from shell.views.registry import draws
from shell.views.theme import style


@draws(ScenarioList)
def listing(result: ScenarioList) -> RenderableType:
    """Draw the names with their titles."""
    grid = Table.grid(padding=(0, 2))
    for each in result.scenarios:
        grid.add_row(Text(each.name, style("command")), Text(each.title))
    hint = "`scenario load NAME` makes the link so, `scenario off` makes it good again"
    return Group(grid, Text(hint, style("muted")))


@draws(ScenarioReport)
def report(result: ScenarioReport) -> RenderableType:
    """Draw what a scenario does in each direction."""
    parts: list[RenderableType] = [Text(result.title, style("key", bold=True))]
    if result.about:
        parts.append(Text(result.about))
    grid = Table.grid(padding=(0, 2))
    ways = [("both ways", result.out)] if result.out == result.inward else [
        ("what you send", result.out), ("what is sent to you", result.inward)]
    for name, settings in ways:
        grid.add_row(Text(name, style("muted")), Text(", ".join(settings) or "unharmed"))
    if result.nat:
        grid.add_row(Text("a NAT between", style("muted")), Text(", ".join(result.nat)))
    parts.append(grid)
    if result.link:
        parts.append(Text(f"{result.link} is like this now; `scenario off` makes it good again", style("muted")))
    return Group(*parts)
