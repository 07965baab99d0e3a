"""Results as sentences, for a screen reader: connections and what they carry, answers of the network, time.

Each line makes sense by itself, and says what a figure is before or after it. What is drawn without tables or
pictures is said as it is drawn (`as_drawn`). The lab itself is in `spoken_lab`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

from shell.language.values import amount, show_duration
from shell.reading.escape import printable
from shell.results.craft import Crafted, Fuzzed
from shell.results.dhcp import LeaseReport
from shell.results.dns import DnsCacheReport, DnsReport
from shell.results.explain import GlossaryEntry, TermList
from shell.results.follow import FollowReport
from shell.results.host import ProgramReport
from shell.results.http import HttpReport
from shell.results.ping import PingAnswers, PingReport
from shell.results.status import Status
from shell.results.tcp import Connected, ConnectionList, ConnectionReport, Sent
from shell.results.tcp_reading import ReadReport
from shell.results.time import TimeReport
from shell.results.traceroute import TraceHop, TraceHops, TraceReport
from shell.views import connections, registry
from shell.views.oneline import clock, frame_line

WIDE = 100_000
"""Columns in which no sentence is broken."""


def as_drawn(result: Any) -> list[str]:
    """Return what is drawn, without looks, a line each."""
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=WIDE, color_system=None, force_terminal=False).print(
        registry.drawn(result), soft_wrap=True, highlight=False)
    return [line.rstrip() for line in out.getvalue().rstrip("\n").split("\n")]


def at(host: str) -> str:
    """Return where something is, if that is not here."""
    return "" if host == "you" else f" at {host}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Return words as a list in a sentence, with `last` before the last of them."""
    found = list(words)
    return f"{', '.join(found[:-1])} {last} {found[-1]}" if len(found) > 1 else "".join(found)


def hint(text: str) -> list[str]:
    """Return a hint as a line, if there is one."""
    return [text] if text else []


def status(result: Status) -> list[str]:
    """Say what runs, where, and how busily."""
    lab = "simulation" if result.lab == "SIM" else result.lab
    you = f"you are {result.address}" if result.address else "you have no address"
    state = "time runs" if result.running else "time stands still"
    found = [
        f"this is the {lab} ({result.device}) with seed {result.seed}; {you}, the host is {result.host_address}",
        f"{state} at {clock(result.time_us)} s, after occurrence {result.occurrence} and "
        f"{amount(result.frames, 'frame')}; the mode is {result.mode}, the speed {result.speed}",
        f"{result.waits}: {result.spin:.0%} of its time it spins, {result.yielding:.0%} it yields, "
        f"{result.sleep:.0%} it sleeps",
        f"{amount(result.events, 'event')} kept, {result.lost:,} pushed out; the trace is "
        f"{'on' if result.tracing else 'off'}",
    ]
    found += [f"{result.workers} workers share the connections"] * (result.workers > 1)
    found += [f"offload: {result.offload}"] * bool(result.offload)
    if result.memory is not None:
        found.append(f"the program holds {result.memory / 1_000_000:,.0f} MB of memory")
    for host in result.hosts:
        who = "you are" if host.name == "you" else f"{host.name} is"
        found.append(f"{who} {listed(host.addresses) or 'without an address'}, hardware address {host.mac}, "
                     f"with {amount(host.connections, 'connection')} and {amount(host.drops, 'drop')}")
    found += [f"the links lost {amount(result.lost_frames, 'frame')}: `drops`"] * bool(result.lost_frames)
    return found + [f"FAULT: {result.fault}"] * bool(result.fault)


def time(result: TimeReport) -> list[str]:
    """Say where time stands."""
    state = "running" if result.running else "paused"
    passed = f", {show_duration(result.passed_us)} later" if result.passed_us else ""
    found = [f"{state} at ev {result.occurrence}, {clock(result.time_us)} s{passed}"]
    if not result.running:
        when = f" at {clock(result.next_us)} s" if result.next_us is not None else ""
        found.append(f"next: {result.next}{when}")
    return found + hint(result.note)


def connected(result: Connected) -> list[str]:
    """Say how a connection is."""
    error = f": {result.error}" if result.error else ""
    return [f"connection #{result.connection} to {result.remote} is {result.state}{error}", *hint(result.hint)]


def sent(result: Sent) -> list[str]:
    """Say that data was sent, and what came back."""
    where = f" on connection #{result.connection}" if result.connection else ""
    found = [f"{amount(result.length, 'byte')} sent{where}"]
    if result.answered:
        found += [f"{amount(result.answered, 'byte')} came back:", printable(result.answer, lines=True)]
    return found + hint(result.hint)


