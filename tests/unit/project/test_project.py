"""The project's own files: what is installed, what is skipped, what make says."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("package", ["aether", "shell", "lessons"])
def test_what_is_no_python_is_installed_too(package: str) -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    for path in (ROOT / package).rglob("*"):
        if path.is_file() and path.suffix not in (".py", ".pyc"):
            assert any(path.match(pattern) for pattern in patterns), f"name {path} in pyproject.toml's package-data"


@pytest.mark.parametrize("required, status", [("1", 1), ("", 0)])
@pytest.mark.parametrize("skipping", [
    "import pytest\ndef test_it(): pytest.skip('for want of a tool')\n",
    "import pytest\n@pytest.mark.skipif(True, reason='for want of a tool')\ndef test_it(): pass\n",
    "import pytest\npytest.importorskip('no_such_module', reason='for want of a tool')\ndef test_it(): pass\n",
])
def test_a_skipped_test_fails_where_all_are_required(
    tmp_path: Path, skipping: str, required: str, status: int
) -> None:
    (tmp_path / "test_skipping.py").write_text(skipping + "def test_other(): pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "tests.conftest", "-p", "no:cacheprovider",
         f"--rootdir={tmp_path}", str(tmp_path)],
        cwd=ROOT, env={**os.environ, "AETHER_REQUIRE_ALL": required}, capture_output=True, text=True)
    assert "for want of a tool" in done.stdout
    assert done.returncode in ((1, 2) if status else (0, 5)), done.stdout


@pytest.mark.parametrize("name, status", [("browser", 0), ("boat", 1)])
def test_only_what_is_left_out_by_name_may_be_skipped(tmp_path: Path, name: str, status: int) -> None:
    done = outcome(
        tmp_path, f"import pytest\n@pytest.mark.large('{name}')\n@pytest.mark.skipif(True, reason='for want of it')\n"
        "def test_it(): pass\ndef test_other(): pass\n", AETHER_REQUIRE_ALL="1")
    assert "for want of it" in done.stdout
    assert done.returncode == status, done.stdout


def outcome(tmp_path: Path, test: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a test under the rules of this project."""
    (tmp_path / "test_one.py").write_text(test)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "-c",
         str(ROOT / "pyproject.toml"), f"--rootdir={tmp_path}", *options, str(tmp_path / "test_one.py")],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("test, said", [
    ("import threading\ndef test_it():\n    t = threading.Thread(target=lambda: 1 / 0)\n    t.start()\n    t.join()\n",
     "ZeroDivisionError"),
    ("import gc\nclass Bad:\n    def __del__(self): raise ValueError('in __del__')\n"
     "def test_it():\n    Bad()\n    gc.collect()\n", "in __del__"),
    ("import pytest\n@pytest.mark.terminl\ndef test_it(): pass\n", "terminl"),
    ("import time\ndef test_it(): time.sleep(60)\n", "Timeout"),
])
def test_what_fails_a_test(tmp_path: Path, test: str, said: str) -> None:
    """An exception in a thread, one that nobody can catch, a marker with a wrong letter, and one that never ends."""
    done = outcome(tmp_path, test, "-o", "timeout=2")
    assert done.returncode in (1, 2), done.stdout
    assert said in done.stdout


def test_compiled_modules_are_loaded_where_they_are_to_be(tmp_path: Path) -> None:
    """Here they are plain, so it has to complain."""
    if ROOT.name != "compiled":
        done = outcome(tmp_path, "def test_it(): pass\n", AETHER_COMPILED="1")
        assert done.returncode == 1
        assert "is to be compiled here" in done.stdout + done.stderr
    assert outcome(tmp_path, "def test_it(): pass\n", AETHER_COMPILED="").returncode == 0


def fake(tmp_path: Path, script: str) -> str:
    """Return the path of a program that stands in for python3."""
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("script, said", [
    ("case \"$2\" in *version_info*) exit 1;; esac; echo Python 3.9.2", "3.11 or newer is needed, and"),
    ("case \"$2\" in *ensurepip*) exit 1;; esac", "apt-get install python3-venv"),
])
def test_make_says_what_is_missing(tmp_path: Path, script: str, said: str) -> None:
    done = subprocess.run(
        ["make", "python", f"PYTHON={fake(tmp_path, script)}"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert said in done.stderr


def test_make_says_that_there_is_no_python() -> None:
    done = subprocess.run(["make", "python", "PYTHON=no-such-python"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "there is no no-such-python" in done.stderr


def test_make_does_not_overwrite_a_program_of_others(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    other = tmp_path / "bin" / "aether-shell"
    other.write_text("somebody else's")
    done = subprocess.run(["make", "install", f"PREFIX={tmp_path}"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "is no link of ours" in done.stderr
    assert other.read_text() == "somebody else's"
    assert not (tmp_path / "lib" / "aether-shell").exists()
