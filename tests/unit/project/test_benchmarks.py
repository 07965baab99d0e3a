"""Benchmarks, which are run by hand and seldom: each can at least be begun."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "benchmarks"


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("[a-z]*.py")))
def test_what_it_needs_is_there(name: str) -> None:
    importlib.import_module(f"benchmarks.{name}")