def conns(result: ConnectionList) -> list[str]:
    """Say which connections there are, and who listens."""
    shown, more = connections.chosen(result)
    found = [f"connection #{row.number}{at(result.host)} from {row.local} to {row.remote} is {row.state}: "
             f"{amount(row.sent, 'byte')} sent, {amount(row.received, 'byte')} received, {row.unread:,} unread"
             for row in shown]
    if not shown:
        found += [connections.none(result), *hint(result.hint)]
    found += [more] * bool(more)
    return found + [
        f"{one.application} listens on {one.local}: {one.half_open} of {one.backlog} places half open, "
        f"{amount(one.waiting, 'connection')} waiting" for one in result.listeners]


def connection(result: ConnectionReport) -> list[str]:
    """Say all about one connection."""
    c = result.connection
    found = [
        f"connection #{c.number}{at(c.host)} from {c.local} to {c.remote} is {c.state}, open for "
        f"{show_duration(c.age_us)}",
        f"sending: acknowledged up to {c.snd_una}, sent up to {c.snd_nxt}, the peer's window is {c.snd_wnd} bytes, "
        f"{c.snd_buffered:,} are buffered, {c.in_flight:,} in flight",
        f"receiving: next is {c.rcv_nxt}, our window is {c.rcv_wnd} bytes, {c.rcv_unread:,} are unread, "
        f"{c.rcv_out_of_order:,} wait beyond a hole",
        f"{amount(c.sent, 'byte')} sent in all, {amount(c.received, 'byte')} received",
    ]
    if c.cwnd is None:
        found.append("there is no congestion control")
    else:
        threshold = "no threshold yet" if c.ssthresh is None else f"threshold {c.ssthresh} bytes"
        found.append(f"congestion control {c.congestion}: window {c.cwnd} bytes, segments of {c.mss}, {threshold}, "
                     f"phase {c.phase}")
    measured = f"round trip {show_duration(c.srtt_us)}, give or take {show_duration(c.rttvar_us)}" if c.srtt_us else (
        "no round trip measured")
    found.append(f"{measured}; retransmission time-out {show_duration(c.rto_us)}; "
                 f"{amount(c.retransmits, 'segment')} sent again")
    if c.sacked or c.lost or c.under_way_again:
        found.append(f"{amount(c.sacked, 'segment')} acknowledged selectively, {c.lost} taken for lost, "
                     f"{c.under_way_again} under way again")
    found += [f"options: {listed(c.options)}"] * bool(c.options)
    found += [f"timer {timer.name} fires in {show_duration(timer.left_us)}" for timer in c.timers]
    if result.limits is not None and result.limits.life:
        found += [f"for {share.share:.0%} of its life it was limited by {share.by}" for share in result.limits.life]
    found += [f"it went from {listed(result.states).replace(' and ', ' to ').replace(', ', ' to ')}"] * (
        len(result.states) > 1)
    return found + [f"it ended with an error: {c.error}"] * bool(c.error)


def read(result: ReadReport) -> list[str]:
    """Say what was read."""
    found = [f"{amount(result.length, 'byte')} read from connection #{result.connection}"
             f"{':' if result.length else ''}"]
    found += [printable(result.data, lines=True)] * bool(result.length)
    return [*found, f"{amount(result.left, 'byte')} left to be read"]


def answers(result: PingAnswers | PingReport) -> list[str]:
    """Say what came back to a ping."""
    return [f"request {line.sequence} was answered by {result.address} after {show_duration(line.rtt_us)}: "
            f"{amount(line.length, 'byte')}, time to live {line.ttl}{', once more' if line.duplicate else ''}"
            for line in result.replies] + [printable(error) for error in result.errors]


def ping(result: PingReport) -> list[str]:
    """Say how a ping went."""
    found = [*answers(result)]
    said = f"{amount(result.sent, 'request')} sent, {result.received} answered"
    said += f", {amount(result.duplicates, 'duplicate')}" if result.duplicates else ""
    said += f", {amount(result.failed, 'error')}" if result.failed else ""
    said += f", {result.lost:.0%} lost" if result.sent and result.outcome == "done" else ""
    found.append(f"{said}, in {show_duration(result.elapsed_us)}")
    if result.received:
        found.append(f"round trips took {show_duration(result.min_us)} at the least, "
                     f"{show_duration(result.average_us)} on average, {show_duration(result.max_us)} at the most")
    return found + hint(result.hint)


def hops(result: TraceHops) -> list[str]:
    """Say which routers answered."""
    return [_hop(each) for each in result.hops]


def _hop(hop: TraceHop) -> str:
    parts: list[str] = []
    for probe in hop.probes:
        if probe.rtt_us < 0:
            parts.append(f"nobody answers{' ' + probe.mark if probe.mark else ''}")
        else:
            parts.append(f"{probe.address} after {show_duration(probe.rtt_us)}{' ' + probe.mark if probe.mark else ''}")
    return f"hop {hop.ttl}: {listed(parts)}"


def trace(result: TraceReport) -> list[str]:
    """Say which way leads to a host."""
    found = [_hop(each) for each in result.hops]
    if result.outcome == "done":
        found.append(f"{result.address} was {'reached' if result.reached else 'not reached'}")
    return found + hint(result.hint)


