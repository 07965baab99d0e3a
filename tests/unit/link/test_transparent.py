"""What stands on a link between two ends is seen by every short way: none is taken past it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aether.engine.bench import direct, heed_offload
from aether.engine.loop import Loop
from aether.lab import YOU
from aether.link.port import Link
from aether.link.tap import PLAIN
from aether.link.tape import Tape
from aether.world import World
from tests.unit.engine.test_no_events import everything
from tests.unit.far_end import App, lab

Change = Callable[[World, Link], object]


class Heard:
    """Keeps every frame that it hears."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def hear(self, frame: bytes) -> None:
        self.frames.append(bytes(frame))



def ear(left: bool) -> tuple[Change, Change]:
    def put(_: World, link: Link) -> None:
        (link.left if left else link.right).ear = Heard()

    def take(_: World, link: Link) -> None:
        link.left.ear = link.right.ear = None
    return put, take


def impairment(left: bool, what: str, value: str, usual: str) -> tuple[Change, Change]:
    def pipe(link: Link) -> Callable[..., str]:
        return (link.left if left else link.right).pipe.set
    return lambda _, link: pipe(link)(what, value), lambda _, link: pipe(link)(what, usual)


def latency(left: bool) -> tuple[Change, Change]:
    def put(_: World, link: Link) -> None:
        (link.left if left else link.right).latency = 5

    def take(_: World, link: Link) -> None:
        link.left.latency = link.right.latency = 0
    return put, take


def tape() -> tuple[Change, Change]:
    def put(_: World, link: Link) -> None:
        link.right.tape = Tape(link.right, [], b"")

    def take(_: World, link: Link) -> None:
        link.right.tape = None
    return put, take


def cores() -> tuple[Change, Change]:
    def put(world: World, _: Link) -> None:
        world.hosts[YOU].knobs.loop_cost = 10

    def take(world: World, _: Link) -> None:
        world.hosts[YOU].knobs.loop_cost = 0
    return put, take


BETWEEN = {
    "an ear at our end": ear(True), "an ear at the far end": ear(False),
    "loss on the way out": impairment(True, "loss", "1%", "0%"),
    "loss on the way in": impairment(False, "loss", "1%", "0%"), "a latency out": latency(True),
    "a latency in": latency(False), "a tape": tape(), "cores that take their time": cores(),
}


@pytest.mark.parametrize("what", BETWEEN)
def test_frames_go_straight_only_while_nothing_is_in_between(what: str) -> None:
    put, take = BETWEEN[what]
    with lab(App()) as here:
        link = here.world.links["lan"]
        assert link.left.transparent and link.right.transparent and direct(here.loop) is here.host
        put(here.world, link)
        assert not link.left.transparent and not link.right.transparent and direct(here.loop) is None
        take(here.world, link)
        assert link.left.transparent and link.right.transparent and direct(here.loop) is here.host


def heard_of(frames: list[bytes], bench: bool, left: bool) -> list[bytes]:
    """Return what an ear hears of frames that come, in benchmark mode, or in trace mode."""
    with lab(App(bytes(20_000))) as here:
        world, ear = here.world, Heard()
        loop: Loop = here.loop
        if not bench:
            loop.set_mode("trace")
        heed_offload(here.device, direct(loop))
        link = world.links["lan"]
        (link.left if left else link.right).ear = ear
        for frame in frames or everything(here):
            here.far.send(PLAIN + frame)
        loop.go(world.now, None)
        return ear.frames


@pytest.mark.parametrize("left", [True, False], ids=["what leaves", "what comes"])
def test_an_ear_hears_every_frame_in_benchmark_mode(left: bool) -> None:
    bench, trace = heard_of([], True, left), heard_of([], False, left)
    assert len(trace) > 5
    assert bench == trace
