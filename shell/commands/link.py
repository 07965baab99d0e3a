"""`link`: lose, delay and damage frames on their way."""

from __future__ import annotations

from shell import results
from shell.grammar import argument, command
from shell.session import Session


@command(
    "link drop", argument("what", str, "next, and how many, and which", raw="line", complete="next"),
    examples=("link drop next", "link drop next 3 in"),
)
def drop(session: Session, what: str) -> results.Message:
    """Lose the next frame."""
    raise NotImplementedError
