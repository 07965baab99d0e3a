"""What the ordinary path of a segment and the short one both decide has one place: another rule there changes both.

Each test is played on the ordinary path, and on the short one of trace mode and of benchmark mode.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether.apps.http import HttpServer
from aether.engine.recorder import EventRecorder
from aether.engine.ring import EventRing
from aether.laboratory import Laboratory
from aether.tcp import decisions, layer
from aether.wire import tcp
from tests.scripts.test_short_connections import KEEP, PSH_ACK, asked, flags, laboratory, opened, segment, shorts

pytestmark = pytest.mark.skipif(
    not str(decisions.__file__).endswith(".py"), reason="compiled, the two paths call these functions without a look")
ON = pytest.mark.parametrize("path", ["ordinary", "trace", "bench"])
PORT = 40_000
CLOSE = KEEP.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


def at(path: str, **knobs: str) -> Laboratory:
    """Return a host whose connections take a path, and whose answers are ready."""
    if path == "ordinary":
        knobs["tcp_fast_path"] = "off"
    lab = laboratory(path == "bench", **knobs)
    for port, request in ((39_998, KEEP), (39_999, CLOSE)):
        asked(lab, port, request)
        lab.world.arrive(segment(tcp.RST, port, 1001 + len(request)))
    return lab


def went(lab: Laboratory, path: str) -> bool:
    """Tell whether a connection has taken the path that it was to take."""
    return (lab.host.tcp.fast.taken > 0, shorts(lab) > 0) == {
        "ordinary": (False, False), "trace": (True, True), "bench": (False, True)}[path]


def header(frame: bytes) -> tcp.TcpHeader:
    return tcp.parse(frame[34:])


def comes_again(lab: Laboratory, path: str) -> int:
    """Let an answer be lost; return after how many milliseconds it comes again."""
    asked(lab, PORT)
    assert went(lab, path)
    for passed in range(1, 3000):
        lab.advance(1000)
        if lab.sent():
            return passed
    raise AssertionError("it does not come again")


@ON
def test_the_retransmission_timeout(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert comes_again(at(path, tcp_rack="off"), path) == 201
    monkeypatch.setattr(decisions, "retransmission_timeout", lambda srtt, rttvar, least, most: 700_000)
    assert comes_again(at(path, tcp_rack="off"), path) == 700


@ON
def test_what_it_follows_from(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "smoothed", lambda srtt, rttvar, rtt: (300_000, 0))
    assert comes_again(at(path), path) == 500


@ON
def test_the_first_time_out(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "backed_off", lambda rto, backoff, most: 2_345_000)
    lab = at(path)
    lab.world.arrive(segment(tcp.SYN, PORT, 1000))
    assert went(lab, path)
    lab.sent()
    lab.advance(2_344_000)
    assert lab.sent() == []
    lab.advance(1000)
    assert flags(lab.sent()) == ["SA"]


@ON
def test_the_window_that_is_offered(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def rule(rcv_nxt: int, rcv_adv: int, limit: int, waiting: int, mss: int, scale: int) -> int:
        return 777

    monkeypatch.setattr(decisions, "offered_window", rule)
    lab = at(path)
    [answer] = asked(lab, PORT)
    assert went(lab, path)
    assert header(answer).window == 777


@ON
def test_its_scale(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = at(path)
    before = header(asked(lab, PORT)[0]).window
    monkeypatch.setattr(layer, "RECEIVE_SCALE", 3)
    lab = at(path)
    lab.world.arrive(segment(tcp.SYN, PORT, 1000))
    assert went(lab, path)
    assert tcp.parse_options(header(lab.sent()[0]).options).window_scale == 3
    [answer] = asked(lab, PORT + 1)
    assert header(answer).window == before << 5


@ON
@pytest.mark.parametrize("later", [True, False], ids=["newer", "older"])
def test_the_reuse_of_time_wait(path: str, later: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 6191: a newer SYN opens another connection, an older one is answered with an ACK, unless the rule differs."""
    stamp = 5010 if later else 4000
    for allowed in (later, not later):
        if allowed != later:
            monkeypatch.setattr(decisions, "ends_time_wait", lambda *of: not later)
        lab = at(path)
        ours = opened(lab, PORT)
        lab.world.arrive(segment(PSH_ACK, PORT, 1001, ours, CLOSE, stamp=5002))
        [answer] = lab.sent()
        ours += len(answer) - 66 + 1
        lab.world.arrive(segment(tcp.FIN | tcp.ACK, PORT, 1001 + len(CLOSE), ours, stamp=5003))
        assert flags(lab.sent()) == ["A"]
        assert went(lab, path)
        lab.advance(1_000_000)  # so that the numbers begin beyond the old ones
        lab.world.arrive(segment(tcp.SYN, PORT, 900_000 if later else 2, stamp=stamp))
        assert flags(lab.sent()) == (["SA"] if allowed else ["A"])
        assert shorts(lab) == (allowed and path != "ordinary")


