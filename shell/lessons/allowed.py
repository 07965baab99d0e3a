"""Which commands a lesson file may name, and how its lines are carried out.

A lesson comes from anybody. Its commands may do to the lab what they like, and touch nothing else: no file, no
program, no setting of the shell. So what is allowed is listed here, and lines never pass through the reader of
the shell that knows redirections, pipes, scripts and macros.
"""

from __future__ import annotations

import shlex
from typing import Any

from shell.language import grammar
from shell.language.grammar import CommandError
from shell.language.registry import find
from shell.session import Session

ALLOWED = frozenset((
    "tcp", "udp", "arp", "ip", "icmp", "ping", "dhcp", "traceroute", "dns", "http", "trace", "frames", "frame",
    "status", "counters", "drops", "run", "pause", "step", "next", "finish", "speed", "back", "goto", "live",
    "break", "tbreak",
    "why", "fork", "timeline", "compare", "link", "knob", "profile", "send", "inject", "craft", "edit", "resend",
    "mode", "host", "ladder", "follow", "plot", "watch", "bench", "workers", "explain", "attack", "scenario", "help",
))
"""First words."""
REFUSED = ("http serve", "host --", "bench compare", "scenario save")
"""Beginnings of lines that reach beyond the lab all the same."""
FILES = ("file", "files", "path", "paths", "directory")
"""Names of arguments, and sources of completion, that are files."""
LONGEST = 400
ANSWER = "lesson answer"


def refusal(line: str) -> tuple[str, str] | None:
    """Return why a lesson must not have this command, and what to do instead; None if it may."""
    words = line.split()
    if not words:
        return "an empty command", "write one, or remove the line"
    if len(line) > LONGEST:
        return f"a command of {len(line)} characters", f"at most {LONGEST}"
    if line.startswith(ANSWER):
        return None if len(words) > 2 else ("lesson answer needs a value", "lesson answer {answer}")
    if any(words[:len(each.split())] == each.split() for each in REFUSED):
        return f"{line!r} touches files or programs", "a lesson works with the lab alone: use another command"
    if words[0] == "scenario" and any("/" in word or word.endswith(".toml") for word in words):
        return f"{line!r} reads a file", "a lesson takes a scenario by its name: scenario load satellite"
    if words[0] not in ALLOWED:
        return f"{words[0]!r} is no command for a lesson", f"allowed are: {', '.join(sorted(ALLOWED))}"
    try:
        command = find(words)
    except CommandError as problem:
        return str(problem), "`help` lists all commands"
    if not command.raw:
        try:
            given = shlex.split(line)
        except ValueError as problem:
            return f"cannot read {line!r}: {problem}", "close the quotation marks"
        if any(mark in word for mark in ">|;" for word in given):
            return f"{line!r} redirects its output", "a lesson writes no files and runs no programs: leave it out"
        command_words = given[len(command.path):]
    else:
        command_words = words[len(command.path):]
    touching = {option.name for option in command.options if _is_file(option.parameter, option.complete)}
    if any(word.partition("=")[0] in touching for word in command_words) or any(
            _is_file(each.name, each.complete) for each in command.arguments):
        return f"{line!r} reads or writes a file", "a lesson works with the lab alone: use another command"
    return None


def _is_file(name: str, complete: str) -> bool:
    return name in FILES or complete in FILES


def carry_out(session: Session, line: str) -> tuple[tuple[str, ...], Any]:
    """Carry out one line of a lesson; return its words, and its result.

    Raises what commands raise; CommandError also for what a lesson must not have.
    """
    if why := refusal(line):
        raise CommandError(f"{why[0]}. {why[1]}")
    words = line.split()
    command = find(words)
    if command.raw:
        rest = line.split(None, len(command.path))[len(command.path):]
        values = grammar.read_raw(command, rest[0] if rest else "")
    else:
        values = grammar.read(command, shlex.split(line)[len(command.path):])
    values.pop("json"), values.pop("plain")
    return tuple(words), command.run(session, **values)
