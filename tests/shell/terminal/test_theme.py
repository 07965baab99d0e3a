"""Themes: who chooses, how many colours there are, and that they can be read."""

from __future__ import annotations

import io
import json

import pytest
from rich.color import Color
from rich.console import Console
from rich.text import Text

from shell.views import theme
from tests.shell.conftest import Shell


@pytest.fixture(autouse=True)
def nobody_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AETHER_THEME", "COLORFGBG", "COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(theme, "_chosen", dict.fromkeys(theme._chosen, ""))


def luminance(colour: Color) -> float:
    """Return the relative luminance (WCAG 2.1)."""
    parts = [part / 255 for part in colour.get_truecolor()]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(colour: Color, background: float) -> float:
    light, dark = sorted((luminance(colour), background), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("name", "background", "least"), [
    ("dark", "15;0", 4.5), ("light", "0;15", 4.5), ("high-contrast", "15;0", 7), ("high-contrast", "0;15", 7)])
def test_every_colour_can_be_read(monkeypatch: pytest.MonkeyPatch, name: str, background: str, least: float) -> None:
    monkeypatch.setenv("COLORFGBG", background)
    with theme.exactly(name):
        for part in theme.NAMES:
            found = theme.style(part).color
            assert found is not None
            assert contrast(found, 1.0 if background == "0;15" else 0.0) >= least, part


def test_who_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    assert theme.current() == ("dark", "the terminal")
    monkeypatch.setenv("COLORFGBG", "0;15")
    assert theme.current() == ("light", "the terminal")
    theme.configure("mono", "auto")
    assert theme.current() == ("mono", "the configuration")
    monkeypatch.setenv("AETHER_THEME", "dark")
    assert theme.current() == ("dark", "AETHER_THEME")
    theme.choose("high-contrast")
    assert theme.current() == ("high-contrast", "the command")
    theme.choose("auto")
    assert theme.current() == ("dark", "AETHER_THEME")
    monkeypatch.setenv("AETHER_THEME", "pink")
    assert theme.current() == ("mono", "the configuration")


@pytest.mark.parametrize(("terminal", "colorterm", "depth", "escape"), [
    ("xterm", "", "16", "\x1b[33m"), ("linux", "", "16", "\x1b[33m"), ("xterm-256color", "", "256", "\x1b[38;5;178m"),
    ("xterm-256color", "truecolor", "truecolor", "\x1b[38;2;230;159;0m"), ("dumb", "", "none", "x"),
])
def test_as_many_colours_as_the_terminal_has(
    monkeypatch: pytest.MonkeyPatch, terminal: str, colorterm: str, depth: str, escape: str
) -> None:
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.setenv("COLORTERM", colorterm)
    assert theme.depth() == depth
    assert drawn(Text("x", theme.style("tcp"))).startswith(escape)


def drawn(text: Text) -> str:
    """Draw as the shell does, which always asks rich for all colours."""
    out = io.StringIO()
    Console(file=out, force_terminal=True, color_system="truecolor").print(text)
    return out.getvalue()


def test_no_color_leaves_bold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert drawn(Text("x", theme.style("tcp", bold=True))).startswith("\x1b[1mx")


def test_without_colours_what_matters_is_still_marked() -> None:
    with theme.exactly("mono"):
        assert "38;" not in drawn(Text("x", theme.style("error")))
        assert drawn(Text("x", theme.style("error"))).startswith("\x1b[7m")
        assert len({str(theme.style(part)) for part in ("error", "muted", "arp", "tcp")}) == 4


def test_the_command(shell: Shell) -> None:
    assert json.loads(shell.run("theme --json"))["theme"] == "dark"
    assert json.loads(shell.run("theme monochrome --json")) | {"themes": []} == {
        "theme": "mono", "chosen_by": "the command", "colours": "256", "themes": []}
    assert "Did you mean: dark" in shell.fail("theme drak")
    assert "There are dark, light" in shell.fail("theme pink")
