"""What several commands have: options, and a job that is begun and waited for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from aether import queries
from aether.operations.base import Operation
from aether.operations.services import JobCancel
from aether.world import World
from shell.language.grammar import option
from shell.language.values import duration
from shell.session import WAIT, Session

HOST = option("--host", "at which host: you, or another one", str, complete="hosts", default="you", metavar="H")
HOST_OR_ALL = option(
    "--host", "at which host: you, another one, or all", str, complete="hosts_or_all", default="you", metavar="H")
WAITS = (
    option("--wait", "how long to wait, in world time (3s unless said otherwise)", duration, default=WAIT, metavar="T"),
    option("--background", "do not wait at all"),
)

FORCE = option("--force", "replace a file that is there already")
"""For every command that writes a file: see `shell.files.writing`."""


def run_job(
    session: Session, job: Operation, host: str, wait: int, background: bool, *, ends: bool = False,
    draw: Callable[[list[Any]], Any] | None = None,
) -> tuple[int, str, Any, int]:
    """Begin a job of a host, and wait for its end, `wait` microseconds of world time at the most.

    Return its number, how the waiting ended (see `Session.wait`), and how far it is: what its `report` says. With
    `ends` Ctrl-C ends the job too, as it does elsewhere. With `draw`, which makes a result of what the job has found,
    that is shown as it comes to somebody at a terminal; the last that is returned is how many were shown.
    """
    number = session.do(job)
    done = partial(_is_done, number=number, host=host)
    show = session.terminal.meanwhile
    if draw is None or show is None or background:
        outcome, shown = session.wait(done, wait, background), 0
    else:
        outcome, shown = _follow(session, number, host, wait, lambda found: show(draw(found)))
    if ends and outcome == "detached":
        session.do(JobCancel(host=host, job=number))
    return number, outcome, session.ask(partial(queries.job_report, number=number, host=host)), shown


def _follow(session: Session, number: int, host: str, wait: int, show: Callable[[list[Any]], None]) -> tuple[str, int]:
    """Wait for the end of a job, and show what it finds as soon as it is there; return how it ended, and how much."""
    shown, until = 0, session.ask(_now) + wait

    def more(world: World) -> bool:
        return _is_done(world, number, host) or bool(queries.job_since(world, number, shown, host))

    while True:
        outcome = session.wait(more, max(until - session.ask(_now), 0))
        found = session.ask(partial(queries.job_since, number=number, shown=shown, host=host))
        if found:
            show(found)
            shown += len(found)
        if outcome != "done" or session.ask(partial(_is_done, number=number, host=host)):
            return outcome, shown


def _now(world: World) -> int:
    return world.now


def _is_done(world: World, number: int, host: str) -> bool:
    return queries.job_done(world, number, host)
