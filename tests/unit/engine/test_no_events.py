"""Benchmark mode records nothing: no event is made, and nobody is asked, whatever arrives."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

import pytest

from aether.engine.loop import Loop
from aether.events import Event
from aether.lab import HOST_MAC, YOUR_MAC
from aether.wire import ethernet, icmp, ipv4, tcp
from tests.unit.far_end import BEGIN, PEER, THEIRS, US, App, Lab, lab, segment

LOOKING = {"recorder.py", "ring.py", "history.py", "log.py", "past.py", "breakpoints.py"}
"""Files of the engine that work for whoever looks."""


def everything(here: Lab) -> list[bytes]:
    """Return frames that are taken by every path: the short ones, the ordinary one, those that are dropped."""
    echo = icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 1, b"ping"))
    options = tcp.build_options(mss=1460, sack_permitted=True, timestamp=(1, 0), window_scale=7)
    return [
        *(segment(here.ours, tcp.ACK, bytes(1460), BEGIN + at) for at in range(0, 14_600, 1460)),
        segment(here.ours, tcp.ACK, bytes(100), BEGIN + 20_000),
        segment(here.ours, tcp.ACK, bytes(100), BEGIN - 500),
        segment(0, tcp.SYN, options=options, port=THEIRS + 1),
        segment(77, tcp.ACK, port=THEIRS + 2),
        segment(77, tcp.ACK, bytes(10))[:-1] + b"x",
        ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV4, ipv4.build(PEER, US, ipv4.PROTO_ICMP, echo)),
        ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV4, b"rubbish"),
        segment(here.ours, tcp.ACK | tcp.FIN, b"", BEGIN + 14_600),
        here.ack(0),
    ]


def calls(loop: Loop, here: Lab) -> Counter[str]:
    """Let all that wait at the device be handled, and timers go off; return what of the engine was called."""
    found: Counter[str] = Counter()
    names: dict[CodeType, str] = {}

    def profile(frame: FrameType, what: str, _: object) -> None:
        if what == "call":
            code = frame.f_code
            if code not in names:
                names[code] = Path(code.co_filename).name
            found[names[code]] += 1

    sys.setprofile(profile)
    try:
        if loop.mode == "bench":
            while loop.intake.take(loop, here.host):
                pass
        else:
            loop._batch(None)
        for _ in range(20):
            here.world.step()
    finally:
        sys.setprofile(None)
    return found


@pytest.mark.parametrize("mode", ["bench", "trace"])
def test_nobody_is_told_in_benchmark_mode(mode: str) -> None:
    with lab(App(b"answer" * 10_000)) as here:
        here.loop.set_mode(mode)
        serial, occurrence = here.loop.ring.last_serial, here.world.occurrence
        for frame in everything(here):
            here.far.send(bytes(10) + frame)
        gc.collect()
        events = sum(type(one) is Event for one in gc.get_objects())
        found = calls(here.loop, here)
        assert here.world.occurrence > occurrence + 5
        assert len(here.host.drops) >= 3
        told = here.loop.ring.last_serial - serial
        looked = sum(found[name] for name in LOOKING)
        if mode == "trace":
            assert told > 50
            assert looked > 50
            return
        assert here.world.observer is None
        assert here.loop.history is None
        assert here.loop.log is None
        assert told == 0
        assert looked == 0, found
        assert sum(type(one) is Event for one in gc.get_objects()) <= events
