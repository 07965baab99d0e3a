"""The sitting itself: themes with a sample of each, the configuration, what was exported."""

from __future__ import annotations

import json

from rich.console import Group, RenderableType
from rich.text import Text

from shell.language.values import amount
from shell.reading.escape import printable
from shell.results.config import ConfigReport, ThemeReport
from shell.results.export import Exported
from shell.results.schema import SchemaReport
from shell.views import theme
from shell.views.registry import draws
from shell.views.theme import style
from shell.views.words_table import WordsTable

SAMPLE = (("eth", "Eth"), ("arp", "ARP"), ("ip", "IPv4"), ("icmp", "ICMP"), ("udp", "UDP"), ("tcp", "TCP"),
          ("error", "DROP"))


@draws(ThemeReport)
def themes(result: ThemeReport) -> RenderableType:
    """Draw the themes, each in its own colours."""
    table = WordsTable(box=None, padding=(0, 2, 0, 0), show_header=False)
    for row in result.themes:
        with theme.exactly(row.name, result.colours):
            sample = Text(" ").join(Text(word, style(name)) for name, word in SAMPLE)
        table.add_row("▶" if row.current else " ", Text(row.name, "bold" if row.current else ""), sample, row.help)
    colours = {"none": "no colours", "truecolor": "all colours"}.get(result.colours, f"{result.colours} colours")
    return Group(table, Text(f"chosen by {result.chosen_by}; the terminal shows {colours}", style("muted")))


@draws(ConfigReport)
def configuration(result: ConfigReport) -> RenderableType:
    """Draw the settings."""
    table = WordsTable(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("setting", "value", "meaning"):
        table.add_column(title, overflow="fold")
    for row in result.settings:
        value = Text(printable(row.value), style("good", bold=True) if row.set else style("muted"))
        table.add_row(row.name, value, row.help)
    head = Text(printable(result.file) + ("" if result.exists else " does not exist: these are the defaults"), "bold")
    parts: list[RenderableType] = [head, table]
    parts += [Text(printable(problem), style("error", bold=True)) for problem in result.problems]
    if result.hint:
        parts.append(Text(result.hint, style("muted")))
    return Group(*parts)


@draws(SchemaReport)
def schema(result: SchemaReport) -> RenderableType:
    """Draw a schema as it is: a line that is broken would be no JSON any more."""
    return Group(Text(schema_text(result), no_wrap=True, overflow="ignore"))  # of a bare Text, rich forgets that


def schema_text(result: SchemaReport) -> str:
    """Return a schema as a document that a program can read."""
    return json.dumps(result.schema, indent=2, ensure_ascii=False)


@draws(Exported)
def exported(result: Exported) -> RenderableType:
    """Draw what was written."""
    return Text(f"{result.command} is in {printable(result.file)}: {result.format}, {amount(result.bytes, 'byte')}")
