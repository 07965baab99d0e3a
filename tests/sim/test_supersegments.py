"""Several segments handed down as one: where no device cuts them up, the same frames leave as without."""

from __future__ import annotations

import pytest

from aether.lab import YOU
from benchmarks.transfer import make_world, start


@pytest.mark.parametrize("settings", [
    {}, {"loss": "2%"}, {"loss": "5%", "reorder": "5%", "tcp_sack": "off"}, {"loss": "1%", "tcp_congestion": "cubic"},
    {"buffer": 20_000}, {"loss": "20%"}, {"loss": "15%", "tcp_sack": "off", "tcp_rack": "off"},
    {"loss": "1%", "tcp_mss": "536"},
], ids=str)
def test_the_same_world_comes_of_it(settings: dict[str, object]) -> None:
    worlds = []
    for supersegments in (0, 65_000, 5_000):
        world = make_world(**settings)  # type: ignore[arg-type]
        world.hosts[YOU].supersegments = supersegments
        sink, number = start(world, 600_001)
        while number not in sink.ended and world.step(600_000_000):
            pass
        assert sink.lengths[number] == 600_001
        for conn in world.hosts[YOU].tcp.connections.values():
            conn.flight.take_apart()
        worlds.append(world)
    assert len({world.state_hash() for world in worlds}) == 1
    assert len({(world.now, world.occurrence, world.frames) for world in worlds}) == 1
