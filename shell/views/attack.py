"""Attacks, drawn."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shell.language.values import amount, show_duration
from shell.results.attack import AttackList, AttackReport, AttackRow
from shell.views.registry import draws
from shell.views.theme import style


@draws(AttackList)
def listing(result: AttackList) -> RenderableType:
    """Draw the names, with what stops each."""
    grid = Table.grid(padding=(0, 2))
    grid.add_row(Text("attack", style("muted")), Text("what stops it", style("muted")))
    for each in result.attacks:
        grid.add_row(Text(each.name, style("command")), Text(each.defence))
    return Group(grid, Text("`attack show NAME` explains one; `attack NAME` carries it out", style("muted")))


@draws(AttackRow)
def row(result: AttackRow) -> RenderableType:
    """Draw what there is to know about an attack."""
    return Group(
        Text(result.name, style("key", bold=True)), Text(result.about), Text(f"What stops it: {result.defence}."),
        Text(_to_see_it_work(result)), Text(result.rfc, style("muted")))


def _to_see_it_work(result: AttackRow, victim: str = "you") -> str:
    """Return the commands, each as it can be typed, that let an attack on a host through."""
    there, at = ("", "") if victim == "you" else (f" --host {victim}", f" --at {victim}")
    knobs = " and ".join(f"`knob set {setting.replace('=', ' ')}{there}`" for setting in result.knobs)
    return f"To see it work: {knobs}, then `attack {result.name}{at}`"


@draws(AttackReport)
def report(result: AttackReport) -> RenderableType:
    """Draw how an attack went."""
    verdict = {
        True: Text("it works", style("error", bold=True)), False: Text("it fails", style("good", bold=True)),
        None: Text("nobody here can tell whether it works", style("muted")),
    }[result.success]
    head = Text(f"{result.attack.name} at {result.victim}: ")
    head.append_text(verdict if result.outcome == "done" else Text("under way", style("muted")))
    parts: list[RenderableType] = [head]
    parts += [Text(f"  {finding}") for finding in result.findings]
    said = f"  {amount(result.moves, 'move')}, {amount(result.frames, 'frame')}, {show_duration(result.elapsed_us)}"
    parts.append(Text(said, style("muted")))
    if result.success is False:
        parts.append(Text(f"What stops it: {result.attack.defence}. {_to_see_it_work(result.attack, result.victim)}"))
    elif result.success:
        parts.append(Text(f"What stops it: {result.attack.defence}"))
    if result.hint:
        parts.append(Text(result.hint, style("muted")))
    return Group(*parts)
