"""What a lesson may do: every command of the shell is classified, and none of them reaches out of the lab.

Each command is carried out as a lesson's, behind what looks like a TAP, with whatever its arguments take: what it then
opens, runs and asks for is noted by the interpreter's own audit events.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import lessons
from aether.engine.core import Core
from aether.lab import simulated
from shell.language.grammar import Argument, Command, CommandError, Option
from shell.language.registry import load_all
from shell.lessons.allowed import carry_out, check, refusal
from shell.lessons.permissions import AT_THE_HOST, AT_US, BY_NAME, MAY, MAY_NOT, TEXTS
from shell.prompt.app import EXPECTED
from shell.results.lesson import Solution
from shell.session import Lab, Session
from tests.shell.conftest import Shell
from tests.shell.direct import session as direct_session

HOSTILE = (
    "secret.toml", "./secret.toml", "'secret.tom'l", "/etc/passwd", "-K", "--config=secret.toml", "@secret.toml",
    "gopher://127.0.0.1:6379/_x", "file:///etc/passwd", "http://127.0.0.1:631/", "http://192.168.1.2@127.0.0.1/",
    "http://{192.168.1.2,127.0.0.1}/", "http://evil.test/", "evil.test", "127.0.0.1", "8.8.8.8", "127.0.0.1:631",
    "0x7f.1", "192.168.1.2%0a", "> new", "| touch new", "; quit", "$(touch new)", "`touch new`", "!touch new",
)
"""What an argument is tried with; the files lie where the person stands."""
PLAIN = {
    "address": "192.168.1.1", "endpoint": "192.168.1.1:7", "port": "8080", "connection": "1", "count": "1",
    "size": "10", "duration": "10ms", "frame_number": "1", "octet": "1", "hops": "9", "tenths": "1s", "passes": "1",
    "occurrence": "1", "hexadecimal": "00", "switch": "on", "_switch": "on", "record_type": "A", "direction": "in",
    "application": "echo",
    "target": "192.168.1.1:7", "knob_name": "tcp.nagle", "profile_name": "modern", "_layers": "tcp", "_runs": "1",
    "_count": "1", "_megabytes": "1", "partial": "1", "opening": "server", "_turned": "tcp.sack=off",
}
"""What an argument takes, by the name of what reads it."""
OURS = (str(Path(lessons.__file__).parents[1]), sys.prefix, sys.base_prefix, "/proc/")
"""Beginnings of what may be read."""
OUTSIDE = (
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.remove", "os.rename", "os.mkdir",
    "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate", "socket.connect", "socket.sendto", "socket.bind",
    "socket.getaddrinfo", "socket.gethostbyname",
)
"""Audit events of what nothing in a lesson does."""


@dataclass
class Finished:
    """A program that did nothing."""

    status: int = 0
    output: str = ""
    interrupted: bool = False


class Watched:
    """What happens outside of the lab while this looks."""

    def __init__(self) -> None:
        self.looks = False
        self.seen: list[str] = []

    def note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.looks or "__pycache__" in str(arguments):  # whatever is imported first, Python compiles
            return
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            path, flags = os.fsdecode(arguments[0]), arguments[2]
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and ".pyc" not in path
            if writes or not path.startswith(OURS):
                self.seen.append(f"open {path}")
        elif event in OUTSIDE:
            self.seen.append(f"{event} {arguments}")


WATCHED = Watched()
sys.addaudithook(WATCHED.note)


@pytest.fixture
def programs() -> list[list[str]]:
    """Return the programs that the machine was to run."""
    return []


@pytest.fixture
def tap(programs: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Yield a session that runs programs as one behind a TAP does, and only notes them."""
    (tmp_path / "secret.toml").write_text('[both]\nloss = "5%"\n')
    monkeypatch.chdir(tmp_path)

    def run(program: list[str], write: object = None, stop: object = None) -> Finished:
        programs.append(program)
        return Finished()

    core = Core(simulated(1), speed=math.inf)
    core.start()
    yield Session(core, Lab("TAP", run_program=run), "plain", scripted=True)
    core.stop()


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """Import what is imported late: the library of frames makes folders for its own settings."""
    with suppress(*EXPECTED):
        carry_out(direct_session(), "craft IP()/TCP()")


def kind(part: Argument | Option) -> str:
    """Return the name of what reads an argument."""
    return getattr(part.parse, "__name__", "partial")


def plain(part: Argument | Option) -> str:
    """Return something that an argument takes."""
    return PLAIN.get(kind(part), "1")


def lines_of(command: Command) -> Iterator[str]:
    """Yield the command as it is meant, and with everything else in the place of each of its arguments and options."""
    usual = [plain(each) for each in command.arguments]
    if command.path[0] == "attack":
        yield f"{command.name} --count 2 --for 10ms"
    else:
        yield " ".join([command.name, *usual])
        yield from command.examples
    for hostile in HOSTILE:
        yield f"{command.name} {hostile}"
        for index in range(len(usual)):
            yield " ".join([command.name, *usual[:index], hostile, *usual[index + 1:]])
        for option in command.options:
            if option.parse is not None and kind(option) == "str":
                yield " ".join([command.name, *usual, option.name, hostile])


