"""Several workers behind one TAP: worker 0 is the core of this process, and each of the others is a process.

    shards = Shards(core, queues, tell)    # queues as `aether.link.queues.open_queues` made them
    shards.start(count), shards.stop()     # in benchmark mode only: events are recorded by one worker
    shards.ask(query) -> the answers of all workers, in their order
    shards.do(operation)                   # at all of them, or where the connection is that it is about
    shards.count_anew()                    # begin the period that the figures of all are about

A worker that ends is noticed, reported through `tell`, and replaced; its connections are reset when their peers send
the next segment. Whoever ends too often is not replaced any more: worker 0 goes on alone.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from aether import queries
from aether.answers import AtStake
from aether.engine.child import STARTS_WITHIN, Child, ShardError
from aether.engine.core import Core, CoreError, CoreStatus
from aether.engine.figures import Figures, figures, resident, together
from aether.engine.loop import Loop
from aether.engine.relay import ALL, ALL_BELIEVE, Relay
from aether.engine.worker import Beginning, first_number
from aether.link.queues import Queues
from aether.operations.base import Goes, Operation
from aether.queries import QueryError
from aether.world import World

T = TypeVar("T")
TOO_OFTEN = 3
"""Workers that are replaced within `A_WHILE`; with one more, worker 0 goes on alone."""
A_WHILE = 60.0
"""Seconds."""
WATCH_EVERY = 0.25
"""Seconds between two looks at addresses and routes, which DHCP changes."""


class Shards:
    """The workers behind one TAP."""

    def __init__(self, core: Core, queues: Queues, tell: Callable[[str], None]) -> None:
        """`tell` is given a line for the person when something happens by itself; from any thread."""
        self.core = core
        self.queues = queues
        self.tell = tell
        self.wanted = len(queues.taps)
        """How many workers there are to be in benchmark mode."""
        self.children: list[Child] = []
        self._lock = threading.RLock()
        self._ends: deque[float] = deque(maxlen=TOO_OFTEN)
        """When workers ended by themselves."""
        self._configured: object = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def capacity(self) -> int:
        """How many workers there can be."""
        return len(self.queues.taps)

    @property
    def count(self) -> int:
        """How many workers there are, with worker 0."""
        return len(self.children) + 1

    def start(self, count: int) -> None:
        """Let there be so many workers; ShardError if they do not come up, and there is one then."""
        with self._lock:
            self.stop()
            self.wanted = count
            if count == 1:
                self.count_anew()
                return
            latest = self.core.with_loop(partial(_number_by, stride=count, number=0))
            self._configured = self.core.ask(_configuration)
            beginning = self._beginning(count, latest)
            try:
                for number in range(1, count):
                    self.children.append(self._child(number, beginning))
            except ShardError:
                self.stop()
                raise
            if not all(child.ready.wait(STARTS_WITHIN) and child.started for child in self.children):
                late = next(child for child in self.children if not child.started)
                why = late.end_in_words if late.ready.is_set() else f"it was not ready within {STARTS_WITHIN:g} s"
                self.stop()
                raise ShardError(f"worker {late.number} does not start ({why}); worker 0 goes on alone")
            relay = Relay(0, count, self._give)
            self.core.with_loop(lambda loop: loop.share(relay))
            try:
                self.queues.use(count)
            except OSError:
                self.stop()
                raise ShardError(f"{self.queues.taps[0].name} is gone: there is nothing to share") from None
            self.count_anew()
            self._stopping.clear()
            self._watcher = threading.Thread(target=self._watch, name="aether-workers", daemon=True)
            self._watcher.start()

    def at_stake(self) -> AtStake:
        """Return how many connections the others have, which are reset when they end."""
        found = [AtStake(0, 0)]
        for child in self.children:
            with contextlib.suppress(ShardError):
                found.append(child.call("ask", queries.at_stake))
        return AtStake(sum(each.connections for each in found), sum(each.living for each in found))

    def stop(self) -> None:
        """Let worker 0 go on alone; the connections of the others will be reset."""
        with self._lock:
            children, self.children = self.children, []
            watcher, self._watcher = self._watcher, None
            self._stopping.set()
            with contextlib.suppress(OSError):  # the device is gone, and worker 0 says so
                self.queues.use(1)
            with contextlib.suppress(CoreError):  # it has stopped
                self.core.with_loop(partial(_number_by, stride=1, number=0))
                self.core.with_loop(lambda loop: loop.share(None))
            for child in children:
                child.end()
        if watcher is not None and watcher is not threading.current_thread():
            watcher.join()

    def ask(self, query: Callable[[World], T]) -> list[T]:
        """Return the answers of all workers, worker 0 first; ShardError if one does not answer."""
        return [self.core.ask(query), *(child.call("ask", query) for child in self.children)]

    def at(self, worker: int, query: Callable[[World], T]) -> T:
        """Return the answer of one worker."""
        if worker == 0 or worker >= self.count:
            return self.core.ask(query)
        answer: T = self.children[worker - 1].call("ask", query)
        return answer

    def owner(self, number: int, host: str = "you") -> int:
        """Return the worker that has a connection; QueryError if nobody has."""
        for worker in range(self.count):
            with contextlib.suppress(QueryError):
                self.at(worker, partial(queries.connection, number=number, host=host))
                return worker
        everybody = self.ask(partial(queries.connections, host=host))
        raise queries.no_connection(number, host, [(row.number, row.state) for rows in everybody for row in rows])

    def do(self, operation: Operation) -> Any:
        """Carry an operation out wherever it belongs, and return the result of the first."""
        if operation.goes is Goes.OWNER:
            about: Any = operation
            worker = self.owner(about.conn, about.host)
            return self.children[worker - 1].call("do", operation) if worker else self.core.do(operation)
        result = self.core.do(operation)
        if operation.goes is Goes.EVERYWHERE:
            for child in self.children:
                child.call("do", operation)
        return result

    def figures(self) -> list[Figures]:
        """Return what each worker has done since it counts; of one that does not answer, what it said last."""
        for child in self.children:
            with contextlib.suppress(ShardError):
                child.figures = child.call("figures", None)
        return [figures(self.core, 0), *(child.figures for child in self.children)]

    def status(self, fresh: bool = True) -> CoreStatus:
        """Return how all workers are: frames are added up, of shares of time it is the mean.

        Unless it has to be `fresh`, what the others said last will do: a fraction of a second ago, and nobody is asked.
        """
        others = self.figures()[1:] if fresh else [child.figures for child in self.children]
        return together(self.core.status(), others)

    def memory(self) -> int | None:
        """Return how many bytes the processes have in memory, as each said last; None where the system does not tell.

        What two of them share, such as the text of the interpreter, is counted at each.
        """
        said = [resident(), *(child.figures.memory for child in self.children)]
        return None if said[0] is None else sum(each or 0 for each in said)

    def count_anew(self) -> None:
        """Let all begin a new period, which their figures are about from now on."""
        with contextlib.suppress(CoreError):  # it has stopped, and nobody will look
            self.core.with_loop(Loop.count_anew)
        for child in self.children:
            child.count_anew()

    def _child(self, number: int, beginning: Beginning) -> Child:
        own = replace(beginning, number=number)
        return Child(number, self.queues, own, self._lost, self.core.feed, self.count_anew)

    def _beginning(self, count: int, latest: int) -> Beginning:
        snapshot, at = self.core.with_loop(lambda loop: (loop.world.snapshot(), (loop.clock(), loop.target())))
        return Beginning(0, count, self.queues.taps[0].name, snapshot, latest, at)

    def _give(self, worker: int, frame: bytes) -> None:
        """Give a frame to a worker, or to all; called by the core's thread."""
        for child in self.children:
            if worker in (ALL, ALL_BELIEVE, child.number):
                child.give(frame, believed=worker == ALL_BELIEVE)

    def _lost(self, child: Child) -> None:
        """A worker has ended by itself; called by the thread that listened to it."""
        while not self._lock.acquire(timeout=0.05):
            if child.ended:  # whoever has the lock waits for this very thread
                return
        try:
            said = self._replaced(child) if child in self.children else ""
        finally:
            self._lock.release()
        if said:
            self.tell(said)

    def _replaced(self, child: Child) -> str:
        """Start another worker in the place of one that has ended, unless that happens too often; say what was done."""
        why = child.end_in_words
        now = time.monotonic()
        often = len(self._ends) == TOO_OFTEN and now - self._ends[0] < A_WHILE
        self._ends.append(now)
        child.pipe.close()
        if often:
            self.children.remove(child)
            self.stop()
            return (f"worker {child.number} ended ({why}), and {TOO_OFTEN} did so lately: worker 0 goes on alone. "
                    "`workers N` starts others")
        latest = self.core.ask(lambda world: world.connections)
        try:
            self.children[child.number - 1] = self._child(child.number, self._beginning(self.count, latest))
        except ShardError as problem:
            self.children.remove(child)
            self.stop()
            return f"worker {child.number} ended ({why}). {problem}: worker 0 goes on alone"
        had = child.figures.connections
        lost = f"its {had} connection{'s are' if had > 1 else ' is'} reset" if had else "it had no connections"
        return f"worker {child.number} ended ({why}), and another has taken its place; {lost}"

    def _watch(self) -> None:
        """Let the workers begin anew when an address or a route has changed."""
        while not self._stopping.wait(WATCH_EVERY):
            configured = self.core.ask(_configuration)
            if configured != self._configured:
                self.tell("addresses or routes have changed: all workers but the first begin anew")
                with contextlib.suppress(ShardError):
                    self.start(self.count)
                return


def _number_by(loop: Any, stride: int, number: int) -> int:
    """Let worker 0 number connections so that the number tells the worker; return the latest number so far."""
    world: World = loop.world
    latest = world.connections
    world.stride = stride
    if stride > 1:
        world.connections = first_number(latest, number, stride) - stride
    return latest


def _configuration(world: World) -> object:
    """Return what the workers were told when they began, and are not told when it changes."""
    return [(host.addresses, host.mac) for host in queries.hosts(world)], queries.routes(world)
