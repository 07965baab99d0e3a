"""Processes of ours: what they import is ours, and one that does not start says why."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aether.engine import child as child_module
from aether.engine import python
from aether.engine.child import Child
from aether.engine.worker import Beginning
from aether.lab import tapped
from aether.link.queues import Queues
from tests.pair import device_and_far_end

ROOT = Path(__file__).parents[3]
PACKAGES = ("aether", "aether/engine", "shell", "shell/bench", "lark")
MODULES = ("json", "typing", "socket", "signal", "pickle", "dataclasses", "struct", "heapq", "sitecustomize")


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder of somebody else, whose modules leave a file when they are imported."""
    fill(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fill(folder: Path) -> None:
    """Put modules there that leave a file beside them when they are imported."""
    mark = f"open({str(folder / 'imported')!r}, 'a').write(__name__ + '\\n')\n"
    for name in PACKAGES:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(mark)
    for name in (*MODULES, "aether/engine/worker", "shell/__main__", "shell/bench/client"):
        (folder / f"{name}.py").write_text(mark)


def imported(folder: Path) -> str:
    """Return what of it was imported."""
    told = folder / "imported"
    return told.read_text() if told.exists() else ""


@pytest.fixture
def queues() -> Iterator[Queues]:
    """Return two queues of no device."""
    pairs = [device_and_far_end() for _ in range(2)]
    yield Queues([tap for tap, _ in pairs], used=1)
    for tap, far in pairs:
        tap.close()
        far.close()


def started(queues: Queues) -> Child:
    """Return a worker that has started, or never will."""
    beginning = Beginning(1, 2, "pair", tapped(1).snapshot(), 0, (0, 0))
    child = Child(1, queues, beginning, lambda child: None, lambda frame: None, lambda: None)
    assert child.ready.wait(20)
    return child


def test_a_folder_of_modules_is_a_trap_for_python_itself(evil: Path) -> None:
    subprocess.run([sys.executable, "-m", "aether.engine.worker"], capture_output=True, check=False, timeout=60)
    assert imported(evil)


def test_a_worker_imports_nothing_of_the_folder_where_the_person_stands(evil: Path, queues: Queues) -> None:
    child = started(queues)
    assert child.started, child.end_in_words
    child.end()
    assert imported(evil) == ""


def test_the_load_generator_imports_nothing_of_it_either(evil: Path) -> None:
    done = subprocess.run(python.words("shell.bench.client"), env=python.environment(), capture_output=True, text=True,
                          check=False, timeout=60)
    assert "ValueError" in done.stderr, "it has no arguments, and that is all that is wrong with it"
    assert imported(evil) == ""


def test_a_large_beginning_has_as_long_as_the_start(
    queues: Queues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine the interpreter takes longer to start than a worker may take for an answer."""
    slow = tmp_path / "python"
    slow.write_text(f"#!/bin/sh\nsleep 1\nexec {sys.executable} \"$@\"\n")
    slow.chmod(0o755)
    monkeypatch.setattr(child_module, "ANSWERS_WITHIN", 0.2)
    monkeypatch.setattr(sys, "executable", str(slow))
    large = tapped(1).snapshot() + bytes(4 << 20)  # more than any pipe holds; pickle reads up to its own end
    child = Child(1, queues, Beginning(1, 2, "pair", large, 0, (0, 0)), lambda child: None, lambda frame: None,
                  lambda: None)
    assert child.ready.wait(20)
    assert child.started, child.end_in_words
    monkeypatch.setattr(child_module, "ANSWERS_WITHIN", 5.0)
    child.end()


def test_a_worker_that_never_takes_its_beginning_says_so(
    queues: Queues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = tmp_path / "python"
    stuck.write_text("#!/bin/sh\nexec sleep 60\n")
    stuck.chmod(0o755)
    monkeypatch.setattr(child_module, "STARTS_WITHIN", 0.2)
    monkeypatch.setattr(sys, "executable", str(stuck))
    large = tapped(1).snapshot() + bytes(4 << 20)
    child = Child(1, queues, Beginning(1, 2, "pair", large, 0, (0, 0)), lambda child: None, lambda frame: None,
                  lambda: None)
    assert child.ready.wait(20)
    assert not child.started
    assert child.end_in_words == "it did not take what it begins with within 0.2 s"
    child.end()


@pytest.mark.parametrize("known", ["", ":", ".", "sub:", "..:/opt/modules"])
def test_no_search_path_names_the_working_directory(monkeypatch: pytest.MonkeyPatch, known: str) -> None:
    monkeypatch.setenv("PYTHONPATH", known)
    path = python.search_path().split(os.pathsep)
    assert path[0] == str(ROOT)
    assert path[1:] == [each for each in known.split(":") if each.startswith("/")]


@pytest.mark.parametrize(("words", "why"), [
    (("-c", "raise SystemExit('no \\x1b[2J luck')"), "no ?[2J luck"),
    (("-c", "import nowhere"), "ModuleNotFoundError: No module named 'nowhere'"),
    (("-c", "raise SystemExit(3)"), "exit status 3"),
    (("-c", "import os; os.kill(os.getpid(), 9)"), "killed by signal 9"),
    (("-c", "import sys; sys.stderr.write('x' * 900_000 + chr(10))"), "x" * 200),
])
def test_a_worker_that_does_not_start_says_why(
    queues: Queues, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], why: str
) -> None:
    monkeypatch.setattr(python, "words", lambda *_: [sys.executable, *words])
    child = started(queues)
    assert not child.started
    assert child.end_in_words == why
    child.end()


def test_every_python_of_ours_is_started_in_one_way() -> None:
    """Whoever starts the interpreter by hand forgets what keeps the working directory out."""
    users = set()
    for path in [*ROOT.glob("aether/**/*.py"), *ROOT.glob("shell/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.List | ast.Tuple) and any(
                    isinstance(each, ast.Attribute) and each.attr == "executable" for each in node.elts):
                users.add(path.relative_to(ROOT).as_posix())
    assert users == {"aether/engine/python.py"}
