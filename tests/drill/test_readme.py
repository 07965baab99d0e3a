"""The table of what holds each fault that was mended: every test that it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = HERE.parent
ROWS = {
    int(cells[1]): re.findall(r"`([^`]+)`", cells[3])
    for line in (HERE / "README.md").read_text(encoding="utf-8").splitlines()
    if (cells := line.split("|"))[1:] and cells[1].strip().isdigit()}


def _functions(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)}


def test_no_entry_is_missing() -> None:
    assert sorted(ROWS) == list(range(1, max(ROWS) + 1))
    assert len(ROWS) >= 44
    assert all(ROWS.values())


@pytest.mark.parametrize("number", ROWS)
def test_what_it_names_is_there(number: int) -> None:
    for name in ROWS[number]:
        module, _, function = name.partition("::")
        if function:
            assert function in _functions(TESTS / module), f"{module} has no {function}"
        else:
            assert (HERE / f"{name}.pkt").is_file(), f"there is no script {name}"
