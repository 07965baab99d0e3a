"""Tests with the real kernel: skipped, with the reason, where there is no root or no TAP."""

import os

import pytest

from .harness import missing

# Tests that were started through sudo: programs that they start would give root back.
for name in ("SUDO_UID", "SUDO_GID", "SUDO_USER"):
    os.environ.pop(name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, and keep it on one worker: two labs at once would only disturb each other's timing.

    A module that hardly does anything but wait may name a group of its own.
    """
    for item in items:
        if "tests/tap/" in str(item.path).replace("\\", "/"):
            item.add_marker(pytest.mark.tap)
            if item.get_closest_marker("xdist_group") is None:
                item.add_marker(pytest.mark.xdist_group("tap"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot run here."""
    if item.get_closest_marker("tap"):
        needs = [name for mark in item.iter_markers("needs") for name in mark.args]
        why = missing(*needs)
        if why:
            pytest.skip(why)
