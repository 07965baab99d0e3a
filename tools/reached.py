"""A plugin for pytest that writes down which test executes which statements: `-p tools.reached`.

Every statement within a function of the parts in question is preceded by one that marks it, as the module is imported;
what a test has marked belongs to it. That costs a third of what coverage.py costs with a context for each test, and
other processes see nothing of it. The environment says where: REACHED_TREE is the project, REACHED_PARTS its parts,
REACHED_FILE the file to write, to which each worker of xdist adds its name.
"""

from __future__ import annotations

import ast
import builtins
import json
import os
import types
from collections.abc import Generator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest

TREE = os.path.realpath(os.environ.get("REACHED_TREE", ""))
PARTS = tuple(os.environ.get("REACHED_PARTS", "").split())
ROOM = 1 << 17
"""Statements."""
MARKS = "__reached__"

places: list[str] = []
"""File, line and column of each statement."""
marks = bytearray(ROOM)
tests: list[tuple[str, float]] = []
"""Each test that passed, and how many seconds it took."""
reached: dict[str, list[int]] = {}
"""Which of them execute a statement; -1 stands for modules that are imported and tests that are collected."""


def marked(path: str, text: bytes) -> ast.Module:
    """Return a module in which each statement of a function marks that it is executed."""
    tree = ast.parse(text, path)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            _mark(function, path)
    return ast.fix_missing_locations(tree)


def _mark(function: ast.FunctionDef, path: str) -> None:
    stack: list[ast.AST] = [function]
    while stack:
        node = stack.pop()
        for name, value in ast.iter_fields(node):
            if not isinstance(value, list):
                continue
            if name in ("body", "orelse", "finalbody") and value and isinstance(value[0], ast.stmt):
                docstring = node is function and name == "body" and ast.get_docstring(function) is not None
                statements: list[ast.stmt] = value[:docstring]
                for statement in value[docstring:]:
                    statements += [_marking(statement, path), statement]
                setattr(node, name, statements)
            stack += [each for each in value if isinstance(each, (ast.stmt, ast.ExceptHandler, ast.match_case))
                      and not isinstance(each, ast.FunctionDef)]


def _marking(statement: ast.stmt, path: str) -> ast.stmt:
    number = len(places)
    places.append(f"{path}:{statement.lineno}:{statement.col_offset}")
    target = ast.Subscript(ast.Name(MARKS, ast.Load()), ast.Constant(number), ast.Store())
    return ast.copy_location(ast.Assign([target], ast.Constant(1)), statement)


def take(test: int) -> None:
    """Let what is marked belong to a test, and begin anew."""
    at = marks.find(1)
    while at >= 0:
        reached.setdefault(places[at], []).append(test)
        at = marks.find(1, at + 1)
    marks[:] = bytes(ROOM)


def install() -> None:
    """Mark what is imported from now on."""
    setattr(builtins, MARKS, marks)
    plain = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> types.CodeType | None:
        path = os.path.relpath(os.path.realpath(self.path), TREE)
        if not path.startswith(PARTS):
            return plain(self, fullname)
        code: types.CodeType = compile(marked(path, self.get_data(self.path)), self.path, "exec")
        return code

    SourceFileLoader.get_code = get_code  # type: ignore[assignment, method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Write down what a test executes, its fixtures included."""
    if not tests:
        take(-1)
    marks[:] = bytes(ROOM)
    outcomes[:] = []
    answer = yield
    if outcomes and all(report.outcome == "passed" for report in outcomes):
        take(len(tests))
        tests.append((item.nodeid, round(sum(report.duration for report in outcomes), 4)))
    return answer


outcomes: list[pytest.TestReport] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what became of a test."""
    outcomes.append(report)


def pytest_sessionfinish() -> None:
    """Write the map."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if tests:
        Path(os.environ["REACHED_FILE"] + worker).write_text(json.dumps({"tests": tests, "reached": reached}))


if PARTS:
    install()
