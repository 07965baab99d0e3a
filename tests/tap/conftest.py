"""Tests with the real kernel: skipped, with the reason, where there is no root or no TAP."""

import pytest

from .harness import missing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, and keep it on one worker: two labs at once would only disturb each other's timing."""
    for item in items:
        if "tests/tap/" in str(item.path).replace("\\", "/"):
            item.add_marker(pytest.mark.tap)
            item.add_marker(pytest.mark.xdist_group("tap"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot run here."""
    if item.get_closest_marker("tap"):
        needs = [name for mark in item.iter_markers("needs") for name in mark.args]
        why = missing(*needs)
        if why:
            pytest.skip(why)
