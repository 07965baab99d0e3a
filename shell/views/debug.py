"""How the debugger's results are drawn."""

from __future__ import annotations

from collections import Counter

from rich.console import Group, RenderableType
from rich.text import Text

from shell.reading.escape import printable
from shell.results.breakpoints import BreakpointHit, BreakpointList, Stopped
from shell.results.help import FieldList
from shell.results.past import Position
from shell.results.time import EventRow
from shell.results.timelines import Comparison, InputList, Side, TimelineList
from shell.results.why import Explanation
from shell.views.changes import changed
from shell.views.oneline import Shortener, clock, frame_line
from shell.views.registry import draws
from shell.views.theme import style
from shell.views.words_table import WordsTable

LONGEST_CHAIN = 30
"""Decisions of an explanation that are shown: the latest, which lead to the answer."""


def _rows(events: list[EventRow]) -> list[Text]:
    shorten = Shortener()
    return [
        Text.assemble("  ", shorten.all(printable(row.text)), (_at(row.host, row.text), style("muted")))
        for row in events
    ]


def _at(host: str, text: str) -> str:
    """Name a host that is not you, unless the text does."""
    return "" if host in ("you", "user") or f"at {host}" in text or text.startswith(f"{host} ") else f"  at {host}"


@draws(Position)
def position(result: Position) -> RenderableType:
    """Draw which moment is shown."""
    at = result.occurrence
    where = f"PAST ev {at} of {result.present}" if result.past else f"the present, ev {at}"
    head = Text.assemble((where, "bold"), f", {clock(result.time_us)} s")
    return Group(head, *_rows(result.events), *changed(result.changes))


@draws(BreakpointHit)
def hit(result: BreakpointHit) -> RenderableType:
    """Draw at which breakpoint time has stopped."""
    return Text(printable(f"stopped at breakpoint {result.breakpoint}: {result.at}"))


@draws(Stopped)
def stopped(result: Stopped) -> RenderableType:
    """Draw where time stopped."""
    head = Text.assemble((f"ev {result.occurrence}", "bold"), f" {clock(result.time_us)}")
    hint = [Text(result.hint, style("muted"))] if result.hint else []
    return Group(head, *_rows(result.events), *changed(result.changes), *hint)


@draws(Explanation)
def explanation(result: Explanation) -> RenderableType:
    """Draw a chain of decisions, and what it comes to."""
    parts: list[RenderableType] = [Text(result.question, "bold")]
    shorten = Shortener()
    left_out = len(result.chain) - LONGEST_CHAIN
    if left_out > 0:
        parts.append(Text(f"  {left_out:,} earlier decisions not listed; --json has them", style("muted")))
    for link in result.chain[max(left_out, 0):]:
        where = _at(link.host, link.what)
        parts.append(Text.assemble(
            (f"  {clock(link.time_us)} ", style("muted")), shorten.all(printable(link.what)), (where, style("muted")),
            (f"  {link.source}" if link.source else "", style("muted"))))
    parts.append(Text.assemble(("→ ", style("key")), (printable(result.answer), "bold")))
    facts = [fact for fact in (f"knob {result.knob}" if result.knob else "", result.counter, result.rfc) if fact]
    if facts:
        parts.append(Text("  " + " · ".join(facts)))
    if result.remedy:
        parts.append(Text("  " + result.remedy, style("muted")))
    return Group(*parts)


@draws(BreakpointList)
def breakpoints(result: BreakpointList) -> RenderableType:
    """Draw the list of breakpoints."""
    if not result.breakpoints:
        return Text("no breakpoints. Such as: break drop", style("muted"))
    table = WordsTable(box=None, pad_edge=False)
    for name in ("", "at", "hits", "", "commands"):
        table.add_column(name, justify="right" if name == "hits" else "left")
    for row in result.breakpoints:
        notes = [word for word, said in (
            ("off", not row.enabled), ("once", row.temporary), (f"ignores {row.ignore}", row.ignore)) if said]
        table.add_row(str(row.number), Text(row.text), str(row.hits), ", ".join(notes), "; ".join(row.commands))
    return table


