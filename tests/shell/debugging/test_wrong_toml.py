"""TOML of strangers: a number or a nesting that Python cannot write is refused in words, in every file of that kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from aether.plain import DEEPEST, LARGEST_NUMBER
from shell.files import toml
from tests.shell.conftest import Shell

WRONG = {
    "9" * 5000: "too large a number", "0x" + "f" * 5000: "too large a number", f"-{1 << 63}": "too large a number",
    "[" * 20_000 + "]" * 20_000: "nested too deeply", "{ a" + ".a" * 20_000 + " = 1 }": "nested too deeply",
    "1\n" + "a." * 20_000 + "a = 1": "nested too deeply", "2020-02-31": "Invalid date",
}
FILES = {
    "config check": ("config.toml", "theme = {}\n"), "scenario show": ("bad.toml", "[both]\nloss = {}\n"),
    "scenario load": ("bad.toml", "title = {}\n[both]\nloss = \"5%\"\n"),
    "lesson course": ("course.toml", "lessons = [\"arp\"]\ntitle = {}\n"),
    "lesson lint": ("bad.md", "+++\nid = \"bad\"\ntitle = \"Bad\"\nminutes = 5\nseed = {}\n+++\n\n## Step\n\nWords.\n"),
}


@pytest.mark.parametrize("line", FILES)
@pytest.mark.parametrize("value, why", WRONG.items(), ids=range(len(WRONG)))
def test_what_cannot_be_written_again_is_refused(
    engine_shell: Shell, tmp_path: Path, line: str, value: str, why: str
) -> None:
    name, text = FILES[line]
    file = tmp_path / name
    file.write_text(text.format(value))
    said = " ".join((engine_shell.try_(f"{line} {file}") + engine_shell.capfd.readouterr().err).split())
    assert "internal error" not in said, said
    assert why in said


def test_what_is_of_an_ordinary_size_is_read() -> None:
    inside = "[" * (DEEPEST - 2) + "]" * (DEEPEST - 2)
    assert toml.parse(f"a = {LARGEST_NUMBER}\nb.c = -7\nd = {inside}")["a"] == LARGEST_NUMBER
