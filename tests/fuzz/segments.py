"""Segments out of bytes, whatever they are, to the slow path, the fast path, trace mode and benchmark mode's device.

Each five bytes are a step: what kind of segment two clients of a web server send, with which numbers, and how much time
passes before it. All ways have to send the same frames at the same times, and to be in the same state at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from aether.engine.ring import EventRing
from aether.laboratory import Laboratory
from aether.wire import tcp
from tests.scripts.device import DeviceLaboratory
from tests.scripts.test_fast_path import GET, KEEP, MISSING, Peer, state
from tests.scripts.test_short_trace import Counting, OneByOne, Outside

FLAGS = ("S", "A", "PA", "FA", "R", "RA", "SA", "FPA", "", "SFA", "UA", "AE", "SEC")
PAYLOADS = (b"", KEEP, GET, MISSING, KEEP + GET, GET[:20], KEEP * 3, b"x", b"\r\n", KEEP * 40)
WAITS = (0, 977, 977, 977, 40_000, 250_000, 1_500_000, 61_000_000)
"""Microseconds."""
OFFSETS = (0, 0, 0, 0, 0, 1, -1, 5, -100, 1460, 65_535, -65_535, 1 << 30, 1 << 31)
WINDOWS = (502, 502, 502, 0, 1, 7, 65_535)
STEP = 5
MOST = 24
"""Steps of one run."""


class Segment(NamedTuple):
    """What one of the clients does, and when."""

    client: int
    wait: int
    flags: str
    payload: bytes
    seq: int
    ack: int
    options: bytes | None
    window: int
    again: bool


def segments(data: bytes) -> Iterator[Segment]:
    """Read bytes as segments: the commonest values have the most bytes."""
    for at in range(0, min(len(data), STEP * MOST) - STEP + 1, STEP):
        kind, payload, numbers, more, wait = data[at:at + STEP]
        yield Segment(
            kind >> 4 & 1, WAITS[wait % len(WAITS)], FLAGS[(kind & 15) % len(FLAGS)], PAYLOADS[payload % len(PAYLOADS)],
            OFFSETS[(numbers & 15) % len(OFFSETS)], OFFSETS[(numbers >> 4) % len(OFFSETS)], odd_options(more),
            WINDOWS[(more >> 4) % len(WINDOWS)], bool(kind & 0x20))


def odd_options(number: int) -> bytes | None:
    """Return options that are not what a client of ours sends; None for those."""
    return (None, None, None, None, b"", tcp.build_options(timestamp=(1, 0)), b"\x08\x04\0\0",
            tcp.build_options(mss=536), tcp.build_options(sack=((1, 2),)), b"\x05\x0a\1\1" + bytes(8),
            b"\x03\x03\x0e\0",
            b"\x08\x0a" + b"\xff" * 8 + b"\0\0", b"\xfe\x04\xf9\x89", b"\x02\x00\0\0", b"\1\1\1\0",
            tcp.build_options(fast_open=b""))[number & 15]


def play(lab: Laboratory, steps: list[Segment]) -> list[tuple[int, bytes]]:
    """Play steps, after a request of each kind has made its response ready; return what was sent, and when."""
    peers = [Peer(lab, 40_000), Peer(lab, 40_001)]
    ready = [Peer(lab, 39_998), Peer(lab, 39_999)]
    for peer, request in zip(ready, (KEEP, GET), strict=True):
        for flags, payload in (("S", b""), ("A", b""), ("PA", request), ("A", b""), ("FA", b"")):
            lab.advance(977)
            peer.send(flags, payload)
    for step in steps:
        peer = peers[step.client]
        lab.advance(step.wait)
        peer.look()
        if step.again:
            peer.seq = (peer.seq + 100_000) & 0xFFFFFFFF
        options: dict[str, Any] = {} if step.options is None else {"options": step.options}
        peer.send(step.flags, step.payload if "S" not in step.flags else b"", seq=step.seq, ack=step.ack,
                  window=step.window, **options)
    for wait in (250_000, 1_500_000, 61_000_000):
        lab.advance(wait)
        for peer in peers:
            peer.look()
    return [sent for peer in (*ready, *peers) for sent in peer.log]


def compared(data: bytes) -> None:
    """Play the same segments every way, and compare."""
    steps = list(segments(data))
    slow = Laboratory(seed=3, tcp_fast_path="off", tcp_fastopen="server")
    expected, theirs = play(slow, steps), state(slow)
    device = DeviceLaboratory(seed=3, tcp_fastopen="server")
    try:
        for name, lab in (("fast", Laboratory(seed=3, tcp_fastopen="server")), ("device", device)):
            lab.world.allow_short_cuts(True)
            assert play(lab, steps) == expected, f"{name}: other frames than the slow path"
            ours = state(lab)
            differ = {key: (ours.get(key), theirs.get(key)) for key in ours.keys() | theirs.keys()
                      if ours.get(key) != theirs.get(key)}
            assert not differ, f"{name}: another state than the slow path: {differ}"
    finally:
        device.close()
    traced = []
    for recorder in (Counting, OneByOne, None):
        lab = Outside(seed=3, tcp_fastopen="server")
        ring = EventRing()
        if recorder is not None:
            lab.world.observe(recorder(lab.world, ring))
        sent = play(lab, steps)
        events = [event._replace(source=("", 0)) for event in ring.since(0)[0]]  # coverage moves lines about
        traced.append((sent, lab.world.state_hash(), events))
    together, one_by_one, unseen = traced
    assert together == one_by_one, "trace mode: the fast path is told otherwise than the slow one"
    assert together[:2] == unseen[:2], "trace mode: who is looked at behaves otherwise"
    assert together[0] == expected, "trace mode: other frames than without"
