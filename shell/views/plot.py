"""Plots, drawn with plotext."""

from __future__ import annotations

import csv
import io

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from shell.language.values import show_duration
from shell.results.plot import PlotReport, PlotTable, Series
from shell.views.lessons import prose
from shell.views.registry import draws
from shell.views.theme import style

MARKERS = ("●", "×", "─", "▲", "◆", "+", "■", "~")
"""One for each series, so that colours are not needed to tell them apart."""
HEIGHT, LEAST = 18, 10
"""Lines of the picture, at the most and at the least."""
AROUND = 4
"""Lines of the screen that are not the picture's: what was typed, a tip, the prompt, and the line below it."""
NARROW = 72
"""Below this width what is said of a series takes two lines."""
MOST_WIDTH = 120
MOST_POINTS = 4000
"""Points of a series that are drawn; more than that cannot be told apart."""
COUNTED = "io"
"""The kind of plot whose values are counted, frames and bytes: there are no halves of them."""
MOST_MARKS = 7
COLOURS = ("key", "error", "good", "tcp", "arp", "ipv4", "icmp", "udp")


class _Plot:
    """Draws itself in whatever width there is."""

    def __init__(self, report: PlotReport) -> None:
        self.report = report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines of the picture."""
        import plotext

        report = self.report
        start = min(series.times_us[0] for series in report.series)
        end = max(series.times_us[-1] for series in report.series)
        unit, name = report.unit_of_time(end - start)
        origin = report.origin()
        plotext.clear_figure()
        plotext.theme("clear")
        legend = len(report.series) * (2 if options.max_width < NARROW else 1) + 2
        room = options.size.height - legend - AROUND
        plotext.plotsize(min(options.max_width, MOST_WIDTH), min(HEIGHT, max(room, LEAST)))
        for index, series in enumerate(report.series):
            times, values = _thinned(series)
            draw = plotext.scatter if series.style == "points" else plotext.plot
            draw([(time - origin) / unit for time in times], values, marker=MARKERS[index % len(MARKERS)])
        plotext.xlabel(report.time_title(name))
        plotext.ylabel(report.unit)
        if report.kind == COUNTED:
            marks = _marks(max(value for series in report.series for value in series.values))
            plotext.yticks(marks, [f"{mark:,}" for mark in marks])
        picture = plotext.build()
        plotext.clear_figure()
        for line in str(picture).splitlines():
            yield _coloured(Text.from_ansi(line.rstrip(), no_wrap=True), report.series)


def _marks(highest: float) -> list[int]:
    """Return the numbers at the axis of what is counted: from 0, in steps of 1, 2 or 5 and zeros."""
    step, factors = 1, (2, 2.5, 2)
    for turn in range(60):
        if highest / step < MOST_MARKS:
            break
        step = int(step * factors[turn % 3])
    return list(range(0, int(highest) + 1, step))


def _coloured(line: Text, series: list[Series]) -> Text:
    """Give every series its colour."""
    for index in range(len(series)):
        line.highlight_regex(f"[{MARKERS[index % len(MARKERS)]}]", style(COLOURS[index % len(COLOURS)]))
    return line


def _thinned(series: Series) -> tuple[list[int], list[float]]:
    """Return the points to draw: with corners where a value holds until it changes, and no more than can be seen."""
    times, values = series.times_us, series.values
    if series.style == "steps":
        corners: list[tuple[int, float]] = []
        for time, value in zip(times, values, strict=True):
            if corners and corners[-1][1] != value:
                corners.append((time, corners[-1][1]))
            corners.append((time, value))
        times, values = [time for time, _ in corners], [value for _, value in corners]
    step = -(-len(times) // MOST_POINTS) or 1
    return times[::step], values[::step]


@draws(PlotReport)
def plot(report: PlotReport) -> RenderableType:
    """Draw a plot, and what its figures are."""
    span = max(series.times_us[-1] for series in report.series) - min(series.times_us[0] for series in report.series)
    parts: list[RenderableType] = [Text(f"{report.title}, {report.unit}", style("key", bold=True))]
    parts += [_Plot(report)] * bool(span)
    for index, series in enumerate(report.series):
        low, high = min(series.values), max(series.values)
        said = f"{MARKERS[index % len(MARKERS)]} {series.name}: "
        if len(series.values) == 1:
            parts.append(Text(f"{said}{_figure(low)} {report.unit}", style(COLOURS[index % len(COLOURS)])))
            continue
        said += f"{len(series.values):,} points, {_figure(low)} to {_figure(high)}, "
        said += f"at last {_figure(series.values[-1])} {report.unit}"
        parts.append(Text(said, style(COLOURS[index % len(COLOURS)])))
    over = f"over {show_duration(span)}" if span else "it has not changed yet, so there is no line to draw"
    parts.append(Text(over, style("muted")))
    return Group(*parts, *prose(report.notes))


@draws(PlotTable)
def table(result: PlotTable) -> RenderableType:
    """Draw the points as lines of CSV."""
    return Text("\n".join(csv_lines(result)), no_wrap=True, overflow="ignore")


def csv_lines(result: PlotTable) -> list[str]:
    """Return the lines of a table of comma-separated values (RFC 4180)."""
    into = io.StringIO()
    csv.writer(into, lineterminator="\n").writerows([result.header, *result.rows])
    return into.getvalue().splitlines()


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
