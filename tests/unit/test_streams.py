"""Streams of randomness: repeatable, independent, within their limits."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether.streams import Stream


@given(st.integers(), st.lists(st.text(), max_size=3))
def test_the_same_seed_and_names_give_the_same(seed: int, names: list[str]) -> None:
    first, second = Stream(seed, *names), Stream(seed, *names)
    assert [first.bits(64) for _ in range(5)] == [second.bits(64) for _ in range(5)]


def test_other_seeds_and_names_give_others() -> None:
    drawn = {Stream(*arguments).bits(64) for arguments in (
        (1,), (2,), (1, "a"), (1, "b"), (1, "a", "b"), (1, "ab"), (1, "b", "a"), (12,), (1, "2"))}
    assert len(drawn) == 9


def test_known_numbers() -> None:
    """A recorded session must repeat with any later version: these numbers never change."""
    stream = Stream(42, "you", "tcp.ports")
    assert [stream.bits(32) for _ in range(3)] == [549596277, 584648356, 530831528]


def test_one_stream_does_not_disturb_another() -> None:
    alone = Stream(7, "loss")
    expected = [alone.bits(16) for _ in range(10)]
    beside, other = Stream(7, "loss"), Stream(7, "delay")
    got = []
    for _ in range(10):
        other.bits(16)
        got.append(beside.bits(16))
    assert got == expected


@given(st.integers(0, 1 << 64), st.integers(1, 64))
def test_bits(seed: int, count: int) -> None:
    assert 0 <= Stream(seed).bits(count) < 1 << count


@given(st.integers(0, 1 << 64), st.integers(1, 1 << 40))
def test_below(seed: int, limit: int) -> None:
    assert 0 <= Stream(seed).below(limit) < limit


@given(st.integers(0, 1 << 64), st.integers(-1000, 1000), st.integers(0, 1000))
def test_between(seed: int, low: int, more: int) -> None:
    assert low <= Stream(seed).between(low, low + more) <= low + more


@given(st.integers(0, 1 << 64), st.integers(0, 100))
def test_octets(seed: int, count: int) -> None:
    assert len(Stream(seed).octets(count)) == count


def test_every_value_is_drawn_about_as_often() -> None:
    stream = Stream(3)
    counts = [0] * 10
    for _ in range(10_000):
        counts[stream.below(10)] += 1
    assert min(counts) > 900 and max(counts) < 1100


@pytest.mark.parametrize(
    "probability, low, high", [(0.0, 0, 0), (0.05, 400, 600), (0.5, 4800, 5200), (1.0, 10_000, 10_000)])
def test_chance(probability: float, low: int, high: int) -> None:
    stream = Stream(5)
    assert low <= sum(stream.chance(probability) for _ in range(10_000)) <= high


def test_chance_always_draws_once() -> None:
    """So that a probability of 0 and one of 1 leave the same stream behind."""
    never, always = Stream(9), Stream(9)
    never.chance(0.0)
    always.chance(1.0)
    assert never.state == always.state


def test_unit() -> None:
    stream = Stream(1)
    drawn = [stream.unit() for _ in range(1000)]
    assert 0 <= min(drawn) < 0.01 and 0.99 < max(drawn) < 1


def test_a_pickled_stream_goes_on() -> None:
    stream = Stream(11, "a")
    stream.bits(8)
    copy = pickle.loads(pickle.dumps(stream))
    assert len(pickle.dumps(stream)) < 200
    assert [stream.bits(64) for _ in range(4)] == [copy.bits(64) for _ in range(4)]
