"""What is broken in a lesson's lab, whether the learner knows it, and how much of the lab is seen meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from aether.engine.blinded import Blinded
from shell.lessons import blind
from shell.lessons.model import Fault, Lesson
from shell.session import Session


class Breakage:
    """The fault that a lesson has chosen, if it has any to choose from."""

    def __init__(self, session: Session, lesson: Lesson) -> None:
        self.session = session
        self.lesson = lesson
        self.fault: Fault | None = None
        self.level = 0
        """How hard a fault may be; 0 lets what was found before decide."""
        self.guesses = 0
        """Wrong answers to what is broken, since the step began."""
        self.revealed = False
        """Whether what is broken was said."""
        self.since = 0
        """The occurrence at which the lab was set up."""

    def choose(self, name: str, seed: int, found: Callable[[], list[str]]) -> None:
        """Take the fault of that name, or let the seed choose one that was not met since the program began.

        `found` is asked for the faults that were found before, if a choice is made.
        """
        faults = self.lesson.faults
        if not faults:
            return
        met = self.session.faults_met.setdefault(self.lesson.id, [])
        saved = next((each for each in faults if each.name == name), None)
        self.fault = saved or blind.draw(self.lesson, self.level, found(), met, seed)
        if self.fault.name not in met:
            met.append(self.fault.name)

    def hidden(self, index: int) -> bool:
        """Tell whether something is broken at that step which the learner has to find."""
        return self.fault is not None and not self.revealed and index <= self.lesson.blind_until

    def look(self, index: int) -> None:
        """See all of the lab, or as long as its fault is hidden your own end alone."""
        core, hidden = self.session.core, self.hidden(index)
        if hidden != isinstance(core, Blinded):
            self.session.look_through(Blinded(core.whole, self.since) if hidden else core.whole)

    def reveal(self, index: int) -> list[str]:
        """Say what is broken, if that step asked for it and is over, and hide nothing any more."""
        if not self.hidden(index) or index < self.lesson.blind_until:
            return []
        self.revealed = True
        self.look(index)
        return blind.told(self.fault)
