"""A plot as SVG with real lines: for slides, where the picture of a terminal is too coarse."""

from __future__ import annotations

from html import escape

from shell.results.plot import PlotReport, Series

WIDTH, HEIGHT = 900, 480
LEFT, RIGHT, TOP, LINE = 90, 20, 50, 18
"""Margins, and the height of a line of the legend, in pixels."""
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#888888")
"""The palette of Okabe and Ito, which eyes of all kinds tell apart."""
DASHES = ("", "8 4", "2 3", "10 3 2 3")
TICKS = 6


def to_svg(report: PlotReport, paper: str = "#ffffff", ink: str = "#1a1a1a") -> str:
    """Return a plot as an SVG document, with the titles and units of its axes; the legend stands below."""
    start = min(series.times_us[0] for series in report.series)
    start = min(start, report.opened_us) if report.opened_us is not None else start
    end = max(max(series.times_us[-1] for series in report.series), start + 1)
    top = max(max(series.values) for series in report.series) or 1.0
    unit, name = report.unit_of_time(end - start)
    origin = report.origin()
    bottom = HEIGHT - 50

    def x(time: float) -> float:
        return LEFT + (time - start) / (end - start) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return bottom - value / top * (bottom - TOP)

    height = HEIGHT + LINE * len(report.series) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="100%" height="100%" fill="{paper}"/>',
        f'<text x="{LEFT}" y="26" font-size="17" fill="{ink}">{escape(report.title)}</text>',
        f'<path d="M{LEFT} {TOP}V{bottom}H{WIDTH - RIGHT}" fill="none" stroke="{ink}"/>',
    ]
    for index in range(TICKS):
        value, time = top * index / (TICKS - 1), start + (end - start) * index / (TICKS - 1)
        parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end" fill="{ink}">{value:,.4g}</text>'
                     if top < 10_000 else
                     f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end" fill="{ink}">{value:,.0f}</text>')
        parts.append(f'<text x="{x(time):.1f}" y="{bottom + 18}" text-anchor="middle" fill="{ink}">'
                     f'{(time - origin) / unit:.4g}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{bottom + 38}" text-anchor="middle" fill="{ink}">'
                 f'{escape(report.time_title(name))}</text>')
    parts.append(f'<text transform="translate(18 {(TOP + bottom) / 2:.0f}) rotate(-90)" text-anchor="middle" '
                 f'fill="{ink}">{escape(report.unit)}</text>')
    for index, series in enumerate(report.series):
        colour, dash = COLOURS[index % len(COLOURS)], DASHES[index // 2 % len(DASHES)]
        points = [(x(time), y(value)) for time, value in zip(series.times_us, series.values, strict=True)]
        parts.append(_drawn(series, points, colour, dash))
        at = HEIGHT + LINE * index
        parts.append(f'<path d="M{LEFT} {at}h30" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>')
        parts.append(f'<text x="{LEFT + 40}" y="{at + 4}" fill="{ink}">{escape(series.name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _drawn(series: Series, points: list[tuple[float, float]], colour: str, dash: str) -> str:
    if series.style == "points":
        return "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in points)
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for x, y in points[1:]:
        path += f"H{x:.1f}V{y:.1f}" if series.style == "steps" else f"L{x:.1f} {y:.1f}"
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
