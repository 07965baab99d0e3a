"""Tests see nothing of whoever runs them, and leave nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shell.lessons.progress import LessonRecord, Progress, ProgressStore, StepRecord

ROOT = Path(__file__).parents[3]
LOOKS = """
import subprocess, sys
from shell.configuration import default_file
from shell.lessons.progress import ProgressStore
from shell.program import start

def test_in_this_process():
    assert not default_file().exists() and not start.history_file().exists()
    assert not ProgressStore.usual().load().lessons
    ProgressStore.usual().save(ProgressStore.usual().load())
    assert (ProgressStore.usual().directory / "lessons.json").exists()

def test_nothing_of_the_test_before():
    assert not ProgressStore.usual().directory.exists()

def test_in_a_program_that_it_starts():
    line = [sys.executable, "-m", "shell", "--sim", "--plain", "-c", "lesson list"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    lessons = [each for each in done.stdout.splitlines() if "minutes" in each]
    assert len(lessons) > 10 and all(each.endswith("not begun") for each in lessons), lessons
"""
"""Tests that fail where they see the files below."""


def everything(folder: Path) -> dict[str, str]:
    """Return all files below a folder, with what they say."""
    return {str(path): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("named", [False, True], ids=["below HOME", "by XDG_*_HOME"])
def test_whoever_runs_them_changes_nothing_and_finds_nothing_new(tmp_path: Path, workers: str, named: bool) -> None:
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    places = {"CONFIG": home / ".config", "DATA": home / ".local/share", "STATE": home / ".local/state",
              "CACHE": home / ".cache"}
    for place, name, text in (("CONFIG", "config.toml", 'thema = "dark"\n'), ("DATA", "lessons.json", ""),
                              ("STATE", "history", "status\n")):
        (places[place] / "aether").mkdir(parents=True)
        (places[place] / "aether" / name).write_text(text)
    begun = Progress({"arp": LessonRecord("ARP", 3, {"Ask": StepRecord("done", "2026-01-01T00:00:00")})}, "arp")
    ProgressStore(places["DATA"] / "aether").save(begun)
    temporary.mkdir()
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_looks.py").write_text(LOOKS)
    before = everything(home)
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("XDG_", "PYTEST_", "AETHER_"))}
    if named:
        environment.update({f"XDG_{name}_HOME": str(place) for name, place in places.items()})
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "-n", workers,
         f"--basetemp={tmp_path / 'base'}", f"--rootdir={tests}", str(tests)],
        cwd=ROOT, env={**environment, "HOME": str(home), "TMPDIR": str(temporary)}, capture_output=True, text=True,
        timeout=300, check=False)
    assert "3 passed" in done.stdout, done.stdout[-3000:] + done.stderr[-2000:]
    assert everything(home) == before
    assert list(temporary.iterdir()) == []
