"""Every page of every lesson fits on a terminal of 80 by 24, and a lesson begins as its author saw it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from shell.lessons import blind, library, recall
from shell.lessons.load import load
from shell.lessons.model import Fault, Lesson, Step
from shell.lessons.pages import ROWS, first_page
from shell.lessons.resolving import resolved
from shell.results.lesson import (
    CheckReport,
    CheckView,
    ChoiceView,
    HintReport,
    LessonNews,
    LessonStep,
    LessonSummary,
    PredictionReport,
    QuestionView,
)
from shell.views import render
from shell.views.trace import drawn
from tests.shell.conftest import Shell

LESSONS = library.files([library.BUILT_IN])
STUCK = "stuck? `lesson hint`"
LONGEST = "it happened, and what follows from it did not; once more"


def rows(page: Any) -> int:
    """Return how many lines something has on a terminal of 80 columns."""
    console = Console(width=80, height=24, file=io.StringIO())
    console.print(render.to_rich(page))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().count("\n")


def pages(lesson: Lesson, fault: Fault | None) -> Iterator[tuple[str, Any]]:
    """Yield what a learner may see on one page, and what to call it."""
    for index, step in enumerate(lesson.steps):
        checks = [CheckView(each.text, False, "") for each in step.checks]
        questions = [QuestionView(each.question, [
            ChoiceView("abcdef"[number], choice.text) for number, choice in enumerate(each.choices)])
            for each in step.predictions]
        asked: list[QuestionView | None] = [*questions] or [None]
        for question in asked:
            whole = _page(lesson, fault, index, step, question, [] if question else checks)
            if index == 0:
                first = _page(lesson, fault, index, step, question, whole.checks)
                first.introduction, first.minutes = lesson.prose, lesson.minutes
                yield f"{step.title}: introduction", first_page(first)
            yield step.title, whole
        yield f"{step.title}: shown again", _page(lesson, fault, index, step, None, checks)
        yield f"{step.title}: check", CheckReport(
            [CheckView(each.text, False, LONGEST) for each in step.checks], STUCK)
        for prediction in step.predictions:
            for choice in prediction.choices:
                yield f"{step.title}: {choice.text}", PredictionReport(False, choice.feedback, None, checks, STUCK)
        wrong = {place: next((number for number, each in enumerate(one.choices) if not each.right), 0)
                 for place, one in enumerate(step.predictions)}
        yield f"{step.title}: over", LessonNews(
            [CheckView(each.text, True, "") for each in step.checks], "", "step 1 of 9 done: `lesson next` goes on", [],
            resolved(step.predictions, wrong, [100, 300, 500, 700, 900, 1100]))
        for prediction in step.predictions:
            yield f"{step.title}: again", LessonSummary(
                lesson.id, lesson.title, 1, 1, 1, 1, 1, 100, list(lesson.terms), 1, 1, 1, 50, [], "what-would-linux-do",
                recall.Recalled("", "Back after a loss: Reno and CUBIC", prediction).view)
        for level, hint in enumerate(step.hints, 1):
            yield f"{step.title}: hint", HintReport(level, len(step.hints), hint)


def _page(
    lesson: Lesson, fault: Fault | None, index: int, step: Step, question: QuestionView | None, checks: list[CheckView],
) -> LessonStep:
    return LessonStep(lesson.id, lesson.title, 0, [], index + 1, len(lesson.steps), step.title,
                      blind.filled(step.prose, lesson, fault), question, checks, STUCK)


@pytest.mark.parametrize("name", LESSONS)
def test_every_page_fits_on_80_by_24(name: str) -> None:
    lesson = load(LESSONS[name])
    tall = {what: rows(page) for fault in lesson.faults or (None,) for what, page in pages(lesson, fault)
            if rows(page) > ROWS}
    assert tall == {}


def test_a_long_introduction_is_a_page_of_its_own(engine_shell: Shell) -> None:
    printed = engine_shell.run("lesson start handshake")
    assert "agree on where to begin counting" in printed
    assert "1/4" not in printed
    assert "Open a connection" in engine_shell.run("lesson next")
    assert "this step is not done" in engine_shell.fail("lesson next")


def test_ones_own_settings_do_not_leak_into_a_lesson_and_come_back(engine_shell: Shell) -> None:
    for line in ("trace on", "trace filter arp", "trace events on", "trace verbose on", "break tcp.flags.syn == 1"):
        engine_shell.run(line)
    session = engine_shell.session
    engine_shell.run("lesson start handshake")
    assert not session.tracing
    assert session.breakpoints is None
    assert (session.tracer.selection, session.tracer.verbose, session.tracer.watcher.every_event) == (
        None, False, False)
    engine_shell.run("tcp connect 192.168.1.1:7")
    assert not session.paused
    engine_shell.run("trace on")
    engine_shell.run("trace filter tcp")
    engine_shell.run("lesson start arp")
    assert not session.tracing, "nor do those of one lesson leak into the next"
    engine_shell.run("lesson quit")
    assert session.tracing
    assert session.tracer.selection is not None
    assert session.tracer.selection.text == "arp"
    assert (session.tracer.verbose, session.tracer.watcher.every_event) == (True, True)
    engine_shell.try_("tcp connect 192.168.1.1:7")
    assert session.paused, "the breakpoint is back"


def test_ticks_are_on_the_bottom_line(engine_shell: Shell) -> None:
    engine_shell.run("lesson start arp")
    player = engine_shell.session.lesson
    assert player is not None
    engine_shell.run("lesson start handshake")
    player = engine_shell.session.lesson
    assert player is not None
    assert player.place == "handshake 1/4 ···"
    engine_shell.try_("link drop next tcp.flags.syn == 1 and tcp.flags.ack == 1")
    engine_shell.try_("tcp connect 192.168.1.1:7 --background")
    engine_shell.run("run 100ms")
    assert player.place == "handshake 1/4 ✓✓·"
    engine_shell.run("run 5s")
    assert player.place == "handshake 1/4 ✓✓✓"


def test_lines_that_differ_in_numbers_alone_are_folded_where_somebody_looks_on(engine_shell: Shell) -> None:
    session = engine_shell.session
    for line in ("lesson start syn-flood", "attack syn-flood"):
        engine_shell.run(line)
    events = session.core.events()
    late = next(event for event in events if event.kind == "tcp.timer" and event.time > 1_190_000)
    tracer = session.tracer
    tracer.serial = late.serial
    portion = tracer.take(session.core.ring, settled=True)
    folded = sum(each.alike for each in portion.lines)
    assert folded > 50
    said = Console(file=io.StringIO(), width=80)
    said.print(drawn(portion, "rich"))
    assert isinstance(said.file, io.StringIO)
    assert "more like it" in said.file.getvalue()
    tracer.serial = late.serial
    everything = tracer.take(session.core.ring, None, settled=True)
    assert not any(each.alike for each in everything.lines)
    assert len(everything.lines) > folded


def test_of_a_page_that_is_fetched_its_beginning_is_shown(engine_shell: Shell) -> None:
    whole = engine_shell.run("http get http://192.168.1.1/")
    engine_shell.run("lesson start no-retransmission")
    short = engine_shell.run("host http get http://192.168.1.2/")
    assert "</html>" in whole
    assert "</html>" not in short
    assert "more lines: `follow`" in short.replace("follow shows", "`follow` shows")


def test_commands_are_marked_where_there_are_no_colours(
    engine_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "Type trace on: from" in engine_shell.run("lesson start tour")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "Type `trace on`: from" in engine_shell.run("lesson show")
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "Type `trace on`: from" in engine_shell.run("lesson show")


def test_plain_lines_have_no_backticks(engine_shell: Shell) -> None:
    for line in ("lesson start tour", "lesson hint", "lesson check", "lesson show", "lesson list", "lesson skip",
                 "lesson skip", "lesson skip", "explain frame"):
        said = engine_shell.run(f"{line} --plain")
        assert "`" not in said
        assert "\u201c" in said
