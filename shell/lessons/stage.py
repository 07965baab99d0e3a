"""The lab of a lesson: set up when it begins, and put back as it was when it ends.

In the simulation a lesson has a world of its own, and yours waits. On a TAP there is only one world: its knobs are
turned, and turned back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aether import lab as labs
from aether import queries
from aether.engine import timelines
from aether.engine.history import History
from aether.engine.log import InputLog, LogError, load
from aether.engine.loop import Loop
from aether.engine.timelines import Timeline
from aether.events import Event
from aether.operations.base import OperationError
from aether.operations.box import box
from aether.operations.link import LinkClear, LinkScenario
from aether.world import World
from shell.language.grammar import CommandError
from shell.session import Session

if TYPE_CHECKING:
    from aether.engine.breakpoints import Breakpoints
    from shell.captures.loaded import Capture
    from shell.reading.selection import Selection

UNREADABLE = (LogError, OperationError, AttributeError, KeyError, TypeError, ValueError)
"""What goes wrong with a recording of another version."""


@dataclass(frozen=True, slots=True)
class ShellSettings:
    """What is set in the shell, and not in a world: whoever begins a lesson has it as its author had."""

    tracing: bool
    selection: Selection | None
    every_event: bool
    verbose: bool
    speed: float
    breakpoints: Breakpoints | None
    capture: Capture | None


@dataclass(slots=True)
class Home:
    """The lab as it was before a lesson."""

    timeline: Timeline | None = None
    """The world that waits; None on a TAP."""
    events: list[Event] = field(default_factory=list)
    knobs: dict[str, str] = field(default_factory=dict)
    paused: bool = False
    seed: int = 0
    settings: ShellSettings | None = None


def look_for(session: Session, ports: tuple[str, ...], title: str) -> None:
    """CommandError if nobody listens at the kernel's side where a lesson needs somebody."""
    run = session.lab.run_program
    if run is None or not ports:
        return
    rows = [line.split() for line in run(["ss", "-Hltun"]).output.splitlines()]
    listening = {f"{row[0]} {row[4].rpartition(':')[2]}" for row in rows if len(row) > 4}
    missing = [port for port in ports if port not in listening]
    if missing:
        raise CommandError(
            f"{title!r} needs somebody who listens at {session.lab.host_address}, {' and '.join(missing)}, and nobody "
            "does. Start such a service there (port 7 is echo), or take the lesson in the simulation: "
            "aether-shell --sim")


def leave_home(session: Session, seed: int) -> Home:
    """Set a fresh lab up, and return what is to be put back."""
    home = Home(
        paused=session.paused, seed=session.lab.seed, knobs=session.knobs(), settings=_leave_settings(session))
    if session.lab.kind == "SIM":
        home.events = session.core.whole.events()
        home.timeline = session.core.whole.with_loop(lambda loop: timelines.leave(loop, "home", "", 0))
        fresh_world(session, seed)
    return home


def _leave_settings(session: Session) -> ShellSettings:
    """Put the settings of the shell aside, and return them."""
    tracer = session.tracer
    speed = session.core.status().speed
    before = ShellSettings(session.tracing, tracer.selection, tracer.watcher.every_event, tracer.verbose, speed,
                      session.breakpoints, session.capture)
    session.tracing, session.breakpoints, session.capture = False, None, None
    tracer.selection, tracer.watcher.every_event, tracer.verbose = None, False, False
    session.core.whole.set_breakpoint(None)
    if 1 != speed != math.inf:
        session.core.whole.set_speed(1)
    return before


def _take_settings(session: Session, before: ShellSettings) -> None:
    """Set the shell as it was before a lesson."""
    session.tracing, session.breakpoints, session.capture = before.tracing, before.breakpoints, before.capture
    tracer = session.tracer
    tracer.selection, tracer.verbose = before.selection, before.verbose
    tracer.watcher.every_event = before.every_event
    core = session.core.whole
    if before.breakpoints is not None:
        before.breakpoints.begin_anew(core.ring.since(0)[0])
    core.set_breakpoint(before.breakpoints.hit if before.breakpoints and before.breakpoints.items else None)
    if core.status().speed != before.speed:
        core.set_speed(before.speed)


