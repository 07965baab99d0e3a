"""A model of the processor between a host's interfaces and its stack: cores that wait, wake up, and take their time.

Off unless the knobs loop.cost or loop.wake say otherwise. A frame that arrives is steered to a worker, one core with a
whole stack as in receive-side scaling; there it waits until the core has woken up and has done what came before.
World time only: nothing here depends on how fast this program runs.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from aether.wire.ethernet import HEADER_LENGTH, TYPE_IPV4
from aether.wire.ipv4 import PROTO_TCP, PROTO_UDP

if TYPE_CHECKING:
    from aether.knobs import Knobs

_TYPE = TYPE_IPV4.to_bytes(2, "big")


def worker_of(frame: bytes, workers: int) -> int:
    """Return the worker that a frame belongs to: its source address plus half its source port, modulo the workers.

    Half of it, since Linux takes even ports for its clients as long as there are any. What has no ports, and
    fragments, which do not show them, belong to worker 0.
    """
    if (
        workers == 1 or len(frame) < HEADER_LENGTH + 24 or frame[12:14] != _TYPE
        or frame[23] not in (PROTO_TCP, PROTO_UDP) or (frame[20] & 0x3F or frame[21])
    ):
        return 0
    at = HEADER_LENGTH + 4 * (frame[14] & 0x0F)
    return worker_of_flow(frame[26:30], int.from_bytes(frame[at:at + 2], "big"), workers)


def worker_of_flow(address: bytes, port: int, workers: int) -> int:
    """Return the worker of what comes from an address (4 bytes) and a port."""
    return (int.from_bytes(address, "big") + port // 2) % workers


class Worker:
    """One core: what it has done, in microseconds of world time."""

    __slots__ = ("busy", "frames", "free", "sleep", "spin", "wakes", "yielding")

    def __init__(self, since: int) -> None:
        self.free = since
        """When it will have done what it was given."""
        self.frames = 0
        self.busy = 0
        self.spin = self.yielding = self.sleep = 0
        """How it has waited up to `free`."""
        self.wakes = 0

    def wait(self, until: int, knobs: Knobs) -> bool:
        """Let it wait from `free` on: spin, then yield, then sleep; return whether it is asleep in the end."""
        idle = until - self.free
        spin = min(idle, knobs.loop_spin)
        yielding = min(idle - spin, knobs.loop_yield)
        self.spin += spin
        self.yielding += yielding
        self.sleep += idle - spin - yielding
        self.free = until
        return idle > spin + yielding

    def until(self, now: int, knobs: Knobs) -> Worker:
        """Return what it will have done by `now` if no frame comes before; a core at work stays at work."""
        then = copy(self)
        if then.free < now:
            then.wait(now, knobs)
        return then


class Processor:
    """The cores of one host."""

    __slots__ = ("since", "workers")

    def __init__(self) -> None:
        self.workers: list[Worker] = []
        self.since = 0
        """Since when is counted, in microseconds of world time."""

    def reset(self, now: int) -> None:
        """Count anew from now on."""
        self.workers = []
        self.since = now

    def until(self, now: int, knobs: Knobs) -> list[Worker]:
        """Return what each core will have done by `now` if no frame comes before."""
        idle = [Worker(self.since) for _ in range(len(self.workers), knobs.loop_workers)]
        return [worker.until(now, knobs) for worker in (self.workers + idle)[:knobs.loop_workers]]

    def take(self, frame: bytes, now: int, knobs: Knobs) -> tuple[int, int]:
        """Give a frame that arrives to its worker; return which that is, and when it will have done with it."""
        while len(self.workers) < knobs.loop_workers:
            self.workers.append(Worker(self.since))  # nobody has used it, so it has waited since then
        number = worker_of(frame, knobs.loop_workers)
        worker = self.workers[number]
        worker.frames += 1
        if worker.free < now and worker.wait(now, knobs):
            worker.wakes += 1
            worker.busy += knobs.loop_wake
            worker.free += knobs.loop_wake
        worker.busy += knobs.loop_cost
        worker.free += knobs.loop_cost
        return number, worker.free
