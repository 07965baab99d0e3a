"""Trace mode under load: short connections take the fast path, and what is recorded is what the other would do."""

from __future__ import annotations

import pytest

from aether.engine.log import dump, feed, load, step_to
from aether.engine.recorder import EventRecorder
from aether.engine.ring import EventRing
from tests.tap.harness import OURS, KernelLab

COUNT = 1000


class OneByOne(EventRecorder):
    """Is told of each event by itself, so that every frame takes the ordinary path."""

    together = None  # type: ignore[assignment]


@pytest.mark.needs("ab")
@pytest.mark.parametrize("kept", [(), ("-k",)], ids=["closed", "kept"])
def test_a_load_is_recorded_as_if_nothing_were_short(kept: tuple[str, ...]) -> None:
    with KernelLab() as lab:
        core = lab.start()
        printed = lab.run("ab", "-q", "-n", str(COUNT), "-c", "20", *kept, f"http://{OURS}/").stdout
        assert f"Complete requests:      {COUNT}" in printed
        assert "Failed requests:        0" in printed
        core.pause()
        events, _ = core.ring.since(0)
        taken = core.ask(lambda world: world.hosts["you"].tcp.fast.taken)
        assert taken > COUNT, "most frames took the fast path"
        assert core.loop.log is not None
        recording = load(dump(core.loop.log, core.loop.world))
    world, ring = recording.beginning(), EventRing()
    world.observe(OneByOne(world, ring))
    for entry in recording.inputs:
        feed(world, entry)
    step_to(world, recording.occurrence)
    world.advance(recording.time)
    assert world.hosts["you"].tcp.fast.taken == 0
    assert world.state_hash() == recording.hash
    assert ring.since(0)[0] == events
