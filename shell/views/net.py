"""The network layer, drawn: ICMP's counts, multicast groups."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from shell.language.values import show_duration
from shell.results.icmp import IcmpStats
from shell.results.igmp import GroupList
from shell.results.ip import AddressList
from shell.views.registry import draws
from shell.views.tables import at_host, muted, plain_table
from shell.views.theme import style


@draws(IcmpStats)
def icmp_stats(result: IcmpStats) -> RenderableType:
    """Draw which ICMP messages came and went, and what holds errors back."""
    counts = result.counts
    parts: list[RenderableType] = []
    if counts.rows:
        rows = plain_table(">type", ">code", "name", ">received", ">sent")
        for row in counts.rows:
            rows.add_row(
                str(row.type), str(row.code), Text(row.name, style("icmp")), f"{row.received:,}", f"{row.sent:,}")
        parts.append(rows)
    else:
        parts.append(muted(f"no ICMP messages{at_host(result.host)}"))
    if counts.limited:
        parts.append(Text(f"{counts.limited:,} errors not sent: icmp.interval, icmp.rate", style("error")))
    parts += [
        Text(f"{address} may have {left} more errors at once") for address, left in counts.allowances.items()]
    if counts.waiting:
        parts.append(Text(f"echo replies are awaited: identifier {', '.join(map(str, counts.waiting))}"))
    return Group(*parts)


@draws(GroupList)
def groups(result: GroupList) -> RenderableType:
    """Draw the multicast groups that a host is in."""
    hint = [muted(result.hint)] if result.hint else []
    if not result.groups:
        return Group(muted(f"no groups{at_host(result.host)} but 224.0.0.1, which every host is in"), *hint)
    rows = plain_table("group", "link", "state", ">users", ">reports in", "tells when it leaves")
    for row in result.groups:
        when = "" if row.report_us is None else show_duration(row.report_us)
        rows.add_row(
            Text(row.group, style("ipv4")), row.link, row.state, str(row.users), when,
            "yes" if row.last_reporter else "no")
    return Group(rows, *hint)


@draws(AddressList)
def addresses(result: AddressList) -> RenderableType:
    """Draw the addresses of a host."""
    hint = [muted(result.hint)] if result.hint else []
    if not result.addresses:
        return Group(muted(f"no addresses{at_host(result.host)}"), *hint)
    rows = plain_table("address", "link", ">interface", "hardware address", "state", "")
    for row in result.addresses:
        rows.add_row(
            Text(row.address, style("ipv4")), row.link, str(row.interface), row.mac,
            Text(row.state, style("error") if row.state == "conflict" else ""), row.detail)
    return Group(rows, *hint)
