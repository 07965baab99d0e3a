"""Waiting for a device, with a clock of our own: for how long it spins and yields, and what is counted."""

from __future__ import annotations

from aether.engine.backoff import SLEEP, SPIN, YIELD, Backoff


class Bench:
    """A clock that moves by hand."""

    def __init__(self, spin: int, yielding: int) -> None:
        self.now = 0
        self.yields = 0
        self.backoff = Backoff(lambda: self.now, self.give_way)
        self.backoff.limit(spin, yielding)

    def give_way(self) -> None:
        self.yields += 1

    def look(self, microseconds: int, looks: int) -> list[bool]:
        """Find nothing so many times, evenly within that time."""
        said = []
        for _ in range(looks):
            said.append(self.backoff.idle())
            self.now += microseconds * 1000 // looks
        return said


def test_spin_then_yield_then_sleep() -> None:
    bench = Bench(100, 50)
    assert not any(bench.look(100, 10))
    assert bench.backoff.state == SPIN and not bench.yields
    assert not any(bench.look(50, 5))
    assert bench.backoff.state == YIELD and bench.yields == 5
    assert all(bench.look(1, 1))
    assert bench.backoff.state == SLEEP
    assert {name: spent // 1000 for name, spent in bench.backoff.spent.items()} == {SPIN: 100, YIELD: 50, SLEEP: 0}


def test_work_begins_it_anew() -> None:
    bench = Bench(100, 50)
    bench.look(120, 12)
    bench.backoff.busy()
    assert not any(bench.look(90, 9))
    assert bench.backoff.state == SPIN
    bench.backoff.busy()
    assert bench.backoff.spent[SPIN] == 190_000
    assert bench.backoff.spent[YIELD] == 20_000


def test_sleep_at_once() -> None:
    bench = Bench(0, 0)
    assert bench.look(10, 1) == [True]
    bench.backoff.slept(10_000)
    assert bench.backoff.spent == {SPIN: 0, YIELD: 0, SLEEP: 10_000}
    assert bench.look(1, 1) == [True]


def test_never_sleep() -> None:
    bench = Bench(60_000_000, 0)
    assert not any(bench.look(50_000_000, 1000))
    assert bench.backoff.shares().spin == 1.0
    bench.now += 10_000_000
    bench.backoff.busy()
    assert bench.backoff.shares().spin == 1.0


def test_a_knob_that_is_turned_while_it_sleeps_counts_at_once() -> None:
    bench = Bench(0, 0)
    assert bench.look(100, 1) == [True]
    bench.backoff.limit(1000, 0)
    assert not any(bench.look(400, 4))
    assert bench.backoff.spent == {SPIN: 0, YIELD: 0, SLEEP: 0}, "the shares are brought up to date when asked for"
    assert bench.backoff.shares().spin == 0.8
    bench.backoff.limit(0, 0)
    assert bench.look(100, 1) == [True]
    assert bench.backoff.spent[SPIN] == 400_000


def test_shares_are_of_the_time_since_the_reset() -> None:
    bench = Bench(100, 0)
    bench.look(100, 10)
    bench.backoff.busy()
    bench.now += 100_000
    assert bench.backoff.shares() == (0.5, 0.0, 0.0)
    bench.backoff.reset()
    bench.now += 100_000
    assert bench.backoff.shares() == (0.0, 0.0, 0.0)


def test_what_was_spent_up_to_the_latest_work_leaves_out_the_present_waiting() -> None:
    bench = Bench(100, 50)
    bench.now += 300_000
    assert bench.backoff.worked() == (300_000, 0, 0, 0, 0), "at work, up to now"
    bench.look(80, 8)
    bench.backoff.busy()
    bench.now += 20_000
    bench.look(60, 6)
    assert bench.backoff.worked() == (400_000, 80_000, 0, 0, 0)
    bench.look(120, 12)
    assert bench.backoff.state == SLEEP
    bench.backoff.slept(5_000)
    assert bench.backoff.worked() == (400_000, 80_000, 0, 0, 0)
    assert bench.backoff.now()[1:] == (180_000, 50_000, 5_000, 1)
    bench.backoff.reset()
    assert bench.backoff.worked() == (bench.now, 0, 0, 0, 0)
