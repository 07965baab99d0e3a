"""Measurements, drawn."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shell.language.values import amount, show_duration
from shell.results.bench import BenchReport, Measured
from shell.results.workers import Workers
from shell.views.registry import draws
from shell.views.theme import style
from shell.views.words_table import WordsTable

BAR = 24
"""Columns of the longest bar."""
SHORT_BAR = 6
"""The same in a table."""


@draws(BenchReport)
def report(result: BenchReport) -> RenderableType:
    """Draw a measurement: a bar for each run, then what it cost."""
    parts: list[RenderableType] = [
        Text(result.what, style("key", bold=True)), Text(f"client: {result.client}", style("muted"))]
    fastest = max((rate for each in result.measured for rate in each.rates), default=0.0)
    for each in result.measured:
        parts += [Text(), _headline(each, result.runs), _bars(each, fastest), _costs(each, result)]
    if result.verdict:
        parts += [Text(), Text(result.verdict, style("key", bold=True))]
    parts += [Text(f"note: {note}", style("muted")) for note in result.notes]
    parts += [Text(problem, style("error")) for problem in result.problems]
    return Group(*parts)


def number(rate: float) -> str:
    """Return a rate with as many digits as mean something."""
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"


def _headline(each: Measured, asked: int) -> Text:
    text = Text(f"{each.setting}: ")
    text.append(f"{number(each.median)} {each.unit} a second", style("good"))
    if len(each.rates) > 1:
        of = f"{len(each.rates)} of {asked}" if len(each.rates) < asked else f"{len(each.rates)}"
        text.append(f", median of {of}, from {number(each.low)} to {number(each.high)}")
    elif asked > 1:
        text.append(f", the one run of {asked} that was done")
    return text


def _bars(each: Measured, fastest: float) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right")
    grid.add_column()
    grid.add_column(justify="right")
    for index, rate in enumerate(each.rates, 1):
        length = round(BAR * rate / fastest) if fastest else 0
        grid.add_row(f"  run {index}", Text("█" * max(length, 1), style("good")), number(rate))
    return grid


def _costs(each: Measured, result: BenchReport) -> Text:
    words, lab = [], result.lab
    if result.size:
        words.append(f"{result.size // 1_000_000:,} MB in {each.p50_us / 1e6:.3g} s")
    elif each.p99_us:
        words.append(f"half within {show_duration(each.p50_us)}, 99% within {show_duration(each.p99_us)}")
    if each.bytes_per_connection:
        words.append(f"{amount(each.bytes_per_connection, 'byte')} of memory each")
    words.append(f"{each.cpu:.0%} of a core")
    if lab == "SIM":
        words.append(f"{each.occurrences_a_second:,.0f} occurrences a second of real time")
    else:
        words.append("reads and writes a frame: n/a" if each.calls_per_frame is None else
                     f"{each.calls_per_frame:.1f} reads and writes a frame")
    if lab != "SIM" or max(each.spin, each.yielding, each.sleep) >= 0.005:
        words.append(f"waiting: spin {each.spin:.0%}, yield {each.yielding:.0%}, sleep {each.sleep:.0%}")
    return Text("  " + "; ".join(words), style("muted"))


def workers(result: Workers) -> RenderableType:
    """Draw the cores of a host: a bar for how busy each is."""
    what = "worker" if result.processes else "core"
    table = WordsTable(box=None, pad_edge=False, header_style=style("muted"))
    for title in (what, "conns", "frames", "busy", "spin", "yield", "sleep", "woken"):
        table.add_column(title, justify="right")
    table.add_column("")
    for row in result.rows:
        table.add_row(
            str(row.worker), f"{row.connections:,}", f"{row.frames:,}", f"{row.busy:.0%}", f"{row.spin:.0%}",
            f"{row.yielding:.0%}", f"{row.sleep:.0%}", f"{row.wakes:,}",
            Text("█" * round(SHORT_BAR * row.busy), style("good")))
    said = f"{result.host}: a frame takes {show_duration(result.cost_us)}, waking up {show_duration(result.wake_us)}"
    if result.processes:
        said = f"processes behind the TAP, each with a whole stack: {len(result.rows)}"
    skew = f"skew {result.skew:.2f}: the busiest {what} has {result.skew:.2f} times its share of the frames"
    parts: list[RenderableType] = [Text(said, style("key", bold=True)), table]
    if result.skew and len(result.rows) > 1:
        parts.append(Text(skew))
    if result.hint:
        parts.append(Text(result.hint, style("muted")))
    return Group(*parts)
