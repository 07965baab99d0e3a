"""A script that is played line by line in the shell: in the session's own world, which stops wherever the line does."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from aether import lab
from aether.engine.history import History
from aether.engine.log import InputLog
from aether.engine.loop import Loop
from aether.events import Event
from aether.operations.base import Operation, OperationError
from aether.operations.calls import BareHost
from shell.drill.player import ScriptPlayer
from shell.drill.run import Wishes, knobs_of, line_of
from shell.drill.script import Script
from shell.drill.stage import StoppedInside, VirtualStage
from shell.language.grammar import CommandError
from shell.results.drill import DrillLine, DrillStep

SHOWN = 15
"""Lines of a script that are shown around the next one."""


RETURN = "`drill quit` gives your own lab back"


class LoopStage(VirtualStage):
    """The world of a session: everything is logged, breakpoints are asked, and the past stays within reach."""

    def __init__(self, loop: Loop, script: Script, seed: int, profile: str, knobs: dict[str, str]) -> None:
        self.loop: Loop | None = None
        self._next_loop = loop
        self.hit = False
        """Set when a breakpoint was hit since it was last unset."""
        super().__init__(script, seed, profile, knobs)

    def settle(self, operation: BareHost) -> None:
        """Put the world in the place of the session's, and make the host."""
        loop = self._next_loop
        log = InputLog(lab.describe(self.world))
        loop.replace_world(self.world, log, History(self.world, log, loop.clock))
        self.loop = loop
        super().settle(operation)

    @property
    def there(self) -> bool:
        """Whether the session still shows this world, and its present."""
        return self.loop is not None and self.loop.world is self.world and self.loop.past is None

    def do(self, operation: Operation) -> Any:
        """Carry out an operation, with its entry in the log."""
        loop = self._next_loop
        serial = loop.ring.last_serial
        loop.stopped = False
        try:
            return loop.do(operation)
        finally:
            self._heard(loop.ring.since(serial)[0])
            self.hit = self.hit or loop.stopped

    def step(self, until: int) -> bool:
        """Handle the next occurrence."""
        loop = self._next_loop
        if self.world.next_deadline() > until:
            return False
        loop.stopped = False
        done = loop.step(1)
        for result in done:
            self._heard(result.events)
        if loop.stopped:
            self.hit = self.interrupted = True
        return bool(done)

    def arrive(self, frame: bytes) -> None:
        """Let a frame arrive, and ask the breakpoints about it."""
        loop = self._next_loop
        serial = loop.ring.last_serial
        loop.feed(frame)
        events = loop.ring.since(serial)[0]
        self._heard(events)
        if loop.breakpoint is not None and loop.breakpoint(events, self.world):
            loop.pause()
            self.hit = True

    def _heard(self, events: list[Event]) -> None:
        """Take what left."""
        self.world.wire_out.clear()
        for event in events:
            if event.kind == "frame.sent" and event.host == lab.YOU:
                self.left(event.values[0], event.values[2])
                if self.sent and self.sent[-1].frame == event.values[0]:
                    self.sent[-1].cause = event.frame


class Rehearsal:
    """One script on its way."""

    def __init__(self, loop: Loop, script: Script, wishes: Wishes) -> None:
        """OperationError for knobs that make no sense."""
        self.script = script
        seed = wishes.seed if wishes.seed is not None else script.seed or 0
        self.stage = LoopStage(loop, script, seed, wishes.profile or script.profile, knobs_of(script, wishes))
        self.player = ScriptPlayer(script, self.stage, script.options.tolerance or 0)
        self.verdict = "goes on"

    def play(self, lines: int, to: int = 0) -> None:
        """Play so many lines, or those before line `to`; OperationError where that is impossible."""
        player, stage = self.player, self.stage
        if not stage.there:
            raise OperationError(
                "the script's world is not the present one. `live` returns from the past; "
                "after a fork, or another lab, begin again: drill step FILE")
        stage.hit = False
        self.verdict = "goes on"
        while lines > 0 and not player.finished:
            if to and player.outcomes[player.at].line.place.line >= to:
                break
            with suppress(StoppedInside):  # the line goes on when it is played again
                player.play_line()
            lines -= 1
            if stage.hit:
                self.verdict = "stopped"
                break
        if player.failed is not None:
            self.verdict = "failed"
        elif player.finished:
            self.verdict = "done"

    def rows(self) -> list[DrillLine]:
        """Return how all lines went."""
        return [line_of(outcome) for outcome in self.player.outcomes]

    def report(self, whole: bool = False) -> DrillStep:
        """Return where it stands."""
        from shell.views.drill import around

        player, rows = self.player, self.rows()
        at = min(player.at, len(rows) - 1)
        if player.failed is not None:
            at = player.outcomes.index(player.failed)
        following = 0 if player.finished else rows[player.at].line
        shown = rows if whole else around(rows, at, SHOWN)
        return DrillStep(
            self.script.file, shown, following, self.stage.world.now, self.stage.world.occurrence, self.verdict,
            self._hint())

    def _hint(self) -> str:
        failed = self.player.failed
        if failed is not None:
            why = "nothing came, so look at what was before: `frames` shows what each packet was taken for"
            if failed.cause or failed.frame:
                frame = f"`frame {failed.frame}` shows it, " if failed.frame else ""
                why = f"{frame}`why {failed.cause or failed.frame}` explains how it came about"
            return (f"the world stands at that moment: {why}, `back` goes to before, `tcp conns` shows the state; "
                    f"{RETURN}")
        if self.verdict == "done":
            return f"every line went as it is written; `ladder`, `frames` and `back` look at it; {RETURN}"
        if self.verdict == "stopped":
            return "a breakpoint stopped it; `drill step` goes on"
        return f"`drill step` plays the next line, `drill step 5` five, `drill step --to LINE` up to a line; {RETURN}"


def begin(loop: Loop, script: Script, wishes: Wishes) -> Rehearsal:
    """Put a script's world in the place of the session's; CommandError for knobs that make no sense."""
    if loop.mode == "bench":
        raise CommandError("a script is stepped where there are events: mode trace")
    return Rehearsal(loop, script, wishes)
