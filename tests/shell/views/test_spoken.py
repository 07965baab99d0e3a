"""`--plain` is sentences for a screen reader; tables leave words whole, however narrow the terminal is."""

from __future__ import annotations

import re

import pytest
from rich.console import Console
from rich.text import Text

from shell.language.reference import results_of
from shell.language.registry import load_all
from shell.prompt.panes import rendered
from shell.views import plain, render
from shell.views.words_table import WordsTable
from tests.shell import golden

DUMP = re.compile(r"^[a-z ]+: (yes|no|done|\d+|\{\}|\d+ [µm]?s)$|\b(outcome|time us|job): ")
"""A field and its value, where a sentence belongs."""
TABLES = ("connections", "knobs", "links", "neighbours", "sockets", "timelines", "routes", "drops",
          "comparison", "fragments", "groups", "addresses", "dns-cache")
MEASURED = ("BenchReport",)
"""A table of figures alone, which is listed as one."""

def test_every_result_is_said_in_words_of_its_own() -> None:
    left = {result.__name__ for command in load_all() for result in results_of(command) if result not in plain._LINES}
    assert left == set(MEASURED)

@pytest.mark.parametrize("name", [name for name in golden.names() if not name.startswith("bench")])
def test_nothing_is_a_dump_of_fields(name: str) -> None:
    lines = render.to_plain(golden.result_of(name, 80)).splitlines()
    assert lines
    assert [line for line in lines if DUMP.search(line)] == []

def test_what_matters_is_said() -> None:
    said = render.to_plain(golden.result_of("connections", 80))
    assert "connection #1 from 192.168.1.2:64848 to 192.168.1.1:7 is TIME-WAIT: 5 bytes sent, 5 bytes received" in said
    said = render.to_plain(golden.result_of("links", 80))
    assert "link wan, what you send: takes 5 ms, lets them pass unharmed" in said

def words_of(text: str) -> list[str]:
    return [word.rstrip(",") for word in text.split()]

@pytest.mark.parametrize("width", [40, 50, 60])
@pytest.mark.parametrize("name", TABLES)
def test_words_of_a_table_stay_whole(name: str, width: int) -> None:
    result = golden.result_of(name, 200)
    wide = words_of("\n".join(Text.from_ansi(line).plain for line in rendered(result, 200, 40, crop=False)))
    lines = [Text.from_ansi(line).plain for line in rendered(result, width, 40, crop=False)]
    assert max(map(len, lines)) <= width
    narrow = set(words_of("\n".join(lines)))
    values = [word for word in wide if re.search(r"\w[.:-]?\w*\d|\w[.:-]\w", word)]  # headings need not be there
    assert values
    assert [word for word in values if len(word) <= width - 2 and word not in narrow] == []

def drawn(table: WordsTable, width: int) -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as shown:
        console.print(table)
    return [line.rstrip() for line in shown.get().splitlines()]

def test_columns_share_the_width_and_a_row_becomes_lines_where_there_is_none() -> None:
    table = WordsTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for heading in ("#", "address", "note"):
        table.add_column(heading)
    table.add_row("1", "192.168.1.1:80", "said in some words")
    table.add_row("2", "10.0.0.1:7", "")
    assert drawn(table, 60)[1] == "1  192.168.1.1:80  said in some words"
    assert drawn(table, 30)[1:3] == ["1  192.168.1.1:80  said in", "                   some words"]
    assert drawn(table, 20) == ["1  192.168.1.1:80", "  note said in some", "  words", "2  10.0.0.1:7"]
