"""A core without a thread: it drives the world on the caller's, so that tests repeat exactly."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from aether.engine.core import CoreStatus, StepResult
from aether.engine.work import Work
from aether.events import Event
from aether.lab import simulated
from aether.operations.base import Operation
from aether.timers import NEVER
from aether.world import World
from shell.session import Lab, Session


class DirectRing:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.last_serial = 0
        self.lost = 0
        self.first = 1

    def since(self, serial: int, limit: int = sys.maxsize) -> tuple[list[Event], int]:
        return [event for event in self.events if event.serial > serial][:limit], 0


class DirectCore:
    """What the shell needs of a core."""

    @property
    def whole(self) -> DirectCore:
        return self

    def events(self, first: int = 0) -> list[Event]:
        return self.ring.since(0)[0]

    def __init__(self, world: World, *, paused: bool = False) -> None:
        self.world = world
        self.ring = DirectRing()
        self.paused = paused
        self.mode = "trace"
        self.work = Work()
        self.look = None
        self.lost_device = ""
        self.done: list[Operation] = []
        world.observe(self._observe)

    def _observe(self, host: str, kind: str, *values: Any) -> None:
        self.ring.last_serial += 1
        world = self.world
        self.ring.events.append(Event(
            self.ring.last_serial, world.occurrence, world.now, host, world.frame, kind, values, ("", 0)))

    def with_loop(self, what: Callable[[Any], Any]) -> None:
        """There is no loop, and so nothing that waits."""

    def ask(self, query: Callable[[World], Any]) -> Any:
        return query(self.world)

    def do(self, operation: Operation) -> Any:
        self.done.append(operation)
        return self.world.do(operation)

    def run(self) -> None:
        self.paused = False

    def run_for(self, world_us: int) -> None:
        self.run()
        self.wait(lambda world: False, world_us)
        self.pause()

    def pause(self) -> None:
        self.paused = True

    def step(self, count: int = 1) -> list[StepResult]:
        found = []
        for _ in range(count):
            before = self.ring.last_serial
            if not self.world.step():
                break
            found.append(StepResult(self.world.occurrence, self.world.now, self.ring.since(before)[0]))
        return found

    def set_speed(self, speed: float) -> None:
        """Time passes only while somebody waits, whatever the speed."""

    def set_mode(self, mode: str) -> None:
        self.mode = mode
        self.world.observe(None if mode == "bench" else self._observe)

    def wait(self, query: Callable[[World], bool], world_us: int) -> bool:
        end = self.world.now + world_us
        while not query(self.world):
            if self.world.next_deadline() > end or self.world.next_deadline() == NEVER:
                self.world.advance(end)
                return query(self.world)
            self.world.step(end)
        return True

    def status(self) -> CoreStatus:
        world = self.world
        drops = sum(sum(host.drops.values()) for host in world.hosts.values())
        return CoreStatus(
            self.mode, self.paused, float("inf"), world.occurrence, world.now, world.frames, drops, spin=0.0,
            yielding=0.0, sleep=1.0, ring_size=len(self.ring.events), ring_lost=0, inputs=0, history_from=0,
            device="", fault="", past=False, present=world.occurrence)

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


def session(seed: int = 1, *, paused: bool = False) -> Session:
    """Return a session over a simulated lab, with nobody typing."""
    core = DirectCore(simulated(seed), paused=paused)
    return Session(core, Lab("SIM", seed=seed), scripted=not paused)  # type: ignore[arg-type]
