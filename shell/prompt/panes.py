"""Full-screen panes: one view, looked at again ten times a second, with keys for time.

A pane takes the whole terminal and gives it back as it was. What it shows is the result of an ordinary command.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aether.engine.core import CoreError
from aether.operations.base import OperationError
from aether.queries import QueryError
from shell.language.grammar import CommandError

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from prompt_toolkit.key_binding import KeyBindings
    from rich.text import Text

    from shell.session import Session, View

TICK = 0.1
"""Seconds from one look to the next, at the least."""
SHARE = 4
"""A look that takes long is followed by a pause of so many times its length: the stack has the rest."""
KEYS = "q quit  space run/pause  s step  b back  l live  ↑↓ PgUp PgDn Home End scroll"
SHORT_KEYS = "q quit  space run  s step  b back  l live  ↑↓"
PROBLEMS = (CommandError, OperationError, QueryError, CoreError)


class Pane:
    """Shows a view until somebody has seen enough."""

    def __init__(self, session: Session, view: View, size: Callable[[], tuple[int, int]] | None = None) -> None:
        self.session = session
        self.view = view
        self.size = size or self._terminal
        """Returns columns and rows, those of the head and the foot among them."""
        self.top = 0
        self.at_end = view.from_the_end
        self.said = ""
        """What went wrong with the latest key or look; empty if nothing did."""
        self._lines: list[str] = []
        self._size = (0, 0)
        self._next_look = 0.0

    def run(self) -> None:
        """Show it; return when it is left."""
        from prompt_toolkit.application import Application
        from prompt_toolkit.layout import HSplit, Layout, Window
        from prompt_toolkit.layout.controls import FormattedTextControl

        body = Window(FormattedTextControl(self._body), wrap_lines=False, always_hide_cursor=True)
        application: Application[None] = Application(
            layout=Layout(HSplit([
                Window(FormattedTextControl(self._head), height=1, style="reverse"), body,
                Window(FormattedTextControl(self._foot), height=1, style="reverse")])),
            key_bindings=self._bindings(), full_screen=True, refresh_interval=TICK, mouse_support=False,
            erase_when_done=True)
        application.ttimeoutlen = application.timeoutlen = 0.05  # Escape leaves at once
        self.application = application
        application.run()

    def _bindings(self) -> KeyBindings:
        from prompt_toolkit.key_binding import KeyBindings

        bindings = KeyBindings()
        for key in ("q", "escape", "c-c", "c-d"):
            bindings.add(key, eager=True)(lambda event: event.app.exit())
        for key, act in ((" ", self._toggle), ("s", self._step), ("b", self._back), ("l", self._live)):
            bindings.add(key)(self._acting(act))
        for key, lines in (("up", -1), ("down", 1)):
            bindings.add(key)(self._scrolling(lambda lines=lines: lines))  # type: ignore[misc]
        bindings.add("pageup")(self._scrolling(lambda: -max(self._room() - 1, 1)))
        bindings.add("pagedown")(self._scrolling(lambda: max(self._room() - 1, 1)))
        bindings.add("home")(self._scrolling(lambda: -len(self._lines)))
        bindings.add("end")(self._scrolling(lambda: len(self._lines)))
        return bindings

    def _acting(self, act: Callable[[], None]) -> Callable[[Any], None]:
        def pressed(event: Any) -> None:
            self.said = ""
            try:
                act()
            except PROBLEMS as problem:
                self.said = str(problem)
            self._next_look = 0.0

        return pressed

    def _scrolling(self, lines: Callable[[], int]) -> Callable[[Any], None]:
        def pressed(event: Any) -> None:
            last = max(len(self._lines) - self._room(), 0)
            self.top = min(max(self.top + lines(), 0), last)
            self.at_end = self.view.from_the_end and self.top == last

        return pressed

    def _toggle(self) -> None:
        if self.session.paused:
            self.session.core.run()
        else:
            self.session.core.pause()

    def _step(self) -> None:
        self.session.need_trace("stepping")
        if not self.session.core.step(1):
            self.said = "nothing is waiting to happen"
        self.session.skip_events()

    def _back(self) -> None:
        self.session.need_trace("the way back")
        status = self.session.core.status()
        if status.occurrence <= status.history_from:
            self.said = f"history starts here, at ev {status.history_from}"
        else:
            self.session.core.go_to(status.occurrence - 1)

    def _live(self) -> None:
        self.session.core.live()

    def still(self) -> Text:
        """Return what the terminal would show now, for a picture."""
        from rich.text import Text

        shown = self._shown()
        room = self._room()
        return Text("\n").join((
            Text(self._head(), style="reverse"),
            *(Text.from_ansi(line) for line in shown), *[Text()] * (room - len(shown)),
            Text(self._foot().ljust(self._width()), style="reverse")))

    def _terminal(self) -> tuple[int, int]:
        size = self.application.output.get_size()
        return size.columns, size.rows

    def _room(self) -> int:
        return max(self.size()[1] - 2, 1)

    def _width(self) -> int:
        return self.size()[0]

    def _head(self) -> str:
        try:
            status = self.session.core.status()
        except CoreError as problem:
            return f" {problem}"
        sign = "PAST" if status.past else "⏸" if status.paused else "▶"
        where = f"{sign} ev {status.occurrence}  +{status.time / 1_000_000:.4f} s"
        title = f" {self.view.title}"
        return title + where.rjust(max(self._width() - len(title) - 1, len(where) + 1)) + " "

    def _foot(self) -> str:
        room = self._room()
        more = len(self._lines) - room
        place = f"{self.top + 1}-{min(self.top + room, len(self._lines))} of {len(self._lines)}" if more > 0 else ""
        keys = self.said or (KEYS if self._width() > len(KEYS) + len(place) + 3 else SHORT_KEYS)
        return f" {keys}".ljust(max(self._width() - len(place) - 1, 0))[:self._width() - len(place) - 1] + place

    def _body(self) -> Any:
        from prompt_toolkit.formatted_text import ANSI

        return ANSI("\n".join(self._shown()))

    def _shown(self) -> list[str]:
        """Look, and return the lines that there is room for."""
        self._look()
        room = self._room()
        last = max(len(self._lines) - room, 0)
        self.top = last if self.at_end else min(self.top, last)
        return self._lines[self.top:self.top + room]

    def _look(self) -> None:
        """Look again, unless that was done a moment ago and nothing about the terminal has changed."""
        now = time.monotonic()
        size = (self._width(), self._room())
        if now < self._next_look and size == self._size:
            return
        self._size = size
        try:
            self._lines = rendered(self.view.look(), *size)
        except PROBLEMS as problem:
            self._lines = str(problem).splitlines()
        self._next_look = now + max(TICK, SHARE * (time.monotonic() - now))


def rendered(result: Any, width: int, height: int, *, crop: bool = True) -> list[str]:
    """Return a result as lines for a terminal of that size, with its colours; cut to its width unless told not to."""
    from rich.console import Console

    from shell.views import render, theme

    systems = {"none": None, "16": "standard", "256": "256", "truecolor": "truecolor"}
    file = io.StringIO()
    console = Console(
        file=file, width=width, height=height, force_terminal=True, highlight=False,
        color_system=systems[theme.depth()])  # type: ignore[arg-type]
    with suppress(BrokenPipeError):
        console.print(render.to_rich(result), soft_wrap=False, crop=crop)
    return file.getvalue().rstrip("\n").split("\n")
