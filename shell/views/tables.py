"""Lists, drawn as tables that fit into 80 columns."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from aether.answers import LinkRow
from shell.language.values import show_duration
from shell.reading.escape import printable
from shell.results.arp import ArpTable
from shell.results.dns import DnsCacheReport
from shell.results.ip import FragmentList, RouteTable
from shell.results.knob import KnobList, KnobReport
from shell.results.link import LinkReport
from shell.results.udp import SocketList
from shell.views.registry import draws
from shell.views.theme import style
from shell.views.words_table import WordsTable

SHOWN = 120
"""Characters of a record's data that a table shows."""


def plain_table(*columns: str) -> Table:
    """Return a table without lines; a column whose heading begins with ``#`` or ``>`` is aligned to the right."""
    table = WordsTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style=style("muted"))
    for name in columns:
        right = name.startswith(">")
        table.add_column(name.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    return table


def muted(text: str) -> Text:
    return Text(text, style=style("muted"))


def at_host(host: str) -> str:
    return "" if host == "you" else f" at {host}"


@draws(SocketList)
def sockets(result: SocketList) -> RenderableType:
    """Draw UDP sockets."""
    if not result.sockets:
        return muted(f"no UDP sockets{at_host(result.host)}")
    table = plain_table("local", "remote", "application", ">queued")
    for row in result.sockets:
        table.add_row(row.local, row.remote or "anybody", row.application, f"{row.queued:,}")
    return table


@draws(ArpTable)
def neighbours(result: ArpTable) -> RenderableType:
    """Draw an ARP cache."""
    if not result.neighbours:
        return muted(f"no neighbours known{at_host(result.host)}")
    table = plain_table("address", "hardware address", "state", ">waiting", ">changes in")
    for row in result.neighbours:
        left = "" if row.next_us is None else show_duration(round(row.next_us, -5))
        table.add_row(
            Text(row.address, style("arp")), row.mac or "unknown", row.state, str(row.waiting or ""), left)
    return table


@draws(RouteTable)
def routes(result: RouteTable) -> RenderableType:
    """Draw a routing table, and the path MTUs that are not the link's."""
    if not result.routes:
        return muted(f"no routes{at_host(result.host)}")
    table = plain_table("network", "by way of", "link", ">MTU")
    for row in result.routes:
        table.add_row(row.network, row.gateway or "directly", row.link or "no link", str(row.mtu))
    if not result.paths:
        return table
    known = plain_table("path to", ">MTU", ">believed for")
    for path in result.paths:
        known.add_row(path.destination, str(path.mtu), show_duration(round(path.left_us, -5)))
    return Group(table, Text(""), known)


@draws(FragmentList)
def fragments(result: FragmentList) -> RenderableType:
    """Draw the packets of which fragments are missing."""
    if not result.packets:
        return muted(f"no packet waits for fragments{at_host(result.host)}")
    table = plain_table("from", "to", ">protocol", "id", ">pieces", ">bytes", ">of", ">waits for", "note")
    for row in result.packets:
        table.add_row(
            row.source, row.destination, str(row.protocol), f"0x{row.identification:04x}", str(row.pieces),
            f"{row.received:,}", "?" if row.total is None else f"{row.total:,}",
            show_duration(round(row.left_us, -5)), row.refused)
    return table


@draws(DnsCacheReport)
def dns_cache(result: DnsCacheReport) -> RenderableType:
    """Draw what a resolver remembers."""
    servers = ", ".join(result.servers) or "no name server"
    domain = f"   domain {result.domain}" if result.domain else ""
    head = Text(f"asks {servers}{domain}   hits {result.hits}  misses {result.misses}", style("muted"))
    if not result.entries:
        return Group(head, muted(f"nothing is remembered{at_host(result.host)}"))
    table = plain_table("name", "type", ">believed for", "data")
    for row in result.entries:
        data = printable(", ".join(row.data)) or row.note
        data = f"{data[:SHOWN]}…" if len(data) > SHOWN else data
        table.add_row(printable(row.name), row.type, show_duration(round(row.left_us, -5)), data)
    return Group(head, table)


@draws(LinkReport)
def links(result: LinkReport) -> RenderableType:
    """Draw what links do to frames."""
    table = plain_table("link", "direction", ">takes", "what it does to frames")
    for row in result.links:
        latency = show_duration(row.latency_us) if row.latency_us else ""
        table.add_row(row.link, row.direction, latency, link_settings(row))
    return table


def link_settings(row: LinkRow) -> str:
    """Say what one direction of a link does to frames."""
    words = ["down: lets nothing through" if each == "down on" else each for each in row.settings]
    return ", ".join(words) or "lets them pass unharmed"


@draws(KnobList)
def knobs(result: KnobList) -> RenderableType:
    """Draw a list of knobs; an asterisk marks those that were turned."""
    if not result.knobs:
        return muted(result.title or "no knobs")
    table = plain_table("", "knob", "value", "classic", "what it does")
    for row in result.knobs:
        turned = row.value != row.default
        table.add_row(
            "*" if turned else "", Text(row.name, style("key")), Text(row.value, style("tcp", bold=turned)),
            row.classic if row.classic != row.default else "", row.help)
    note = Text("* differs from the default (profile modern)", style("muted"))
    return Group(*([Text(result.title)] if result.title else []), table, note)


@draws(KnobReport)
def knob(result: KnobReport) -> RenderableType:
    """Draw one knob."""
    row = result.knob
    if result.message:
        return Text(result.message)
    value = " or ".join(row.choices) if row.type in ("switch", "choice") else f"from {' to '.join(row.choices)}"
    text = Text.assemble((row.name, style("key")), " is ", (row.value, style("tcp", bold=True)), at_host(result.host))
    text.append(f"\n  {row.help}" + (f" ({row.rfc})" if row.rfc else ""))
    text.append(f"\n  {value}; {row.default} in profile modern, {row.classic} in profile classic")
    return text


