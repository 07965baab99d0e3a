"""Packet scripts: where there is no root or no TUN device, those against the kernel are skipped, with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tap.harness import missing

HERE = Path(__file__).parent
SCRIPTS = sorted(HERE.rglob("*.pkt"))


def name_of(path: Path) -> str:
    """Return a script's name below this directory."""
    return str(path.relative_to(HERE))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot run here."""
    if item.get_closest_marker("tap") and (why := missing()):
        pytest.skip(why)
