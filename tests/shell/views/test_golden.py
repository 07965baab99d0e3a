"""Every view is drawn as it was: three widths, in colour and plain. See `golden.py` for how to make them anew."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from shell.views.registry import DRAW, load_all
from tests.shell import golden

ELSEWHERE = {
    "BreakpointHit", "ProgramReport", "CaptureSaved", "CaptureLoaded", "ConfigReport", "SchemaReport",
    "Exported", "GlossaryEntry", "DrillComparison", "DrillDraft", "DrillReport", "DrillStep", "DrillText",
    "CheckReport", "ClassTable", "HintReport", "LessonList", "LessonNews", "LessonStep", "LessonSummary", "LintReport",
    "PredictionReport", "Solution",
}
"""Drawn in tests of their own, since they name files or how long it took, or need a TAP or a person. No more than
these: what is new has a scene."""


LINE_NUMBER = re.compile(r"(\.py:)\d+")


def steady(text: str) -> str:
    """Leave out the numbers of lines of source: they move with it."""
    return LINE_NUMBER.sub(r"\1", text)


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TERM", "COLORTERM", "AETHER_THEME", "COLUMNS", "LINES"):
        monkeypatch.setenv(name, "x")
        monkeypatch.delenv(name)
    golden.prepare()


@pytest.mark.parametrize("name", golden.names())
def test_it_is_drawn_as_before(name: str) -> None:
    kept = (golden.FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert steady(golden.drawn(name)) == steady(kept), "if it is meant so: python -m tests.shell.golden"


@pytest.mark.parametrize("name", golden.names())
def test_it_fits_and_colour_says_nothing_alone(name: str) -> None:
    """No line is wider than the terminal, and the words are the same without colours."""
    text = (golden.FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    parts = re.split(r"=== (.*)\n", text)[1:]
    shown = dict(zip(parts[::2], parts[1::2], strict=True))
    for width in golden.WIDTHS:
        coloured, plain = shown[f"{width} columns, in colour"], shown[f"{width} columns, without"]
        assert re.sub("␛\\[[0-9;]*m", "", coloured).replace(" ", "") == plain.replace(" ", "")
        for line in plain.splitlines():
            assert cell_len(line) <= width, f"{width}: {line!r}"


def test_every_kind_of_result_is_among_them() -> None:
    seen = {type(golden.result_of(name, 80)).__name__ for name in golden.names()}
    load_all()
    assert not ELSEWHERE & seen, "these have a scene by now"
    missing = {each.__name__ for each in DRAW} - seen - ELSEWHERE
    assert not missing, f"give these a scene in golden.py: {sorted(missing)}"


def test_every_file_belongs_to_a_view() -> None:
    assert {file.stem for file in golden.FOLDER.glob("*.txt")} == set(golden.names())
