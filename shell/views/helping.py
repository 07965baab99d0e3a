"""Help: the list of commands, and one command in detail."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shell.results.help import HelpIndex, HelpLine, HelpPage
from shell.views.registry import draws
from shell.views.theme import style
from shell.views.words_table import WordsTable


@draws(HelpIndex)
def index(result: HelpIndex) -> RenderableType:
    """Draw the list of commands."""
    table = WordsTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for group in result.groups:
        table.add_row(Text(group.title, "bold"), "")
        for line in group.lines:
            about = Text(line.help)
            if line.verbs:
                about.append(f"  {line.verbs.replace(' ', ' · ')}", style("muted"))
            table.add_row(Text(f"  {line.name}", style("command")), about)
    keys = Text.assemble(("Keys  ", "bold"))
    keys.append("  ".join(f"{line.name} {line.help}" for line in result.keys))
    more = "help NOUN or help NOUN VERB says more, with examples. Every command takes --json and --plain."
    tail = Text(more, style("muted"))
    return Group(table, keys, tail)


@draws(HelpPage)
def page(result: HelpPage) -> RenderableType:
    """Draw one command, or one noun."""
    parts: list[RenderableType] = [Text(usage, style("command", bold=True)) for usage in result.usage]
    if result.description:
        parts.append(Text(result.description))
    for rows in (result.arguments, result.options, result.more):
        if rows:
            parts += [Text(""), _rows(rows)]
    if result.examples:
        parts.append(Text(""))
        parts += [Text(f"  {example}", style("command")) for example in result.examples]
    return Group(*parts)


def _rows(rows: list[HelpLine]) -> Table:
    table = WordsTable(box=None, pad_edge=False, padding=(0, 2, 0, 2), show_header=False)
    table.add_column(no_wrap=True, min_width=14)
    table.add_column(overflow="fold")
    for line in rows:
        table.add_row(Text(line.name, style("command")), line.help)
    return table