def waits(path: str, requests: int) -> list[bool]:
    """Return for each of a connection's requests whether its acknowledgement would have waited for the answer."""
    lab = at(path)
    ring = EventRing()
    lab.world.observe(EventRecorder(lab.world, ring))
    ours, found = opened(lab, PORT), []
    for number in range(requests):
        before = ring.last_serial
        lab.world.arrive(segment(PSH_ACK, PORT, 1001 + number * len(KEEP), ours, KEEP, stamp=5002))
        ours += len(lab.sent()[0]) - 66
        timers = [event.values[1:3] for event in ring.since(before + 1)[0] if event.kind == "tcp.timer"]
        found.append(("delack", "started") in timers)
    assert went(lab, path)
    return found


@pytest.mark.parametrize("path", ["ordinary", "trace"])
def test_whether_an_acknowledgement_waits(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In benchmark mode nobody could tell: the answer carries it."""
    assert waits(path, 20) == 16 * [False] + 4 * [True]
    monkeypatch.setattr(decisions, "why_ack_now", lambda *of: "")
    assert waits(path, 3) == 3 * [True]


@pytest.mark.parametrize("path", ["ordinary", "trace"])
def test_how_many_segments_it_is_for(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "segments_in", lambda length, mss: 2)
    assert waits(path, 18) == 18 * [False]


@ON
def test_how_long_a_request_is_waited_for(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9112 §9.5."""
    for within, closed_at in ((HttpServer.request_within, 15), (3_000_000, 5)):
        monkeypatch.setattr(HttpServer, "request_within", within)
        lab = at(path)
        lab.world.advance(1000)
        opened(lab, PORT)
        assert went(lab, path)
        lab.sent()
        lab.advance(closed_at * 1_000_000 - 10_000)
        assert lab.sent() == []
        lab.advance(5_010_000 if within > 5_000_000 else 10_000)
        assert "FA" in flags(lab.sent())


@given(
    rcv_adv=st.integers(0, 1 << 20), limit=st.integers(1, 1 << 22), waiting=st.integers(0, 1 << 22),
    mss=st.integers(48, 9000), scale=st.integers(0, 14))
def test_the_right_edge_never_moves_left(rcv_adv: int, limit: int, waiting: int, mss: int, scale: int) -> None:
    """RFC 9293 §3.8.6 (SHLD-14), §3.8.6.2.2, RFC 7323 §2.4: and right only by a worthwhile step, as far as it is free.

    What was offered is within what a window can say, as it always is.
    """
    rcv_adv = min(rcv_adv, decisions.MAX_WINDOW_FIELD << scale)
    edge = decisions.offered_window(0, rcv_adv, limit, waiting, mss, scale) << scale
    assert edge >= rcv_adv
    if edge >= rcv_adv + (1 << scale):
        free = limit - waiting
        assert edge <= free
        assert min(free, decisions.MAX_WINDOW_FIELD << scale) - rcv_adv >= min(mss, limit // 2)
