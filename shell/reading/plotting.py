"""From events to the points of a plot: what the stack itself reported and sent, nothing inferred."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from aether.events import Event
from aether.reading.flow import MASK, Follower
from aether.wire import tcp
from shell.reading.frames import FrameWatcher, SeenFrame
from shell.reading.limits import WORDS, established, story, within
from shell.reading.selection import Chosen
from shell.reading.streams import StreamPiece, segment_of
from shell.results.plot import PlotReport, Series

BINS = 40
"""Throughput is counted in so many slices of the time."""
LEAST_BIN = 1_000
"""Microseconds of a slice at the least."""
NO_THRESHOLD = 1 << 40


def cwnd(events: Sequence[Event], number: int, host: str, follower: Follower | None = None) -> PlotReport:
    """Plot the congestion window, and the threshold of slow start. See `with_first` for how it begins."""
    window, threshold = Series("cwnd", [], [], "steps"), Series("ssthresh", [], [], "steps")
    for event in _of(events, "tcp.cwnd", number, host):
        _, size, limit, _ = event.values
        _add(window, event.time, size)
        if limit < NO_THRESHOLD:
            _add(threshold, event.time, limit)
    return PlotReport("cwnd", number, host, f"congestion window of #{number}", "bytes", _there(window, threshold))


def rtt(events: Sequence[Event], number: int, host: str, follower: Follower | None = None) -> PlotReport:
    """Plot round trips as they were measured, the smoothed one, and the retransmission timer that follows from them."""
    names = ("round trip", "srtt", "rto")
    series = [Series(names[0], [], [], "points"), Series(names[1], [], [], "steps"), Series(names[2], [], [], "steps")]
    for event in _of(events, "tcp.rtt", number, host):
        _, sample, smoothed, _, timer = event.values
        for one, value in zip(series, (sample, smoothed, timer), strict=True):
            _add(one, event.time, value / 1000)
    return PlotReport("rtt", number, host, f"round trips of #{number}", "ms", _there(*series))


def seq(events: Sequence[Event], number: int, host: str, follower: Follower | None = None) -> PlotReport:
    """Plot sequence numbers over time: what was sent, what was sent again, the ACK line and the edge of the window."""
    sent, again = Series("sent", [], [], "points"), Series("sent again", [], [], "points")
    acked, edge = Series("acknowledged", [], [], "steps"), Series("window's edge", [], [], "steps")
    highest = 0
    for segment, relative, scaled in _segments(events, number, host, follower):
        if segment.seen.direction == "out":
            end = relative + len(segment.payload)
            if segment.payload:
                _add(again if end <= highest else sent, segment.seen.time, end)
                highest = max(highest, end)
        elif segment.seen.direction == "in" and segment.flags & tcp.ACK and not segment.seen.dropped:
            ack = segment.acknowledgement
            _add(acked, segment.seen.time, ack)
            _add(edge, segment.seen.time, ack + scaled)
    return PlotReport(
        "seq", number, host, f"sequence numbers of #{number}", "bytes", _there(sent, again, acked, edge))


def window(events: Sequence[Event], number: int, host: str, follower: Follower | None = None) -> PlotReport:
    """Plot the peer's window, and how much is on its way."""
    offered, flying = Series("peer's window", [], [], "steps"), Series("in flight", [], [], "steps")
    highest = acked = 0
    for segment, relative, scaled in _segments(events, number, host, follower):
        if segment.seen.direction == "out":
            highest = max(highest, relative + len(segment.payload))
        elif segment.seen.direction == "in" and segment.flags & tcp.ACK and not segment.seen.dropped:
            acked = max(acked, segment.acknowledgement)
            _add(offered, segment.seen.time, scaled)
        _add(flying, segment.seen.time, max(highest - acked, 0))
    return PlotReport("window", number, host, f"window of #{number}", "bytes", _there(offered, flying))


