"""What one run of a load asks for, and why one may end before its time."""

from __future__ import annotations

from dataclasses import dataclass

from shell.session import Session


@dataclass(frozen=True)
class LoadWish:
    """What a run asks for: a kind, how many in all, how many at a time, and bytes of each transfer."""

    kind: str
    asked: int
    at_once: int = 1
    size: int = 1
    client: str = ""
    """Who puts it on from the kernel's side: ``ours``, ``ab`` or ``wrk``; empty in the simulation."""

    @property
    def together(self) -> int:
        """How many connections there are at a time, at the most."""
        return self.asked if self.kind == "hold" else min(self.at_once, self.asked) if self.asked else self.at_once


def why_left(session: Session) -> str:
    """Say why a run was left before its end: time stands still, maybe at a breakpoint."""
    points = session.breakpoints
    at = [f"breakpoint {number} ({points.known[number].text})" for number in points.stopped_at] if points else []
    return f"the run was left before its end: time {'stopped at ' + ', '.join(at) if at else 'stands still'}"
