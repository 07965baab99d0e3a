"""The core: a thread that owns a world, drives it, and answers everybody else.

    core = Core(world, device=None, mode="trace", speed=1.0)   # speed inf: time passes only while somebody waits
    core.start() ... core.stop()
    core.ask(query)            -> query(world), between two occurrences; it only reads
    core.do(operation)         -> its result; OperationError comes to the caller
    core.run(until=None), core.pause(), core.step(count) -> list of StepResult
    core.wait(query, world_us) -> whether query became true within that much world time
    core.set_mode("trace" | "bench"), core.set_speed(x), core.status(), core.ring

Ctrl-C (or `core.interrupt()`) ends what somebody waits for between two occurrences: what was to be repeated or
searched has then not happened, what was to be waited for goes on. What is over by then keeps its result, and the next
long thing that is asked for ends at once (see `aether.engine.work`). A fault inside the world
pauses it, is kept in `status().fault`, and is raised as CoreError to whoever was waiting.
"""

from __future__ import annotations

import math
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar

from aether import lab
from aether.engine import lookback
from aether.engine.backoff import Shares
from aether.engine.device import Device
from aether.engine.loop import Loop, StepResult
from aether.engine.wakeup import Wakeup
from aether.engine.work import Interrupted, Work
from aether.events import Event
from aether.link.tap import DeviceError
from aether.operations.base import Operation, OperationError
from aether.timers import NEVER
from aether.world import World

__all__ = ["Core", "CoreError", "CoreStatus", "Device", "StepResult"]

LOOK_EVERY = 0.1
"""Seconds between two looks at how far something long is."""

T = TypeVar("T")
Hit = Callable[[list[Event], World], bool]
"""Is told the events of an occurrence and the world at its end, and answers whether it is time to stop."""


class CoreError(RuntimeError):
    """A fault of the program inside the world, or a core that does not run; the text is short."""


class DeviceLost(CoreError):
    """The device was taken away, which is nobody's mistake here; the world stands still and can be looked at."""


@dataclass(slots=True)
class CoreStatus:
    """How the core is, as plain data; times in microseconds of world time."""

    mode: str
    paused: bool
    speed: float
    occurrence: int
    time: int
    frames: int
    drops: int
    spin: float
    yielding: float
    sleep: float
    ring_size: int
    ring_lost: int
    inputs: int
    history_from: int
    """The earliest occurrence that one can go back to; -1 without history."""
    device: str
    fault: str
    """The last fault inside the world, as one line; empty if there was none."""
    past: bool
    """True while the past is shown: `occurrence` and `time` are of the past then."""
    present: int
    """The occurrence at which the present stands."""
    modelled: bool = False
    """True when the shares are those of a simulated host's cores, in world time, and not of this loop."""
    lately: Shares | None = None
    """The shares of about the last second, for who looks again and again; None where they are modelled."""


class _Request(NamedTuple):
    """Something that is asked of the thread."""

    what: Callable[[], Any]
    answer: Future[Any]
    work: Work
    """What is told of occurrences that are gone through for it."""


@dataclass(slots=True)
class _Wait:
    query: Callable[[World], bool]
    until: int
    answer: Future[bool]


