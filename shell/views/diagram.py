"""The states of TCP as a picture: boxes and arrows from the stack's own table."""

from __future__ import annotations

from itertools import pairwise

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from shell.results.tcp_diagram import Arrow, DiagramReport
from shell.views.registry import draws
from shell.views.tables import at_host
from shell.views.theme import style

WIDTH = 78
BOXES = {
    "CLOSED": (39, 0), "LISTEN": (20, 3), "SYN-SENT": (56, 3), "SYN-RECEIVED": (20, 6), "ESTABLISHED": (40, 9),
    "FIN-WAIT-1": (13, 13), "CLOSING": (40, 13), "CLOSE-WAIT": (62, 13), "FIN-WAIT-2": (13, 16), "TIME-WAIT": (40, 16),
    "LAST-ACK": (62, 16),
}
"""The middle of each box: column and line."""
END = (40, 19)
"""Where the way ends: CLOSED once more."""
ROUTES: dict[tuple[str, str], tuple[list[tuple[int, int]], tuple[int, int]]] = {
    ("CLOSED", "listen"): ([(34, 0), (20, 0), (20, 2)], (22, 1)),
    ("CLOSED", "open"): ([(43, 0), (56, 0), (56, 2)], (58, 1)),
    ("LISTEN", "rcv SYN"): ([(20, 4), (20, 5)], (22, 4)),
    ("SYN-SENT", "rcv SYN"): ([(53, 4), (53, 6), (28, 6)], (30, 5)),
    ("SYN-SENT", "rcv SYN,ACK"): ([(60, 4), (60, 9), (48, 9)], (39, 8)),
    ("SYN-RECEIVED", "rcv ACK"): ([(20, 7), (20, 9), (32, 9)], (22, 8)),
    ("ESTABLISHED", "close"): ([(36, 10), (36, 11), (14, 11), (14, 12)], (15, 10)),
    ("ESTABLISHED", "rcv FIN"): ([(44, 10), (44, 11), (62, 11), (62, 12)], (46, 10)),
    ("FIN-WAIT-1", "rcv FIN"): ([(20, 13), (34, 13)], (19, 12)),
    ("FIN-WAIT-1", "rcv ACK of FIN"): ([(13, 14), (13, 15)], (15, 14)),
    ("CLOSING", "rcv ACK of FIN"): ([(40, 14), (40, 15)], (42, 14)),
    ("CLOSE-WAIT", "close"): ([(62, 14), (62, 15)], (43, 15)),
    ("FIN-WAIT-2", "rcv FIN"): ([(20, 16), (33, 16)], (15, 15)),
    ("TIME-WAIT", "timeout"): ([(40, 17), (40, 18)], (42, 17)),
    ("LAST-ACK", "rcv ACK of FIN"): ([(62, 17), (62, 19), (45, 19)], (44, 18)),
}
"""How the arrows of the picture run, and where what is said of them begins; the others are listed below it."""
_CORNERS = {
    ((1, 0), (0, 1)): "┐", ((-1, 0), (0, 1)): "┌", ((0, 1), (1, 0)): "└", ((0, 1), (-1, 0)): "┘",
}
_HEADS = {(0, 1): "▼", (0, -1): "▲", (1, 0): "▶", (-1, 0): "◀"}


