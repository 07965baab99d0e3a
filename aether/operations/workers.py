"""The cores of a host, as data: how many there are, and what they have done so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.answers import ProcessorReport, WorkerRow
from aether.link.processor import Worker, worker_of_flow
from aether.operations.base import Goes, Operation, host_named, operation
from aether.operations.knobs import KnobSet

if TYPE_CHECKING:
    from aether.world import World


@operation
@dataclass(slots=True)
class WorkersSet(Operation):
    """Give a host so many cores, or leave it those that it has (0); they begin to count anew."""

    goes = Goes.FIRST
    host: str = "you"
    count: int = 0

    def apply(self, world: World) -> None:
        """OperationError if there cannot be so many."""
        if self.count:
            KnobSet(host=self.host, name="loop.workers", value=str(self.count)).apply(world)
        host_named(world, self.host).processor.reset(world.now)


def processor(world: World, host: str = "you") -> ProcessorReport:
    """Return what the cores of a host have done since they began to count, up to the latest frame.

    So a measurement can be looked at afterwards: that the cores are idle while somebody reads says nothing.
    """
    one = host_named(world, host)
    count = one.knobs.loop_workers
    end = min(max((worker.free for worker in one.processor.workers if worker.frames), default=world.now), world.now)
    passed = max(end - one.processor.since, 1)
    connections = [0] * count
    for key in one.tcp.connections:
        connections[worker_of_flow(key[:4], key[8] << 8 | key[9], count)] += 1
    cores = one.processor.until(end, one.knobs)
    rows = [_row(worker, number, connections[number], passed) for number, worker in enumerate(cores)]
    frames = sum(row.frames for row in rows)
    skew = max(row.frames for row in rows) * count / frames if frames else 0.0
    return ProcessorReport(host, rows, round(skew, 2), passed, one.knobs.loop_cost, one.knobs.loop_wake)


def _row(worker: Worker, number: int, connections: int, passed: int) -> WorkerRow:
    busy, spin, yielding, sleep = (
        round(min(each / passed, 1.0), 4) for each in (worker.busy, worker.spin, worker.yielding, worker.sleep))
    return WorkerRow(number, connections, worker.frames, busy, spin, yielding, sleep, worker.wakes)
