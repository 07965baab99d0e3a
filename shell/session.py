"""One sitting at the shell: the core it drives, and how results are shown.

Commands reach the world through here: `ask` only reads, `do` carries out an operation, and
`wait` lets world time pass until something has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from aether.engine.work import Interrupted
from shell.captures.recordings import Recordings
from shell.language.grammar import CommandError

if TYPE_CHECKING:
    from aether.engine.breakpoints import Breakpoint, Breakpoints
    from aether.engine.core import Core, CoreStatus
    from aether.engine.shards import Shards
    from aether.engine.timelines import Timeline
    from aether.events import Event
    from aether.filters import Around
    from aether.operations.base import Operation
    from aether.reading.flow import Follower
    from aether.world import World
    from shell.captures.loaded import Capture
    from shell.configuration import Configuration
    from shell.reading.following import LabFollower
    from shell.reading.frames import FrameWatcher
    from shell.reading.tracing import Tracer

T = TypeVar("T")

MANY = 100
"""Of more things than that, progress is shown once in so many."""
LOOK_EVERY = 0.02
"""Seconds between two questions to a worker that something is expected of."""
WAIT = 3_000_000
"""How long a command that makes traffic waits for its end, in microseconds of world time."""


class Finished(Protocol):
    """What a program at the host's side left behind."""

    status: int
    output: str
    interrupted: bool
    """True if the person pressed Ctrl-C meanwhile."""


class RunsPrograms(Protocol):
    """Runs a program at the host's side to its end."""

    def __call__(
        self, program: list[str], write: Callable[[str], None] | None = None, stop: Callable[[], bool] | None = None,
    ) -> Finished:
        """Return what it left. `write` gets output as it comes; `stop` says whether it shall end before its time."""


@dataclass(frozen=True)
class View:
    """What a pane looks at."""

    title: str
    look: Callable[[], Any]
    """Returns a command's result; it may raise what commands raise."""
    from_the_end: bool = False
    """True if its latest lines matter most."""


def _nobody_listens(result: Any) -> None:
    """Nobody types, so nobody waits for what comes later."""


def _quietly(what: str) -> AbstractContextManager[object]:
    return nullcontext()


def _unseen(total: int) -> AbstractContextManager[Callable[[int, str], None]]:
    return nullcontext(_not_told)


def _not_told(done: int, what: str) -> None:
    """Nobody looks at progress."""


@dataclass(slots=True)
class Terminal:
    """Hooks that whoever has a terminal sets; as they are, nothing is shown."""

    waiting: Callable[[], AbstractContextManager[object]] = nullcontext
    """Entered while a command waits: the screen then shows the trace itself."""
    meanwhile: Callable[[Any], None] | None = None
    """Shows part of a result while a command still waits for the rest; None where all is shown at its end."""
    announce: Callable[[Any], None] = _nobody_listens
    """Shows a result that comes later, of what runs in the background."""
    pane: Callable[[View], None] | None = None
    """Shows a view on the whole terminal; None where there is no terminal."""
    busy: Callable[[str], AbstractContextManager[object]] = _quietly
    """Entered while something takes a moment, with what that is."""
    progress: Callable[[int], AbstractContextManager[Callable[[int, str], None]]] = _unseen
    """Entered while so many things are done in turn; what it returns is told how many are done, and what is next."""


@dataclass(slots=True)
class Stored:
    """A crafted frame that has a name: how it was described, and its bytes if they do not depend on where it goes."""

    text: str
    frame: bytes = b""


class LessonUnderWay(Protocol):
    """What those who know no lessons ask of one that is under way (`shell.lessons.player.Player`)."""

    @property
    def place(self) -> str:
        """Its name, and how far it is, for the line at the bottom."""

    @property
    def asks(self) -> bool:
        """Whether it waits for a letter, the choice among predictions."""

    def poll(self) -> list[Any]:
        """Return results that say what came true since the last call."""

    def note_command(self, words: Sequence[str], result: Any) -> None:
        """Take note of a command that was carried out."""

    def fill_in(self, line: str) -> str:
        """Return a line of its solution with what only a run can tell in it."""

    def suspend(self) -> None:
        """Remember how far it is: the program ends."""


