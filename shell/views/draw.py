"""Results drawn with rich: which function draws what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import RenderableType

from shell.results.arp import ArpTable
from shell.results.attack import AttackList, AttackReport, AttackRow
from shell.results.bench import BenchReport
from shell.results.breakpoints import BreakpointHit, BreakpointList, Stopped
from shell.results.capture import CaptureLoaded, CaptureSaved, CaptureStatus
from shell.results.config import ConfigReport, ThemeReport
from shell.results.counters import CounterList, DropList
from shell.results.craft import Crafted, Draft, DraftList, Fuzzed
from shell.results.dhcp import LeaseReport
from shell.results.dns import DnsCacheReport, DnsReport
from shell.results.explain import Explanation as TermExplanation
from shell.results.explain import TermList
from shell.results.export import Exported
from shell.results.follow import FollowReport
from shell.results.frames import FrameDetail, FrameList
from shell.results.help import FieldList, HelpIndex, HelpPage
from shell.results.host import ProgramReport
from shell.results.http import HttpReport
from shell.results.icmp import IcmpStats
from shell.results.igmp import GroupList
from shell.results.ip import AddressList, FragmentList, RouteTable
from shell.results.knob import KnobList, KnobReport
from shell.results.ladder import LadderReport
from shell.results.lesson import (
    CheckReport,
    GradeTable,
    HintReport,
    LessonList,
    LessonNews,
    LessonPaths,
    LessonStep,
    LessonSummary,
    LintReport,
    PredictionReport,
    Solution,
)
from shell.results.link import LinkReport
from shell.results.message import Message
from shell.results.past import Position
from shell.results.ping import PingReport
from shell.results.plot import PlotReport
from shell.results.scenario import ScenarioList, ScenarioReport
from shell.results.schema import SchemaReport
from shell.results.status import Status
from shell.results.tcp import Connected, ConnectionList, ConnectionReport, Sent
from shell.results.tcp_diagram import DiagramReport
from shell.results.tcp_reading import ReadReport
from shell.results.time import StepReport, TimeReport
from shell.results.timelines import Comparison, InputList, TimelineList
from shell.results.traceroute import TraceReport
from shell.results.udp import SocketList
from shell.results.why import Explanation
from shell.results.workers import Workers
from shell.views import (
    attack,
    bench,
    capture,
    connections,
    craft,
    debug,
    diagram,
    follow,
    frame,
    helping,
    ladder,
    lessons,
    net,
    plot,
    reading,
    reports,
    scenario,
    sitting,
    tables,
    workers,
)

DRAW: dict[type, Callable[[Any], RenderableType]] = {
    Message: reports.message,
    Status: reports.status,
    TimeReport: reports.time,
    StepReport: reports.steps,
    Connected: reports.connected,
    Sent: reports.sent,
    ConnectionReport: reports.connection,
    PingReport: reports.ping,
    TraceReport: reports.traceroute,
    HttpReport: reports.http,
    LeaseReport: reports.lease,
    DnsReport: reports.dns,
    DnsCacheReport: tables.dns_cache,
    ProgramReport: reports.program,
    FrameList: frame.listing,
    FrameDetail: frame.detail,
    ConnectionList: connections.connections,
    SocketList: tables.sockets,
    ArpTable: tables.neighbours,
    RouteTable: tables.routes,
    FragmentList: tables.fragments,
    LinkReport: tables.links,
    KnobList: tables.knobs,
    KnobReport: tables.knob,
    CounterList: tables.counters,
    DropList: tables.drops,
    AddressList: net.addresses,
    GroupList: net.groups,
    ReadReport: reading.read,
    IcmpStats: net.icmp_stats,
    Position: debug.position,
    BreakpointHit: debug.hit,
    FieldList: debug.fields,
    Stopped: debug.stopped,
    Explanation: debug.explanation,
    BreakpointList: debug.breakpoints,
    TimelineList: debug.timelines,
    InputList: debug.inputs,
    Comparison: debug.comparison,
    LessonList: lessons.listing,
    LintReport: lessons.lint,
    TermExplanation: lessons.explanation,
    TermList: lessons.terms,
    LessonPaths: lessons.paths,
    GradeTable: lessons.Grades,
    LessonStep: lessons.step,
    LessonNews: lessons.news,
    CheckReport: lessons.checks,
    PredictionReport: lessons.prediction,
    HintReport: lessons.hint,
    LessonSummary: lessons.summary,
    Solution: lessons.solution,
    CaptureSaved: capture.saved,
    CaptureLoaded: capture.loaded,
    CaptureStatus: capture.status,
    Crafted: craft.crafted,
    Draft: craft.draft,
    DraftList: craft.drafts,
    Fuzzed: craft.fuzzed,
    PlotReport: plot.plot,
    FollowReport: follow.follow,
    DiagramReport: diagram.diagram,
    LadderReport: ladder.ladder,
    AttackList: attack.listing,
    AttackRow: attack.row,
    AttackReport: attack.report,
    ScenarioList: scenario.listing,
    ScenarioReport: scenario.report,
    BenchReport: bench.report,
    Workers: workers.workers,
    ThemeReport: sitting.themes,
    ConfigReport: sitting.configuration,
    SchemaReport: sitting.schema,
    Exported: sitting.exported,
    HelpIndex: helping.index,
    HelpPage: helping.page,
}


def draw(result: Any) -> RenderableType:
    """Return something that rich draws, for any result."""
    return DRAW[type(result)](result)