class _Canvas:
    def __init__(self, lines: int) -> None:
        self.cells = [[(" ", "")] * WIDTH for _ in range(lines)]

    def put(self, at: int, line: int, text: str, how: str) -> None:
        """Write a text; what would not fit is cut."""
        for offset, letter in enumerate(text):
            if 0 <= at + offset < WIDTH:
                self.cells[line][at + offset] = (letter, how)

    def route(self, points: list[tuple[int, int]], how: str) -> None:
        """Draw a line along points, with a head at its end."""
        steps: list[tuple[int, int]] = []
        where = [points[0]]
        for (x0, y0), (x1, y1) in pairwise(points):
            step = ((x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0))
            for _ in range(max(abs(x1 - x0), abs(y1 - y0))):
                steps.append(step)
                where.append((where[-1][0] + step[0], where[-1][1] + step[1]))
        for index, (x, y) in enumerate(where):
            before = steps[index - 1] if index else steps[0]
            after = steps[index] if index < len(steps) else steps[-1]
            letter = _CORNERS.get((before, after)) or ("─" if after[0] else "│")
            self.put(x, y, _HEADS[before] if index == len(where) - 1 else letter, how)

    def lines(self) -> list[Text]:
        """Return what was put onto the canvas, row by row, without the blanks at the ends."""
        found = []
        for row in self.cells:
            line = Text()
            for letter, how in row:
                line.append(letter, _style(how))
            line.rstrip()
            found.append(line)
        return found


def _style(how: str) -> str:
    if how == "current":
        return "bold reverse"
    if how == "taken":
        return str(style("good", bold=True))
    if how == "quiet":
        return str(style("muted"))
    return ""


class Diagram:
    """Draws itself: as a picture where there is room, as a list where there is none."""

    def __init__(self, report: DiagramReport) -> None:
        self.report = report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the picture, or the list."""
        report = self.report
        if options.max_width < WIDTH:
            yield from listing(report, report.arrows)
            return
        canvas = _Canvas(END[1] + 1)
        quiet = report.connection > 0
        shown = [arrow for arrow in report.arrows if (arrow.old, arrow.cause) in ROUTES]
        for arrow in sorted(shown, key=lambda arrow: bool(arrow.taken)):
            points, at = ROUTES[arrow.old, arrow.cause]
            how = "taken" if arrow.taken else "quiet" if quiet else ""
            canvas.route(points, how)
            canvas.put(*at, label(arrow), how)
        for state, (middle, line) in BOXES.items():
            self._box(canvas, state, middle, line)
        self._box(canvas, "CLOSED", *END)
        yield from canvas.lines()
        others = [arrow for arrow in report.arrows if (arrow.old, arrow.cause) not in ROUTES]
        if any(arrow.taken for arrow in others) or not report.connection:
            yield Text("and besides:", style("muted"))
            yield from listing(report, [arrow for arrow in others if arrow.taken or not report.connection])

    def _box(self, canvas: _Canvas, state: str, middle: int, line: int) -> None:
        report = self.report
        end = (middle, line) == END
        current = state == report.current and end == (state == "CLOSED" and len(report.path) > 1)
        how = "current" if current else "taken" if state in report.path and not end else ""
        text = f"[{state}]" if not current else f"▐{state}▌"
        canvas.put(middle - len(text) // 2, line, text, how)


def label(arrow: Arrow) -> str:
    """Return what is said of an arrow: its cause, what is sent, and when it was taken."""
    said = f"{arrow.cause} / {arrow.action}" if arrow.action else arrow.cause
    return said + "".join(f" ●{taken}" for taken in arrow.taken[-1:])


def listing(report: DiagramReport, arrows: list[Arrow]) -> list[Text]:
    """Return arrows as lines, state by state."""
    lines = []
    for arrow in arrows:
        now = "▶ " if arrow.new == report.current and arrow.taken else "  "
        lines.append(Text(f"{now}{arrow.old:<13} ─ {label(arrow)} → {arrow.new}",
                          style("good", bold=True) if arrow.taken else style("muted") if report.connection else ""))
    return lines


@draws(DiagramReport)
def diagram(report: DiagramReport) -> RenderableType:
    """Draw the diagram, and say where a connection is in it."""
    parts: list[RenderableType] = [Diagram(report)]
    if report.connection:
        way = " → ".join(report.path)
        said = f"#{report.connection}{at_host(report.host)} is {report.current}; its way: {way}"
        parts.append(Text(said, style("key")))
        parts.append(Text("● is the frame that caused it, or the time where none did", style("muted")))
    return Group(*parts)
