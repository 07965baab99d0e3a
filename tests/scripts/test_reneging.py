"""A peer that lets go of what it has SACKed: RFC 2018 §8; and SACK blocks that are not made of our segments (§3)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .script import Script
from .test_recovery import MSS, sack, sending, time_out

KNOBS: list[dict[str, Any]] = [
    {"tcp_rack": rack, "tcp_frto": frto, "tcp_congestion": congestion}
    for rack in ("on", "off") for frto in ("on", "off") for congestion in ("cubic", "none")
]


@pytest.mark.parametrize("knobs", KNOBS)
def test_what_the_peer_let_go_of_is_sent_again(knobs: dict[str, Any]) -> None:
    """RFC 2018 §8: after a time-out the left edge goes out again, SACKed or not, and the other marks are forgotten."""
    s = sending(3, "mss=1460 sackok", **knobs)
    s.advance(10_000)
    sack(s, (1, 3))
    s.inject(f"A seq=1 ack={1 + MSS}")
    s.skip()
    time_out(s)
    s.expect(f"A seq={1 + MSS} len=1460")
    s.skip()
    s.inject(f"A seq=1 ack={1 + 2 * MSS}")
    assert [one.seq for one in s.skip()] in ([1 + 2 * MSS], [])  # without congestion control it went out at once
    s.inject(f"A seq=1 ack={1 + 3 * MSS}")
    assert s.conn.flight.segments == {}
    assert s.conn.phase == "open"


def test_even_the_left_edge_may_be_sacked() -> None:
    """RFC 2018 §8: a block that starts where the acknowledgement ends acknowledges nothing."""
    s = sending(3, "mss=1460 sackok")
    sack(s, (0, 3))
    s.advance(600_000)  # a tail-loss probe has put the time-out off, and so has the round trip of what was SACKed
    s.expect("A seq=1 len=1460")


@pytest.mark.parametrize("with_data", [True, False])
def test_a_fin_may_be_let_go_of(with_data: bool) -> None:
    """RFC 2018 §8: a FIN is no different."""
    s = Script()
    s.handshake("mss=1460 sackok")
    s.send(b"x" * 2 * MSS)
    s.skip()
    if with_data:
        s.send(b"x" * 100)
    s.shutdown()
    s.skip()
    end = 2 + 2 * MSS + (100 if with_data else 0)
    s.inject(f"A seq=1 ack=1 sack={1 + MSS}-{end}")
    s.inject(f"A seq=1 ack={1 + 2 * MSS}")
    s.skip()
    time_out(s)
    s.expect(f"{'FPA' if with_data else 'FA'} seq={1 + 2 * MSS}")


def test_a_peer_that_lets_go_is_counted_and_told_of() -> None:
    """RFC 2018 §8: it is rare, and should not go unseen."""
    s = sending(3, "mss=1460 sackok")
    sack(s, (1, 3))
    s.inject(f"A seq=1 ack={1 + MSS}")
    time_out(s)
    assert s.host.counters["tcp.reneged"] == 1
    if s.mode == "trace":
        assert any("let go" in why for _, _, why in s.saw("tcp.recovery"))


@pytest.mark.parametrize("blocks", [
    [(2, 3.5), (3.5, 4)], [(3.5, 4), (2, 3.5)], [(2.5, 3), (2, 2.5), (3, 4)], [(2.5, 3.5), (2, 4)], [(2, 3.5), (2, 4)],
    [(2.5, 4), (2, 4)], [(1.5, 3.5), (3.25, 4)],
])
@pytest.mark.parametrize("rack", ["on", "off"])
def test_segments_that_arrive_in_pieces(rack: str, blocks: list[tuple[float, float]]) -> None:
    """RFC 2018 §3: blocks are bytes; a segment has arrived when the last of its bytes has."""
    s = sending(6, "mss=1460 sackok", tcp_frto="off", tcp_rack=rack)
    for low, high in blocks:
        s.inject(f"A seq=1 ack=1 sack={int(1 + low * MSS)}-{int(1 + high * MSS)}")
    again = {one.seq for one in s.skip()}
    time_out(s)
    s.inject(f"A seq=1 ack={1 + MSS} sack={1 + 2 * MSS}-{1 + 4 * MSS}")
    s.advance(10_000_000)
    again |= {one.seq for one in s.skip()}
    assert 1 + MSS in again, "a part of the second segment is missing"
    assert not again & {1 + 2 * MSS, 1 + 3 * MSS}, "all of the third and fourth has arrived"


class Peer:
    """Receives what comes, as badly as it is told to."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.next = 1
        self.kept: set[tuple[int, int]] = set()

    def take(self, fates: list[str]) -> None:
        """Let each segment that has come arrive, get lost, or make the peer let go of all that waits; answer each."""
        s = self.script
        for seen in s.skip():
            fate = fates.pop(0) if fates else "arrives"
            start, end = seen.seq, seen.seq + len(seen.payload) + ("F" in seen.flags)
            if fate == "lost" or "R" in seen.flags:
                continue
            if start < end:
                self.kept.add((start, end))
            while ready := [one for one in self.kept if one[0] <= self.next]:
                self.kept -= set(ready)
                self.next = max(self.next, *(one[1] for one in ready))
            blocks = ",".join(f"{low}-{high}" for low, high in sorted(self.kept, reverse=True)[:3])
            if fate == "half" and self.kept:
                low, high = min(self.kept)
                blocks = f"{(low + high) // 2}-{high}"
            if fate == "lets go":
                self.kept.clear()
            s.inject(f"A seq=1 ack={self.next}" + (f" sack={blocks}" if blocks and fate != "silent" else ""))


fates = st.lists(st.sampled_from(["arrives", "arrives", "lost", "lets go", "half", "silent"]), max_size=60)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fates, st.integers(1, 12), st.sampled_from(KNOBS))
def test_everything_arrives_in_the_end(mode: str, fates: list[str], count: int, knobs: dict[str, Any]) -> None:
    """RFC 2018 §8: whatever a peer SACKs and forgets, what it does not acknowledge is sent again until it does."""
    s = Script(**knobs)
    s.handshake("mss=1460 sackok")
    peer = Peer(s)
    s.send(b"x" * (count * MSS + 100))
    s.shutdown()
    for _ in range(120):
        peer.take(fates)
        s.advance(40_000 if fates else 3_000_000)
    assert peer.next == count * MSS + 102
