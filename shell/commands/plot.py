"""`plot`: how a connection went, as a picture over time."""

from __future__ import annotations

from shell.commands.common import HOST
from shell.language.grammar import CommandError, argument, command, did_you_mean
from shell.language.values import connection
from shell.reading.plotting import PLOTS
from shell.results.plot import PlotReport
from shell.session import Session


@command(
    "plot", argument("what", str, "cwnd, limits, rtt, seq, throughput or window", complete=" ".join(PLOTS)),
    argument("number", connection, "a connection's number, as `tcp conns` shows it", complete="connections"), HOST,
    examples=("plot cwnd 1", "plot seq 1", "plot rtt 1 --host host"),
)
def plot(session: Session, what: str, number: int, host: str) -> PlotReport:
    """Draw how a connection went: its congestion window, round trips, sequence numbers, throughput or window.

    Everything is what the stack reported or sent itself. `seq` is the time-sequence plot: what was sent, what was sent
    again, the line of acknowledgements below, and the edge of the peer's window above. `limits` shows what held back
    what is sent, as `why conn N slow` counts it.
    """
    if what not in PLOTS:
        near = did_you_mean(what, PLOTS) or f". There are: {', '.join(PLOTS)}"
        raise CommandError(f"no plot {what!r}{near}")
    report = PLOTS[what](session.visible_events("a plot"), number, host)
    if not report.series:
        raise CommandError(f"nothing is known of the {what} of connection #{number} at {host}. `tcp conns` lists those "
                           "that there are; what happened too long ago is forgotten")
    return report