@contextmanager
def at_once(session: Session) -> Iterator[None]:
    """Have time pass only while somebody waits, and at once: a solution may wait for an hour. Not behind a TAP."""
    core = session.core.whole
    speed = core.status().speed
    if session.lab.kind != "SIM" or speed == math.inf:
        yield
        return
    core.set_speed(math.inf)
    try:
        yield
    finally:
        core.set_speed(speed)


def fresh_world(session: Session, seed: int) -> None:
    """Put a new simulated world in the place of the present one."""

    def carry_out(loop: Loop) -> None:
        world = labs.simulated(seed)
        log = InputLog(labs.describe(world))
        loop.replace_world(world, log, History(world, log, loop.clock))
        loop.ring.clear()

    session.core.whole.with_loop(carry_out)
    session.lab.seed = seed
    look_anew(session)
    session.core.run()


@dataclass(frozen=True, slots=True)
class Standing:
    """How knobs and the link stand, where time cannot be turned back."""

    knobs: dict[str, str]
    out: dict[str, str]
    inward: dict[str, str]
    nat: dict[str, str]


def standing(session: Session) -> Standing:
    """Return how they stand now."""
    def link(world: World) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        ends = world.links["lan"]
        return ends.left.pipe.changed(), ends.right.pipe.changed(), box(world).settings

    def knobs(world: World) -> dict[str, str]:
        return {row.name: row.value for row in queries.knob_rows(world)}

    whole = session.core.whole
    return Standing(whole.ask(knobs), *whole.ask(link))


def stand_again(session: Session, before: Standing) -> None:
    """Set knobs and the link as they stood; rules that lose chosen frames are gone."""
    session.turn(before.knobs)
    session.do(LinkScenario(name="as before", out=before.out, inward=before.inward, nat=before.nat))


def return_home(session: Session, home: Home) -> None:
    """Put the lab back as it was."""
    if home.timeline is None:
        session.turn(home.knobs)
        session.do(LinkClear(link="lan", direction="both"))
    else:
        _return_to(session, home, home.timeline)
    if home.settings is not None:
        _take_settings(session, home.settings)


def _return_to(session: Session, home: Home, timeline: Timeline) -> None:
    """Let the world that waits be the present one again."""

    def carry_out(loop: Loop) -> None:
        timelines.switch(loop, timeline)
        loop.ring.refill(home.events)

    session.core.whole.with_loop(carry_out)
    session.lab.seed = home.seed
    look_anew(session)
    if not home.paused:
        session.core.run()


def repeat(session: Session, recording: str, paused: bool) -> bool:
    """Make a lab again from its recording; return whether that was possible. Another version may have written it."""

    def carry_out(loop: Loop) -> bool:
        try:
            timelines.from_recording(loop, load(recording))
        except UNREADABLE:
            return False
        return True

    if not session.core.whole.with_loop(carry_out):
        return False
    look_anew(session)
    if not paused:
        session.core.run()
    return True


def back_to(session: Session, occurrence: int) -> None:
    """Make the end of an earlier occurrence the present again; only in the simulation."""

    def carry_out(loop: Loop) -> None:
        history, log = loop.history, loop.log
        if history is None or log is None or occurrence >= loop.world.occurrence:
            return
        world = history.world_at(occurrence)
        new = log.begun_as(history.inputs_before(occurrence))
        events = [event for event in loop.ring.since(0)[0] if event.occurrence <= occurrence]
        branch = History(world, new, loop.clock)
        branch.adopt([one for one in history.snapshots if one.occurrence < occurrence] or history.snapshots[:1])
        loop.replace_world(world, new, branch)
        loop.ring.refill(events)

    session.core.whole.with_loop(carry_out)
    look_anew(session)
    session.core.run()


def look_anew(session: Session) -> None:
    """Let the trace forget the frames of another world; its filter stays."""
    from shell.reading.selection import Selection

    before = session.tracer
    selection = before.selection
    session.forget_tracer()
    session.tracer.skip(session.core.ring)
    session.tracer.verbose, session.tracer.watcher.every_event = before.verbose, before.watcher.every_event
    if selection is not None:
        session.tracer.selection = Selection(selection.text, session.core.events())
