"""The debugger's results as lines that make sense one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shell.language.values import show_duration
from shell.reading.escape import printable
from shell.results.breakpoints import BreakpointHit, Stopped
from shell.results.help import FieldList
from shell.results.past import Position
from shell.results.time import EventRow, StepReport
from shell.results.why import Explanation


def steps(result: StepReport) -> list[str]:
    """Tell what each step did, and what comes next."""
    found: list[str] = []
    for one in result.occurrences:
        found.append(f"ev {one.number} at {show_duration(one.time_us)}: {printable(one.what)}")
        found += _events(one.events)
    if not result.occurrences:
        found.append("nothing happened")
    after = f" at {show_duration(result.next_us)}" if result.next_us is not None else ""
    return [*found, *_changes(result.changed), f"next: {result.next}{after}", *_hint(result.note)]


def stopped(result: Stopped) -> list[str]:
    """Tell where time stopped."""
    where = f"ev {result.occurrence} at {show_duration(result.time_us)}: {result.reason}"
    return [where, *_events(result.events), *_changes(result.changes), *_hint(result.hint)]


def position(result: Position) -> list[str]:
    """Tell which moment is shown."""
    where = f"past, ev {result.occurrence} of {result.present}" if result.past else f"present, ev {result.occurrence}"
    return [f"{where}, at {show_duration(result.time_us)}", *_events(result.events), *_changes(result.changes)]


def explanation(result: Explanation) -> list[str]:
    """Tell a chain of decisions, and what it comes to."""
    found = [f"question: {result.question}"]
    for link in result.chain:
        source = f" ({link.source})" if link.source else ""
        found.append(f"{show_duration(link.time_us)}: {printable(link.what)}{_at(link.host, link.what)}{source}")
    found.append(f"answer: {printable(result.answer)}")
    facts = (("knob", result.knob), ("counter", result.counter), ("rfc", result.rfc), ("remedy", result.remedy))
    return found + [f"{name}: {fact}" for name, fact in facts if fact]


def hit(result: BreakpointHit) -> list[str]:
    """Tell at which breakpoint time has stopped."""
    return [f"stopped at breakpoint {result.breakpoint}: {printable(result.at)}"]


def fields(result: FieldList) -> list[str]:
    """Tell the fields that expressions may ask about, one a line."""
    return [
        f"{line.name} ({line.type}): {line.help}{f'; words: {chr(32).join(line.words)}' if line.words else ''}"
        for group in result.groups for line in group.fields
    ]


def _events(events: list[EventRow]) -> list[str]:
    return [f"event: {printable(row.text)}{_at(row.host, row.text)}" for row in events]


def _at(host: str, text: str) -> str:
    """Name a host that is not you, unless the text does."""
    return "" if host in ("you", "user") or f"at {host}" in text or text.startswith(f"{host} ") else f" at {host}"


def _changes(changes: list[str]) -> list[str]:
    return [f"changed: {change}" for change in changes]


def _hint(text: str) -> list[str]:
    return [text] if text else []


LINES: dict[type, Callable[[Any], list[str]]] = {
    StepReport: steps, Stopped: stopped, Position: position, Explanation: explanation, BreakpointHit: hit,
    FieldList: fields,
}
