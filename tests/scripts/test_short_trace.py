"""In trace mode the fast path cannot be told from the ordinary one: the same frames, events, timers and state."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether.engine.recorder import EventRecorder
from aether.engine.ring import EventRing
from aether.events import Event
from aether.laboratory import Laboratory
from aether.world import World
from tests.scripts.test_fast_path import GET, KEEP, MISSING, STEPS, Peer, whole


class OneByOne(EventRecorder):
    """Is told of each event by itself, so that every frame takes the ordinary path."""

    together = None  # type: ignore[assignment]


class Counting(EventRecorder):
    """Counts what it is told at once, by what it is and how many events."""

    def __init__(self, world: World, ring: EventRing) -> None:
        super().__init__(world, ring)
        self.told: Counter[str] = Counter()

    def together(self, host: str, count: int, happening: str, values: tuple[Any, ...]) -> None:
        """Count, and keep."""
        self.told[f"{happening} {count}"] += 1
        super().together(host, count, happening, values)


class Outside(Laboratory):
    """A laboratory whose frames come from a device."""

    def inject(self, frame: bytes) -> None:
        """Let a frame arrive now, as if it had just been read."""
        while self.world.step(self.world.now):
            pass
        self.world.arrive(frame)


PLAYED: dict[str, tuple[str, bytes, dict[str, object]]] = {
    "get": ("PA", GET, {}), "keep": ("PA", KEEP, {}), "missing": ("PA", MISSING, {}), "half": ("PA", GET[:20], {}),
    "two": ("PA", KEEP + GET, {}), "beyond": ("PA", GET, {"seq": 5}), "old": ("A", b"", {"age": 100}),
    "window": ("A", b"", {"window": 7}), "shut": ("A", b"", {"window": 0}), "future": ("A", b"", {"ack": 9}),
    "none": ("A", b"", {"options": b""}), "reset": ("R", b"", {}), "duplicate": ("A", b"", {"seq": -1}),
}


class Clients:
    """Four of them, which play steps: what to send, and who."""

    def __init__(self, lab: Outside) -> None:
        self.lab = lab
        self.peers = [Peer(lab, 40_000 + number) for number in range(4)]

    def play(self, what: str, which: int) -> None:
        """Play one step, a while after the one before."""
        lab, peer = self.lab, self.peers[which]
        lab.advance(977)
        if what.startswith("wait"):
            lab.advance(int(what[4:]))
            peer.look()
        elif what == "syn again":
            peer.seq += 100_000
            peer.send("S")
        else:
            flags, payload, more = PLAYED.get(what, (what, b"", {}))
            peer.send(flags, payload, **more)

    def log(self) -> list[tuple[int, bytes]]:
        """Return what each was sent, and when."""
        return [sent for peer in self.peers for sent in peer.log]


def play(
    recorder: type[EventRecorder] | None, steps: list[tuple[str, int]], looks: dict[int, str], knobs: dict[str, str],
) -> tuple[list[tuple[int, bytes]], list[str], list[Event], Counter[str]]:
    """Play the steps; return what was sent, hashes at some and at the end, events, and what was told at once."""
    lab = Outside(seed=3, **knobs)
    ring = EventRing()
    told: Counter[str] = Counter()
    observer = None
    if recorder is not None:
        lab.world.observe(observer := recorder(lab.world, ring))
    clients = Clients(lab)
    hashes = []
    for number, (what, which) in enumerate(steps):
        clients.play(what, which)
        look = looks.get(number)
        if look == "hash":
            hashes.append(lab.world.state_hash())
        elif look == "load":
            lab.world = World.load(lab.world.snapshot())
            lab.host = lab.world.hosts[lab.host.name]
            if isinstance(observer, Counting):
                told += observer.told
            if recorder is not None:
                lab.world.observe(observer := recorder(lab.world, ring))
        elif look == "slow":
            lab.world.observe(OneByOne(lab.world, ring) if recorder is not None else None)
    hashes.append(lab.world.state_hash())
    if isinstance(observer, Counting):
        told += observer.told
    return clients.log(), hashes, ring.since(0)[0], told


PREPARED = [*whole(2, "keep"), *whole(3)]
"""The first request of a kind takes the ordinary path; from then on its response is ready."""


def same(steps: list[tuple[str, int]], looks: dict[int, str] | None = None, **knobs: str) -> Counter[str]:
    """Check that nothing differs; return what was told at once, and how often."""
    sent, hashes, events, told = play(Counting, steps, looks or {}, knobs)
    sent_slowly, hashes_slowly, events_slowly, nothing = play(OneByOne, steps, looks or {}, knobs)
    assert not nothing
    assert sent == sent_slowly
    assert events == events_slowly
    assert hashes == hashes_slowly
    assert play(None, steps, looks or {}, knobs)[:2] == (sent, hashes)
    return told


def test_from_the_first_segment_to_the_last() -> None:
    steps = [*PREPARED, *whole(1)]
    assert same([*steps, ("wait61500000", 1)]) == {
        "opened 6": 3, "established 5": 3, "request 9": 1, "acknowledged 7": 1, "finished 8": 1, "rested 2": 1}


@pytest.mark.parametrize("wait", ["150000", "250000", "1500000", "4500000", "21000000", "61500000"])
@pytest.mark.parametrize("kind", ["get", "keep"])
def test_time_passes_between_two_segments(kind: str, wait: str) -> None:
    steps = [*PREPARED, *whole(1, kind), ("A", 1), ("FA", 1)]
    for end in range(10, len(steps)):
        same([*steps[:end], (f"wait{wait}", 1), *steps[end:], (f"wait{wait}", 0)])


def test_acknowledged_with_the_next_segment() -> None:
    steps = [*PREPARED, ("S", 1), ("A", 1), ("keep", 1), ("keep", 1), ("A", 1), ("keep", 1), ("get", 1), ("FA", 1)]
    told = same(steps)
    kinds = ("request 8", "request 11", "request 12", "acknowledged 5", "finished 13")
    assert [told[kind] for kind in kinds] == [2, 1, 1, 1, 1]


OTHER_KNOBS = """
tcp_time_wait=1s tcp_mss=536 tcp_mss=300 tcp_rto_initial=3s tcp_rto_min=300ms tcp_rto_max=1s tcp_receive_window=20000
tcp_receive_window=100000 tcp_initial_window=4 tcp_initial_window=1 tcp_congestion=reno tcp_congestion=none tcp_sack=off
tcp_timestamps=off tcp_window_scaling=off tcp_paws=off tcp_rack=off tcp_ecn=on tcp_ecn=off tcp_slow_start_after_idle=off
tcp_keepalive=on tcp_user_timeout=5s tcp_nagle=off tcp_silly_window=off tcp_delayed_ack=0 tcp_delayed_ack=200ms
tcp_challenge_ack=off tcp_syn_cookies=always tcp_syn_cookies=off tcp_out_of_order=drop tcp_retransmit=off
http_stalled=1s ipv4_ttl=7 tcp_isn=random tcp_isn=predictable tcp_fast_path=off tcp_fast_path=on
"""


@pytest.mark.parametrize("knob", OTHER_KNOBS.split())
def test_many_requests_whatever_the_knobs_say(knob: str) -> None:
    name, _, value = knob.partition("=")
    many = [("keep", 1), ("A", 1)] * 18 + [("keep", 1)] * 3
    steps = [*PREPARED, ("S", 1), ("A", 1), *many, ("get", 1), ("FA", 1), ("wait2000000", 1), *whole(0)]
    told = same(steps, **{name: value})
    if knob == "tcp_fast_path=on":
        assert told["request 10"] > 2 and told["request 14"] == 1
    elif knob == "tcp_fast_path=off":
        assert not told


def test_a_port_is_used_again() -> None:
    again = [("syn again", 1), *whole(1)[1:]]
    told = same([*PREPARED, *whole(1), *again, ("S", 3), *again, *whole(3)[1:]])
    assert told["opened 7"] == 3 and told["finished 8"] == 4


LOOKS = st.dictionaries(st.integers(0, 30), st.sampled_from(["hash", "load", "slow"]), max_size=2)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.one_of(STEPS, st.just("shut")), st.integers(0, 1)), max_size=16), LOOKS)
def test_whatever_comes(steps: list[tuple[str, int]], looks: dict[int, str]) -> None:
    same([*PREPARED, *steps], looks)
    same([*PREPARED, *whole(1)[:3], *steps], looks)


@pytest.mark.parametrize("waits", [(), (("wait1500000", 1),)], ids=["at once", "after a while"])
def test_a_handshake_whose_time_out_begins_above_the_ceiling(waits: tuple[tuple[str, int], ...]) -> None:
    same([*PREPARED, ("S", 1), *waits], tcp_rto_initial="5s", tcp_rto_max="1s")
