"""Two workers beside one: requests a second of a server whose handler has work to do, turn about in one sitting.

    python -m benchmarks.workers [ROUNDS]

Each worker is a process with a whole stack in benchmark mode, on a core and a queue of the TAP of its own; the kernel
steers connections to them (aether/link/queues.py). The client, the kernel, shares a core with the last worker, and
has little to do: the handler is what takes the time. ARP belongs to worker 0, so the others are told who the kernel is
when they start, and believe it to the end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from aether.apps.http import HttpServer
from aether.engine.core import Core
from aether.lab import HOST_ADDRESS, PREFIX, YOUR_ADDRESS, listen, tapped
from aether.link.queues import open_queues
from aether.link.tap import Tap
from aether.wire import arp, ethernet
from aether.wire.address import parse_ip, parse_mac
from benchmarks.tap_lab import DEVICE, TapLab, build_generator, missing
from shell.lab.network import configure

PORT = 8000
WORK = 100_000
"""Numbers that the handler adds up for each request: about a millisecond."""
CONCURRENCY, TOTAL = 50, 2000
WORKERS = (1, 2)
LEAST = 1.6
"""How many times as fast two workers should be."""
DAY = 86_400_000_000
"""In microseconds."""


class BusyServer(HttpServer):
    """A web server that has to work for each answer."""

    __slots__ = ()

    def quick(self, request: bytes) -> tuple[bytes, bool, int] | None:
        """Work, and answer as usual."""
        sum(range(WORK))
        return super().quick(request)


def work(tap: Tap, number: int, kernel: bytes) -> NoReturn:
    """Be a worker until SIGTERM; `kernel` is the hardware address behind the TAP."""
    usable = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {usable[number % len(usable)]})
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    world = tapped(number)
    you = world.hosts["you"]
    listen(you, PORT, BusyServer(you))
    you.knobs.arp_timeout = DAY
    neighbours = you.interfaces[0].neighbours
    question = arp.ArpPacket(arp.REQUEST, kernel, parse_ip(HOST_ADDRESS), bytes(6), parse_ip(YOUR_ADDRESS))
    neighbours.receive(ethernet.build(neighbours.interface.mac, kernel, ethernet.TYPE_ARP, arp.build(question)))
    core = Core(world, tap, mode="bench")
    core.start()
    signal.sigwait({signal.SIGTERM})
    core.stop()
    os._exit(0)


def serve(count: int) -> None:
    """Serve with so many workers until SIGTERM; OSError if the kernel does not steer as it is told."""
    queues = open_queues(DEVICE, count)
    if queues.note:
        raise OSError(queues.note)
    configure(DEVICE, HOST_ADDRESS, PREFIX)
    kernel = parse_mac(Path(f"/sys/class/net/{DEVICE}/address").read_text().strip())
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    children = []
    for number, tap in enumerate(queues.taps):
        child = os.fork()
        if child == 0:
            work(tap, number, kernel)
        children.append(child)
    signal.sigwait({signal.SIGTERM})
    for child in children:
        os.kill(child, signal.SIGTERM)
    for child in children:
        os.waitpid(child, 0)


def measure(rounds: int) -> dict[int, list[float]]:
    """Return requests a second by the number of workers, round by round, after one to warm up."""
    rates: dict[int, list[float]] = {count: [] for count in WORKERS}
    with contextlib.ExitStack() as stack:
        generator = build_generator(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        program = [sys.executable, "-m", "benchmarks.workers", "serve"]
        for round_ in range(rounds + 1):
            for count in WORKERS:
                with TapLab(str(count), [*program, str(count)], generator) as lab:
                    load = lab.load(CONCURRENCY, TOTAL, port=PORT)
                if load.failed or load.unfinished:
                    raise RuntimeError(f"{load.failed} requests failed, {load.unfinished} were not finished")
                if round_:
                    rates[count].append(load.rate)
    return rates


def main(rounds: int = 7) -> int:
    """Measure and print; return 1 if two workers are not that much faster."""
    why = missing() or ("needs two cores" if len(os.sched_getaffinity(0)) < max(WORKERS) else "")
    if why:
        print(f"workers: not measured, it {why}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the namespaces are removed
    rates = measure(rounds)
    for count, found in rates.items():
        print(f"{count} worker{'s' if count > 1 else ' '}: median {statistics.median(found):7,.0f} requests a second   "
              f"from {min(found):,.0f} to {max(found):,.0f}")
    one, two = (statistics.median(rates[count]) for count in WORKERS)
    print(f"two workers are {two / one:.2f} times as fast as one (at least {LEAST} is wanted)")
    return int(two < LEAST * one)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    else:
        sys.exit(main(*map(int, sys.argv[1:])))
