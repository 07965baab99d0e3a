"""Results as sentences, for a screen reader: the tables of a host, links, switches, timelines, pictures, files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shell.language.values import amount, show_duration
from shell.reading.escape import printable
from shell.results.arp import ArpTable
from shell.results.attack import AttackList, AttackReport, AttackRow
from shell.results.breakpoints import BreakpointList
from shell.results.capture import CaptureLoaded, CaptureSaved, CaptureStatus
from shell.results.config import ConfigReport, ThemeReport
from shell.results.craft import Draft, DraftList
from shell.results.export import Exported
from shell.results.icmp import IcmpStats
from shell.results.igmp import GroupList
from shell.results.ip import AddressList, FragmentList, RouteTable
from shell.results.knob import KnobList, KnobReport
from shell.results.ladder import LadderReport, Rung
from shell.results.lesson import GradeTable, LessonList, LessonPaths, LessonSummary
from shell.results.link import LinkReport
from shell.results.link_box import LinkBox
from shell.results.plot import PlotReport
from shell.results.scenario import ScenarioList, ScenarioReport
from shell.results.tcp_diagram import DiagramReport
from shell.results.timelines import Comparison, InputList, Side, TimelineList
from shell.results.udp import SocketList
from shell.results.workers import Workers
from shell.views.lessons_plain import spoken
from shell.views.link_box import about, head_of, settings_of
from shell.views.oneline import clock, frame_line
from shell.views.spoken import as_drawn, at, hint, listed
from shell.views.tables import link_settings

DIRECTIONS = {"out": "what you send", "in": "what is sent to you"}
STATES = {"": "not begun", "done": "done", "over": "over, not all by yourself", "started": "begun"}


def neighbours(result: ArpTable) -> list[str]:
    """Say which neighbours are known."""
    return [f"{row.address} is {row.mac or 'not known yet'}{at(result.host)}, {row.state}"
            f"{f', {row.waiting} packets wait for it' if row.waiting else ''}"
            f"{f', looked at again in {show_duration(row.next_us)}' if row.next_us is not None else ''}"
            for row in result.neighbours] or [f"no neighbours known{at(result.host)}"]


def sockets(result: SocketList) -> list[str]:
    """Say who takes datagrams."""
    return [f"{row.application} takes datagrams on {row.local}{f' from {row.remote}' if row.remote else ''}"
            f"{at(result.host)}, {row.queued} are waiting" for row in result.sockets] or [
                f"no sockets{at(result.host)}"]


def addresses(result: AddressList) -> list[str]:
    """Say which addresses a host has."""
    return [f"interface {row.interface}{at(result.host)} on link {row.link} has {row.address}, hardware address "
            f"{row.mac}, {row.state}{f': {row.detail}' if row.detail else ''}" for row in result.addresses] + hint(
                result.hint) or [f"no addresses{at(result.host)}"]


def routes(result: RouteTable) -> list[str]:
    """Say which way packets take."""
    found = [f"packets to {row.network}{at(result.host)} go {f'to {row.gateway} ' if row.gateway else ''}over link "
             f"{row.link}, {row.mtu} bytes at the most" for row in result.routes]
    return found + [f"the path to {row.destination} takes packets of {row.mtu} bytes; that is believed for "
                    f"{show_duration(row.left_us)} more" for row in result.paths] or [f"no routes{at(result.host)}"]


def fragments(result: FragmentList) -> list[str]:
    """Say which packets are in pieces."""
    return [f"of packet {row.identification} from {row.source} to {row.destination}{at(result.host)}, "
            f"{amount(row.pieces, 'piece')} with {amount(row.received, 'byte')} came"
            f"{f' of {row.total:,}' if row.total is not None else ''}; it is given up in {show_duration(row.left_us)}"
            for row in result.packets] or [f"no packets in pieces{at(result.host)}"]


def groups(result: GroupList) -> list[str]:
    """Say which multicast groups a host is in."""
    found = [f"group {row.group}{at(result.host)} on link {row.link}: {row.state}, {amount(row.users, 'user')}"
             f"{f', reports in {show_duration(row.report_us)}' if row.report_us is not None else ''}"
             for row in result.groups]
    return (found or [f"no groups{at(result.host)} but 224.0.0.1, which every host is in"]) + hint(result.hint)


def icmp(result: IcmpStats) -> list[str]:
    """Say which ICMP messages came and went."""
    counts = result.counts
    found = [f"{row.name}{at(result.host)}: {row.received:,} received, {row.sent:,} sent" for row in counts.rows] or [
        f"no ICMP messages{at(result.host)}"]
    found += [f"{counts.limited:,} errors not sent: icmp.interval, icmp.rate"] * bool(counts.limited)
    return found + [
        f"{address} may have {left} more errors at once" for address, left in counts.allowances.items()]


def links(result: LinkReport) -> list[str]:
    """Say what links do to frames."""
    return [f"link {row.link}, {DIRECTIONS[row.direction]}: takes {show_duration(row.latency_us)}, "
            f"{link_settings(row)}" for row in result.links]


def box(result: LinkBox) -> list[str]:
    """Say what a box in the middle of a link remembers."""
    if not result.box:
        return as_drawn(result)
    found = [head_of(result), settings_of(result)]
    found += [f"{row.protocol}: {row.inside} inside is {row.outside} outside, with {row.other}, {row.state}, idle for "
              f"{about(row.idle_us)}, expires in {about(row.expires_us)}" for row in result.sessions]
    return found if result.sessions else [*found, "nothing is mapped"]


def knobs(result: KnobList) -> list[str]:
    """Say how switches stand."""
    title = [result.title] if result.title else []
    return title + [f"{row.name} is {row.value}{at(result.host)}"
                    f"{f', by default {row.default}' if row.value != row.default else ''}: {row.help}"
                    for row in result.knobs]


def knob(result: KnobReport) -> list[str]:
    """Say all about one switch."""
    row = result.knob
    found = [result.message] if result.message else []
    found.append(f"{row.name} is {row.value}{at(result.host)}; by default {row.default}, in profile classic "
                 f"{row.classic}")
    found.append(row.help + (f" ({row.rfc})" if row.rfc else ""))
    between = row.type not in ("switch", "choice") and len(row.choices) == 2
    allowed = " to ".join(row.choices) if between else listed(row.choices, "or")
    return found + [f"it may be {allowed}"] * bool(row.choices)


def breakpoints(result: BreakpointList) -> list[str]:
    """Say where time stops."""
    found = []
    for row in result.breakpoints:
        notes = [word for word, said in (
            ("off", not row.enabled), ("once", row.temporary), (f"passes over {row.ignore} more", row.ignore)) if said]
        runs = f"; it runs {'; '.join(row.commands)}" if row.commands else ""
        found.append(f"breakpoint {row.number} at {printable(row.text)} was hit {amount(row.hits, 'time')}"
                     f"{''.join(f', {note}' for note in notes)}{runs}")
    return found or ["no breakpoints"]


def timelines(result: TimelineList) -> list[str]:
    """Say which timelines there are."""
    return [f"timeline {row.name}{', which is shown,' if row.current else ''} is at ev {row.occurrence}, "
            f"{clock(row.time_us)} s, with {amount(row.inputs, 'input')}; it came from "
            f"{f'{row.parent} at ev {row.forked_at}' if row.parent else 'the beginning'}" for row in result.timelines]


def inputs(result: InputList) -> list[str]:
    """Say what came from outside."""
    return [f"ev {row.occurrence} at {clock(row.time_us)} s: {printable(row.what)}" for row in result.inputs] or [
        f"nothing came into {result.timeline} from outside yet"]


def comparison(result: Comparison) -> list[str]:
    """Say how two runs differ."""
    found = [*_side(result.left), *_side(result.right), *(each.text for each in result.differences), result.verdict]
    for side, frames in ((result.left, result.left_frames), (result.right, result.right_frames)):
        found.append(f"then, {side.name}:" if frames else f"then, {side.name}: nothing")
        found += map(frame_line, frames)
    return found


def _side(side: Side) -> list[str]:
    last = f", the last of them at {clock(side.last_delivery_us)} s" if side.last_delivery_us >= 0 else ""
    drops = listed(f"{number} {reason}" for reason, number in side.drops.items())
    return [
        f"{side.name}: {amount(side.delivered, 'byte')} delivered{last}; {amount(side.frames, 'frame')}, "
        f"{amount(side.sent_bytes, 'byte')} on the links; {amount(side.retransmitted, 'segment')} sent again, "
        f"{amount(side.lost, 'frame')} lost; the largest queue was {amount(side.largest_queue, 'byte')}; "
        f"{drops or 'nothing'} discarded",
        *(f"{side.name}: connection {each}" for each in side.connections)]


def ladder(result: LadderReport) -> list[str]:
    """Say who sent what to whom, and when."""
    names = [one.name or one.address for one in result.stations]
    found = hint(result.what)
    for rung in result.rungs:
        found.append(_rung(rung, names))
    if result.pages > 1:
        found.append(f"page {result.page} of {result.pages}")
    return found


def _rung(rung: Rung, names: list[str]) -> str:
    notes = "".join(f"; {names[note.station]}: {note.text}" for note in rung.notes)
    if not rung.label:
        return f"{clock(rung.time_us)} s{notes.replace(';', ',', 1)}"
    what = f"{clock(rung.time_us)} s, frame {rung.number}, {names[rung.source]} to {names[rung.destination]}: "
    what += printable(rung.label)
    what += f", a copy of frame {rung.copy_of}" if rung.copy_of else ""
    what += f", lost: {rung.lost}" if rung.lost else ""
    what += f", arrives at {clock(rung.arrived_us)} s" if rung.arrived_us is not None else ""
    what += f", altered: {rung.altered}" if rung.altered else ""
    what += f", overtaken by frame {rung.overtaken_by}" if rung.overtaken_by else ""
    what += f", discarded: {rung.dropped}" if rung.dropped else ""
    return what + notes


def plot(result: PlotReport) -> list[str]:
    """Say how the values of a plot went: where each begins and ends, and its least and largest value."""
    found = [f"{result.title}, in {result.unit}; the time is in {result.time_title('s')}"]
    for series in result.series:
        def told(index: int, of: Any = series) -> str:
            return f"{of.values[index]:,.6g} at {(of.times_us[index] - result.origin()) / 1_000_000:.4f} s"

        low = series.values.index(min(series.values))
        high = series.values.index(max(series.values))
        found.append(f"{series.name}: {amount(len(series.values), 'point')}, from {told(0)} to {told(-1)}; "
                     f"the least is {told(low)}, the largest {told(high)}")
    return [*found, *spoken(result.notes), "`--csv` lists every point"]


def scenarios(result: ScenarioList) -> list[str]:
    """Say which scenarios there are."""
    return [f"{row.name}: {row.title}" for row in result.scenarios]


def scenario(result: ScenarioReport) -> list[str]:
    """Say what a scenario does to a link."""
    return [f"{result.name}: {result.title}", result.about,
            f"what you send{f' over {result.link}' if result.link else ''}: {listed(result.out) or 'unharmed'}",
            f"what is sent to you: {listed(result.inward) or 'unharmed'}",
            *[f"a NAT between: {listed(result.nat)}"] * bool(result.nat)]


def attacks(result: AttackList) -> list[str]:
    """Say which attacks there are."""
    return [f"{row.name}: {row.about} What stops it: {row.defence}" for row in result.attacks]


def attack(result: AttackReport) -> list[str]:
    """Say how an attack went."""
    row = result.attack
    went = {True: "it succeeded", False: "it failed", None: "it goes on"}[result.success]
    return [f"{row.name} against {result.victim}: {row.about}",
            f"{went}, after {amount(result.frames, 'frame')} in {show_duration(result.elapsed_us)}",
            *result.findings, f"what stops it: {row.defence}", *hint(result.hint)]


def shown_attack(result: AttackRow) -> list[str]:
    """Say what an attack is."""
    return [f"{result.name}: {result.about}", f"what stops it: {result.defence}",
            *[f"knobs that let it through: {listed(result.knobs)}"] * bool(result.knobs), *hint(result.rfc)]


def draft(result: Draft) -> list[str]:
    """Say what a crafted frame that was not sent has in it."""
    found = [f"{result.name}, {result.row.length} bytes, not sent: {printable(result.text)}"]
    for layer in result.layers:
        found.append(f"{layer.name}: {layer.summary}{f', {layer.problem}' if layer.problem else ''}")
        found += [f"{each.name}: {printable(each.text)}" for each in layer.fields if not each.part]
    return [*found, *result.changes, f"bytes: {result.hex}",
            f"`send {result.name}` puts it on the wire, `inject {result.name}` onto your own stack"]


def diagram(result: DiagramReport) -> list[str]:
    """Say which states there are, how one leads to another, and which way a connection went."""
    found = [f"connection #{result.connection}{at(result.host)} is {result.current}"] if result.connection else []
    for arrow in result.arrows:
        sends = f", sends {arrow.action}" if arrow.action else ""
        taken = f"; taken at {listed(arrow.taken)}" if arrow.taken else ""
        found.append(f"{arrow.old} becomes {arrow.new} by {arrow.cause}{sends} ({arrow.rfc}){taken}")
    return found + [f"its way: {listed(result.path)}"] * bool(result.path)


def grades(result: GradeTable) -> list[str]:
    """Say what the reports of a class say."""
    return [f"{printable(row.learner)} ({printable(row.file)}): {row.finished} of {amount(row.lessons, 'lesson')} "
            f"finished, {row.done} of {amount(row.steps, 'step')} done, {row.played} with the solution shown, "
            f"{row.skipped} skipped, {amount(row.hints, 'hint')}, {amount(row.wrong_answers, 'wrong answer')}, "
            f"{amount(row.minutes, 'minute')}, {row.score} per cent"
            f"{f'; late: {listed(row.late)}' if row.late else ''}{f'; {row.remark}' if row.remark else ''}"
            for row in result.rows]


def themes(result: ThemeReport) -> list[str]:
    """Say which colours there are."""
    return [f"theme {row.name}, {row.help}{', is the one that is used' if row.current else ''}" for row in result.themes
            ] + [f"it was chosen by {result.chosen_by}; the terminal shows {result.colours}"]


def drafts(result: DraftList) -> list[str]:
    """Say which frames were crafted."""
    return [f"{row.name} is {printable(row.text)}{f', {row.length} bytes' if row.length else ''}"
            for row in result.drafts] or ["no drafts. `craft as NAME …` makes one"]


def workers(result: Workers) -> list[str]:
    """Say what each core does."""
    return [f"worker {row.worker}{at(result.host)} has {amount(row.connections, 'connection')} and took "
            f"{amount(row.frames, 'frame')}; {row.busy:.0%} of its time it is busy, {row.spin:.0%} it spins, "
            f"{row.yielding:.0%} it yields, {row.sleep:.0%} it sleeps; it woke up {amount(row.wakes, 'time')}"
            for row in result.rows] + hint(result.hint)


def lessons(result: LessonList) -> list[str]:
    """Say which lessons there are, and how far one is."""
    found = hint(result.course)
    for row in result.lessons:
        done = f", {row.steps_done} of {row.steps} steps" if row.state in ("started", "over") else ""
        until = f", wanted until {row.deadline}{', which is past' if row.late else ''}" if row.deadline else ""
        where = ", in the simulation only" if row.mode == "sim" else ""
        found.append(f"{row.number}: {row.title}, {row.id}, {amount(row.minutes, 'minute')}{where}, "
                     f"{STATES[row.state]}{done}{until}")
    over = sum(row.state == "done" for row in result.lessons)
    return [*found, f"{over} of {amount(len(result.lessons), 'lesson')} done", *spoken(hint(result.hint))]


LINES: dict[type, Callable[[Any], list[str]]] = {
    ArpTable: neighbours, SocketList: sockets, AddressList: addresses, RouteTable: routes, FragmentList: fragments,
    GroupList: groups, IcmpStats: icmp, LinkBox: box, LinkReport: links, KnobList: knobs, KnobReport: knob,
    BreakpointList: breakpoints, TimelineList: timelines, InputList: inputs, Comparison: comparison,
    AttackRow: shown_attack, AttackList: attacks, AttackReport: attack, Draft: draft, DraftList: drafts,
    DiagramReport: diagram, GradeTable: grades, LadderReport: ladder, PlotReport: plot, ScenarioList: scenarios,
    ScenarioReport: scenario, Workers: workers, LessonList: lessons, ThemeReport: themes,
    **dict.fromkeys((
        CaptureStatus, CaptureSaved, CaptureLoaded, ConfigReport, Exported, LessonPaths, LessonSummary), as_drawn),
}
