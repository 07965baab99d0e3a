"""An attack: so many moves, one every so often, then a judgement of what it came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from aether.attacks.station import Station, VictimSegment
from aether.timers import NEVER

if TYPE_CHECKING:
    from aether.host import Host
    from aether.world import World

AT_ONCE = 64
"""Moves in one occurrence at the most, when they follow one another faster than time is measured."""


@dataclass(slots=True)
class AttackProgress:
    """How an attack stands; times in microseconds."""

    kind: str
    victim: str
    moves: int
    """How many of its moves it has made."""
    sent: int
    """Frames."""
    elapsed: int
    done: bool
    success: bool | None
    """Whether it does what it says; None where nobody can tell."""
    findings: list[str]


@dataclass(slots=True)
class Plan:
    """What a person may say about an attack. Each attack has defaults of its own."""

    count: int
    every: int
    """Microseconds from one move to the next."""
    lasting: int
    """Microseconds for which it goes on after its last move, listening."""
    port: int
    conn: int
    """The number of the connection that is attacked, where one is."""
    offset: int


class Attack(Station):
    """The base of all attacks; a job of the user."""

    __slots__ = ("done", "ends_at", "finished_at", "judgement", "moves", "plan", "started_at", "victim")

    NAME: ClassVar[str]
    PLAN: ClassVar[Plan]
    ABOUT: ClassVar[str]
    """What it does, and which mistake it lives on."""
    DEFENCE: ClassVar[str]
    """What stops it, and which knob that is."""
    KNOBS: ClassVar[tuple[str, ...]]
    """Settings with which it works, as NAME=VALUE."""
    RFC: ClassVar[str]

    def __init__(self, world: World, victim: str, victim_ip: bytes, victim_mac: bytes, plan: Plan) -> None:
        super().__init__(world, victim, victim_ip, victim_mac)
        self.victim = victim
        self.plan = plan
        self.moves = 0
        self.done = False
        self.judgement: tuple[bool | None, list[str]] = (None, [])
        self.started_at = self.finished_at = world.now
        self.ends_at = NEVER

    def start(self) -> None:
        """Begin. ValueError if there is nothing to attack; the text says why."""
        self.prepare()
        self.listen()
        self.world.queue.wake(self, self.world.now)

    def prepare(self) -> None:
        """Look at the victim before the first move; ValueError if there is nothing to attack."""

    def move(self, index: int) -> None:
        """Make one move."""
        raise NotImplementedError

    def heard_segment(self, segment: VictimSegment) -> None:
        """The victim has sent a segment."""

    def judge(self) -> tuple[bool | None, list[str]]:
        """Say what it came to."""
        raise NotImplementedError

    def wake(self, now: int) -> None:
        """Look at what was heard, and make the moves that are due."""
        if self.done:
            self.world.queue.wake(self, NEVER)
            return
        for segment in self.take_heard():
            self.heard_segment(segment)
        made = 0
        while self.moves < self.plan.count and now >= self._due() and made < AT_ONCE:
            self.move(self.moves)
            self.moves += 1
            made += 1
        if self.moves >= self.plan.count and self.ends_at == NEVER:
            self.ends_at = now + self.plan.lasting
        if now >= self.ends_at:
            self._finish()
            return
        self.world.queue.wake(self, max(self._due() if self.moves < self.plan.count else self.ends_at, now + 1))

    def _due(self) -> int:
        return self.started_at + self.moves * self.plan.every


    def _finish(self) -> None:
        self.judgement = self.judge()
        self.done = True
        self.finished_at = self.world.now
        self.leave()

    def cancel(self) -> None:
        """End it now."""
        if not self.done:
            self._finish()

    def victim_host(self) -> Host | None:
        """Return the victim if it lives in this world; None if it is the kernel."""
        return self.world.hosts.get(self.victim)

    def report(self) -> AttackProgress:
        """Return how it stands."""
        success, findings = self.judgement if self.done else (None, [])
        end = self.finished_at if self.done else self.world.now
        return AttackProgress(
            self.NAME, self.victim, self.moves, self.sent, end - self.started_at, self.done, success, list(findings))


