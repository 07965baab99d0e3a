"""One more worker: a process with a whole stack, and a queue of the TAP, of its own.

    python -m aether.engine.worker PIPE TAP

PIPE and TAP are descriptors that were handed over: one end of a socket pair, which says everything else, and the
queue. Over the pipe go pickled tuples: calls and frames come, answers, frames and figures leave. The process ends
with the other end of the pipe.
"""

from __future__ import annotations

import contextlib
import errno
import signal
import sys
import threading
import time
from dataclasses import dataclass
from heapq import heapify
from multiprocessing.connection import Connection
from typing import Any

from aether.apps.http import HttpServer
from aether.engine.core import Core, CoreError
from aether.engine.figures import figures
from aether.engine.loop import Loop
from aether.engine.relay import Relay
from aether.link.tap import Tap
from aether.net.neighbours import Neighbours
from aether.operations.base import OperationError
from aether.tcp.short.path import FastPath
from aether.timers import NEVER
from aether.world import World

FIGURES_EVERY = 0.25
"""Seconds."""
WAKEFUL = (FastPath, HttpServer, Neighbours)
"""Whose timers go on in a worker; others' are worker 0's affair."""


@dataclass(slots=True)
class Beginning:
    """What a worker has to know before it begins."""

    number: int
    workers: int
    device: str
    snapshot: bytes
    """The world of worker 0."""
    connections: int
    """The latest number that was given to a connection."""
    clock_and_time: tuple[int, int]
    """A moment of the machine's clock, in nanoseconds, and worker 0's world time then, in microseconds."""


def share_of(beginning: Beginning) -> World:
    """Return the world of a worker: that of worker 0 without its connections and jobs."""
    world = World.load(beginning.snapshot)
    for host in world.hosts.values():
        for conn in list(host.tcp.connections.values()):
            conn.end("abort", errno.ECONNRESET)
        for conn in list(host.tcp.connections.values()):  # an application has opened another one
            conn.socket = None
            conn.end("abort", errno.ECONNRESET)
        host.jobs.clear()
        host.counters.clear()
        host.drops.clear()
    for link in world.links.values():
        link.left.pipe.losses.clear()
        link.right.pipe.losses.clear()
    for _, _, owner, data in list(world.queue.heap):
        if data is None and not isinstance(owner, WAKEFUL):
            world.queue.wake(owner, NEVER)
    # What is on its way over the link is on its way to worker 0, or from it.
    world.queue.heap = [entry for entry in world.queue.heap if entry[3] is None]
    heapify(world.queue.heap)
    world.wire_out.clear()
    world.frames = world.occurrence = 0
    world.allow_short_cuts(True)
    world.stride = beginning.workers
    world.connections = first_number(beginning.connections, beginning.number, beginning.workers) - beginning.workers
    return world


def first_number(latest: int, number: int, workers: int) -> int:
    """Return the first number beyond `latest` that a worker gives to a connection: it tells who has it."""
    return (latest // workers + 1) * workers + number


class WorkerProcess:
    """The child's end of the pipe."""

    def __init__(self, pipe: Connection, tap: Tap, beginning: Beginning) -> None:
        self.pipe = pipe
        self.number = beginning.number
        self._sending = threading.Lock()
        self.core = Core(share_of(beginning), tap, mode="bench")
        self.core.loop.share(Relay(beginning.number, beginning.workers, self._hand_over))
        self.core.loop.pace.go_by(*beginning.clock_and_time)

    def serve(self) -> None:
        """Answer until the other end is closed."""
        self.core.start()
        self._send("ready", 0, True, None)
        told = 0.0
        try:
            while not self.core.status().fault:
                if self.pipe.poll(FIGURES_EVERY):
                    self._handle(*self.pipe.recv())
                if time.monotonic() >= told + FIGURES_EVERY:
                    self._send("figures", 0, True, figures(self.core, self.number))
                    told = time.monotonic()
            self._send("fault", 0, True, self.core.status().fault)
        except (EOFError, OSError):
            pass
        self.core.stop()

    def _handle(self, kind: str, ticket: int, what: Any) -> None:
        if kind in ("frame", "believed"):
            self.core.feed(what, believed=kind == "believed")
            return
        if kind == "anew":
            self.core.with_loop(Loop.count_anew)
            return
        try:
            answer = figures(self.core, self.number) if kind == "figures" else (
                self.core.ask(what) if kind == "ask" else self.core.do(what))
        except (OperationError, CoreError) as problem:
            self._send("answer", ticket, False, problem)
        else:
            self._send("answer", ticket, True, answer)

    def _hand_over(self, worker: int, frame: bytes) -> None:
        """Give worker 0 a frame that is not ours."""
        with contextlib.suppress(OSError):  # it is gone, and we end soon
            self._send("frame", 0, True, frame)

    def _send(self, kind: str, ticket: int, good: bool, what: Any) -> None:
        with self._sending:
            self.pipe.send((kind, ticket, good, what))


def main(pipe: int, tap: int) -> None:
    """Be a worker until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the shell
    end = Connection(pipe)
    try:
        beginning: Beginning = end.recv()
    except EOFError:
        return
    queue = Tap(beginning.device, several=True, descriptor=tap)
    try:
        worker = WorkerProcess(end, queue, beginning)
    except Exception as problem:  # a fault of the program, which worker 0 tells the person
        end.send(("fault", 0, True, f"{type(problem).__name__}: {problem}"))
    else:
        worker.serve()
    queue.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
