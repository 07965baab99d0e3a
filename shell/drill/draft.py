"""A script that is written line by line in the shell. It has the name ``draft`` wherever a command takes a script."""

from __future__ import annotations

from dataclasses import dataclass, field

from shell.drill.errors import ScriptError
from shell.drill.script import Script
from shell.language.grammar import CommandError

NAME = "draft"
MAX_LINES = 200
"""Lines of a draft; whoever writes more wants an editor."""
SERVER = (
    "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3",
    "+0 bind(3, ..., ...) = 0",
    "+0 listen(3, 1) = 0",
    "+0 < S 0:0(0) win 65535 <mss 1000,nop,nop,sackOK>",
    "+0 > S. 0:0(0) ack 1 <...>",
    "+.1 < . 1:1(0) ack 1 win 65535",
    "+0 accept(3, ..., ...) = 4",
)
CLIENT = (
    "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3",
    "+0...0.1 connect(3, ..., ...) = 0",
    "+0 > S 0:0(0) <...>",
    "+.1 < S. 0:0(0) ack 1 win 65535 <mss 1000,nop,nop,sackOK>",
    "+0 > . 1:1(0) ack 1",
)
OPENINGS: dict[str, tuple[str, ...]] = {"server": SERVER, "client": CLIENT, "empty": ()}
"""How a script may begin: with a connection that was accepted, as descriptor 4, or opened, as 3; or with nothing."""


@dataclass(slots=True)
class ScriptDraft:
    """The lines so far."""

    lines: list[str] = field(default_factory=list)
    opening: int = 0
    """So many of them were there when it began."""

    @property
    def text(self) -> str:
        """The whole script."""
        return "".join(f"{line}\n" for line in self.lines)

    def script(self) -> Script:
        """Return what it says."""
        from shell.drill.parse import parse

        return parse(self.text, NAME)

    def add(self, line: str) -> None:
        """Add a line that can be read; CommandError says what is wrong with it, and at which of its characters."""
        from shell.drill.parse import parse

        if len(self.lines) >= MAX_LINES:
            raise CommandError(f"a draft has {MAX_LINES} lines at the most. Write it to a file, and go on with an "
                               "editor: drill draft --save my.pkt")
        try:
            parse(f"{self.text}{line}\n", NAME)
        except ScriptError as problem:
            number, column = problem.place
            # What is missing at the end of a line is missed where the next one would begin.
            column = column if number == len(self.lines) + 1 else len(line) + 1
            raise CommandError(f"{NAME}:{len(self.lines) + 1}:{column}: {problem.problem}") from None
        self.lines.append(line)


def opening(kind: str) -> str:
    """Return the name of an opening; CommandError for another one."""
    if kind not in OPENINGS:
        raise CommandError(f"a script begins as {' or '.join(OPENINGS)}, not as {kind!r}")
    return kind


def opened(kind: str) -> ScriptDraft:
    """Return a draft that begins so; see `OPENINGS`."""
    lines = OPENINGS[kind]
    return ScriptDraft(list(lines), len(lines))
