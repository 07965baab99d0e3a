"""What the project asks for is what it needs: floors that are true, bounds, and the versions that `make` installs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED = [Requirement(line) for line in PROJECT["dependencies"]]
OPTIONAL = [Requirement(line) for lines in PROJECT["optional-dependencies"].values() for line in lines]
TEXT = (ROOT / "constraints.txt").read_text(encoding="utf-8")
LINES = [line for line in TEXT.splitlines() if not line.startswith("#")]
KNOWN = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in LINES)}
EXTRAS = {"atheris", "pytest-cov"}
"""What is in the list, and need not be installed."""


def floor(requirement: Requirement) -> Version:
    """Return the oldest version that is asked for."""
    (version,) = [each.version for each in requirement.specifier if each.operator == ">="]
    return Version(version)


@pytest.mark.parametrize("wanted", [*NEEDED, *OPTIONAL], ids=str)
def test_each_has_a_floor_and_a_known_version_that_fits(wanted: Requirement) -> None:
    assert floor(wanted)
    assert wanted.specifier.contains(KNOWN[canonicalize_name(wanted.name)])


def test_no_floor_is_below_what_another_dependency_asks_for() -> None:
    """cmd2 4.3 itself needs rich 15: to promise 14 would promise what pip cannot install."""
    ours = {canonicalize_name(each.name): floor(each) for each in NEEDED}
    for each in NEEDED:
        for line in metadata.requires(each.name) or []:
            theirs = Requirement(line)
            name = canonicalize_name(theirs.name)
            if name in ours and (theirs.marker is None or theirs.marker.evaluate({"extra": ""})):
                assert theirs.specifier.contains(str(ours[name])), f"{each.name} needs {theirs}: {ours[name]}"


def test_scapy_is_bounded() -> None:
    """Its private names are used, and its next major version may have none of them."""
    (scapy,) = [each for each in NEEDED if each.name == "scapy"]
    assert any(each.operator == "<" for each in scapy.specifier)


def test_the_known_versions_are_all_that_is_needed_and_nothing_else() -> None:
    """Every package that ours ask for, and theirs, on this system: else `pip install -c` would choose freely."""
    reached: set[str] = set()
    waiting = [*NEEDED, *OPTIONAL]
    while waiting:
        name = canonicalize_name(waiting.pop().name)
        if name in reached:
            continue
        reached.add(name)
        try:
            asked = [Requirement(line) for line in metadata.requires(name) or []]
        except metadata.PackageNotFoundError:
            assert name in EXTRAS | {"google-re2", "zstandard"}, f"{name} is not installed here"
            continue
        waiting += [each for each in asked if each.marker is None or each.marker.evaluate({"extra": ""})]
    assert reached <= KNOWN.keys()
    # typing-extensions is needed by older Pythons, and coverage by pytest-cov.
    assert KNOWN.keys() - reached <= {"typing-extensions", "coverage"}
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in LINES), "names and versions alone"


def test_pip_takes_the_file() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--no-index", "--disable-pip-version-check",
         "-c", str(ROOT / "constraints.txt"), "lark"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