def throughput(events: Sequence[Event], number: int, host: str, follower: Follower | None = None) -> PlotReport:
    """Plot how much the peer acknowledged, and how much was delivered here, in each slice of the time."""
    up: list[tuple[int, int]] = []
    acked = 0
    for segment, _, _ in _segments(events, number, host, follower):
        if segment.seen.direction == "in" and segment.flags & tcp.ACK and not segment.seen.dropped:
            ack = segment.acknowledgement
            if ack > acked:
                up.append((segment.seen.time, ack - acked))
                acked = ack
    down = [(event.time, event.values[1]) for event in _of(events, "tcp.delivered", number, host)]
    times = [time for time, _ in (*up, *down)]
    if not times:
        return PlotReport("throughput", number, host, f"throughput of #{number}", "MB/s", [])
    first, last = min(times), max(times)
    size = max((last - first) // BINS + 1, LEAST_BIN)
    series = []
    for name, points in (("acknowledged", up), ("delivered", down)):
        bins = [0] * ((last - first) // size + 1)
        for time, count in points:
            bins[(time - first) // size] += count
        if any(bins):
            series.append(Series(name, [first + index * size for index in range(len(bins))],
                                 [count / size for count in bins]))
    return PlotReport("throughput", number, host, f"throughput of #{number}", "MB/s", series)


def limits(events: Sequence[Event], number: int, host: str, follower: Follower | None = None) -> PlotReport:
    """Plot what limited what is sent: the share of each thing in each slice of the time, of 100 percent."""
    told = story(events, number, host)
    if not told:
        return PlotReport("limits", number, host, f"what limits #{number}", "% of the time", [])
    first, last = told[0][0], max(told[-1][0], events[-1].time)
    size = max((last - first) // BINS + 1, LEAST_BIN)
    starts = list(range(first, last + 1, size))
    slices = [within(told, start, min(start + size, last)) for start in starts]
    return PlotReport("limits", number, host, f"what limits #{number}", "% of the time", [
        Series(what, starts, [100 * one.get(what, 0) / (sum(one.values()) or 1) for one in slices])
        for what in WORDS if any(what in one for one in slices)])


def with_first(report: PlotReport, events: Sequence[Event], window: int) -> None:
    """Let the plot of a congestion window begin with the first one, of so many bytes, when the handshake was done."""
    began = established(events, report.connection, report.host)
    turned = any(event.kind == "knob" and event.host == report.host and event.values[0] == "tcp.initial_window"
                 and event.time >= began for event in events)
    if not began or turned or window >= NO_THRESHOLD:
        return
    series = next((one for one in report.series if one.name == "cwnd"), None)
    if series is None:
        series = Series("cwnd", [], [], "steps")
        report.series.insert(0, series)
    if not series.times_us or series.times_us[0] > began:
        series.times_us.insert(0, began)
        series.values.insert(0, window)


def opened(events: Sequence[Event], number: int, host: str) -> int | None:
    """Return when a connection was made, if that is still known."""
    return next((event.time for event in _of(events, "tcp.opened", number, host)), None)


PLOTS: dict[str, Callable[[Sequence[Event], int, str, Follower | None], PlotReport]] = {
    "cwnd": cwnd, "limits": limits, "rtt": rtt, "seq": seq, "throughput": throughput, "window": window,
}


def _of(events: Iterable[Event], kind: str, number: int, host: str) -> Iterable[Event]:
    return (event for event in events if event.kind == kind and event.host == host and event.values[0] == number)


def _add(series: Series, time: int, value: float) -> None:
    series.times_us.append(time)
    series.values.append(value)


def _there(*series: Series) -> list[Series]:
    return [one for one in series if one.times_us]


def _segments(
    events: Sequence[Event], number: int, host: str, follower: Follower | None,
) -> Iterable[tuple[StreamPiece, int, int]]:
    """Yield the segments of a connection, with their place in our numbers or in the peer's, and their scaled windows.

    Of a segment that came, `acknowledgement` is made relative to our first byte.
    """
    frames = Chosen(f"conn == {number}", events, follower).frames
    for seen in FrameWatcher(host, follower).read(events):
        if not isinstance(seen, SeenFrame) or seen.number not in frames:
            continue
        segment, context = segment_of(seen), seen.context
        if segment is None or context is None:
            continue
        segment.acknowledgement = (segment.acknowledgement - context.ack_base) & MASK
        scale = 0 if segment.flags & tcp.SYN else max(context.scale, 0)
        yield segment, (segment.sequence - context.seq_base) & MASK, segment.window << scale
