"""The compiled build: what it is made of, and what it says where it cannot be made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aether.statehash import state_hash
from aether.tcp.short.path import FastPath
from aether.tcp.short.record import ShortConnection

ROOT = Path(__file__).parents[3]
TOOL = [sys.executable, str(ROOT / "tools/compiled.py")]


def test_a_class_without_slots_is_digested_as_one_with_them() -> None:
    """A compiled class lists its fields elsewhere, in the order in which its methods set them."""
    plain, made = (type("Thing", (), {"__slots__": ("after", "before", "unknown")}) for _ in range(2))
    del made.__slots__  # type: ignore[attr-defined]
    made.__mypyc_attrs__ = "before", "unknown", "after"  # type: ignore[attr-defined]
    two = plain(), made()
    for one in two:
        one.before, one.after = 1, b"two"
    assert state_hash(two[0]) == state_hash(two[1])


@pytest.mark.parametrize("cls", [FastPath, ShortConnection])
def test_fields_are_in_the_order_that_a_compiled_class_gives(cls: type) -> None:
    fields = cls.__dict__.get("__slots__") or cls.__dict__["__mypyc_attrs__"]
    assert list(fields) == sorted(fields) or "__slots__" not in cls.__dict__


def test_where_there_is_no_compiler() -> None:
    done = subprocess.run(TOOL, env={**os.environ, "CC": "/nowhere/cc"}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("compiled.py: nothing is compiled, and everything works without: there is no C ")


def test_where_nothing_is_installed(tmp_path: Path) -> None:
    done = subprocess.run([*TOOL, "--into", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Aether is not installed there" in done.stderr
    assert not list(tmp_path.iterdir())
