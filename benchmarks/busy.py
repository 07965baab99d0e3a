"""A web server whose handler has work to do, with several workers.

    python -m benchmarks.busy WORKERS

It opens a TAP, and serves until SIGTERM. The workers are those of the shell; each is given a core of its own.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from aether.apps.http import HttpServer
from aether.engine.core import Core
from aether.engine.shards import Shards
from aether.lab import HOST_ADDRESS, PREFIX, YOU, listen, tapped
from aether.link.queues import open_queues
from benchmarks.tap_lab import DEVICE
from shell.lab.network import configure

PORT = 8000
WORK = 100_000
"""Numbers that the handler adds up for each request: about a millisecond."""


class BusyServer(HttpServer):
    """A web server that has to work for each answer."""

    __slots__ = ()

    def ready_answer(self, request: bytes) -> tuple[bytes, bool, int] | None:
        """Work, and answer as usual."""
        sum(range(WORK))
        return super().ready_answer(request)


def serve(count: int) -> None:
    """Serve with so many workers until SIGTERM; OSError if the kernel does not steer as it is told."""
    queues = open_queues(DEVICE, count)
    if queues.note:
        raise OSError(queues.note)
    queues.use(1)
    configure(DEVICE, HOST_ADDRESS, PREFIX)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    world = tapped(1)
    listen(world.hosts[YOU], PORT, BusyServer(world.hosts[YOU]))
    core = Core(world, queues.taps[0], mode="bench")
    shards = Shards(core, queues, print)
    core.start()
    shards.start(count)
    for child in shards.children:
        pin(child.process.pid, child.number)
    pin(os.getpid(), 0)
    signal.sigwait({signal.SIGTERM})
    shards.stop()
    core.stop()
    queues.close()


def pin(process: int, worker: int) -> None:
    """Keep all threads of a process on the core of a worker."""
    usable = sorted(os.sched_getaffinity(0))
    for thread in Path(f"/proc/{process}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {usable[worker % len(usable)]})


if __name__ == "__main__":
    from benchmarks import busy  # workers find the server by its module's name, which __main__ is not

    busy.serve(int(sys.argv[1]))
