"""`http`: fetch a page."""

from __future__ import annotations

import errno
import os
from functools import partial

from aether import queries
from aether.operations import HttpGet
from aether.world import World
from shell import results
from shell.commands.common import HOST, WAITS
from shell.grammar import CommandError, argument, command
from shell.session import Session, hint
from shell.views.escape import printable_bytes

SHOWN = 2000
"""Characters of a page that are shown."""


@command(
    "http get", argument("url", str, "what to fetch, such as http://192.168.1.1/", complete="urls"), HOST, *WAITS,
    examples=("http get http://192.168.1.1/",),
)
def get(session: Session, url: str, host: str, wait: int, background: bool) -> results.HttpReport:
    """Fetch a page over a connection of its own."""
    job = session.do(HttpGet(host=host, url=url))

    def finished(world: World) -> bool:
        return queries.job_done(world, job, host)

    return report(session, job, host, session.wait(finished, wait, background))


def report(session: Session, job: int, host: str, outcome: str) -> results.HttpReport:
    """Return how far a request is; CommandError if it failed."""
    so_far = session.ask(partial(queries.job_report, number=job, host=host))
    if so_far.error and not so_far.status:
        raise CommandError(f"{so_far.url}: {_in_words(so_far.error)}")
    return results.HttpReport(
        job, so_far.url, outcome, so_far.status, so_far.reason, [f"{name}: {value}" for name, value in so_far.headers],
        printable_bytes(so_far.body[:SHOWN], lines=True), so_far.length, so_far.elapsed,
        _in_words(so_far.error), hint(outcome))


def _in_words(error: str) -> str:
    """Turn the name of an errno into what it means."""
    number = getattr(errno, error, None) if error.isupper() else None
    return os.strerror(number).lower() if number is not None else error
