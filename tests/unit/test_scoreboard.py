"""The scoreboard against a plain model of it: one flag for each byte (RFC 2018 §3, §8; RFC 6675 §2, §3)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aether.tcp.scoreboard import Flight, Sent

sizes = st.lists(st.integers(1, 6), min_size=1, max_size=12)
steps = st.lists(st.one_of(
    st.tuples(st.just("sack"), st.integers(0, 40), st.integers(1, 20)),
    st.tuples(st.just("ack"), st.integers(1, 8), st.just(0)),
    st.tuples(st.just("time-out"), st.just(0), st.just(0)),
    st.tuples(st.just("resend"), st.just(0), st.just(0)),
    st.tuples(st.just("send"), st.integers(1, 6), st.just(0)),
), max_size=30)


def make(sizes: list[int]) -> tuple[Flight, int]:
    """Return a flight with segments of these sizes from 0 on, and where it ends."""
    flight, end = Flight(), 0
    for size in sizes:
        flight.sent(end, end + size, 0)
        end += size
    return flight, end


@given(sizes, steps)
def test_it_is_what_a_plain_model_says(sizes: list[int], steps: list[tuple[str, int, int]]) -> None:
    """RFC 6675 §2: what is SACKed, byte by byte, and how much is in the network, whatever the blocks are made of."""
    flight, end = make(sizes)
    una, sacked = 0, set[int]()
    for what, amount, length in steps:
        if what == "sack":
            left, right = una + amount, una + amount + length
            flight.sack(((left, right),), una, end)
            if right <= end:
                sacked |= set(range(left, right))
        elif what == "ack":
            ack = min(una + amount, end)
            flight.acknowledge(una, ack)
            una = ack
        elif what == "time-out":
            if flight.forget_sacked(una):
                assert una in sacked
                sacked.clear()
            else:
                assert una not in sacked
            flight.mark_all_lost(end)
            first = flight.next_lost()
            assert una == end or (first is not None and first.start == una), "the left edge goes out again"
        elif what == "resend":
            lost = flight.next_lost()
            if lost is not None:
                flight.sent_again(lost, 1)
        else:
            flight.sent(end, end + amount, 2)
            end += amount
        flight.arrived.clear()
        sacked = {byte for byte in sacked if byte >= una}
        assert flight.sacked_bytes == len(sacked)
        assert {byte for low, high in flight.sacked for byte in range(low, high)} == sacked
        covered: list[Sent] = sorted(flight.segments.values(), key=lambda one: one.start)
        assert [one.start for one in covered] == [una, *(one.end for one in covered)][:len(covered)]
        for one in covered:
            assert not (one.sacked and one.lost)
            if one.start > una or una not in sacked:  # else the peer lets go of it just now
                assert one.sacked == (set(range(one.start, one.end)) <= sacked), (one.start, one.end)
        assert flight.pipe == sum(one.end - one.start for one in covered if not one.sacked and not one.lost)
        under_way = {one.end for one in covered if not one.sacked and not one.lost}
        assert set(flight.by_time) == under_way
