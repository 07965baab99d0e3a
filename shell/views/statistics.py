"""What all frames together come to, as tables, a tree and pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from shell.language.values import amount, show_duration
from shell.reading.escape import printable
from shell.results.plot import PlotReport, Series
from shell.results.statistics import ConversationTable, EndpointTable, ExpertReport, IoReport, ProtocolTree
from shell.views.oneline import clock
from shell.views.plot import plot as drawn
from shell.views.registry import draws
from shell.views.tables import muted, plain_table
from shell.views.theme import style

COLOURS = {"error": "error", "warning": "tcp", "note": "key", "chat": "muted"}


@draws(ConversationTable)
def conversations(result: ConversationTable) -> RenderableType:
    """Draw who talked to whom."""
    if result.nothing:
        return muted(result.nothing)
    table = plain_table("from", "to", ">→", ">bytes", ">←", ">bytes", ">since", ">for")
    for row in result.conversations:
        table.add_row(row.left, row.right, f"{row.frames_right:,}", f"{row.bytes_right:,}", f"{row.frames_left:,}",
                      f"{row.bytes_left:,}", clock(row.start_us), show_duration(row.duration_us))
    return table


@draws(EndpointTable)
def endpoints(result: EndpointTable) -> RenderableType:
    """Draw who talked."""
    if result.nothing:
        return muted(result.nothing)
    table = plain_table("end", ">frames", ">bytes", ">sent", ">bytes", ">received", ">bytes")
    for row in result.endpoints:
        table.add_row(row.address, *(f"{number:,}" for number in (
            row.frames, row.bytes, row.frames_sent, row.bytes_sent, row.frames_received, row.bytes_received)))
    return table


@draws(ProtocolTree)
def protocols(result: ProtocolTree) -> RenderableType:
    """Draw which protocols are in which."""
    if result.nothing:
        return muted(result.nothing)
    table = plain_table("protocol", ">frames", ">share", ">bytes")
    for row in result.protocols:
        table.add_row(f"{'  ' * (len(row.path) - 1)}{row.path[-1]}", f"{row.frames:,}",
                      f"{row.frames / result.frames:.1%}", f"{row.bytes:,}")
    return table


@draws(ExpertReport)
def expert(result: ExpertReport) -> RenderableType:
    """Draw what is odd."""
    if result.nothing:
        return muted(result.nothing)
    table = plain_table("", ">frames", "protocol", "what", "first", "expression")
    for row in result.rows:
        table.add_row(Text(row.severity, style(COLOURS[row.severity])), f"{row.count:,}", row.protocol,
                      printable(row.summary), ", ".join(map(str, row.frames[:3])) + (" …" if row.count > 3 else ""),
                      Text(row.field, style("muted")))
    return table


@draws(IoReport)
def io(result: IoReport) -> RenderableType:
    """Draw how much went over the wire, over time."""
    if result.nothing:
        return muted(result.nothing)
    each = f"each {show_duration(result.interval_us)}"
    times = [row.start_us for row in result.rows]
    times.append(times[-1] + result.interval_us)
    parts: list[RenderableType] = []
    for name in ("frames", "bytes"):
        values = [getattr(row, name) for row in result.rows]
        series = Series(name, times, [float(value) for value in (*values, values[-1])], "steps")
        parts.append(drawn(PlotReport("io", 0, "you", "over the wire", f"{name} {each}", [series])))
    return Group(*parts, muted(_in_all(result)))


def _in_all(result: IoReport) -> str:
    which = f" that match {result.expression}" if result.expression else ""
    return f"{amount(result.frames, 'frame')}{which}, {amount(result.bytes, 'byte')}"


def _said_conversations(result: ConversationTable) -> list[str]:
    return [result.nothing] if result.nothing else [
        f"{row.left} and {row.right}: {amount(row.frames_right, 'frame')} of {amount(row.bytes_right, 'byte')} there, "
        f"{amount(row.frames_left, 'frame')} of {amount(row.bytes_left, 'byte')} back, from {clock(row.start_us)} s on "
        f"for {show_duration(row.duration_us)}" for row in result.conversations]


def _said_endpoints(result: EndpointTable) -> list[str]:
    return [result.nothing] if result.nothing else [
        f"{row.address} sent {amount(row.frames_sent, 'frame')} of {amount(row.bytes_sent, 'byte')} and received "
        f"{amount(row.frames_received, 'frame')} of {amount(row.bytes_received, 'byte')}" for row in result.endpoints]


def _said_protocols(result: ProtocolTree) -> list[str]:
    return [result.nothing] if result.nothing else [
        f"{row.path[-1]}{f' in {row.path[-2]}' if len(row.path) > 1 else ''}: {amount(row.frames, 'frame')} of "
        f"{amount(row.bytes, 'byte')}" for row in result.protocols]


def _said_expert(result: ExpertReport) -> list[str]:
    return [result.nothing] if result.nothing else [
        f"{row.severity}, {row.protocol}: {printable(row.summary)}, {amount(row.count, 'frame')}, the first is frame "
        f"{row.frames[0]}" for row in result.rows]


def _said_io(result: IoReport) -> list[str]:
    if result.nothing:
        return [result.nothing]
    return [*(f"from {clock(row.start_us)} s on {amount(row.frames, 'frame')} of {amount(row.bytes, 'byte')}"
              for row in result.rows), _in_all(result)]


LINES: dict[type, Callable[[Any], list[str]]] = {
    ConversationTable: _said_conversations, EndpointTable: _said_endpoints, ProtocolTree: _said_protocols,
    ExpertReport: _said_expert, IoReport: _said_io}
"""The same as sentences, for a screen reader."""
