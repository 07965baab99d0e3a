"""`plot`: how a connection went, as a picture over time."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from aether import queries
from aether.operations.base import OperationError
from aether.seen import Hidden
from aether.tcp.negotiate import initial_window
from aether.world import World
from shell.commands.common import HOST
from shell.language.grammar import CommandError, argument, command, did_you_mean, option
from shell.language.values import connection
from shell.reading.plotting import PLOTS, opened, with_first
from shell.results.plot import PlotReport, PlotTable
from shell.session import Session


def _numbers(text: str) -> list[int]:
    """Read the numbers of one connection or of several."""
    return [connection(word) for word in text.replace(",", " ").split()]


@command(
    "plot", argument("what", str, "cwnd, limits, rtt, seq, throughput or window", complete=" ".join(PLOTS)),
    argument("numbers", _numbers, "a connection's number, as `tcp conns` shows it; several in one field", raw="many",
             complete="connections"), HOST,
    option("--csv", "the points, as comma-separated values"),
    examples=("plot cwnd 1", "plot seq 1", "plot cwnd 1 2 --host host", "plot rtt 1 --csv"),
)
def plot(session: Session, what: str, numbers: list[int], host: str, csv: bool = False) -> PlotReport | PlotTable:
    """Draw how a connection went: its congestion window, round trips, sequence numbers, throughput or window.

    Everything is what the stack reported or sent itself. `seq` is the time-sequence plot: what was sent, what was sent
    again, the line of acknowledgements below, and the edge of the peer's window above. `limits` shows what held back
    what is sent, as `why conn N slow` counts it. `export svg FILE plot …` draws the same with real lines.
    """
    if what not in PLOTS:
        near = did_you_mean(what, PLOTS) or f". There are: {', '.join(PLOTS)}"
        raise CommandError(f"no plot {what!r}{near}")
    reports = [_report(session, what, number, host) for number in dict.fromkeys(numbers)]
    report = reports[0] if len(reports) == 1 else _together(reports)
    return as_table(report) if csv else report


def _report(session: Session, what: str, number: int, host: str) -> PlotReport:
    events = session.visible_events("a plot")
    report = PLOTS[what](events, number, host, session.follower())
    if what == "cwnd" and session.capture is None:
        def first(world: World) -> int:
            conn = queries.find_connection(world.hosts[host], number)
            return initial_window(conn) if conn.congestion.limits else 1 << 40

        with suppress(OperationError, Hidden):  # it may be gone, and with it what it began with
            with_first(report, events, session.ask(first, session.owner(number, host)))
    if not report.series:
        raise CommandError(f"nothing is known of the {what} of connection #{number} at {host}. `tcp conns` lists those "
                           "that there are; what happened too long ago is forgotten")
    report.opened_us = opened(events, number, host)
    return report


def _together(reports: list[PlotReport]) -> PlotReport:
    """Put the plots of several connections into one field: over world time, each series with its number."""
    first = reports[0]
    series = [replace(one, name=f"#{report.connection} {one.name}") for report in reports for one in report.series]
    title = f"{first.title.rpartition(' #')[0]} {', '.join(f'#{report.connection}' for report in reports)}"
    return PlotReport(first.kind, first.connection, first.host, title, first.unit, series, opened_us=None,
                      others=[report.connection for report in reports[1:]])


def as_table(report: PlotReport) -> PlotTable:
    """Return the points of a plot, one a line."""
    rows = [
        [f"{(time - report.origin()) / 1_000_000:.6f}", series.name, f"{value:g}" if value % 1 else f"{value:.0f}"]
        for series in report.series for time, value in zip(series.times_us, series.values, strict=True)]
    return PlotTable([report.time_title("s"), "series", report.unit], rows)
