"""A host: a stack, its applications, and what its user started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from aether.apps.dhcp_client import DhcpClient
from aether.apps.dns_resolver import Resolver, Resolving
from aether.knobs import Knobs
from aether.link.processor import Processor
from aether.stack import StackNetwork


class Job(Protocol):
    """Something that the user started and that takes time: a ping, a download."""

    done: bool

    def report(self) -> Any:
        """Return how far it is, as plain data."""

    def cancel(self) -> None:
        """End it now."""


@runtime_checkable
class Findings(Protocol):
    """A job that finds one thing after the other."""

    def since(self, shown: int) -> Sequence[Any]:
        """Return what it has found after the first `shown`, as plain data."""


class Host(Resolving):
    """One complete host. Everything in it changes only inside an occurrence of its world."""

    def __init__(self, name: str, knobs: Knobs | None = None) -> None:
        super().__init__(name, knobs)
        self.resolver = Resolver(self)
        self.dhcp = DhcpClient(self)
        self.processor = Processor()
        self.jobs: dict[int, Job] = {}
        self.jobs_started = 0

    def join(self, world: StackNetwork) -> None:
        """Become part of a world: take its queue, and streams of its randomness."""
        super().join(world)
        self.resolver.seed(world.seed)
        self.dhcp.seed(world.seed)

    @property
    def models_processor(self) -> bool:
        """Whether frames have to wait for a core (`aether.link.processor`)."""
        return bool(self.knobs.loop_cost or self.knobs.loop_wake)

    def add_job(self, job: Job) -> int:
        """Remember something that the user started; return its number."""
        self.jobs_started += 1
        self.jobs[self.jobs_started] = job
        while len(self.jobs) > MAX_JOBS:
            del self.jobs[next(iter(self.jobs))]
        return self.jobs_started


MAX_JOBS = 64
"""How many of the user's jobs a host remembers; the oldest are forgotten first."""
