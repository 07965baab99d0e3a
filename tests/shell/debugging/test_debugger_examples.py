"""Every command that docs/debugger.md names as an example does something where it makes sense."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shell.language.grammar import REQUIRED, CommandError
from shell.language.registry import find
from tests.shell.debugging.test_debugger import Program
from tests.shell.debugging.test_debugger_page import PAGE, SESSION

TEXT = SESSION.sub("", PAGE.read_text(encoding="utf-8"))
BREAKS = [re.split(r"\s{3,}", line)[0] for line in re.findall(r"^    (\S.*)$", TEXT, re.MULTILINE)]
INLINE = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", TEXT)]
RUN = (
    "tcp connect 192.168.1.1:7", "tcp connect 192.168.1.1:7", "knob set tcp.out_of_order drop --host host",
    "knob set tcp.rack off",
)
"""What comes before a breakpoint is set."""
TROUBLE = (
    "tcp connect 192.168.1.1:7", "link drop next tcp.len > 0", f'tcp send 3 "{"x" * 4000}"', "run 5s", "tcp close 3",
    "run 1s",
)
"""What happens then: a third connection, a hole in its data, a time-out, its end."""
GO_BACK = ("back 10",)
BEFORE = {
    "tcp show": (), "next 3": ("tcp send 3 x --background",), "finish 3": ("tcp close 3 --background",),
    "step": ("tcp send 2 x --background",), "step 5": ("tcp send 2 x --background",),
    "break disable 1": ("break drop",), "break enable 1": ("break drop",), "break delete 1": ("break drop",),
    "ignore 1 5": ("break drop",), "break commands 1 tcp show 3; why": ("break drop",),
    "fork": GO_BACK, "live": GO_BACK,
    "timeline switch main": (*GO_BACK, "fork patient"), "compare main lucky": (*GO_BACK, "fork lucky"),
    "replay run.aether": ("record run.aether",), "back until drop": (), "mode trace": ("mode bench",),
}
"""What an example needs before it, beside the run."""


def examples() -> list[str]:
    """Return the commands among what is written as code: those that have all the arguments that they need."""
    found = []
    for text in dict.fromkeys(INLINE):
        try:
            command = find(text.split())
        except CommandError:
            continue
        given = text.split()[len(command.path):]
        if len(given) >= sum(argument.default is REQUIRED for argument in command.arguments):
            found.append(text)
    return found


@pytest.mark.parametrize("line", [line for line in BREAKS if not line.endswith("...")])
def test_every_breakpoint_stops(line: str) -> None:
    program = Program(seed=7)
    try:
        program.run(*RUN, line)
        said = program.run(*TROUBLE)
        assert program.app.failures == 0
        assert "stopped at breakpoint 1" in said
    finally:
        program.core.stop()


@pytest.mark.parametrize("line", examples())
def test_every_example_works(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    program = Program(seed=7)
    try:
        program.run(*RUN, *TROUBLE[:4], "ping 192.168.1.1 -c 20 --interval 10ms", *BEFORE.get(line, ()))
        assert program.app.failures == 0
        program.run(line)
        assert program.app.failures == 0, line
    finally:
        program.core.stop()


def test_there_are_examples() -> None:
    assert len(BREAKS) >= 6
    assert len(examples()) >= 35
