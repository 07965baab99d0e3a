"""Events that were told together read as if each had been kept by itself, wherever one begins and however many fit."""

from __future__ import annotations

import pytest

from aether.engine.recorder import EventRecorder
from aether.engine.ring import EventRing
from aether.events import Event
from aether.tcp.short.events import unfold
from tests.scripts.test_fast_path import whole
from tests.scripts.test_short_trace import PREPARED, Clients, Counting, OneByOne, Outside


def kept(recorder: type[EventRecorder], capacity: int) -> tuple[EventRing, EventRecorder]:
    """Return a ring of a run of a few connections, of which it holds the latest events."""
    lab = Outside(seed=3)
    ring = EventRing(capacity)
    lab.world.observe(observer := recorder(lab.world, ring))
    clients = Clients(lab)
    for what, which in [*PREPARED, *whole(0), *whole(1), ("S", 3), ("A", 3), ("half", 3), ("syn again", 1)]:
        clients.play(what, which)
    return ring, observer


@pytest.mark.parametrize("capacity", [1, 7, 50, 97, 1000])
def test_from_any_event_on(capacity: int) -> None:
    ring, observer = kept(Counting, capacity)
    assert isinstance(observer, Counting) and sum(observer.told.values()) > 10
    alone, _ = kept(OneByOne, capacity)
    assert (len(ring), ring.lost, ring.last_serial) == (len(alone), alone.lost, alone.last_serial)
    for serial in range(ring.last_serial + 2):
        for limit in (1, 2, 5, 1000):
            assert ring.since(serial, limit) == alone.since(serial, limit)
    for occurrence in range(40):
        assert ring.of(occurrence) == alone.of(occurrence)


def test_what_happened_has_to_be_what_was_announced() -> None:
    with pytest.raises(AssertionError, match="rested: 2 events, and 3 were announced"):
        unfold((1, 1, 0, "you", 0, 3, "rested", (1, 0)))


def test_a_ring_can_be_filled_again_with_them() -> None:
    ring, _ = kept(Counting, 1000)
    events: list[Event] = ring.since(0)[0]
    again = EventRing()
    again.refill(events)
    assert again.since(0)[0] == events
