"""A minute of `make soak`, and whether it would notice."""

from __future__ import annotations

import pytest

from tests.tap.held import Held
from tests.tap.soak import Round, complaints, run, table

FLAT = Held(memory=90_000_000, descriptors=21, threads=6, timers=4, connections=0, blocks=500_000)


def rounds(*held: Held) -> list[Round]:
    return [Round(each, 100, 1, 1000) for each in held]


def test_what_is_flat_is_not_complained_about() -> None:
    assert complaints(rounds(*[FLAT] * 12)) == []
    assert complaints(rounds(FLAT._replace(memory=40_000_000), *[FLAT] * 11)) == [], "the first quarter fills caches"
    assert "| 12 | 90.0 MB | 21 | 6 | 4 | 0 | 500,000 |" in table(rounds(*[FLAT] * 12), 60)


@pytest.mark.parametrize("name, step", [
    ("memory", 30_000_000), ("blocks", 5_000), ("descriptors", 1), ("threads", 1), ("timers", 1), ("connections", 1),
])
def test_what_grows_is_complained_about(name: str, step: int) -> None:
    growing = [FLAT._replace(**{name: getattr(FLAT, name) + step * number}) for number in range(12)]
    (said,) = complaints(rounds(*growing))
    assert said.startswith(f"{name} grew from ")


@pytest.mark.needs("ip")
def test_a_minute() -> None:
    """Short rounds, so that a leak of one descriptor, thread or timer a round is seen; whatever serves is served."""
    found, _ = run(minutes=0.7, seconds=8, show=print)
    assert len(found) >= 2
    assert all(each.served > 0 and each.frames > 100 for each in found)
    last = found[-1].held
    assert (last.descriptors, last.threads) == (found[0].held.descriptors, found[0].held.threads)
    assert complaints(found) == []