@draws(TimelineList)
def timelines(result: TimelineList) -> RenderableType:
    """Draw the list of timelines."""
    table = WordsTable(box=None, pad_edge=False)
    for name in ("", "timeline", "at ev", "world time", "inputs", "came from"):
        table.add_column(name)
    for row in result.timelines:
        origin = f"{row.parent} at ev {row.forked_at}" if row.parent else "the beginning"
        table.add_row(
            "*" if row.current else "", row.name, str(row.occurrence), clock(row.time_us), str(row.inputs), origin)
    return table


@draws(InputList)
def inputs(result: InputList) -> RenderableType:
    """Draw what came from outside."""
    lines = [Text(f"{row.occurrence:>6} {clock(row.time_us)}  {printable(row.what)}") for row in result.inputs]
    return Group(*lines) if lines else Text(f"nothing came into {result.timeline} from outside yet", style("muted"))


@draws(Comparison)
def comparison(result: Comparison) -> RenderableType:
    """Draw two runs side by side: figures first, then the frames after they part."""
    table = WordsTable(box=None, pad_edge=False)
    table.add_column("")
    for side in (result.left, result.right):
        table.add_column(Text(side.name, style("key")))
    for name, left, right in zip(_FIGURES, _figures(result.left), _figures(result.right), strict=True):
        table.add_row(name, left, Text(right, style("tcp") if left != right else ""))
    parts: list[RenderableType] = [table]
    parts += [Text(line) for line in _fared_otherwise(result)]
    parts += [Text(f"→ {each.text}", "bold") for each in result.differences]
    parts.append(Text(result.verdict))
    for side, frames in ((result.left, result.left_frames), (result.right, result.right_frames)):
        parts.append(Text(f"then, {side.name}:" if frames else f"then, {side.name}: nothing", style("key")))
        parts += [Text("  " + frame_line(row)) for row in frames]
    return Group(*parts)


_FIGURES = ("frames", "bytes delivered", "the last one at", "bytes on the links", "sent again", "largest queue",
            "lost by the link", "discarded", "connections")


def _figures(side: Side) -> list[str]:
    drops = ", ".join(f"{reason} {number}" for reason, number in side.drops.items()) or "nothing"
    last = clock(side.last_delivery_us) if side.last_delivery_us >= 0 else "never"
    return [f"{side.frames:,}", f"{side.delivered:,}", last, f"{side.sent_bytes:,}", f"{side.retransmitted:,}",
            f"{side.largest_queue:,}", f"{side.lost:,}", drops, _connections(side.connections)]


def _connections(each: list[str]) -> str:
    """Say what became of connections: of each, or of how many where there are many."""
    if len(each) <= FEW_CONNECTIONS:
        return "; ".join(each) or "none"
    counted = Counter(one.partition(" ")[2] for one in each)
    return "; ".join(f"{number:,} {what}" for what, number in counted.items())


def _fared_otherwise(result: Comparison) -> list[str]:
    """Return the connections that became something else, where the table only counts them."""
    sides = result.left.connections, result.right.connections
    if max(map(len, sides)) <= FEW_CONNECTIONS:
        return []
    left, right = (dict(one.split(": ", 1) for one in side) for side in sides)
    found = [f"{name}: {left.get(name, 'not there')}, {right.get(name, 'not there')}"
             for name in left | right if left.get(name) != right.get(name)]
    more = len(found) - FEW_CONNECTIONS
    return found[:FEW_CONNECTIONS] + [f"and {more:,} more connections that became something else"] * (more > 0)


@draws(FieldList)
def fields(result: FieldList) -> RenderableType:
    """Draw the fields that expressions may ask about, with their words where the list is short."""
    few = sum(len(group.fields) for group in result.groups) <= FEW
    table = WordsTable(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for group in result.groups:
        table.add_row(Text(group.title, "bold"), "", "")
        for line in group.fields:
            about = Text(line.help)
            if not line.wireshark:
                about.append("  Aether's own", style("muted"))
            if few and line.words:
                about.append(f"  {' · '.join(line.words)}", style("muted"))
            table.add_row(Text(f"  {line.name}", style("command")), Text(line.type, style("muted")), about)
    more = "docs/filters.md explains the language. `help filters tcp.flags` lists only those that begin so."
    return Group(table, Text(more, style("muted")))


FEW_CONNECTIONS = 6
"""Connections of which each is named; of more only those that differ are."""
FEW = 30
"""Of so many fields, the words that they may be compared with are shown too."""
