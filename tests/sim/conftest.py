"""What several tests of whole worlds share."""

from __future__ import annotations

import pytest

from aether.lab import simulated
from aether.world import World


@pytest.fixture(params=["every segment by itself", "short cuts"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Play a test twice: the worlds that its module makes keep to the ordinary path, or may take the fast one."""
    def made(*arguments: int) -> World:
        world = simulated(*arguments)
        world.allow_short_cuts(request.param == "short cuts")
        return world

    monkeypatch.setattr(f"{request.module.__name__}.simulated", made)
