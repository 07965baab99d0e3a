"""The load that a host of the world puts on another, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.apps.load import KINDS, PORTS, Load
from aether.operations.base import Goes, Operation, OperationError, host_named, operation
from aether.wire.address import AddressError, parse_ip

if TYPE_CHECKING:
    from aether.world import World

MOST_REQUESTS = 100_000
"""Requests or connections of one load."""
MOST_AT_ONCE = 10_000
LARGEST_TRANSFER = 1 << 32
"""Bytes of one transfer."""


@operation
@dataclass(slots=True)
class LoadStart(Operation):
    """Put a load on an address: `asked` in all, `concurrency` at a time; the result is the number of the job."""

    goes = Goes.FIRST
    host: str = "host"
    kind: str = "http"
    address: str = ""
    asked: int = 1000
    concurrency: int = 100
    size: int = 1 << 20

    def apply(self, world: World) -> int:
        """Open the first connections."""
        host = host_named(world, self.host)
        if self.kind not in KINDS:
            raise OperationError(f"no load {self.kind!r}. There are: {', '.join(KINDS)}")
        for name, value, most in (
            ("asked", self.asked, MOST_REQUESTS), ("concurrency", self.concurrency, MOST_AT_ONCE),
            ("size", self.size, LARGEST_TRANSFER),
        ):
            if not 1 <= value <= most:
                raise OperationError(f"{name} is from 1 to {most:,}, not {value}")
        try:
            address = parse_ip(self.address)
        except AddressError as problem:
            raise OperationError(str(problem)) from None
        load = Load(host, self.kind, address, PORTS[self.kind], self.asked, self.concurrency, self.size)
        try:
            load.start()
        except OSError as problem:
            raise OperationError(f"connect to {self.address}: {problem.strerror or problem}") from None
        return host.add_job(load)
