"""The proof of a lesson in the lab that one is in: behind a TAP, with the Linux kernel as the peer.

Time cannot be turned back there. So the wrong ways of a step are gone before the solution, each is put right as
`lesson reset` does it, and the solution has to hold all the same: as with somebody who errs first.
"""

from __future__ import annotations

from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from shell.lessons import stage
from shell.lessons.lint import Walkthrough
from shell.lessons.sandbox import Sandbox
from shell.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shell.lessons.model import Lesson, Problem, Step


def prove_here(session: Session, lesson: Lesson, name: str) -> list[Problem]:
    """Return what is wrong with the steps of a lesson, in the lab of a session; it is put back afterwards."""
    session.need_trace("the proof of a lesson")
    stage.look_for(session, lesson.needs, lesson.title)
    tracing = session.tracing
    try:
        return _ProofHere(session, lesson, name).problems()
    finally:
        session.tracing = tracing


class _Here(Sandbox):
    """The lab of a session, which others have opened and others will close."""

    def __init__(self, session: Session) -> None:
        self.past = list(session.core.events())
        self.seed = session.lab.seed
        self.core = session.core
        self.session = session
        self.tracker = None
        self.prepared = 0
        self._serial = self.core.ring.last_serial
        self._drafts = dict(session.drafts)

    def __enter__(self) -> _Here:
        self.session.drafts.clear()
        self.session.part_of_more = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.part_of_more = False
        self.session.drafts.clear()
        self.session.drafts.update(self._drafts)


class _ProofHere(Walkthrough):
    """Goes through the steps of a lesson where time cannot be turned back."""

    def __init__(self, session: Session, lesson: Lesson, name: str) -> None:
        super().__init__(lesson, name, None)
        self.session = session

    @contextmanager
    def lab(self) -> Iterator[Sandbox]:
        """Take the knobs and the links of the lab, and give them back."""
        home = stage.leave_home(self.session, self.lesson.seed)
        try:
            with _Here(self.session) as here:
                yield here
        finally:
            stage.return_home(self.session, home)

    def wrong_ways(self, sandbox: Sandbox, index: int, step: Step) -> None:
        """Go each wrong way, and put it right."""
        stand = stage.standing(self.session)
        for block in step.wrong:
            sandbox.begin(self.lesson, index, None)
            self.wrong(sandbox, block)
            stage.stand_again(self.session, stand)
