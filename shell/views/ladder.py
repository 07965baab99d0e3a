"""The ladder, drawn: time runs down, one column a host, a frame is an arrow."""

from __future__ import annotations

import re
import textwrap

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from shell.reading.escape import printable
from shell.reading.words import lost
from shell.results.ladder import LadderReport, Rung, Station
from shell.views.oneline import clock
from shell.views.registry import draws
from shell.views.theme import style

LEAST = 30
"""Columns between two stations at the least, where there is room."""
MAX_SPAN = 60
NUMBER = 5
TIME = 9
NARROW = 72
"""Below this width there are no times."""
MARGIN = 34
"""Columns for notes beside the arrows, where there is room."""


class Ladder:
    """Draws itself in whatever width there is."""

    def __init__(self, report: LadderReport) -> None:
        self.report = report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines."""
        report = self.report
        if not report.rungs:
            yield Text("no frames to draw. Make some: tcp connect 192.168.1.1:80", style("muted"))
            return
        drawing = _Drawing(report.stations, options.max_width)
        yield from drawing.head()
        for rung in report.rungs:
            yield from drawing.rung(rung)
        if report.pages > 1:
            yield Text(f"page {report.page} of {report.pages}, {report.total:,} rungs; --page N shows another",
                       style("muted"))


class _Drawing:
    def __init__(self, stations: list[Station], width: int) -> None:
        self.stations = stations
        gaps = max(len(stations) - 1, 1)
        self.left = NUMBER + (0 if width < NARROW else TIME)
        room = width - self.left - 1
        margin = MARGIN if width >= NARROW else 0
        self.span = min(max((room - margin) // gaps, min(LEAST, room // gaps)), MAX_SPAN)
        self.width = width

    def head(self) -> list[Text]:
        """Return the names above the columns."""
        lines = []
        for words in ([each.name for each in self.stations], [each.address for each in self.stations]):
            line = ""
            for index, word in enumerate(words):
                at = self.left + index * self.span
                start = at if not index else max(min(at - len(word) // 2, self.width - len(word)), len(line) + 1)
                line = line.ljust(start) + word
            if line.strip():
                lines.append(Text(line, style("key", bold=True)))
        return lines

    def rung(self, rung: Rung) -> list[Text]:
        """Return the lines of one rung."""
        if not rung.number:
            return self._moment(rung)
        lines = [self._arrow(rung)]
        if rung.lost:
            self._note(lines, lost(rung.lost), "error")
        if rung.altered:
            self._note(lines, rung.altered, "error")
        if rung.overtaken_by and rung.arrived_us is not None:
            self._note(lines, f"arrives at {clock(rung.arrived_us)}, after {rung.overtaken_by}", "muted")
        if rung.dropped:
            self._note(lines, f"{self._name(rung.destination)}: DROP {rung.dropped}", "error")
        for text in self._said(rung):
            self._note(lines, text, "key")
        return lines

    def _said(self, rung: Rung) -> list[str]:
        """Return what happened at each station."""
        said: dict[int, list[str]] = {}
        for note in rung.notes:
            said.setdefault(note.station, []).append(printable(note.text))
        return [f"{self._name(station)}: {', '.join(texts)}" for station, texts in said.items()]

    def _moment(self, rung: Rung) -> list[Text]:
        """Return the lines of something that no frame caused: beside the rails, or instead of them."""
        lines = [self._rails(rung)]
        for text in self._said(rung):
            if lines[0].cell_len + 2 + len(text) > self.width:
                lines[0] = self._start(rung)
            self._note(lines, text, "key")
        return lines if lines[0].plain.strip() else lines[1:]

    def _note(self, lines: list[Text], text: str, how: str) -> None:
        """Write a note beside the arrow if there is room, else below it."""
        if lines[0].cell_len + 2 + len(text) <= self.width and len(lines) == 1:
            lines[0].append("  " + text, style(how))
            return
        for piece in textwrap.wrap(text, self.width - self.left - 2):
            lines.append(Text(" " * (self.left + 2) + piece, style(how)))

    def _name(self, station: int) -> str:
        one = self.stations[station]
        return one.name or one.address

    def _rail(self, low: int, high: int) -> str:
        return "".join("│" if at % self.span == 0 else " " for at in range(low, high))

    def _start(self, rung: Rung) -> Text:
        line = Text(f"{rung.number or '':>{NUMBER - 1}} ", style("muted"))
        if self.left > NUMBER:
            line.append(f"{clock(rung.time_us):>{TIME - 1}} ", style("muted"))
        return line

    def _rails(self, rung: Rung) -> Text:
        line = self._start(rung)
        line.append(self._rail(0, (len(self.stations) - 1) * self.span + 1), style("muted"))
        return line

    def _arrow(self, rung: Rung) -> Text:
        line = self._start(rung)
        low, high = sorted((rung.source * self.span, rung.destination * self.span))
        line.append(self._rail(0, low), style("muted"))
        line.append("│", style("muted"))
        line.append(self._shaft(rung, high - low - 1), style(rung.layer, bold=True))
        line.append("│" if high > low else "", style("muted"))
        line.append(self._rail(high + 1, (len(self.stations) - 1) * self.span + 1), style("muted"))
        return line

    def _shaft(self, rung: Rung, length: int) -> str:
        """Return the arrow with its label, from one rail to the other, without the rails."""
        copy = f" (copy of {rung.copy_of})" if rung.copy_of else ""
        if length < 4:
            return f"↺ {printable(rung.label)}{copy}"
        stroke = "╌" if rung.overtaken_by or rung.injected else "─"
        label = f" {_fitting(printable(rung.label), length - 6 - len(copy))}{copy} "
        rest = length - len(label) - 3
        if rung.lost:
            done = rest // 2
            if rung.source <= rung.destination:
                return f"{stroke * 2}{label}{stroke * done}╳{' ' * (rest - done)}"
            return f"{' ' * (rest - done)}╳{stroke * done}{label}{stroke * 2}"
        if rung.source <= rung.destination:
            return f"{stroke * 2}{label}{stroke * rest}▶"
        return f"◀{stroke * rest}{label}{stroke * 2}"


def _fitting(label: str, room: int) -> str:
    """Return a label without what matters least, as far as there is no room for it."""
    for pattern in (r" len=0\b", r" win=\d+", r" len=\d+"):
        if len(label) > room or pattern.startswith(" len=0"):
            label = re.sub(pattern, "", label)
    return label if len(label) <= room else label[:max(room - 1, 0)] + "…"


@draws(LadderReport)
def ladder(report: LadderReport) -> RenderableType:
    """Draw a page of a ladder."""
    head = [Text(report.what, style("muted"))] if report.what else []
    return Group(*head, Ladder(report))
