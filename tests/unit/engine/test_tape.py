"""Frames of a recorded run as data, and what is wrong with them when they were damaged."""

from __future__ import annotations

import pytest

from aether.lab import simulated, tapped
from aether.link.tape import Arrival, pack, sums, unpack
from aether.operations.base import OperationError
from aether.operations.link import TapePlay
from aether.operations.net import Ping
from aether.world import World

ARRIVALS = [Arrival(5, 1, b"one"), Arrival(5, 1, b""), Arrival(900, 7, bytes(1514))]


def test_arrivals_are_read_back() -> None:
    assert unpack(pack(ARRIVALS)) == ARRIVALS
    assert unpack(b"") == []


@pytest.mark.parametrize("length", range(1, len(pack(ARRIVALS[:1]))))
def test_what_is_cut_off_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="cut off"):
        unpack(pack(ARRIVALS[:1])[:length])


def test_only_the_world_outside_can_be_played_back() -> None:
    for world in (simulated(1), tapped(1)):
        with pytest.raises(OperationError):
            world.do(TapePlay(link="lan" if "host" in world.hosts else "wan", data=pack(ARRIVALS)))
    with pytest.raises(OperationError, match="cut off"):
        tapped(1).do(TapePlay(data=b"x"))


class Said:
    """Keeps what is reported of links."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, host: str, kind: str, *values: object) -> None:
        """Note one event."""
        if kind == "link":
            self.texts.append(str(values[1]))


def pinged(expected: list[bytes]) -> tuple[World, Said]:
    """Return a world that asks for its neighbour, next to a tape that expects these frames."""
    world, said = tapped(1), Said()
    world.observe(said)
    world.do(TapePlay(data=pack([]), expected=sums(expected)))
    world.do(Ping(address="192.168.1.1", count=1))
    return world, said


def test_the_first_difference_is_told_once() -> None:
    world, said = pinged([])
    frames = list(world.wire_out)
    assert said.texts == ["from here the recording no longer answers you: nothing more was sent then"]
    assert pinged(frames)[1].texts == []
    world, said = pinged([b"another"])
    world.step()
    assert said.texts == ["from here the recording no longer answers you: something else was sent then"]
    assert World.load(world.snapshot()).state_hash() == world.state_hash()
