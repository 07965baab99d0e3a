"""Packet scripts: how they went, drawn and as plain lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from shell.language.values import amount, amount_is
from shell.reading.escape import printable
from shell.results.drill import (
    DrillComparison,
    DrillDraft,
    DrillField,
    DrillLine,
    DrillReport,
    DrillResult,
    DrillStep,
    DrillText,
)
from shell.views.registry import draws
from shell.views.theme import style

WORDS = {"ok": "ok", "failed": "FAILED", "error": "ERROR", "differs": "differs"}
LOOKS = {"ok": "good", "failed": "error", "error": "error", "differs": "muted", "waits": "muted"}


def clock(time_us: int) -> str:
    """Return a time of a script."""
    return f"+{time_us / 1e6:.6f} s"


@draws(DrillReport)
def report(result: DrillReport) -> RenderableType:
    """Draw one line a script, and what went wrong below it."""
    parts: list[RenderableType] = []
    for each in result.scripts:
        parts += _script(each)
    parts.append(Text(summary(result), style("error" if result.failed else "good")))
    if result.as_usual >= 0:
        parts.append(Text(f"with all knobs as usual it {'goes' if result.as_usual else 'does not go'} as written"))
    if result.hint:
        parts.append(Text(result.hint, style("muted")))
    return Group(*parts)


def summary(result: DrillReport) -> str:
    """Return how many went as they are written."""
    total = result.passed + result.failed
    where = f"Linux {result.kernel}" if result.against == "kernel" else "Aether"
    known = sum(each.verdict == "differs" for each in result.scripts)
    differ = f", {known} differ as they say" if known else ""
    words = f"{total} script{'' if total == 1 else 's'} against {where}: "
    words += f"{result.passed} as written{differ}, {result.failed} not" if result.failed else f"all as written{differ}"
    return f"{words}. {result.took_us / 1e6:.2f} s"


def _script(each: DrillResult) -> list[RenderableType]:
    head = Text.assemble((f"{WORDS[each.verdict]:<8}", style(LOOKS[each.verdict], bold=True)), printable(each.file))
    if each.verdict == "ok":
        said = f"  {amount(each.lines, 'line')}, {each.played_us / 1e6:.3f} s in {each.took_us / 1000:.1f} ms"
        head.append(said, style("muted"))
        return [head]
    if each.verdict == "error":
        head.append(each.place)
        return [head, Padding(Text(printable(each.problem)), (0, 0, 0, 8))]
    head.append(f":{each.line}")
    if each.verdict == "differs":
        return [head, Padding(Text(printable(each.known), style("muted")), (0, 0, 0, 8))]
    return [head, Padding(_failure(each.text, each.problem, each.time_us, each.frame, each.fields), (0, 0, 0, 8))]


def _failure(line: str, problem: str, time_us: int, frame: int, fields: list[DrillField]) -> RenderableType:
    when = f"at {clock(time_us)}" + (f", frame {frame}" if frame else "") if time_us >= 0 else ""
    parts: list[RenderableType] = [
        Text(printable(line), style("key")), Text(f"{printable(problem)}{f' ({when})' if when else ''}")]
    if fields:
        grid = Table.grid(padding=(0, 2))
        grid.add_row("", *(Text(word, style("muted")) for word in ("", "expected", "got")))
        for each in fields:
            look = style("error", bold=True) if each.differs else style("muted")
            grid.add_row(
                Text("*" if each.differs else " ", look), Text(each.name, look), Text(printable(each.expected)),
                Text(printable(each.got), look))
        parts.append(grid)
    return Group(*parts)


@draws(DrillStep)
def step(result: DrillStep) -> RenderableType:
    """Draw the script with a mark at each line that was played."""
    grid = Table.grid(padding=(0, 1))
    failed: list[RenderableType] = []
    for each in result.lines:
        mark = {"ok": "✓", "failed": "✗", "waits": "…"}.get(each.verdict, "▶" if each.line == result.next else " ")
        look = style(LOOKS.get(each.verdict, "key" if each.line == result.next else "muted"))
        when = clock(each.time_us).removesuffix(" s") if each.time_us >= 0 else ""
        frame = f"frame {each.frame}" if each.frame else ""
        grid.add_row(
            Text(mark, look), Text(str(each.line), style("muted")), Text(when, style("muted")),
            Text(printable(each.text), look), Text(frame, style("muted")))
        if each.verdict == "failed":
            failed.append(Padding(
                _failure(each.text, each.problem, each.time_us, each.frame, each.fields), (0, 0, 0, 2)))
    where = f"{printable(result.file)}: {result.verdict}, ev {result.occurrence} {clock(result.time_us)}"
    parts: list[RenderableType] = [Text(where, style("key", bold=True)), grid, *failed]
    if result.hint:
        parts.append(Text(result.hint, style("muted")))
    return Group(*parts)


def _differing(number: int) -> str:
    return f"{amount(number, 'line')} differ{'s' if number == 1 else ''}"


@draws(DrillComparison)
def comparison(result: DrillComparison) -> RenderableType:
    """Draw the script, and both sides below each line on which they differ."""
    grid = Table.grid(padding=(0, 1))
    for each in result.lines:
        look = style("error", bold=True) if each.differs else style("muted")
        grid.add_row(Text("*" if each.differs else " ", look), Text(str(each.line), style("muted"), justify="right"),
                     Text(printable(each.text), look))
        if each.differs:
            for name, came in (("Aether", each.aether), ("Linux", each.kernel)):
                grid.add_row("", "", Text.assemble((f"{name:<8}", style("muted")), printable(came)))
    said = _differing(result.differences) if result.differences else "both agree"
    notes = [Text(note, style("muted")) for note in _notes(result)]
    title = f"{printable(result.file)}: Aether, and {_linux(result)}"
    return Group(Text(title, style("key", bold=True)), grid, Text(said), *notes)


def _linux(result: DrillComparison) -> str:
    return f"Linux {result.kernel}{', as recorded' if result.recorded else ''}"


def _notes(result: DrillComparison) -> list[str]:
    known = [f"known: {printable(result.known)}"] if result.known else []
    return [*known, *([f"recorded: {printable(result.recorded)}"] if result.recorded else [])]


@draws(DrillDraft)
def draft(result: DrillDraft) -> RenderableType:
    """Draw the lines with their numbers, those that were there from the beginning in the background."""
    if result.file:
        return Text(draft_plain(result)[0])
    grid = Table.grid(padding=(0, 1))
    for number, line in list(enumerate(result.lines, 1))[result.shown_from:]:
        look = style("muted" if number <= result.opening else "key")
        grid.add_row(Text(str(number), style("muted"), justify="right"), Text(printable(line), look))
    return Group(grid, *([Text(result.hint, style("muted"))] if result.hint else []))


def draft_plain(result: DrillDraft) -> list[str]:
    """Return the lines as they are."""
    if result.file:
        return [f"{amount_is(len(result.lines), 'line')} in {result.file}: drill run {result.file}"]
    return [f"{number}: {printable(line)}" for number, line in enumerate(result.lines, 1)][result.shown_from:]


@draws(DrillText)
def text(result: DrillText) -> RenderableType:
    """Print a script as it is."""
    if result.file:
        return Text(f"{amount_is(result.lines, 'line')} in {result.file}: drill run {result.file}")
    return Text(result.text.rstrip("\n"), no_wrap=True, overflow="ignore")


def text_plain(result: DrillText) -> list[str]:
    """Return a script as it is."""
    if result.file:
        return [f"{amount_is(result.lines, 'line')} in {result.file}: drill run {result.file}"]
    return result.text.splitlines()


def report_plain(result: DrillReport) -> list[str]:
    """Return one line a script, and each field that was wrong on one of its own."""
    found = []
    for each in result.scripts:
        place = each.place or (f":{each.line}" if each.line else "")
        found.append(f"{WORDS[each.verdict]}: {printable(each.file)}{place}")
        if each.verdict in ("failed", "error"):
            found += _problem_plain(each.text, each.problem, each.time_us, each.frame, each.fields)
        elif each.verdict == "differs":
            found.append(f"  {printable(each.known)}")
    return [*found, summary(result), *([result.hint] if result.hint else [])]


def _problem_plain(line: str, problem: str, time_us: int, frame: int, fields: list[DrillField]) -> list[str]:
    found = [f"  line: {printable(line)}"] if line else []
    when = f" at {clock(time_us)}" if time_us >= 0 else ""
    found.append(f"  {printable(problem)}{when}{f', frame {frame}' if frame else ''}")
    for each in fields:
        what = "differs" if each.differs else "as expected"
        found.append(f"  {each.name} {what}: expected {printable(each.expected)}, got {printable(each.got)}")
    return found


def step_plain(result: DrillStep) -> list[str]:
    """Return one line for each of the script's."""
    found = [f"{printable(result.file)}: {result.verdict}, ev {result.occurrence} {clock(result.time_us)}"]
    for each in result.lines:
        word = each.verdict or ("next" if each.line == result.next else "later")
        frame = f", frame {each.frame}" if each.frame else ""
        found.append(f"{word} {each.line}: {printable(each.text)}{frame}")
        if each.verdict == "failed":
            found += _problem_plain("", each.problem, each.time_us, each.frame, each.fields)
    return [*found, *([result.hint] if result.hint else [])]


def comparison_plain(result: DrillComparison) -> list[str]:
    """Return both sides of each line."""
    found = [f"{printable(result.file)}: {_differing(result.differences)} from {_linux(result)}"]
    for each in result.lines:
        said = f"differs ({', '.join(each.differs)})" if each.differs else "same"
        found.append(f"{said} {each.line}: Aether {printable(each.aether)}; Linux {printable(each.kernel)}")
    return [*found, *_notes(result)]


def around(lines: list[DrillLine], at: int, most: int) -> list[DrillLine]:
    """Return the lines around an index, so many at the most."""
    first = max(min(at - most // 2, len(lines) - most), 0)
    return lines[first:first + most]


LINES: dict[type, Callable[[Any], list[str]]] = {
    DrillReport: report_plain, DrillStep: step_plain, DrillComparison: comparison_plain, DrillText: text_plain,
    DrillDraft: draft_plain,
}
"""How each result is written as plain lines."""
