"""Results as linear text, for screen readers, `grep` and small screens: no tables, no drawing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

from shell.language.values import show_duration
from shell.reading.escape import printable
from shell.results.counters import CounterList, DropList
from shell.results.frames import FrameDetail, FrameList, FrameRow
from shell.results.help import HelpIndex, HelpPage
from shell.results.limits import LimitsReport
from shell.results.message import Message
from shell.results.plot import PlotTable
from shell.results.schema import SchemaReport
from shell.views import counters as counts
from shell.views import (
    debug_plain,
    drill,
    exercise,
    lessons_plain,
    limits,
    plot,
    sitting,
    spoken,
    spoken_lab,
    statistics,
)
from shell.views.bench import number
from shell.views.oneline import frame_line

SHARES = {"share", "busy", "spin", "yielding", "sleep", "cpu", "lost"}
"""Fields that are a share of something, 0.0 to 1.0, where they are no whole number."""
_LINES: dict[type, Callable[[Any], list[str]]] = {}


def lines(result: Any) -> str:
    """Return any result as text."""
    special = _LINES.get(type(result))
    return "\n".join(special(result) if special else _generic(result))


def _generic(result: Any) -> list[str]:
    """Return a dataclass as lines: its plain fields first, then one line for each row of its lists."""
    found: list[str] = []
    later: list[str] = []
    for each in fields(result):
        value = getattr(result, each.name)
        if value is None or value == "" or value == []:
            continue
        if is_dataclass(value):
            later += _generic(value)
        elif isinstance(value, list) and is_dataclass(value[0]):
            later += [f"{_singular(each.name)}: {_row(row)}" for row in value]
        elif isinstance(value, list):
            later += [f"{_singular(each.name)}: {_item(item)}" for item in value]
        else:
            found.append(f"{_label(each.name)}: {_value(each.name, value)}")
    return found + later


def _row(row: Any) -> str:
    parts = []
    for each in fields(row):
        value = getattr(row, each.name)
        if value is None or value == "" or value == []:
            continue
        if isinstance(value, list) and is_dataclass(value[0]):
            parts += [_row(inner) for inner in value]
        elif isinstance(value, list):
            parts.append(f"{_label(each.name)} {' '.join(_item(item) for item in value)}")
        else:
            parts.append(f"{_label(each.name)} {_value(each.name, value)}")
    return ", ".join(parts)


def _label(name: str) -> str:
    return name.removesuffix("_us").replace("_", " ")


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return _label(name[:-3]) + "y"
    return _label(name.removesuffix("s"))


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_us"):
        return show_duration(value)
    if isinstance(value, float):
        return f"{value:.0%}" if name in SHARES else _number(value)
    return printable(str(value), lines=True)


def _item(value: Any) -> str:
    """Return one of a list of plain values."""
    return _number(value) if isinstance(value, float) else printable(str(value))


def _number(value: float) -> str:
    """Return a number as the tables have it: never with an exponent."""
    if value < 0:
        return f"-{_number(-value)}"
    text = number(value)
    return f"{value:.9f}".rstrip("0").rstrip(".") if "e" in text else text


def _message(result: Message) -> list[str]:
    return [part for part in (result.message, result.hint) if part]


def _frames(result: FrameList) -> list[str]:
    earlier = [f"{result.earlier} earlier frames not listed"] if result.earlier else []
    return (earlier + [_frame(row) for row in result.frames]) or [result.nothing]


def _frame(row: FrameRow) -> str:
    return frame_line(row)


def _detail(result: FrameDetail) -> list[str]:
    found = [_frame(result.row)]
    for layer in result.layers:
        problem = f", {layer.problem}" if layer.problem else ""
        last = layer.offset + layer.length - 1
        found.append(f"{layer.name}: {layer.summary}{problem}, bytes {layer.offset} to {last}")
        found += [f"{each.name}: {printable(each.text)}" for each in layer.fields if not each.part]
    found += [f"event: {event.text}" for event in result.events]
    return [*found, f"bytes: {result.data}"]


def _schema(result: SchemaReport) -> list[str]:
    return [sitting.schema_text(result)]


def _help(result: HelpIndex) -> list[str]:
    commands = [line for group in result.groups for line in group.lines]
    return [
        *(f"{line.name}: {line.help}{f' ({line.verbs})' if line.verbs else ''}" for line in commands),
        *(f"key {line.name}: {line.help}" for line in result.keys),
    ]


def _help_page(result: HelpPage) -> list[str]:
    found = [f"usage: {usage}" for usage in result.usage] + [result.description] * bool(result.description)
    for what, rows in (("argument", result.arguments), ("option", result.options), ("command", result.more)):
        found += [f"{what} {line.name}: {line.help}" for line in rows]
    return found + [f"example: {example}" for example in result.examples]


_LINES.update({
    Message: _message, FrameList: _frames, FrameDetail: _detail,
    CounterList: counts.counters_plain, DropList: counts.drops_plain,
    FrameRow: lambda row: [_frame(row)], SchemaReport: _schema, HelpIndex: _help, HelpPage: _help_page,
    LimitsReport: limits.plain, PlotTable: plot.csv_lines, **spoken.LINES, **spoken_lab.LINES,
    **statistics.LINES,
    **debug_plain.LINES, **lessons_plain.LINES, **drill.LINES, **exercise.LINES,
})
