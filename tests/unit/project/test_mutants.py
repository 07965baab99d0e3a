"""The tool that changes the code: what it changes, and that it tells what is noticed from what is not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools import mutants


@pytest.mark.parametrize("before, after", [
    ("a < b", "a <= b"), ("a == b", "a != b"), ("a and b", "a or b"), ("a + 1", "a - 1"), ("not a", "a"), ("7", "8"),
    ("x in y", "x not in y"), ("a >> 3", "a << 3"),
])
def test_what_an_expression_becomes(before: str, after: str) -> None:
    assert mutants.changed(ast.parse(before, mode="eval").body) == after


def test_statements_are_left_out() -> None:
    for text in ("a = 1", "a += 1", "a(b)"):
        assert mutants.changed(ast.parse(text).body[0]) == "pass"
    assert mutants.changed(ast.parse("import a").body[0]) is None


def test_every_part_has_tests_that_exist() -> None:
    for part, tests in mutants.TESTS.items():
        assert (mutants.ROOT / part).is_dir()
        assert all((mutants.ROOT / each).exists() for each in tests)


def test_every_change_is_python_and_another_text() -> None:
    path = mutants.ROOT / "aether" / "tcp" / "rto.py"
    text = path.read_text(encoding="utf-8")
    found = mutants.mutants(path)
    assert len(found) > 10
    for each in found:
        line = each.node.lineno  # type: ignore[attr-defined]
        assert each.before in text.splitlines()[line - 1]
        assert each.before != each.after


def test_what_is_noticed_and_what_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    (project / "part").mkdir(parents=True)
    (project / "part" / "code.py").write_text("def f(a):\n    b = a < 3\n    unseen = 5\n    return b\n")
    (project / "test_code.py").write_text(
        "from part.code import f\n\n\ndef test_f():\n    assert f(2) and not f(3)\n")
    (project / "conftest.py").write_text(f"import sys\nsys.path.insert(0, {str(project)!r})\n")
    monkeypatch.setattr(mutants, "ROOT", project)
    monkeypatch.setattr(mutants, "TESTS", {"part/": ["test_code.py"]})
    found = {f"{each.before} -> {each.after}": mutants.tried(project, each).noticed
             for each in mutants.mutants(project / "part" / "code.py")}
    assert found == {"b = a < 3 -> pass": True, "a < 3 -> a <= 3": True, "3 -> 4": True, "unseen = 5 -> pass": False,
                     "5 -> 6": False}
