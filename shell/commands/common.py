"""What several commands have: options, and a job that is begun and waited for."""

from __future__ import annotations

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
) -> tuple[int, str, Any]:
    """Begin a job of a host, and wait for its end, `wait` microseconds of world time at the most.

    Return its number, how the waiting ended (see `Session.wait`), and how far it is: what its `report` says. With
    `ends` Ctrl-C ends the job too, as it does elsewhere.
    """
    number = session.do(job)
    outcome = session.wait(partial(_is_done, number=number, host=host), wait, background)
    if ends and outcome == "detached":
        session.do(JobCancel(host=host, job=number))
    return number, outcome, session.ask(partial(queries.job_report, number=number, host=host))


def _is_done(world: World, number: int, host: str) -> bool:
    return queries.job_done(world, number, host)
