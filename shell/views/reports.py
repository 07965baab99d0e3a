"""What commands report: status, steps, connections, pings, pages."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from shell.language.values import amount, show_duration
from shell.reading.escape import printable
from shell.results.dhcp import LeaseReport
from shell.results.dns import DnsReport
from shell.results.host import ProgramReport
from shell.results.http import HttpReport
from shell.results.message import Message
from shell.results.ping import PingAnswers, PingReport
from shell.results.status import Status
from shell.results.tcp import Connected, ConnectionReport, Sent
from shell.results.time import StepReport, TimeReport
from shell.results.traceroute import TraceHops, TraceReport
from shell.views.changes import changed
from shell.views.limits import in_a_line
from shell.views.oneline import Shortener, clock
from shell.views.registry import draws
from shell.views.theme import style

_KIND_STYLES = {"arp": "arp", "ipv4": "ipv4", "icmp": "icmp", "udp": "udp", "tcp": "tcp", "drop": "error"}
USUAL_REORDERING = 3
"""What is no news: so many segments may be overtaken before anything was seen."""


def _hint(hint: str) -> list[Text]:
    return [Text(hint, style("muted"))] if hint else []


@draws(Message)
def message(result: Message) -> RenderableType:
    """Draw a sentence."""
    return Group(Text(printable(result.message, lines=True)), *_hint(result.hint))


@draws(Status)
def status(result: Status) -> RenderableType:
    """Draw what runs, where, and how busily."""
    state = "running" if result.running else "paused"
    you = f"you are {result.address}" if result.address else "you have no address"
    workers = f"  {result.workers} workers" if result.workers > 1 else ""
    lines = [
        Text.assemble((result.lab, "bold"), f" {result.device}  {you}, the host is ",
                      f"{result.host_address}  seed {result.seed}"),
        Text.assemble((f"{state}", "bold"), f"  mode {result.mode}{workers}  speed {result.speed}  "
                      f"ev {result.occurrence}  {clock(result.time_us)} s  {amount(result.frames, 'frame')}"),
        Text(f"{result.waits:<6}  spin {result.spin:.0%}  yield {result.yielding:.0%}  sleep {result.sleep:.0%}  "
             f"events kept {result.events:,}, pushed out {result.lost:,}  trace {'on' if result.tracing else 'off'}"),
    ]
    if result.offload:
        lines.append(Text(f"offload: {result.offload}"))
    if result.memory is not None:
        lines.append(Text(f"memory  {result.memory / 1_000_000:,.0f} MB"))
    for host in result.hosts:
        where = ", ".join(host.addresses) or "no address"
        lines.append(Text.assemble(
            (f"{host.name:<7}", style("key")),
            f"{where}  {host.mac}  connections {host.connections}  drops {host.drops}"))
    if result.lost_frames:
        lines.append(Text(f"the links lost {amount(result.lost_frames, 'frame')}: `drops`", style("error")))
    if result.fault:
        lines.append(Text.assemble(("FAULT ", style("error", bold=True)), result.fault))
    return Group(*lines)


@draws(TimeReport)
def time(result: TimeReport) -> RenderableType:
    """Draw where time stands."""
    state = "running" if result.running else "paused"
    passed = f", {show_duration(result.passed_us)} later" if result.passed_us else ""
    text = Text.assemble((state, "bold"), f" at ev {result.occurrence}, {clock(result.time_us)} s{passed}")
    if not result.running:
        when = f" at {clock(result.next_us)}" if result.next_us is not None else ""
        text.append(f"\nnext: {result.next}{when}", style("muted"))
        if result.note:
            text.append(f"\n{result.note}", style("muted"))
    return text


@draws(StepReport)
def steps(result: StepReport) -> RenderableType:
    """Draw what each step did, and what comes next."""
    parts: list[RenderableType] = []
    shorten = Shortener()
    for one in result.occurrences:
        parts.append(Text.assemble((f"ev {one.number} {clock(one.time_us)}", "bold"), f"  {shorten.all(one.what)}"))
        for event in one.events:
            look = style(_KIND_STYLES.get(event.kind.partition(".")[0], "muted"))
            said = event.host in ("you", "user") or f" at {event.host}" in one.what
            who = "" if said else f" at {event.host}"
            parts.append(Text.assemble("  ", (shorten.all(printable(event.text)), look), (who, style("muted"))))
    if not result.occurrences:
        parts.append(Text("nothing happened: nothing is waiting to happen"))
    tail = Text("", style("muted"))
    parts += changed(result.changed)
    when = f" at {clock(result.next_us)}" if result.next_us is not None else ""
    tail.append(f"next: {result.next}{when}")
    parts.append(tail)
    if result.note:
        parts.append(Text(result.note, style("muted")))
    return Group(*parts)


@draws(Connected)
def connected(result: Connected) -> RenderableType:
    """Draw a connection that was opened."""
    text = Text.assemble((f"#{result.connection} ", style("tcp")), (result.state, style("tcp", bold=True)))
    text.append(f"  {result.remote}")
    if result.error:
        text.append(f"  {result.error}", style("error", bold=True))
    return Group(text, *_hint(result.hint))


@draws(Sent)
def sent(result: Sent) -> RenderableType:
    """Draw that data was sent, and what came back."""
    where = f" on #{result.connection}" if result.connection else ""
    parts: list[RenderableType] = [Text(f"{amount(result.length, 'byte')} sent{where}")]
    if result.answered:
        parts.append(Text(f"{amount(result.answered, 'byte')} came back:", style("muted")))
        parts.append(Text(printable(result.answer, lines=True), style("good")))
    return Group(*parts, *_hint(result.hint))


@draws(ConnectionReport)
def connection(result: ConnectionReport) -> RenderableType:
    """Draw all about one connection."""
    c = result.connection
    tcp = style("tcp", bold=True)
    ends = f"   {c.local} ↔ {c.remote}   open {show_duration(c.age_us)}"
    lines = [
        Text.assemble((f"#{c.number} ", tcp), (c.state, tcp), ends),
        Text(f"send     una {c.snd_una}  nxt {c.snd_nxt}  wnd {c.snd_wnd}  buffered {c.snd_buffered:,}"),
        Text(f"receive  nxt {c.rcv_nxt}  wnd {c.rcv_wnd}  unread {c.rcv_unread:,}  "
             f"beyond a hole {c.rcv_out_of_order:,}"),
    ]
    if c.cwnd is None:
        window = "no congestion control"
    else:
        threshold = "none yet" if c.ssthresh is None else f"{c.ssthresh / c.mss:.3g}×{c.mss}"
        slow = "slow start" if c.ssthresh is None or c.cwnd < c.ssthresh else "congestion avoidance"
        phase = slow if c.phase == "open" else f"{slow}, {c.phase}" if c.phase in ("disorder", "cwr") else c.phase
        window = f"{c.congestion}  cwnd {c.cwnd / c.mss:.3g}×{c.mss}  ssthresh {threshold}  {phase}"
    lines.append(Text(f"{window}  in flight {c.in_flight:,}"))
    measured = "no round trip measured"
    if c.srtt_us:
        measured = f"srtt {show_duration(c.srtt_us)} ± {show_duration(c.rttvar_us)}"
    lines.append(Text(f"{measured}  rto {show_duration(c.rto_us)}  retransmits {c.retransmits}"))
    if c.sacked or c.lost or c.under_way_again or c.reordering > USUAL_REORDERING:
        lines.append(Text(f"segments sacked {c.sacked}  lost {c.lost}  under way again {c.under_way_again}  "
                          f"reordering {c.reordering}"))
    lines.append(Text(f"options  {', '.join(c.options)}"))
    if c.timers:
        lines.append(Text("timers   " + ", ".join(f"{t.name} in {show_duration(t.left_us)}" for t in c.timers)))
    if result.limits is not None and result.limits.life:
        lines.append(Text(f"limits   {in_a_line(result.limits.life)}"))
        if result.limits.last and c.age_us > 1_000_000:
            lines.append(Text(f"         in the last second: {in_a_line(result.limits.last)}"))
    if c.error:
        lines.append(Text(c.error, style("error", bold=True)))
    if result.states:
        path = Text("states   ")
        for index, state in enumerate(result.states):
            last = index == len(result.states) - 1
            path.append(f"[[ {state} ]]" if last else f"{state} → ", tcp if last else "")
        lines.append(path)
    return Group(*lines)


@draws(PingAnswers)
def ping_answers(result: PingAnswers | PingReport) -> RenderableType:
    """Draw what came back."""
    parts: list[RenderableType] = []
    for line in result.replies:
        parts.append(Text.assemble(
            (f"{amount(line.length, 'byte')} from {result.address}: seq {line.sequence}  ttl {line.ttl}  ",
             style("icmp")),
            show_duration(line.rtt_us), ("  duplicate" if line.duplicate else "", style("error"))))
    parts += [Text(printable(error), style("error", bold=True)) for error in result.errors]
    return Group(*parts)


@draws(PingReport)
def ping(result: PingReport) -> RenderableType:
    """Draw the answers to a ping."""
    parts: list[RenderableType] = [ping_answers(result)]
    text = Text(f"{result.sent} sent, {result.received} answered")
    if result.duplicates:
        text.append(f", {amount(result.duplicates, 'duplicate')}")
    if result.failed:
        text.append(f", {amount(result.failed, 'error')}")
    if result.sent and result.outcome == "done":
        text.append(f", {result.lost:.0%} lost")
    parts.append(text.append(f", time {show_duration(result.elapsed_us)}"))
    if result.received:
        times = result.min_us, result.average_us, result.max_us, result.mdev_us
        parts.append(Text(f"round trip min/avg/max/mdev {' / '.join(show_duration(each) for each in times)}"))
    return Group(*parts, *_hint(result.hint))


@draws(TraceHops)
def hops(result: TraceHops | TraceReport) -> RenderableType:
    """Draw hops; an asterisk is a probe that nobody answered."""
    lines: list[RenderableType] = []
    for hop in result.hops:
        line, last = Text(f"{hop.ttl:>2} "), ""
        for probe in hop.probes:
            if probe.rtt_us < 0:
                line.append(f" {probe.mark or '*'}")
                continue
            if probe.address != last:
                line.append(f" {probe.address} ", style("icmp"))
                last = probe.address
            line.append(f" {show_duration(probe.rtt_us)}{' ' + probe.mark if probe.mark else ''}")
        lines.append(line)
    return Group(*lines)


@draws(TraceReport)
def traceroute(result: TraceReport) -> RenderableType:
    """Draw the hops on the way to a host."""
    lines: list[RenderableType] = [hops(result)]
    if result.outcome == "done" and not result.reached:
        lines.append(Text(f"{result.address} was not reached", style("error", bold=True)))
    return Group(*lines, *_hint(result.hint))


@draws(HttpReport)
def http(result: HttpReport) -> RenderableType:
    """Draw a page that was fetched."""
    parts: list[RenderableType] = []
    if result.error:
        parts.append(Text(printable(result.error), style("error", bold=True)))
    if result.status:
        parts.append(Text.assemble((f"{result.status} {printable(result.reason)}", "bold"),
                                   f"  {amount(result.length, 'byte')} in {show_duration(result.took_us)}"))
        parts += [Text(printable(header), style("muted")) for header in result.headers]
        parts += [Text(""), Text(printable(result.body, lines=True).rstrip())]
    return Group(*parts, *_hint(result.hint))


@draws(LeaseReport)
def lease(result: LeaseReport) -> RenderableType:
    """Draw how a host is configured."""
    now = result.lease
    where = f"{now.address}/{now.prefix}" if now.address else "no address"
    source = {"dhcp": f"leased from {now.server}", "static": "static", "none": ""}[now.source]
    lines = [Text.assemble(("DHCP ", ""), (now.state, style("key")), "  ", (where, style("good")), f"  {source}")]
    parts = [f"router {now.router}"] if now.router else []
    parts += [f"DNS {', '.join(now.name_servers)}"] if now.name_servers else []
    parts += [f"domain {printable(now.domain)}"] if now.domain else []
    lines.append(Text("  ".join([*parts, f"MTU {now.mtu}"])))
    if now.expires_us is not None and now.renew_us is not None and now.rebind_us is not None:
        lines.append(Text(
            f"renewed in {show_duration(round(now.renew_us, -5))} (T1), from any server in "
            f"{show_duration(round(now.rebind_us, -5))} (T2), lost in {show_duration(round(now.expires_us, -5))}",
            style("muted")))
    elif now.source == "dhcp":
        lines.append(Text("for ever", style("muted")))
    return Group(*lines, *_hint(result.hint))


@draws(DnsReport)
def dns(result: DnsReport) -> RenderableType:
    """Draw the answer to a question for a name."""
    parts: list[RenderableType] = []
    for line in result.records:
        parts.append(Text.assemble(
            f"{printable(line.name)}  {line.ttl}s  ", (line.type, style("key")), "  ",
            (printable(line.data), style("good"))))
    if result.outcome == "done":
        if not result.records:
            said = f"{result.name} has no {result.type} record" if result.code == "no error" else result.code
            parts.append(Text(said, style("muted")))
        source = f"{result.server} over {result.over.upper()}" if result.server else "the cache"
        parts.append(Text(f"{source}, {show_duration(result.took_us)}", style("muted")))
    return Group(*parts, *_hint(result.hint))


@draws(ProgramReport)
def program(result: ProgramReport) -> RenderableType:
    """Draw what a program printed."""
    parts: list[RenderableType] = [Text(result.output.rstrip())] if result.output else []
    return Group(*parts, *_hint(result.hint))
