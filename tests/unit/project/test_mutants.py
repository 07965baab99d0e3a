"""The tool that changes the code: what it changes, and that it tells what is noticed from what is not."""

from __future__ import annotations

import ast
import shutil
from functools import partial
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


def test_the_parts_and_the_tests_exist() -> None:
    named = [*mutants.PARTS, *(each.removeprefix("--ignore=") for each in mutants.TESTS)]
    assert [each for each in named if not (mutants.ROOT / each).exists()] == []


def test_every_change_is_python_and_another_text() -> None:
    path = mutants.ROOT / "aether" / "tcp" / "rto.py"
    text = path.read_text(encoding="utf-8")
    found = mutants.mutants(path)
    assert len(found) > 10
    for each in found:
        assert each.before in text.splitlines()[each.line - 1]
        assert each.before != each.after
        assert ast.dump(ast.parse(mutants.written(text, each))) != ast.dump(ast.parse(text))


CODE = """\
def table():
    return [9]


TABLE = table()


def of_table():
    return TABLE


def f(a):
    b = a < 3
    unseen = 5
    return b


def g(a):
    def inner(b):
        return b + 11
    return inner(a)


def nobody_calls():
    return 7


def forever(a):
    while a > 0:
        a -= 1
    return a
"""
TEST = """\
import subprocess
import sys

from part.code import f, forever, g, of_table


def test_f():
    assert f(2) and not f(3)


def test_g():
    assert g(1) == 12


def test_table():
    assert of_table() == [9]


def test_forever():
    assert forever(3) == 0


def test_that_fails_anyway():
    assert f(2) and g(1) == 7


def test_another_process():
    assert g(1) == 12
    line = [sys.executable, "-c", "from part.code import g; print(g(1))"]
    assert subprocess.run(line, capture_output=True, text=True).stdout == "12\\n"
"""


def test_what_is_noticed_and_what_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    shutil.copytree(mutants.ROOT / "tools", project / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "part").mkdir()
    (project / "part" / "code.py").write_text(CODE)
    (project / "test_code.py").write_text(TEST)
    monkeypatch.setattr(mutants, "pytest", partial(mutants.pytest, TRIALS_PATIENCE="10"))
    known = mutants.mapped(project, ("part/",), ("test_code.py",))
    assert sorted(name for name, _ in known["tests"]) == [
        f"test_code.py::test_{name}" for name in ("another_process", "f", "forever", "g", "table")]
    wanted = mutants.mutants(project / "part" / "code.py", project)
    done = mutants.tried(project, known, wanted, tmp_path / "results", 300)
    by = {f"{each.before} -> {each.after}": done[str(each)].removeprefix("test_code.py::") for each in wanted}
    assert by == {
        "9 -> 10": "test_table", "5 -> 6": "", "b = a < 3 -> pass": "test_f", "a < 3 -> a <= 3": "test_f",
        "3 -> 4": "test_f", "unseen = 5 -> pass": "", "b + 11 -> b - 11": "test_g", "11 -> 12": "test_g", "7 -> 8": "",
        "1 -> 2": "test_forever", "a > 0 -> a >= 0": "test_forever", "0 -> 1": "test_forever",
        "a -= 1 -> pass": "it hangs"}
    assert (project / "part" / "code.py").read_text() == CODE, "nothing is left of them"
    assert mutants.tried(project, known, wanted, tmp_path / "results", 300) == done, "nothing is tried twice"


def test_the_quickest_of_each_file_come_first() -> None:
    known = mutants.Map(
        tests=[("a::1", 0.2), ("a::2", 0.1), ("b::1", 5.0), ("b::2", 14.0), ("c::1", 16.0), ("d::1", 24.0)],
        reached={"x:1:0": [0, 1, 2, 3, 4, 5], "y:1:0": [-1, 0]})
    assert mutants.chosen(known, "x:1:0") == (["a::2", "b::1", "a::1", "b::2"], 19.3, False)
    assert mutants.chosen(known, "y:1:0") == (["a::1"], 0.2, True)
    assert mutants.chosen(known, "z:1:0") == ([], 0, False), "nobody executes it"
