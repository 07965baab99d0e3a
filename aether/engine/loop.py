"""The loop that drives a world: run, pause, step; in virtual time, or along the wall's clock with a device.

World time follows the clock: it stands still while paused, never goes back, and a timer always fires at its
deadline, however late we look. Due timers come before a later input, so that the log of inputs repeats a run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from aether.engine.backoff import Backoff
from aether.engine.bench import ALONE, Intake, collect_seldom, direct, heed_offload, send
from aether.engine.history import History
from aether.engine.log import InputLog
from aether.engine.pace import Pace
from aether.engine.past import WINDOW, Past
from aether.engine.recorder import EventRecorder
from aether.engine.relay import hear
from aether.engine.ring import EventRing
from aether.engine.work import Work
from aether.events import Event
from aether.lab import YOU
from aether.operations.base import Operation, OperationError
from aether.timers import NEVER
from aether.world import World

if TYPE_CHECKING:
    from aether.engine.device import Device
    from aether.engine.relay import Relay
    from aether.engine.wakeup import Wakeup
    from aether.host import Host

BATCH = 256
"""Occurrences handled before others are served."""
LONGEST_SLEEP = 0.5
"""Seconds; then we look again, whatever happens."""


@dataclass(slots=True)
class StepResult:
    """One occurrence that was stepped through."""

    occurrence: int
    time: int
    """World time in microseconds."""
    events: list[Event]


class Loop:
    """Drives one world. Only the core's thread calls this.

    Its methods, in order: what is recorded; time; what is done to the world; one occurrence after the other; frames
    in and out; going on, a batch at a time. How time passes is its `Pace`, benchmark mode's way with frames its
    `Intake`; what looks at the past is in `aether.engine.lookback`, what makes another present of it in `timelines`.
    """

    def __init__(
        self, world: World, device: Device | None, wakeup: Wakeup, description: dict[str, object], *, mode: str,
        speed: float, clock: Callable[[], int],
    ) -> None:
        self.world = world
        self.device = device
        self.wakeup = wakeup
        self.description = description
        self.clock = clock
        self.paused = False
        self.stop_at = NEVER
        """The moment at whose end time stands still again, in microseconds of world time."""
        self.mode = ""
        self.intake = Intake()
        """How benchmark mode takes frames from a device."""
        self.relay: Relay | None = None
        """Where frames go that are another worker's; None without workers."""
        self.ring = EventRing()
        self.recorder = EventRecorder(world, self.ring)
        self.backoff = Backoff()
        self.frames_before = 0
        """Frames that came before we counted anew."""
        self._heed_knobs()
        self.log: InputLog | None = None
        self.history: History | None = None
        self.breakpoint: Callable[[list[Event], World], bool] | None = None
        self._resting: Callable[[list[Event], World], bool] | None = None
        """The breakpoint, while benchmark mode asks nothing."""
        self.stopped = False
        """Set when a breakpoint is hit."""
        self.work = Work()
        """What is told of every occurrence that somebody waits for, and says when to end; of who asks at the moment."""
        self.past: Past | None = None
        """Where we look at the past, if we do."""
        self.pace = Pace(clock, speed, real=device is not None, time=world.now)
        self.set_mode(mode)

    # What is recorded, and how time is waited for.

    def set_mode(self, mode: str) -> None:
        """Record everything, or nothing."""
        if mode == self.mode:
            return
        self.mode = mode
        self.count_anew()
        collect_seldom(mode == "bench")
        if mode == "bench":
            self.world.observe(None)
            self.world.allow_short_cuts(True)
            self._resting, self.breakpoint = self.breakpoint, None
            self.log = self.history = self.past = None
            self.ring.clear()
        else:
            self.breakpoint, self._resting = self._resting, None
            for host in self.world.hosts.values():
                host.supersegments = 0
            self.world.observe(self.recorder)
            self.log = InputLog(self.description, self.world.occurrence)
            self.history = History(self.world, self.log, self.clock)

    def count_anew(self) -> None:
        """Begin a new period, over which frames are counted, and how the time was spent."""
        self.backoff.reset()
        self.frames_before = self.world.frames

    def set_breakpoint(self, hit: Callable[[list[Event], World], bool] | None) -> None:
        """Ask `hit` at the end of every occurrence, about its events and the world."""
        self.breakpoint = hit

    def _heed_knobs(self) -> None:
        """Wait as the knobs of your host say."""
        knobs = self.world.hosts[YOU].knobs
        self.backoff.limit(knobs.loop_spin, knobs.loop_yield)

    # Time: whether it goes on, and how fast.

    def set_speed(self, speed: float) -> None:
        """Change how fast world time passes."""
        self.catch_up()
        self.pace.speed = speed
        self.pace.begin(self.world.now)

    def run(self) -> None:
        """Let time go on from where it stands; out of the past, from the present."""
        self.past = None
        self.stop_at = NEVER
        if self.paused:
            self.paused = False
            self.pace.begin(self.world.now)

    def run_until(self, time: int) -> None:
        """Let time go on to a moment, and stand still there when all that is due by then is done."""
        self.run()
        self.stop_at = max(time, self.world.now)

    def pause(self) -> None:
        """Let time stand still."""
        self.paused = True
        self.stop_at = NEVER

    def target(self) -> int:
        """Return what the world's clock should show now, in microseconds."""
        return self.world.now if self.paused or self.pace.gated else min(self.pace.time(), self.stop_at)

    def _advance(self, target: int) -> None:
        """Let the clock show `target`, by which nothing is due any more; stand still if it was to go so far only."""
        self.world.advance(target)
        if target >= self.stop_at:
            self.pause()

    def catch_up(self) -> None:
        """Handle what is due by now, so that what comes next comes at the right time."""
        if self.paused:
            return
        target = self.target()
        before, began = self.world.occurrence, self.clock()
        for _ in range(BATCH):
            if not self._stepped(target):
                self._advance(target)
                break
            if self.paused:
                break
        else:
            if self.device is None:  # a simulation that cannot keep up falls behind instead of racing later
                self.pace.begin(self.world.now)
        if self.world.occurrence > before:
            self.flush()
            if self.history is not None:
                self.history.worked_for(self.world, self.clock() - began)

    def keep_time(self) -> None:
        """Handle what is due by now, in benchmark mode."""
        world = self.world
        target = min(self.pace.time(), self.stop_at)
        while world.step(target):
            pass
        self._advance(target)
        if world.wire_out:
            self.flush()

    # What is done to the world that is driven, or put in its place.

    @property
    def view(self) -> World:
        """The world that is shown: the present, or the past that we look at."""
        return self.world if self.past is None else self.past.world

    def do(self, operation: Operation) -> Any:
        """Log an operation and carry it out; OperationError in the past, where nothing can be changed."""
        if self.past is not None:
            raise OperationError(
                f"this is the past (ev {self.past.occurrence} of {self.world.occurrence}), and it cannot be changed. "
                "`live` returns to the present, `fork` makes a new one of this")
        if self.log is not None:
            self.log.add(self.world, operation)
        serial = self.ring.last_serial
        try:
            return self.world.do(operation)
        finally:
            self._heed_knobs()
            if self.breakpoint is not None:
                self._ask(serial)

    def replace_world(self, world: World, log: InputLog, history: History, *, recorded: bool = False) -> None:
        """Put another world in the place of this one: a fork, or a recording that was read back.

        `recorded` says that the ring holds its events already; otherwise the latest are made anew.
        """
        at = world.occurrence
        latest = [] if recorded or at <= history.first else Past(history, world).events(
            at - WINDOW + 1, at, self.work)  # before anything has changed: it may be interrupted
        self.past = None
        self.pause()
        self.world.observe(None)
        self.world = world
        self._heed_knobs()
        self.recorder = EventRecorder(world, self.ring)
        self.log = log
        self.history = history
        self.description = log.description
        if not recorded:
            self.ring.refill(latest)
        world.observe(self.recorder)
        self.pace.begin(world.now)

    # One occurrence after the other.

    def step(self, count: int) -> list[StepResult]:
        """Handle up to `count` occurrences; time jumps to each. Interrupted ends it between two of them."""
        self.pause()
        done: list[StepResult] = []
        while len(done) < count:
            self.work.did()
            if self.past is not None:
                events = self.past.step()
                done.append(StepResult(self.past.occurrence, self.past.world.now, events))
                if self.past.occurrence == self.world.occurrence:
                    self.past = None
                continue
            serial = self.ring.last_serial
            began = self.clock()
            if not self._one():
                break
            self.flush()
            if self.history is not None:
                self.history.worked_for(self.world, self.clock() - began)
            done.append(StepResult(self.world.occurrence, self.world.now, self.ring.since(serial)[0]))
            if self.breakpoint is not None and self._ask(serial):
                break
        return done

    def step_until(
        self, test: Callable[[list[Event], World], bool], limit: int
    ) -> tuple[bool, int]:
        """Step until `test` is true of an occurrence, or a breakpoint hits, or `limit` are done; count them.

        Out of the past it goes no farther than the present.
        """
        done = 0
        past = self.past is not None
        if self.past is not None:
            self.work.plan(self.world.occurrence - self.past.occurrence)
        while done < limit and past == (self.past is not None):
            self.stopped = False
            one = self.step(1)
            if not one:
                break
            done += 1
            if test(one[0].events, self.view):
                return True, done
            if self.stopped:
                break
        return False, done

    def _one(self) -> bool:
        """Handle one occurrence: what is due, else what the device has, else what comes next."""
        world = self.world
        if world.step(world.now):
            return True
        while self.device is not None and (frame := self.device.read()) is not None:
            if self._input(frame):
                return True
        return world.step()

    def _stepped(self, until: int) -> bool:
        """Handle what is due by `until`, and ask the breakpoints about it."""
        serial = self.ring.last_serial
        if not self.world.step(until):
            return False
        if self.breakpoint is not None:
            self._ask(serial)
        return True

    def _ask(self, serial: int) -> bool:
        """Ask the breakpoints about what has happened since an event; pause, and return True, if one is hit."""
        assert self.breakpoint is not None
        if not self.breakpoint(self.ring.since(serial)[0], self.world):
            return False
        self.pause()
        self.stopped = True
        return True

    # Frames: from the device and to it, from other workers and to them.

    def share(self, relay: Relay | None) -> None:
        """Be one of several workers, who pass on what belongs to others; or the only one, with None."""
        self.relay = relay
        host = self.world.hosts[YOU]
        host.elsewhere = None if relay is None or relay.number else partial(relay.take_whole, host)

    def feed(self, frame: bytes, believed: bool = False) -> None:
        """Let a frame arrive that another worker has read; at worker 0 the others may have to hear of it."""
        if self.relay is not None and self.relay.number:
            if not hear(self.world, self.world.hosts[YOU], frame, believed):
                self._take(frame)
        else:
            self._input(frame)

    def _input(self, frame: bytes) -> bool:
        """Let a frame arrive that was just read; return whether it was an occurrence at once."""
        if self.relay is not None and self.relay.passes_on(self.world.hosts[YOU], frame, lambda _: frame):
            return False
        return self._take(frame)

    def _take(self, frame: bytes) -> bool:
        if self.log is not None:
            self.log.add(self.world, frame)
        return self.world.arrive(frame)

    def flush(self, many: bool = False) -> None:
        """Write what left for the world outside; `many` says that all of it answers frames that the fast path took."""
        out = self.world.wire_out
        if out:
            device = self.device
            if device is not None and device.virtio is not None:
                send(device.virtio, out, many and len(out) >= ALONE)
            elif device is not None:
                for frame in out:
                    device.write(frame)
            out.clear()

    # Going on: what is due and what arrives, a batch at a time, then sleep.

    def go(self, until: int, after: Callable[[], bool] | None) -> None:
        """Go on for up to a batch of occurrences, then wait if nothing is due.

        `until` bounds a simulation at speed inf; `after` is asked after every occurrence, and ends the batch with True.
        """
        host = direct(self)
        heed_offload(None if self.device is None else self.device.virtio, host)
        if host is not None:
            self._bench(host, after)
            return
        began = self.clock()
        world, fast = self.world, self.world.hosts[YOU].tcp.fast
        before, taken = world.occurrence, fast.taken
        busy = self._gated_batch(until, after) if self.pace.gated else self._batch(after)
        self.flush(many=fast.taken - taken == world.occurrence - before)
        if self.history is not None and world.occurrence > before:
            self.history.worked_for(world, self.clock() - began)
        if busy:
            self.backoff.busy()
        elif self.device is None or self.backoff.idle():
            self._sleep(until)

    def _bench(self, host: Host, after: Callable[[], bool] | None) -> None:
        """Handle what is due, then what the device has, and wait if that was nothing."""
        self.keep_time()
        if self.intake.take(self, host):
            self.backoff.busy()
        elif self.backoff.idle():
            self._sleep(NEVER)
        if after is not None:
            after()

    def _gated_batch(self, until: int, after: Callable[[], bool] | None) -> bool:
        until = min(until, self.stop_at)
        for _ in range(BATCH):
            if not self._stepped(until):
                if until < NEVER:
                    self._advance(until)
                return after is not None
            if self.paused or (after is not None and after()):
                return True
        return True

    def _batch(self, after: Callable[[], bool] | None) -> bool:
        """Handle what is due, then read until the device has no more."""
        world, device = self.world, self.device
        target = self.target()
        handled = 0
        while handled < BATCH and self._stepped(target):
            handled += 1
            if self.paused or (after is not None and after()):
                return True
        if handled == BATCH:  # more may be due: were time to pass first, it would fire late, but not in a replay
            if device is None:
                self.pace.begin(world.now)
            return True
        self._advance(target)
        while device is not None and not self.paused and handled < BATCH and (frame := device.read()) is not None:
            serial = self.ring.last_serial
            self._input(frame)
            handled += 1
            if self.breakpoint is not None:
                self._ask(serial)
            if self.paused or (after is not None and after()):
                break
        return handled > 0

    def rest(self) -> None:
        """Wait for a request, while paused."""
        self.wakeup.rest(LONGEST_SLEEP)

    def _sleep(self, until: int) -> None:
        """Wait until something is due, arrives or is asked for."""
        due = min(self.world.next_deadline(), until, self.stop_at)
        seconds = LONGEST_SLEEP
        if self.pace.gated:
            due = NEVER
        if due < NEVER:
            left = (due - self.world.now) / 1_000_000
            if self.device is None:
                left /= self.pace.speed
            seconds = min(max(left, 0.0), LONGEST_SLEEP)
        began = self.clock()
        self.wakeup.sleep(seconds)
        self.backoff.slept(self.clock() - began)
