"""Some of `make overload`, with a fiftieth of what it sends: a client is served meanwhile, and nothing is left."""

from __future__ import annotations

import pytest

from tests.tap.overload import LOADS, Load, run, table

SOME = [load for load in LOADS if load.kind in ("syns", "fragments", "questions", "down")]


@pytest.mark.parametrize("load", SOME, ids=lambda load: load.kind)
def test_a_client_is_served_and_nothing_is_left(load: Load) -> None:
    found = run(load._replace(times=max(3, load.times // 50), probe=3))
    assert found.served > 0
    assert found.left == 0
    assert found.grown < 64 << 20
    assert f"| {load.title} | " in table([found])
