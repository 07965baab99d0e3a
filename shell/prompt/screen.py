"""What happens on the screen by itself: the trace above the prompt, the bottom line, the keys."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from aether.engine.core import CoreError
from shell.results.breakpoints import BreakpointHit
from shell.results.lesson import LessonNews, LessonSummary

if TYPE_CHECKING:
    from prompt_toolkit.key_binding.key_processor import KeyPressEvent

    from aether.answers import Overview
    from aether.engine.breakpoints import Breakpoint
    from aether.engine.core import CoreStatus
    from shell.prompt.app import AetherShell
    from shell.session import View

TICK = 0.1
"""Seconds between two looks at the ring: ten alerts a second at the most."""
RESPONSIVE, UNDISTURBED = 0.001, 0.005
"""Seconds after which a thread that waits gets its turn: keys are echoed three times as soon with the first,
benchmark mode keeps Python's own."""
SLOW = 5
"""The bottom line asks the core once in so many ticks."""
AT_REST = 10
"""The bottom line is drawn once in so many ticks while nothing but the clock moves: each time costs some 10 ms."""


class Screen:
    """Watches the core from a thread of its own, and keeps the terminal up to date."""

    def __init__(self, app: AetherShell) -> None:
        self.app = app
        self.session = app.session
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="screen", daemon=True)
        self._ticks = 0
        self._bench = False
        self._overview: Overview | None = None
        self._moved: tuple[object, ...] = ()
        self._printing = threading.RLock()
        self._waiting = False
        self.session.terminal.waiting = self._command_waits
        self.session.terminal.announce = self._announce
        self.session.terminal.pane = self._show_pane
        self._bind_keys()
        self._limit_colours()

    def start(self) -> None:
        """Begin to watch."""
        sys.setswitchinterval(RESPONSIVE)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        sys.setswitchinterval(UNDISTURBED)
        self._stop.set()
        self._thread.join(1.0)

    def _watch(self) -> None:
        while not self._stop.wait(TICK):
            self._ticks += 1
            try:
                self._show_trace()
                self._show_stops()
                self._show_lesson()
                self._show_toolbar()
            except CoreError:
                return
            except Exception as problem:
                self.session.tracing = False
                self.app.add_alert(msg=f"the trace is off, by a mistake in Aether: {type(problem).__name__}: {problem}")

    # The trace

    def _show_trace(self, *, settled: bool = False) -> None:
        with self._printing:
            if not self.session.tracing or not (self.app.at_prompt or self._waiting):
                return
            portion = self.session.tracer.take(self.session.core.ring, settled=settled)
            if not portion.lines and not portion.not_shown:
                return
            if self._waiting:
                self.app.show_trace(portion)
            else:
                from shell.views.trace import drawn

                self.app.add_alert(msg=drawn(portion, self.session.output))

    def _show_stops(self) -> None:
        """Say that time has stopped at a breakpoint while nobody waited for anything."""
        if self.app.at_prompt:
            for one in self.session.take_stops():
                loop = self.app.main_session.app.loop
                if one.commands and loop is not None:
                    loop.call_soon_threadsafe(self._above, partial(self._run_commands, one))
                else:
                    self.app.add_alert(
                        msg=f"stopped at breakpoint {one.number}: {one.text}. `why` explains, `run` goes on")

    def _run_commands(self, one: Breakpoint) -> None:
        """Say where time has stopped, and run what was asked for there."""
        self.app.show(BreakpointHit(one.number, one.text), self.session.output)
        for line in one.commands:
            self.app.onecmd_plus_hooks(line, add_to_history=False)

    def _show_lesson(self) -> None:
        """Say what has come true in a lesson."""
        player = self.session.lesson
        if player is None or not (self.app.at_prompt or self._waiting):
            return
        found = player.poll()
        if self.app.at_prompt:
            found, self.app.lesson_later = [*self.app.lesson_later, *found], []
        if not found:
            return
        with self._printing:
            if not (self.app.at_prompt or self._waiting):  # a command has just ended: it says it with its own
                self.app.lesson_later[:0] = found
                return
            self._show_trace(settled=True)
            for news in found:
                if self._waiting:
                    self._show_now(news)
                else:
                    from shell.views import render

                    self.app.add_alert(msg=render.to_rich(news), soft_wrap=False)

    def _show_now(self, news: LessonNews | LessonSummary) -> None:
        """Show what came true while a command waits; what is to be done next shall stand below all that it says."""
        if isinstance(news, LessonNews) and news.done:
            self.app.show(LessonNews(news.done, "", ""), self.session.output)
            news = replace(news, done=[])
        if isinstance(news, LessonSummary) or news.question or news.step:
            self.app.lesson_later.append(news)

    @contextmanager
    def _command_waits(self) -> Iterator[None]:
        """Let the trace go straight to the terminal while a command waits; show the rest at its end."""
        self._waiting = True
        try:
            yield
        finally:
            with self._printing:
                self._waiting = False
                if self.session.tracing:
                    portion = self.session.tracer.take(self.session.core.ring, settled=True)
                    if portion.lines or portion.not_shown:
                        self.app.show_trace(portion)

    def _show_pane(self, view: View) -> None:
        """Give the whole terminal to a view until it is left."""
        from shell.prompt.panes import Pane

        self.app.in_pane = True
        try:
            Pane(self.session, view).run()
        finally:
            self.app.in_pane = False

    def _announce(self, result: Any) -> None:
        """Show above the prompt what came of something in the background."""
        from shell.views import render

        self.app.add_alert(msg=render.to_rich(result), soft_wrap=False)
        if failure := getattr(result, "failure", ""):
            self.app.add_alert(msg=failure)

    # The bottom line

    def _show_toolbar(self) -> None:
        if self._bench and self._ticks % SLOW:
            return  # looking costs time, and there is little to see
        status = self.session.status(fresh=False)
        if self._bench != (status.mode == "bench"):
            self._bench = not self._bench
            sys.setswitchinterval(UNDISTURBED if self._bench else RESPONSIVE)
        if not self._bench and self._ticks % SLOW == 0:
            from aether import queries

            self._overview = self.session.ask(queries.overview)
        selection = self.session.tracer.selection
        line = toolbar(
            self.session.lab.kind, status, self._overview, self.session.tracing, selection.text if selection else "")
        if (shards := self.session.shards) is not None and shards.count > 1:
            line.insert(1, f"{shards.count} workers")
        if (player := self.session.lesson) is not None:
            line.insert(1, player.place)
        if (store := self.session.recordings.store) is not None and self.session.recordings.recorder is not None:
            line.insert(1, f"REC {store.frames:,}")
        moved = (status.occurrence, status.paused, *line[1:-1])  # all but the clock and the shares of a second
        if line != self.app.toolbar and (moved != self._moved or self._ticks % AT_REST == 0):
            self._moved = moved
            self.app.toolbar = line
            self.app.refresh_prompt()
            if self.app.at_prompt and self.app.main_session.app.is_running:
                self.app.main_session.app.invalidate()

    def _limit_colours(self) -> None:
        """Let what the prompt draws use no more colours than the terminal has."""
        from prompt_toolkit.output.color_depth import ColorDepth

        from shell.views import theme

        depths = {"256": ColorDepth.DEPTH_8_BIT, "16": ColorDepth.DEPTH_4_BIT, "none": ColorDepth.MONOCHROME}
        if theme.depth() in depths and not os.environ.get("NO_COLOR"):
            self.app.main_session.color_depth = depths[theme.depth()]

    # Keys

    def _bind_keys(self) -> None:
        from prompt_toolkit.filters import Condition
        from prompt_toolkit.key_binding import KeyBindings

        bindings = self.app.main_session.key_bindings
        if not isinstance(bindings, KeyBindings):
            return
        own = self.session.configuration["keys"] if self.session.configuration is not None else {}
        for key, choose in (
            ("f1", self._help), ("f7", lambda: "back"), ("f8", lambda: "step"),
            ("f2", lambda: "trace off" if self.session.tracing else "trace on"),
            ("f5", lambda: "run" if self.session.paused else "pause"),
        ):
            if key not in own:
                bindings.add(key)(_Runs(self, choose))
        for key, line in own.items():
            if line:
                bindings.add(*key.split(), eager=True)(_Runs(self, lambda line=line: line))  # type: ignore[misc]
        bindings.add("c-c")(self._interrupt)

        @Condition
        def may_step() -> bool:
            from prompt_toolkit.application import get_app

            return not get_app().current_buffer.text and self.session.paused

        bindings.add("enter", filter=may_step)(self._enter)

    def _help(self) -> str:
        """Return the line that explains what is being typed: as much of it as is a command."""
        from shell.language import grammar
        from shell.language.registry import load
        from shell.language.shortened import whole_words

        words = whole_words(self.app.main_session.app.current_buffer.text).split()
        if not words or not load(words[0]):
            return "help"
        found = grammar.longest(words)
        known = len(found.path) if found is not None else 1
        return f"help {' '.join(words[:known])}"

    def run_above(self, choose: Callable[[], str]) -> None:
        """Run a line, chosen when its turn comes, and show its result above the prompt; what is being typed stays."""
        def run() -> None:
            if line := choose():
                self.app.onecmd_plus_hooks(line, add_to_history=False)

        self._above(run)

    def _above(self, show: Callable[[], None]) -> None:
        """Let something print above the prompt, on the thread that shows the prompt."""
        from prompt_toolkit.application import run_in_terminal

        def run() -> None:
            show()
            self.app.at_prompt = True
            self.app.refresh_prompt()

        run_in_terminal(run)

    def _enter(self, event: KeyPressEvent) -> None:
        event.current_buffer.text = "step"
        event.current_buffer.validate_and_handle()

    def _interrupt(self, event: KeyPressEvent) -> None:
        """Ctrl-C cancels the line; with an empty line it pauses."""
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            self.run_above(lambda: "" if self.session.paused else "pause")


