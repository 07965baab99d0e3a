"""The configuration and captures in a real pseudo-terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shell.terminal.test_terminal import Terminal

pytestmark = pytest.mark.terminal


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / ".config/aether").mkdir(parents=True)
    yield tmp_path


def opened(home: Path, text: str, **environment: str) -> Terminal:
    (home / ".config/aether/config.toml").write_text(text, encoding="utf-8")
    plain = {"XDG_CONFIG_HOME": "", "AETHER_THEME": "", "COLORTERM": "", "NO_COLOR": "", **environment}
    return Terminal(home, **plain)


def test_keys_and_lines_at_the_start(home: Path) -> None:
    screen = opened(home, '[keys]\nf9 = "arp table"\n[startup]\ncommands = ["ping 192.168.1.1 --count 1"]\n')
    screen.wait_for("1 sent, 1 answered")
    screen.child.send("tcp sh")
    screen.child.send("\x1b[20~")
    screen.wait_for("02:00:00:00:00:01")
    screen.wait_for("aether> tcp sh")
    screen.child.close(force=True)


def test_what_is_wrong_is_said_and_the_shell_starts(home: Path) -> None:
    screen = opened(home, 'theme = "drak"\n[keys]\nf99 = "x"\n')
    screen.wait_for("Did you mean 'dark'?")
    screen.wait_for("no key 'f99'")
    screen.line("status")
    screen.wait_for("seed 1")
    screen.child.close(force=True)


@pytest.mark.parametrize(("terminal", "environment", "escape"), [
    ("xterm-256color", {}, rb"\x1b\[(?:\d+;)*38;5;\d+m"), ("xterm", {}, rb"\x1b\[(?:\d+;)*(?:3[1-7]|9[1-7])m"),
    ("xterm-256color", {"COLORTERM": "truecolor"}, rb"\x1b\[(?:\d+;)*38;2;86;180;233m"),
])
def test_colours_are_those_that_the_terminal_has(
    home: Path, terminal: str, environment: dict[str, str], escape: bytes
) -> None:
    screen = opened(home, "", TERM=terminal, **environment)
    before = len(screen.raw)
    screen.line("theme dark")
    screen.wait_for("chosen by the command")
    printed = screen.raw[before:]
    assert re.search(escape, printed)
    if b"38;2" not in escape:
        assert not re.search(rb"\x1b\[(?:\d+;)*38;2;", printed)
    screen.child.close(force=True)


def test_no_color_is_honoured(home: Path) -> None:
    screen = opened(home, "", NO_COLOR="1")
    before = len(screen.raw)
    screen.line("theme")
    screen.wait_for("chosen by")
    assert not re.search(rb"\x1b\[(?:\d+;)*(?:3[0-7]|38;|9[0-7])[0-9;]*m", screen.raw[before:])
    screen.child.close(force=True)


def test_recording_and_looking_at_a_capture(home: Path) -> None:
    screen = opened(home, "")
    screen.line("capture start")
    screen.wait_for("recording")
    screen.line("ping 192.168.1.1 --count 1")
    screen.wait_for("REC 4")
    screen.line("capture stop")
    screen.line(f"capture save {home}/run.pcapng")
    screen.wait_for("4 frames in")
    screen.line(f"capture load {home}/run.pcapng")
    screen.wait_for("CAPTURE run.pcapng aether>")
    screen.line("capture close")
    screen.wait_for("shows the lab again")
    screen.child.close(force=True)