class Core:
    """Owns a world, in a thread of its own."""

    def __init__(
        self, world: World, device: Device | None = None, *, mode: str = "trace", speed: float = 1.0,
        paused: bool = False, clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """`clock` returns nanoseconds; tests bring their own."""
        self.wakeup = Wakeup(device)
        self.loop = Loop(world, device, self.wakeup, lab.describe(world), mode=mode, speed=speed, clock=clock)
        self.loop.paused = paused
        self.ring = self.loop.ring
        self.work = Work()
        """How far that is what the main thread has asked for: only there does Ctrl-C arrive."""
        self.look: Callable[[Work], None] | None = None
        """Is shown now and then, in the main thread, how far it is."""
        self._requests: deque[_Request] = deque()
        self._waits: list[_Wait] = []
        self._stopping = self._ended = False
        self._door = threading.Lock()
        """Held to ask for something, and to end: what is asked for is answered."""
        self._fault = ""
        self.lost_device = ""
        """What to say of a device that was taken away; empty while it is there."""
        self._thread = threading.Thread(target=self._main, name="aether-core", daemon=True)

    @property
    def whole(self) -> Core:
        """The core that sees everything: this one."""
        return self

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, and wait for its end."""
        if self._thread.is_alive():
            self._stopping = True
            self.wakeup.wake()
            self._thread.join()
        self.wakeup.close()

    def ask(self, query: Callable[[World], T]) -> T:
        """Return what `query` reads from the world, between two occurrences."""
        return self._call(lambda: query(self.loop.view))

    def do(self, operation: Operation) -> Any:
        """Carry out an operation, and return its result; OperationError if that is impossible."""
        return self._call(lambda: self.loop.do(operation))

    def run(self, until: int | None = None) -> None:
        """Let world time go on; with `until` (microseconds of world time), return when it is there, or paused."""
        self._call(self.loop.run)
        if until is not None:
            self.wait(lambda world: world.now >= until, until)

    def run_for(self, world_us: int) -> None:
        """Let world time go on for exactly so many microseconds, and stand still; a breakpoint may end it before."""
        self._wait(_Wait(_never, NEVER, Future()), lambda wait: self._begin_run(wait, world_us))

    def pause(self) -> None:
        """Stop world time."""
        self._call(self.loop.pause)

    def step(self, count: int = 1) -> list[StepResult]:
        """Pause, and handle up to `count` occurrences; fewer when nothing more is to come."""
        return self._call(lambda: self.loop.step(count))

    def step_until(self, test: Hit, limit: int) -> tuple[bool, int]:
        """Pause, and step until `test` is true of an occurrence, or `limit` are done.

        Return whether it was, and how many were done.
        """
        return self._call(lambda: self.loop.step_until(test, limit))

    def run_until(self, test: Hit, world_us: int) -> bool:
        """Let time go on by itself until `test` is true of an occurrence, then pause at its end; return whether it was.

        A breakpoint ends it too, and `world_us` microseconds of world time. For a TAP, where stepping would let
        timers fire before the other end had its time to answer.
        """
        found: list[int] = []
        before = self.loop.breakpoint

        def hit(events: list[Event], world: World) -> bool:
            stops = before is not None and before(events, world)
            if not found and test(events, world):
                found.append(world.occurrence)
            return stops or bool(found)

        self._call(partial(self._begin_until, hit))
        try:
            self.wait(lambda world: False, world_us)
        finally:
            self._call(partial(self._end_until, before))
        return bool(found)

    def _begin_until(self, hit: Hit) -> None:
        self.loop.set_breakpoint(hit)
        self.loop.run()

    def _end_until(self, before: Hit | None) -> None:
        self.loop.pause()
        self.loop.set_breakpoint(before)

    def set_speed(self, speed: float) -> None:
        """Let world time pass so much faster than the wall's; inf: only, and at once, while somebody waits."""
        self._call(lambda: self.loop.set_speed(speed))

    def set_mode(self, mode: str) -> None:
        """Change to ``trace`` or ``bench``; bench ends the history, and trace starts a new one."""
        if mode not in ("trace", "bench"):
            raise ValueError(f"the mode is trace or bench, not {mode!r}")
        self._call(lambda: self.loop.set_mode(mode))

    def set_breakpoint(self, hit: Hit | None) -> None:
        """Ask `hit` at the end of every occurrence, with its events and the world; it pauses when that says True."""
        self._call(lambda: self.loop.set_breakpoint(hit))

    def go_to(self, occurrence: int, before: Callable[[World], object] | None = None) -> None:
        """Look at the world as it was at the end of an occurrence; the present one returns to it.

        `before` is asked about the world before that occurrence, if that is in the past too.
        """
        self._call(lambda: lookback.go_to(self.loop, occurrence, before))

    def live(self) -> None:
        """Return to the present, which stands still."""
        self._call(lambda: lookback.go_to(self.loop, self.loop.world.occurrence))

    def events(self) -> list[Event]:
        """Return the latest events up to what is shown."""
        return self._call(lambda: lookback.events(self.loop))

    def events_of(self, occurrence: int) -> list[Event]:
        """Return the events of one occurrence."""
        return self._call(lambda: lookback.events_of(self.loop, occurrence))

    def with_loop(self, what: Callable[[Loop], T]) -> T:
        """Have something done with the loop itself, between two occurrences: for timelines and recordings."""
        return self._call(lambda: what(self.loop))

    def feed(self, frame: bytes, believed: bool = False) -> None:
        """Let a frame arrive soon that another worker has read; from any thread, and without waiting for it.

        `believed` says that worker 0 has asked for what it says of a neighbour.
        """
        with self._door:
            if not self._ended:
                self._requests.append(_Request(partial(self.loop.feed, frame, believed), Future(), Work()))
                self.wakeup.wake()

    def wait(self, query: Callable[[World], bool], world_us: int) -> bool:
        """Wait until `query` is true, for so much world time at the most, or until the world is paused."""
        return self._wait(_Wait(query, 0, Future()), lambda wait: self._begin_wait(wait, world_us))

    def _wait(self, wait: _Wait, begin: Callable[[_Wait], None]) -> bool:
        """Begin to wait, and return what comes of it."""
        self._call(lambda: begin(wait))
        try:
            if self._current_work().take_stop():
                raise KeyboardInterrupt
            return wait.answer.result()
        except KeyboardInterrupt:
            self._call(lambda: self._waits.remove(wait) if wait in self._waits else None)
            raise

    def status(self) -> CoreStatus:
        """Return how the core is."""
        return self._call(self._status)

    def interrupt(self) -> None:
        """End what the main thread waits for, as Ctrl-C does; from any thread."""
        self.work.stop()

    def _current_work(self) -> Work:
        """Return what may be interrupted: that of the main thread, and of no other."""
        return self.work if threading.current_thread() is threading.main_thread() else Work()

    def _call(self, what: Callable[[], T]) -> T:
        """Have something done by the thread, between two occurrences; KeyboardInterrupt if it ended before its time."""
        if threading.current_thread() is self._thread:
            return what()
        answer: Future[T] = Future()
        with self._door:
            if self._ended or not self._thread.is_alive():
                raise CoreError("the core does not run")
            work = self._current_work()
            self._requests.append(_Request(what, answer, work))
            self.wakeup.wake()
        try:
            try:
                return self._answer(answer, work)
            except KeyboardInterrupt:
                work.stop()
            except SystemExit:  # SIGTERM: nobody waits for it any more, and whoever ends the core shall not either
                work.stop()
                raise
            return answer.result()  # it ends between two occurrences; a second Ctrl-C does not wait for that
        except Interrupted:
            work.take_stop()
            raise KeyboardInterrupt from None

    def _answer(self, answer: Future[T], work: Work) -> T:
        """Wait for an answer, and let whoever looks on see how far it is."""
        if self.look is None or work is not self.work:
            return answer.result()
        while not wait_for((answer,), LOOK_EVERY).done:
            self.look(work)
        self.look(work)
        return answer.result()

    def _begin_wait(self, wait: _Wait, world_us: int) -> None:
        wait.until = self.loop.world.now + world_us
        if self._check(wait):
            return
        if self.loop.paused:
            wait.answer.set_result(False)
        else:
            self._waits.append(wait)

    def _begin_run(self, wait: _Wait, world_us: int) -> None:
        self.loop.run_until(self.loop.world.now + world_us)
        wait.until = self.loop.stop_at + 1  # it ends when time stands still, or was told to go on for good
        self._waits.append(wait)

    def _check(self, wait: _Wait) -> bool:
        """Answer a wait that is over; return whether it is."""
        try:
            if wait.query(self.loop.world):
                wait.answer.set_result(True)
            elif self.loop.world.now >= wait.until:
                wait.answer.set_result(False)
            else:
                return False
        except BaseException as problem:
            wait.answer.set_exception(problem)
        return True

    def _main(self) -> None:
        while not self._stopping:
            try:
                self._serve()
                self._advance()
            except BaseException as problem:  # whatever it is, SystemExit too: who waits is told, and the world is kept
                self._keep_fault(problem)
        with self._door:
            self._ended = True
        for request in self._requests:
            request.answer.set_exception(CoreError("the core has stopped"))
        self._release(paused=True)

    def _serve(self) -> None:
        """Do what others asked for."""
        while self._requests:
            what, answer, self.loop.work = self._requests.popleft()
            try:
                self.loop.catch_up()
                result = what()
            except (OperationError, Interrupted) as problem:
                answer.set_exception(problem)
            except BaseException as problem:
                answer.set_exception(self._keep_fault(problem))
            else:
                answer.set_result(result)
            self.loop.flush()

    def _advance(self) -> None:
        """Let the world go on for a while, or wait until it has something to do."""
        loop = self.loop
        if loop.paused or (loop.pace.gated and not self._waits):
            self._release(paused=True)
            loop.rest()
        elif self._waits:
            until = min(wait.until for wait in self._waits)
            loop.go(until if loop.pace.speed == math.inf else NEVER, self._after_occurrence)
            self._release(paused=loop.paused)
        else:
            loop.go(NEVER, None)

    def _after_occurrence(self) -> bool:
        """Tell whether somebody's wait is over."""
        over = [wait for wait in self._waits if self._check(wait)]
        for wait in over:
            self._waits.remove(wait)
        return bool(over)

    def _release(self, paused: bool) -> None:
        """Answer those whose time is over, and everybody when the world stands still."""
        waiting, self._waits = self._waits, []
        for wait in waiting:
            if not self._check(wait):
                if paused:
                    wait.answer.set_result(False)
                else:
                    self._waits.append(wait)

    def _keep_fault(self, problem: BaseException) -> CoreError:
        """A fault, of the program or of its device: stop the world as it is, keep what happened, and return it."""
        kind = DeviceLost if isinstance(problem, DeviceError) else CoreError
        if kind is DeviceLost:
            self._fault = self.lost_device = str(problem)
        else:
            place = traceback.extract_tb(problem.__traceback__)[-1]
            self._fault = f"{type(problem).__name__}: {problem} ({place.filename.rpartition('/')[2]}:{place.lineno})"
        self.loop.pause()
        waiting, self._waits = self._waits, []
        for wait in waiting:
            wait.answer.set_exception(kind(self._fault))
        return kind(self._fault)

    def _status(self) -> CoreStatus:
        loop, world = self.loop, self.loop.view
        shares, modelled = _waiting(loop)
        return CoreStatus(
            loop.mode, loop.paused, loop.pace.speed, world.occurrence, world.now, world.frames,
            sum(sum(host.drops.values()) for host in world.hosts.values()), shares.spin, shares.yielding, shares.sleep,
            len(self.ring), self.ring.lost, len(loop.log.inputs) if loop.log is not None else 0,
            loop.history.first if loop.history is not None else -1,
            loop.device.name if loop.device is not None else "", self._fault, loop.past is not None,
            loop.world.occurrence, modelled, None if modelled else loop.backoff.lately(),
        )


def _never(world: World) -> bool:
    return False


def _waiting(loop: Loop) -> tuple[Shares, bool]:
    """Return how time is spent waiting, and whether that is a model of your host's cores and not this loop."""
    world = loop.view
    host = world.hosts[lab.YOU]
    if loop.device is not None or not host.models_processor:
        return loop.backoff.shares(), False
    cores = host.processor.until(world.now, host.knobs)
    passed = max(world.now - host.processor.since, 1) * len(cores)
    return Shares(*(sum(each) / passed for each in zip(
        *((core.spin, core.yielding, core.sleep) for core in cores), strict=True))), True
