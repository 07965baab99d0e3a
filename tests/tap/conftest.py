"""Tests with the real kernel: skipped, with the reason, where there is no root or no TAP."""

import os

import pytest

from .harness import AS_WRITTEN, OFFLOAD, WORKERS, KernelLab, missing

# Tests that were started through sudo: programs that they start would give root back.
for name in ("SUDO_UID", "SUDO_GID", "SUDO_USER"):
    os.environ.pop(name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here. Each test has a namespace of its own, so several may run at once."""
    for item in items:
        if "tests/tap/" in str(item.path).replace("\\", "/"):
            item.add_marker(pytest.mark.tap)


@pytest.fixture(params=[AS_WRITTEN, OFFLOAD, WORKERS])
def every_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test as it is written, in benchmark mode with offload, and with two workers."""
    monkeypatch.setattr(KernelLab, "way", request.param)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot run here."""
    if item.get_closest_marker("tap"):
        needs = [name for mark in item.iter_markers("needs") for name in mark.args]
        why = missing(*needs)
        if why:
            pytest.skip(why)