def page(result: HttpReport) -> list[str]:
    """Say what was fetched."""
    found = [f"{result.url}: {result.error}"] if result.error else []
    found += [f"redirected to {each}" for each in result.redirects]
    if result.status:
        found.append(f"the answer is {result.status} {printable(result.reason)}, {amount(result.length, 'byte')} in "
                     f"{show_duration(result.took_us)}")
        found += [printable(header) for header in result.headers]
        found += ["the page:", printable(result.body, lines=True).rstrip()] if result.body else []
    return found + hint(result.hint)


def names(result: DnsReport) -> list[str]:
    """Say what a name server answered."""
    found = [f"{printable(each.name)} has the {each.type} record {printable(each.data)}, to be believed for "
             f"{amount(each.ttl, 'second')}" for each in result.records]
    if result.outcome == "done":
        if not result.records:
            found.append(f"{printable(result.name)} has no {result.type} record: {result.code}")
        by = f"{result.server} answered over {result.over}" if result.server else "the cache answered"
        found.append(f"{by} in {show_duration(result.took_us)}")
    return found + hint(result.hint)


def cache(result: DnsCacheReport) -> list[str]:
    """Say which names are remembered."""
    domain = f", and completes names with {result.domain}" if result.domain else ""
    found = [f"the resolver{at(result.host)} asks {listed(result.servers) or 'nobody'}{domain}; of what it was asked "
             f"it knew {result.hits}, and did not know {result.misses}"]
    for row in result.entries:
        data = printable(listed(row.data)) or row.note
        found.append(f"{printable(row.name)} {row.type}: {data}, to be believed for {show_duration(row.left_us)} more")
    return found if result.entries else [*found, "nothing is remembered"]


def lease(result: LeaseReport) -> list[str]:
    """Say which address was leased."""
    one = result.lease
    found = [f"the state{at(result.host)} is {one.state}"]
    if one.address:
        server = f" from {one.server}" if one.server else ""
        found[0] += f": {one.address}/{one.prefix}, by {one.source}{server}"
    found += [f"the router is {one.router}"] * bool(one.router)
    found += [f"name servers: {listed(one.name_servers)}"] * bool(one.name_servers)
    found += [f"the domain is {printable(one.domain)}"] * bool(one.domain)
    found += [f"{what} in {show_duration(left)}" for what, left in (
        ("it is renewed", one.renew_us), ("asked for anywhere", one.rebind_us), ("it ends", one.expires_us),
    ) if left is not None]
    return found + hint(result.hint)


def crafted(result: Crafted) -> list[str]:
    """Say what crafted frames led to."""
    verb = "injected" if result.inward else "sent"
    found = [f"{amount(result.count, 'frame')} {verb}, from {result.frame} on"] if result.count > 1 else []
    found += [frame_line(row) for row in result.answers]
    if not result.answers:
        found.append(f"frame {result.frame} {verb}: {printable(result.sent)}")
    return found + result.explanation


def fuzzed(result: Fuzzed) -> list[str]:
    """Say what came of random frames."""
    found = [f"{amount(result.count, 'frame')} made of {printable(result.name)} with seed {result.seed} were sent, "
             f"numbers {result.first} to {result.last}"]
    found += [f"{number} answered by {what}" for what, number in result.answers.items()]
    found += [f"{number} discarded: {reason}" for reason, number in result.drops.items()]
    return found if len(found) > 1 else [*found, "nothing came back, and nothing was discarded"]


def stream(result: FollowReport) -> list[str]:
    """Say what was said on a connection: who, when, and what."""
    found = [f"connection {result.what}: {amount(result.out, 'byte')} from you, {amount(result.inward, 'byte')} to you"]
    for piece in result.pieces:
        data = bytes.fromhex(piece.data)
        text = piece.data if result.hexadecimal else printable(data.decode("utf-8", "backslashreplace"), lines=True)
        frames = f"frame{'s' if len(piece.frames) != 1 else ''} {listed(map(str, piece.frames))}"
        who = "you say" if piece.direction == "out" else "you hear"
        found += [f"at {clock(piece.time_us)} s {who} {amount(len(data), 'byte')}, in {frames}:", text.rstrip("\n")]
    found += [f"{amount(result.missing, 'byte')} missing"] * bool(result.missing)
    return found + [f"{amount(result.left_out, 'byte')} left out"] * bool(result.left_out)


LINES: dict[type, Callable[[Any], list[str]]] = {
    Status: status, TimeReport: time, Connected: connected, Sent: sent, ConnectionList: conns,
    ConnectionReport: connection, ReadReport: read, PingAnswers: answers, PingReport: ping, TraceHops: hops,
    TraceReport: trace, HttpReport: page, DnsReport: names, DnsCacheReport: cache, LeaseReport: lease,
    Crafted: crafted, Fuzzed: fuzzed, FollowReport: stream, ProgramReport: as_drawn, GlossaryEntry: as_drawn,
    TermList: lambda result: list(result.terms),
}
