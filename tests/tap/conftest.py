"""Tests with the real kernel: skipped, with the reason, where there is no root or no TAP."""

import os

import pytest

from .harness import missing

# Tests that were started through sudo: programs that they start would give root back.
for name in ("SUDO_UID", "SUDO_GID", "SUDO_USER"):
    os.environ.pop(name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here. Each test has a namespace of its own, so several may run at once."""
    for item in items:
        if "tests/tap/" in str(item.path).replace("\\", "/"):
            item.add_marker(pytest.mark.tap)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot run here."""
    if item.get_closest_marker("tap"):
        needs = [name for mark in item.iter_markers("needs") for name in mark.args]
        why = missing(*needs)
        if why:
            pytest.skip(why)
