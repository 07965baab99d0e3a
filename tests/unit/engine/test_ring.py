"""The ring of events while it is written to: what a reader does not get is counted."""

from __future__ import annotations

from typing import Any

import pytest

from aether.engine import ring as module
from aether.engine.ring import EventRing, Raw


def raw(serial: int) -> Raw:
    return serial, serial, 0, "you", 0, "user", (), "a file", 1


def test_a_writer_that_overtakes_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a reading, which is as if another thread had its turn."""
    ring = EventRing(16)
    for serial in range(1, 17):
        ring.add(raw(serial))
    real = module._events

    def slowly(entry: Any, serial: int) -> Any:
        if serial == 4 and ring.last_serial == 16:
            for late in range(17, 25):
                ring.add(raw(late))
        return real(entry, serial)

    monkeypatch.setattr(module, "_events", slowly)
    found, missed = ring.since(0)
    assert [event.serial for event in found] == [1, 2, 3, 4, *range(9, 17)]
    assert missed == 4
    found, missed = ring.since(found[-1].serial)
    assert [event.serial for event in found] == list(range(17, 25))
    assert missed == 0