def test_every_command_is_classified() -> None:
    """Whoever adds a command says in shell/lessons/permissions.py whether a lesson may have it, and why not."""
    known = {each.name for each in load_all()}
    assert known == MAY | MAY_NOT.keys()
    assert not MAY & MAY_NOT.keys()
    assert {*AT_THE_HOST, *AT_US, *BY_NAME} <= MAY


def test_every_text_that_an_allowed_command_takes_is_classified() -> None:
    taken = {
        part.name if isinstance(part, Argument) else part.parameter
        for each in load_all() if each.name in MAY for part in (*each.arguments, *each.options) if part.parse is str
        and (not isinstance(part, Argument) or BY_NAME.get(each.name) != part.name)}
    assert taken == TEXTS


@pytest.mark.parametrize("name", sorted(MAY - AT_US))
def test_nothing_that_is_allowed_reaches_out_of_the_lab(
    tap: Session, programs: list[list[str]], tmp_path: Path, name: str
) -> None:
    [command] = [each for each in load_all() if each.name == name]
    before = sorted(tmp_path.rglob("*"))
    WATCHED.seen.clear()
    for line in lines_of(command):
        WATCHED.looks = True
        try:
            carry_out(tap, line)
        except EXPECTED:
            continue
        finally:
            WATCHED.looks = False
    assert WATCHED.seen == []
    assert sorted(tmp_path.rglob("*")) == before
    for program in programs:
        assert program[0] in ("ping", "curl", "nc")
        given = program[program.index("--") + 1:]
        assert given[0].removeprefix("http://").rstrip("/") in ("192.168.1.1", "192.168.1.2", "192.168.1.1:7"), program
    assert bool(programs) == (name in AT_THE_HOST)


@pytest.mark.parametrize("name", sorted(MAY_NOT))
def test_nothing_that_is_not_allowed_is_carried_out(tap: Session, name: str) -> None:
    [command] = [each for each in load_all() if each.name == name]
    for line in lines_of(command):
        if name != "lesson answer":
            assert refusal(line)
            with pytest.raises(CommandError):
                carry_out(tap, line)


@pytest.mark.parametrize("line", [
    "host http get http://192.168.1.2/", "host http get https://192.168.1.2:8443/a?b=c#d", "host ping 192.168.1.1",
    "host http get 192.168.1.77", "host connect 192.168.1.2:9000",
])
def test_the_host_reaches_the_lab(tap: Session, programs: list[list[str]], line: str) -> None:
    carry_out(tap, line)
    assert programs


@pytest.mark.parametrize("line", [
    "host http get gopher://127.0.0.1:1/_x", "host http get file:///etc/passwd", "host http get -K",
    "host http get --next",
    "host http get http://127.0.0.1/", "host http get http://192.168.1.2@127.0.0.1/", "host http get http://evil.test/",
    "host http get http://192.168.1.2.evil.test/", "host http get http://0300.0250.1.2/", "host ping 8.8.8.8",
    "host http get http://192.168.1.2\\@127.0.0.1/", "host connect 127.0.0.1:22", "host http get dict://192.168.1.2/x",
    "host http get http://[::1]/", "host http get http://3232235778/", "host http get evil.test",
])
def test_the_host_reaches_nothing_else(tap: Session, programs: list[list[str]], line: str) -> None:
    with pytest.raises(CommandError):
        carry_out(tap, line)
    assert programs == []


def test_the_lab_is_the_network_of_the_device(tap: Session, programs: list[list[str]]) -> None:
    tap.lab.network = "10.77.0.0/24"
    carry_out(tap, "host ping 10.77.0.2 --count 1")
    with pytest.raises(CommandError, match=r"would reach 192\.168\.1\.2\. .*10\.77\.0\.0/24"):
        carry_out(tap, "host ping 192.168.1.2 --count 1")


@pytest.mark.parametrize("name", sorted(AT_US))
def test_a_load_is_put_on_an_address_of_the_lab_alone(tap: Session, programs: list[list[str]], name: str) -> None:
    line = f"{name} down" if name == "bench bulk" else name
    check(tap, line)
    carry_out(tap, "ip add 8.8.8.8/24")
    carry_out(tap, "ip remove 192.168.1.2")
    assert tap.address == "8.8.8.8"
    with pytest.raises(CommandError, match=r"would reach 8\.8\.8\.8"):
        carry_out(tap, line)
    assert programs == []


@pytest.mark.parametrize("url", ["gopher://127.0.0.1:1/_x", "file:///etc/passwd", "scp://x/y"])
def test_not_even_a_person_has_the_host_fetch_by_another_protocol(
    tap: Session, programs: list[list[str]], url: str
) -> None:
    command = next(each for each in load_all() if each.name == "host http get")
    with pytest.raises(CommandError, match="only http:// and https://"):
        command.run(tap, url=url, wait=1, background=False)
    command.run(tap, url="-K", wait=1, background=False)
    assert [program[-2:] for program in programs] == [["--", "http://-K"]]


@pytest.mark.parametrize("line", [
    "status > new", "status | touch new", "break commands 1 status > new", "frames tcp; quit", "!touch new", "@new",
    "scenario load x.tom\\l",
])
def test_a_solution_is_read_by_our_grammar_alone(
    engine_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    engine_shell.app.play(Solution([line]))
    assert sorted(tmp_path.iterdir()) == before
    assert engine_shell.app.failures == 1
