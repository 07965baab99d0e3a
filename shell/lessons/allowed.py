"""Whether a lesson may have a command, and how its lines are carried out. What it may is data: see permissions.py.

Lines are judged as they are carried out: by their words after quotation marks are taken off. They never pass through
the reader of the shell that knows redirections, pipes, scripts and macros.
"""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aether.lab import LAN_NETWORK, WAN_NETWORK
from shell.language import grammar
from shell.language.grammar import Argument, Command, CommandError, Option
from shell.language.registry import find
from shell.language.values import web_address
from shell.lessons.permissions import AT_THE_HOST, AT_US, BY_NAME, MAY, MAY_NOT, NAMES, TEXTS
from shell.session import Session

MAX_LINE = 400
ANSWER = "lesson answer"
LAB_ALONE = "a lesson works with the lab alone: use another command"
Refusal = tuple[str, str]
"""What is wrong, and what to do instead."""


def refusal(line: str) -> Refusal | None:
    """Return why a lesson must not have this command, and what to do instead; None if it may."""
    words = line.split()
    if not words:
        return "an empty command", "write one, or remove the line"
    if len(line) > MAX_LINE:
        return f"a command of {len(line)} characters", f"at most {MAX_LINE}"
    if _answers(words):
        return None if len(words) > 2 else ("lesson answer needs a value", "lesson answer {answer}")
    if words[0] not in _NOUNS:
        return f"{words[0]!r} is no command for a lesson", f"allowed are: {', '.join(sorted(_NOUNS))}"
    try:
        command, given = _read(line)
    except CommandError as problem:
        return str(problem), "`help` lists all commands"
    except ValueError as problem:
        return f"cannot read {line!r}: {problem}", "close the quotation marks"
    if command.name not in MAY:
        return f"{line!r} {MAY_NOT.get(command.name, 'is nothing that a lesson is known to need')}", LAB_ALONE
    if not command.raw and any(mark in line for mark in ">|;"):
        return f"{line!r} redirects its output", "a lesson writes no files and runs no programs: leave it out"
    return _of_words(command, line, given)


_NOUNS = frozenset(name.partition(" ")[0] for name in MAY)


def _read(line: str) -> tuple[Command, list[str]]:
    """Return the command of a line, and the words that are left for it; of a raw one, as they stand.

    CommandError if there is no such command, ValueError if a quotation mark is not closed.
    """
    words = line.split()
    command = find(words)
    given = words if command.raw else shlex.split(line)
    return command, given[len(command.path):]


def _of_words(command: Command, line: str, given: list[str]) -> Refusal | None:
    """Return what is wrong with the words that a command is given."""
    for option in command.options:
        if _free(option) and any(word.partition("=")[0] == option.name for word in given):
            return f"{line!r} reaches beyond the lab with {option.name}", LAB_ALONE
    by_name = BY_NAME.get(command.name)
    if any(_free(each) for each in command.arguments if each.name != by_name):
        return f"{line!r} reaches beyond the lab", LAB_ALONE
    try:
        name = values_of(line)[1][by_name] if by_name is not None else None
    except CommandError:
        return None  # it will say so when it is carried out: a wrong way may be wrong in this way, too
    known = NAMES[command.path[0]]() if name is not None else ()
    if name is not None and name not in known:
        return f"{line!r} reads a file", f"a lesson takes what comes with the program, by name: {', '.join(known)}"
    return None


def _free(part: Argument | Option) -> bool:
    """Tell whether something takes a text of which nobody has said that it is harmless."""
    name = part.name if isinstance(part, Argument) else part.parameter
    return part.complete in ("file", "files") or (part.parse is str and name not in TEXTS)


def values_of(line: str) -> tuple[Command, dict[str, Any]]:
    """Return the command of a line that is not refused, and the values of its parameters; CommandError."""
    command, given = _read(line)
    if command.raw:
        rest = line.split(None, len(command.path))[len(command.path):]
        values = grammar.read_raw(command, rest[0] if rest else "")
    else:
        values = grammar.read(command, given)
    return command, values


def carry_out(session: Session, line: str) -> tuple[tuple[str, ...], Any]:
    """Carry out one line of a lesson; return its words, and its result.

    Raises what commands raise; CommandError also for what a lesson must not have. Nothing is shown, also not what a
    command shows while it still waits.
    """
    check(session, line)
    command, values = values_of(line)
    values.pop("json"), values.pop("plain")
    shows, session.terminal.meanwhile = session.terminal.meanwhile, None
    try:
        with by_itself(session):
            return tuple(line.split()), command.run(session, **values)
    finally:
        session.terminal.meanwhile = shows


@contextmanager
def by_itself(session: Session) -> Iterator[None]:
    """Carry out what a lesson says, and not whoever learns: no kernel is asked, which takes programs, and rights."""
    asks, session.asks_kernel = session.asks_kernel, False
    try:
        yield
    finally:
        session.asks_kernel = asks


def check(session: Session, line: str) -> None:
    """Raise CommandError if a lesson must not have this line in this lab."""
    if why := refusal(line):
        raise CommandError(f"{why[0]}. {why[1]}")
    if _answers(line.split()):
        return
    command, values = values_of(line)
    simulated = session.lab.run_program is None
    if command.name in AT_THE_HOST:
        where = _address(command, values)
    elif command.name in AT_US and not simulated:
        where = session.address
    else:
        return
    networks = (LAN_NETWORK, WAN_NETWORK) if simulated else (session.lab.network,)
    if not _in_the_lab(where, networks):
        raise CommandError(f"{line!r} would reach {where or 'nobody'}. A lesson has the host reach addresses of the "
                           f"lab alone: {', '.join(networks)}")


def _answers(words: list[str]) -> bool:
    """Tell whether a line is the answer to a question."""
    return words[:2] == ANSWER.split()


def _address(command: Command, values: dict[str, Any]) -> str:
    """Return the address that a command has a program reach."""
    name = AT_THE_HOST[command.name]
    value = values[name]
    if name == "url":
        return web_address(value).host
    return value if isinstance(value, str) else str(value.address)


def _in_the_lab(address: str, networks: tuple[str, ...]) -> bool:
    """Tell whether this is an address, and of the lab."""
    try:
        found = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return any(found in ipaddress.IPv4Network(each, strict=False) for each in networks)
