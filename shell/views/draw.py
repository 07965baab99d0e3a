"""Results drawn with rich: which function draws what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import RenderableType

from shell import (
    results,
    results_bench,
    results_capture,
    results_craft,
    results_debug,
    results_lessons,
    results_net,
    results_reading,
    results_scenario,
    results_session,
)
from shell.views import (
    bench,
    capture,
    craft,
    debug,
    frame,
    helping,
    lessons,
    net,
    reading,
    reports,
    scenario,
    sitting,
    tables,
)

DRAW: dict[type, Callable[[Any], RenderableType]] = {
    results.Message: reports.message,
    results.Status: reports.status,
    results.TimeReport: reports.time,
    results.StepReport: reports.steps,
    results.Connected: reports.connected,
    results.Sent: reports.sent,
    results.ConnectionReport: reports.connection,
    results.PingReport: reports.ping,
    results.TraceReport: reports.traceroute,
    results.HttpReport: reports.http,
    results.LeaseReport: reports.lease,
    results.DnsReport: reports.dns,
    results.DnsCacheReport: tables.dns_cache,
    results.ProgramReport: reports.program,
    results.FrameList: frame.listing,
    results.FrameDetail: frame.detail,
    results.ConnectionList: tables.connections,
    results.SocketList: tables.sockets,
    results.ArpTable: tables.neighbours,
    results.RouteTable: tables.routes,
    results.FragmentList: tables.fragments,
    results.LinkReport: tables.links,
    results.KnobList: tables.knobs,
    results.KnobReport: tables.knob,
    results.CounterList: tables.counters,
    results.DropList: tables.drops,
    results_net.AddressList: net.addresses,
    results_net.GroupList: net.groups,
    results_reading.ReadReport: reading.read,
    results_net.IcmpStats: net.icmp_stats,
    results_debug.Position: debug.position,
    results_debug.BreakpointHit: debug.hit,
    results_debug.FieldList: debug.fields,
    results_debug.Stopped: debug.stopped,
    results_debug.Explanation: debug.explanation,
    results_debug.BreakpointList: debug.breakpoints,
    results_debug.TimelineList: debug.timelines,
    results_debug.InputList: debug.inputs,
    results_debug.Comparison: debug.comparison,
    results_lessons.LessonList: lessons.listing,
    results_lessons.LintReport: lessons.lint,
    results_lessons.LessonStep: lessons.step,
    results_lessons.LessonNews: lessons.news,
    results_lessons.CheckReport: lessons.checks,
    results_lessons.PredictionReport: lessons.prediction,
    results_lessons.HintReport: lessons.hint,
    results_lessons.LessonSummary: lessons.summary,
    results_lessons.Solution: lessons.solution,
    results_capture.CaptureSaved: capture.saved,
    results_capture.CaptureLoaded: capture.loaded,
    results_capture.CaptureStatus: capture.status,
    results_craft.Crafted: craft.crafted,
    results_craft.Draft: craft.draft,
    results_craft.DraftList: craft.drafts,
    results_craft.Fuzzed: craft.fuzzed,
    results_scenario.ScenarioList: scenario.listing,
    results_scenario.ScenarioReport: scenario.report,
    results_bench.BenchReport: bench.report,
    results_session.ThemeReport: sitting.themes,
    results_session.ConfigReport: sitting.configuration,
    results_session.Exported: sitting.exported,
    results.HelpIndex: helping.index,
    results.HelpPage: helping.page,
}


def draw(result: Any) -> RenderableType:
    """Return something that rich draws, for any result."""
    return DRAW[type(result)](result)