@dataclass(slots=True)
class Lab:
    """The network that the session works in."""

    kind: str
    """``SIM`` or ``TAP``."""
    device: str = "simulated wire"
    address: str = "192.168.1.2"
    host_address: str = "192.168.1.1"
    network: str = "192.168.1.0/24"
    """What the kernel reaches by the device: both of these are in it."""
    seed: int = 0
    run_program: RunsPrograms | None = None
    """Runs a program at the host's side; None in the simulation."""
    close: Callable[[], None] | None = None
    """Gives back what was opened."""
    replayed: bool = False
    """True while a recording is looked at."""
    note: str = ""
    """What a person should know about it; empty if there is nothing."""


@dataclass(slots=True)
class Away:
    """The session's own lab, while a packet script's world has its place."""

    present: Timeline
    timelines: dict[str, Timeline]
    lab: Lab
    """As it was called, and who was in it."""


@dataclass(slots=True)
class Session:
    """What commands work with.

    Its methods, in order: the trace and through which core the lab is seen; asking and doing, at one worker or all;
    waiting; events, and what follows them.
    """

    # the lab, and how results are shown
    core: Core
    lab: Lab
    output: str = "rich"
    """``rich``, ``plain`` or ``json``."""
    shards: Shards | None = None
    """The workers behind a TAP; None where there is one at the most."""
    scripted: bool = False
    """True when nobody types: lines come from ``-c``, a script or a pipe."""
    part_of_more: bool = False
    """True while commands are parts of something longer, such as a proof: then Ctrl-C ends all of it."""
    configuration: Configuration | None = None
    """What the configuration file says; None where none was read."""
    terminal: Terminal = field(default_factory=Terminal)
    """What shows things while commands run."""
    typed: list[str] = field(default_factory=list)
    """The latest lines that were carried out, for `lesson record`."""

    # the debugger
    tracing: bool = False
    traced: bool = False
    """Whether the trace was on before benchmark mode began."""
    breakpoints: Breakpoints | None = None
    """Where to stop; None while none was ever set."""
    timelines: dict[str, Timeline] = field(default_factory=dict)
    """Presents that were left for another one, by name."""
    timeline: str = "main"

    # captures
    capture: Capture | None = None
    """The file that is looked at instead of the lab; None for the lab."""
    recordings: Recordings = field(default_factory=Recordings)

    # what is under way, or being made
    lesson: LessonUnderWay | None = None
    """The lesson that is under way; None while there is none."""
    faults_met: dict[str, list[str]] = field(default_factory=dict)
    """What lessons with a blind fault have broken so far, by the lesson's id."""
    drafts: dict[str, Stored] = field(default_factory=dict)
    """Crafted frames by name."""
    script: tuple[list[str], int] | None = None
    """The lines of the packet script that is being written, and how many it began with; None before one was begun."""
    rehearsal: object | None = None
    """The packet script that is played line by line; None while there is none."""
    away: Away | None = None
    """The lab to return to from a packet script; None while it is the one that is shown."""
    asks_kernel: bool = True
    """False where a packet script is never played against the real kernel: what was recorded of one answers."""
    _tracer: Tracer | None = field(default=None, init=False)
    _follower: LabFollower | None = field(default=None, init=False)

    @property
    def tracer(self) -> Tracer:
        """What reads the trace; made when it is first used."""
        if self._tracer is None:
            from shell.reading.tracing import Tracer

            self._tracer = Tracer(follower=self.lab_follower)
        return self._tracer

    def forget_tracer(self) -> None:
        """Let the trace begin anew, for another world."""
        self._tracer = None

    def look_through(self, core: Core) -> None:
        """See the lab through another core from now on: one that shows less of it, or the one behind that."""
        if core is self.core:
            return
        self.core = core
        if self._tracer is not None:
            from shell.reading.frames import FrameWatcher

            before = self._tracer.watcher
            after = self._tracer.watcher = FrameWatcher(before.host)
            after.every_event = before.every_event
            for event in core.events():
                after.learn(event)
        self.recordings.follow(core.ring)
        if self.breakpoints is not None:
            self.breakpoints.begin_anew(core.ring.since(0)[0])
            core.set_breakpoint(self.breakpoints.hit if self.breakpoints.items else None)

    def ask(self, query: Callable[[World], T], worker: int = 0) -> T:
        """Run a query between two occurrences, at a worker; it must change nothing."""
        return self.core.ask(query) if self.shards is None else self.shards.at(worker, query)

    def ask_all(self, query: Callable[[World], list[T]]) -> list[T]:
        """Run a query at all workers, and return their rows as one list: counts are added up."""
        if self.shards is None or self.shards.count == 1:
            return self.core.ask(query)
        from aether.engine.merge import merged

        return merged(self.shards.ask(query))

    def owner(self, number: int, host: str) -> int:
        """Return the worker that has a connection; QueryError if nobody has."""
        return 0 if self.shards is None else self.shards.owner(number, host)

    def knobs(self) -> dict[str, str]:
        """Return how all knobs stand, by name."""
        from aether import queries

        return {row.name: row.value for row in self.ask(queries.knob_rows)}

    def turn(self, wanted: dict[str, str]) -> None:
        """Turn those knobs that stand otherwise."""
        from aether.operations.knobs import KnobSet

        stand = self.knobs()
        for name, value in wanted.items():
            if stand.get(name, value) != value:
                self.do(KnobSet(name=name, value=value))

    def set_mode(self, mode: str) -> None:
        """Change to ``trace``, where there is one worker, or ``bench``, where there may be more."""
        if self.shards is not None and mode == "trace":
            self.shards.stop()
        self.core.set_mode(mode)
        if self.shards is not None and mode == "bench" and self.shards.count != self.shards.wanted:
            self.shards.start(self.shards.wanted)

    def status(self, fresh: bool = True) -> CoreStatus:
        """Return how the core is, or all workers together; unless it has to be `fresh`, as they were a moment ago."""
        return self.core.status() if self.shards is None else self.shards.status(fresh)

    def count_anew(self) -> None:
        """Begin a new period, over which frames and shares of time are counted: at all workers."""
        if self.shards is not None:
            self.shards.count_anew()
            return
        from aether.engine.loop import Loop

        self.core.with_loop(Loop.count_anew)

    @property
    def address(self) -> str:
        """Our address as it is now, which DHCP may have changed; empty if there is none."""
        return self.core.ask(_our_address)

    def do(self, operation: Operation) -> Any:
        """Carry out an operation, wherever it belongs, and return its result."""
        return self.core.do(operation) if self.shards is None else self.shards.do(operation)

    @property
    def paused(self) -> bool:
        """True while world time stands still."""
        return self.core.status().paused

    def wait(self, query: Callable[[World], bool], wait: int, background: bool = False, worker: int = 0) -> str:
        """Wait until `query` is true at a worker, for `wait` microseconds of world time at the most.

        Return ``done``, ``waiting`` (not yet), ``paused``, ``detached`` (the person pressed
        Ctrl-C) or ``background``.
        """
        if background:
            return "background"
        if self.ask(query, worker):
            return "done"
        if worker:
            return self._wait_elsewhere(query, wait, worker)
        if self.paused:
            return "paused"
        try:
            with self.terminal.waiting():
                done = self.core.wait(query, wait)
        except KeyboardInterrupt:
            self.let_go()
            return "detached"
        if done:
            return "done"
        if self.breakpoints is not None and self.breakpoints.stopped_at:
            return "breakpoint"
        return "paused" if self.paused else "waiting"

    def _wait_elsewhere(self, query: Callable[[World], bool], wait: int, worker: int) -> str:
        """Wait for something at a worker that only answers questions."""
        until = monotonic() + wait / 1_000_000
        try:
            while monotonic() < until:
                sleep(LOOK_EVERY)
                if self.ask(query, worker):
                    return "done"
        except KeyboardInterrupt:
            self.let_go()
            return "detached"
        return "waiting"

    def run_for(self, time: int) -> None:
        """Let `time` microseconds of world time pass, and stand still again if time stood still before."""
        paused = self.paused
        try:
            with self.terminal.waiting():
                if paused:
                    self.core.run_for(time)
                else:
                    self.core.wait(_never, time)
        except KeyboardInterrupt:
            self.let_go()
            self.core.pause()

    def let_go(self) -> None:
        """Ctrl-C ends a command's waiting, and nothing else unless that is a part: KeyboardInterrupt then."""
        if self.part_of_more:
            raise KeyboardInterrupt

    def one_by_one(self, items: Iterable[T], total: int) -> Iterator[T]:
        """Go through things of which each or all take long, `total` of them, and let be seen how far it is."""
        work = self.core.work
        work.plan(total)
        for item in items:
            yield item
            try:
                work.did()
            except Interrupted:
                work.take_stop()
                raise KeyboardInterrupt from None
            if self.core.look is not None and (total < MANY or not work.done % MANY):
                self.core.look(work)

    def went_on(self, more: int, total: int) -> None:
        """Count what was gone through of something long, and let it be seen; `total` begins to count anew."""
        work = self.core.work
        if total:
            work.begin()
            work.plan(total)
        try:
            work.did(more)
        except Interrupted:
            work.take_stop()
            raise KeyboardInterrupt from None
        if self.core.look is not None:
            self.core.look(work)

    def events(self, after: int = 0) -> list[Event]:
        """Return the events that are still kept, from serial `after` on."""
        return [event for event in self.core.events() if event.serial > after]

    def visible_events(self, what: str) -> Sequence[Event]:
        """Return the events to look at: those of the capture that is open, or of the lab; `what` needs them."""
        if self.capture is not None:
            return self.capture.events
        self.need_trace(what)
        return self.events()

    def follower(self) -> Follower:
        """Return what has followed the frames that are looked at, once for all: their numbers come from there."""
        return self.lab_follower() if self.capture is None else self.capture.follower

    def around(self) -> Around | None:
        """Return what is known around the frames that are looked at; None in the lab."""
        from aether.filters import Around

        return None if self.capture is None else Around(started=self.capture.started, comments=self.capture.notes)

    def watcher(self, host: str = "you") -> FrameWatcher:
        """Return what makes rows of the frames that are looked at, as a host saw them."""
        from shell.reading.frames import FrameWatcher

        return FrameWatcher(host, self.follower())

    def lab_follower(self) -> Follower:
        """Return what has followed the frames of the lab up to now."""
        from shell.reading.following import LabFollower

        ring = self.core.ring
        if self._follower is None or not self._follower.follows(ring):
            self._follower = LabFollower(ring)
        self._follower.catch_up(self.core.ask)
        return self._follower.follower

    def skip_events(self) -> None:
        """Let the trace and recordings go on from here: the past was visited, or another present began."""
        self.tracer.skip(self.core.ring)
        self.recordings.skip()

    def begin_anew(self) -> None:
        """Let everything that follows events go on with another run: a fork, or a recording."""
        self.skip_events()
        if self.breakpoints is not None:
            self.breakpoints.begin_anew(self.core.ring.since(0)[0])

    def take_stops(self) -> list[Breakpoint]:
        """Return the breakpoints at which time has stopped since the last call."""
        if self.breakpoints is None or not self.breakpoints.stopped_at:
            return []
        numbers, self.breakpoints.stopped_at = self.breakpoints.stopped_at, []
        return [self.breakpoints.known[number] for number in numbers]

    def need_trace(self, what: str) -> None:
        """Raise CommandError in benchmark mode, where nothing is recorded."""
        if self.core.status().mode == "bench":
            raise CommandError(f"{what} needs events, and benchmark mode has none. Go back with: mode trace")


def _never(world: World) -> bool:
    return False


HINTS = {
    "waiting": "not finished yet; it goes on in the background",
    "paused": "started; `step` to see it, `run` to let it finish",
    "breakpoint": "time stopped at a breakpoint; `run` goes on, `why` explains",
    "detached": "left alone; it goes on in the background",
    "background": "started in the background",
}


def hint(outcome: str, *, ends: bool = False) -> str:
    """Return what to tell a person about a command that did not see its end; `ends`: Ctrl-C has ended what it began."""
    if ends and outcome == "detached":
        return "Ctrl-C has ended it"
    return HINTS.get(outcome, "")


def _our_address(world: World) -> str:
    from aether import queries

    addresses = queries.hosts(world)[0].addresses
    return addresses[0].partition("/")[0] if addresses else ""