class _Runs:
    """A key that runs a line."""

    def __init__(self, screen: Screen, choose: Callable[[], str]) -> None:
        self.screen = screen
        self.choose = choose

    def __call__(self, event: KeyPressEvent) -> None:
        self.screen.run_above(self.choose)


def toolbar(
    kind: str, status: CoreStatus, overview: Overview | None, tracing: bool, selected: str = ""
) -> list[str]:
    """Return the parts of the bottom line: where, when, how much, and what is out of the ordinary."""
    sign = "⏸" if status.paused else "▶"
    if status.mode == "bench":
        parts = [f"{kind} {sign} BENCH", f"{status.frames:,} frames"]
    else:
        parts = [f"{kind} {sign} ev {status.occurrence}  +{status.time / 1_000_000:.3f} s"]
        if overview is not None:
            parts.append(f"{overview.connections} {'conn' if overview.connections == 1 else 'conns'}")
            parts.append(f"drops {overview.drops}")
            parts += [f"lost {overview.lost}"] * bool(overview.lost)
        if tracing:
            parts.append(f"TRACE {selected}".strip())
        if overview is not None:
            parts += overview.turned[:3]
            if len(overview.turned) > 3:
                parts.append(f"+{len(overview.turned) - 3} knobs")
    if status.fault:
        parts.append(f"FAULT {status.fault}")
    spin, yielding, sleep = status.lately or (status.spin, status.yielding, status.sleep)
    parts.append(f"spin {spin:.0%} yield {yielding:.0%} sleep {sleep:.0%}")
    return parts


