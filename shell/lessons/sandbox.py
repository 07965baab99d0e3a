"""A lab of its own for a lesson that is proved: simulated, alone, and with time that passes only while waited for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from aether.engine.blinded import Blinded
from aether.engine.core import Core, CoreError
from aether.engine.history import Snapshot, take
from aether.events import Event
from aether.knobs import KnobError
from aether.lab import simulated
from aether.operations.base import OperationError
from aether.operations.knobs import KnobSet
from aether.wire.address import AddressError
from aether.world import World
from shell.language.grammar import CommandError
from shell.lessons.allowed import ANSWER, carry_out
from shell.lessons.model import Fault, Lesson, LessonLine
from shell.lessons.tracker import CheckRow, Tracker
from shell.session import Lab, Session

EXPECTED = (CommandError, OperationError, KnobError, AddressError, CoreError)
"""What a command raises when a person asked for something that makes no sense."""
ANSWER_HERE = "{answer}"


class Sandbox:
    """One simulated lab, and a session in it."""

    def __init__(self, world: World, seed: int, past: Sequence[Event] = (), prepared: int = 0) -> None:
        self.past = list(past)
        """The events of this world before the sandbox had it."""
        self.seed = seed
        self.core = Core(world, speed=math.inf)
        self.session = Session(self.core, Lab("SIM", seed=seed), "plain", scripted=True, part_of_more=True)
        self.tracker: Tracker | None = None
        self.prepared = prepared
        """The occurrence at which the lab was set up: a blind fault hides all that was before."""
        self._serial = 0

    @classmethod
    def of(cls, lesson: Lesson, fault: Fault | None = None) -> Sandbox:
        """Return the lab that a lesson begins with; call it in a `with`."""
        return cls(simulated(lesson.seed), lesson.seed)

    def __enter__(self) -> Sandbox:
        self.core.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.core.stop()

    def prepare(self, lesson: Lesson, fault: Fault | None) -> None:
        """Set the knobs and run the commands that a lesson begins with."""
        prepare(self.session, lesson, fault)
        self.prepared = self.core.ask(lambda world: world.occurrence)

    def fork(self) -> Sandbox:
        """Return another sandbox that begins where this one stands."""
        events = self._new_events()
        self.past += events
        snapshot: Snapshot = self.core.with_loop(lambda loop: take(loop.world, 0))
        return Sandbox(snapshot.load(), self.seed, self.past, self.prepared)

    def begin(self, lesson: Lesson, index: int, fault: Fault | None) -> None:
        """Watch the checks of a step from here on."""
        self.past += self._new_events()
        blind = fault is not None and index <= lesson.blind_until
        self.session.look_through(Blinded(self.core, self.prepared, self.past) if blind else self.core)
        now = self.session.ask(lambda world: world.now)
        self.tracker = Tracker(
            lesson.steps[index].checks, seed=f"{lesson.seed}/{index}", fault=fault, past=self._seen(self.past), now=now,
            names=[each.name for each in lesson.faults])

    def run(self, line: LessonLine) -> str:
        """Carry out a command; return why that was impossible, or an empty text. A ping without an answer was not."""
        tracker = self.tracker
        assert tracker is not None
        try:
            if line.text.startswith(ANSWER):
                value = line.text.removeprefix(ANSWER).strip()
                right = self.core.ask(tracker.right_answer)
                correct, said = self.core.ask(
                    lambda world: tracker.answer(value.replace(ANSWER_HERE, right), world))
                return "" if correct else said
            words, result = carry_out(self.session, line.text)
        except EXPECTED as problem:
            return str(problem)
        finally:
            self.catch_up()
        tracker.note_command(words, result)
        return ""

    def catch_up(self) -> None:
        """Show the tracker what has happened."""
        assert self.tracker is not None
        events = self._new_events()
        self.past += events
        self.tracker.follow(self._seen(events), self.session.ask(lambda world: world.now))

    def _seen(self, events: Sequence[Event]) -> list[Event]:
        """Return what of some events can be seen now."""
        core = self.session.core
        return core.see(events) if isinstance(core, Blinded) else list(events)

    def rows(self) -> list[CheckRow]:
        """Return how the checks stand."""
        assert self.tracker is not None
        return self.core.ask(self.tracker.rows)

    def _new_events(self) -> list[Event]:
        events, _ = self.core.ring.since(self._serial)
        self._serial = self.core.ring.last_serial
        return events


def prepare(session: Session, lesson: Lesson, fault: Fault | None) -> list[tuple[tuple[str, ...], Any]]:
    """Set the knobs of a lesson, and run its setup and that of its fault; CommandError names what fails."""
    for name, value in lesson.knobs.items():
        session.do(KnobSet(name=name, value=value))
    done = []
    for line in (*lesson.setup, *(fault.setup if fault is not None else ())):
        try:
            done.append(carry_out(session, line))
        except EXPECTED as problem:
            raise CommandError(f"the lesson's set-up {line!r} failed: {problem}") from None
    return done
