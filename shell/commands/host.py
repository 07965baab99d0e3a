"""`host`: make the host at the other end act.

In the simulation these are applications of the simulated host; behind a TAP they are real
programs on the kernel's side.
"""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable

from shell.commands import http as http_command
from shell.commands import ping as ping_command
from shell.commands import tcp as tcp_command
from shell.commands.common import WAITS
from shell.commands.tcp import NUMBER
from shell.language.grammar import CommandError, argument, command
from shell.language.values import Endpoint, endpoint, web_address
from shell.language.values import address as parse_address
from shell.reading.escape import printable
from shell.results.host import ProgramReport
from shell.results.http import HttpReport
from shell.results.ping import PingReport
from shell.results.tcp import Connected, Sent
from shell.session import Finished, Session, hint

HOST_NAME = "host"
CURL = ("curl", "--disable", "--noproxy", "*", "--proto", "=http,https", "--proto-redir", "=http,https", "--globoff",
        "--silent", "--show-error", "--include", "--max-time", "10")
"""One page, from the address that the URL names: no file, no other protocol, no other server; no `~/.curlrc` that says
otherwise."""


def _simulated(session: Session) -> bool:
    return session.lab.run_program is None


def _run(session: Session, words: list[str], background: bool = False) -> ProgramReport:
    """Run a program at the kernel's side; while time stands still it runs in the background."""
    run = session.lab.run_program
    if run is None:
        raise CommandError("the simulated host runs no programs; they need a TAP (sudo aether-shell, or --lab). "
                           "It can do: host ping, host http get, host connect, host send")
    program = shlex.join(words)
    if background or session.paused:
        thread = threading.Thread(target=_run_behind, args=(session, run, words), daemon=True)
        thread.start()
        outcome = "background" if background else "paused"
        return ProgramReport(program, 0, "", outcome, hint(outcome))
    with _one_at_a_time, session.terminal.waiting():
        return _report(program, run(words))


_one_at_a_time = threading.Lock()


def _run_behind(session: Session, run: Callable[[list[str]], Finished], words: list[str]) -> None:
    """Run a program on a thread of its own, and announce its end."""
    with _one_at_a_time:
        session.terminal.announce(_report(shlex.join(words), run(words)))


def _report(program: str, done: Finished) -> ProgramReport:
    output = printable(done.output.replace("\r\n", "\n"), lines=True)
    return ProgramReport(program, done.status, output, "done")


@command(
    "host ping", argument("address", parse_address, "whom to ask", complete="addresses"), ping_command.COUNT, *WAITS,
    examples=("host ping 192.168.1.2",),
)
def ping(
    session: Session, address: str, count: int, wait: int, background: bool
) -> PingReport | ProgramReport:
    """Let the host send echo requests."""
    if _simulated(session):
        return ping_command.ping(session, address, count, host=HOST_NAME, wait=wait, background=background)
    return _run(session, ["ping", "-n", "-c", str(count), "--", address], background)


@command("host http get", argument("url", str, "what to fetch", complete="our_urls"), *WAITS,
         examples=("host http get http://192.168.1.2/",))
def http_get(
    session: Session, url: str, wait: int, background: bool
) -> HttpReport | ProgramReport:
    """Let the host fetch a page."""
    if _simulated(session):
        return http_command.get(session, url, False, HOST_NAME, wait, background)
    return _run(session, [*CURL, "--", web_address(url).url], background)


@command(
    "host connect", argument("address", endpoint, "whom to connect to", complete="our_endpoints"), *WAITS,
    examples=("host connect 192.168.1.2:7",),
)
def connect(
    session: Session, address: Endpoint, wait: int, background: bool
) -> Connected | ProgramReport:
    """Let the host open a connection. `host send` sends on it."""
    if _simulated(session):
        return tcp_command.connect(session, address, 0, None, HOST_NAME, wait, background)
    return _run(session, ["nc", "-v", "-z", "-w", "3", "--", address.address, str(address.port)], background)


@command(
    "host send", NUMBER, argument("data", str, "what to send; quotes around it are taken off", raw="text"), *WAITS,
    examples=('host send 3 "hello"',),
)
def send(session: Session, number: int, data: str, wait: int, background: bool) -> Sent:
    """Let the host send data on a connection that it holds; the rest of the line is the data."""
    if not _simulated(session):
        raise CommandError("the kernel's connections belong to its programs. Run one: host -- nc 192.168.1.2 7")
    return tcp_command.send(session, number, data, False, HOST_NAME, wait, background)


@command(
    "host --", argument("program", str, "a program with its arguments", raw="program"),
    examples=("host -- curl http://192.168.1.2/", "host -- ss -tn"),
)
def program(session: Session, program: str) -> ProgramReport:
    """Run any program on the kernel's side of the TAP; the rest of the line is its own."""
    try:
        words = shlex.split(program)
    except ValueError as problem:
        raise CommandError(f"{program}: {problem}") from None
    return _run(session, words)

