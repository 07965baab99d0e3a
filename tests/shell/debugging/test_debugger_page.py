"""The sessions in docs/debugger.md are what the program prints.

    python -m tests.shell.debugging.test_debugger_page      writes them again
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests.shell.debugging.test_debugger import Program

PAGE = Path(__file__).parents[3] / "docs" / "debugger.md"
SESSION = re.compile(r"```session\n(.*?)```\n", re.DOTALL)
PROMPT = "aether> "
LINE_NUMBER = re.compile(r"(aether/[\w/]+\.py):\d+")
"""Of the source: it moves with every change, so that the page would age."""


def sessions(text: str) -> list[str]:
    """Return the sessions of a page."""
    return SESSION.findall(text)


def played(session: str) -> str:
    """Type the lines of a session again, and return it with what is printed now, without numbers that age."""
    lines = session.splitlines()
    typed = [line.removeprefix(PROMPT) for line in lines if line.startswith(PROMPT)] or lines
    program = Program(seed=7)
    program.session.output = "rich"
    try:
        said = [f"{PROMPT}{line}\n{program.run(line)}" for line in typed]
        assert program.app.failures == 0, session
    finally:
        program.core.stop()
    told = LINE_NUMBER.sub(r"\1", "".join(said))
    return "".join(f"{line.rstrip()}\n" for line in told.splitlines())


@pytest.mark.parametrize("session", sessions(PAGE.read_text(encoding="utf-8")))
def test_the_sessions_are_true(session: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert played(session) == session


def test_there_are_sessions() -> None:
    assert len(sessions(PAGE.read_text(encoding="utf-8"))) >= 6


def main() -> None:
    """Write the page again."""
    os.environ["COLUMNS"] = "80"
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(SESSION.sub(lambda found: f"```session\n{played(found[1])}```\n", text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
