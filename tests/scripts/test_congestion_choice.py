"""Which congestion control a connection has: its option, else the knob of when it began; never a bit of each."""

from __future__ import annotations

import pytest

from aether import queries
from aether import socket_options as so
from aether.sockets import TcpSocket
from tests.scripts.script import Script

MSS = 1000
FINITE = 1 << 39
NAMES = ("none", "reno", "cubic")


def opened(knob: str, option: str, passive: bool = True) -> tuple[Script, TcpSocket]:
    s = Script("none" if passive else None, tcp_congestion=knob)
    if passive:
        if option:
            s.listener.set_option(so.SOL_TCP, so.TCP_CONGESTION, option)
        s.inject(f"S seq=0 win=60000 mss={MSS}")
        s.expect("SA seq=0 ack=1")
        s.inject("A seq=1 ack=1 win=60000")
        return s, s.accept()
    socket = s.socket = TcpSocket(s.host)
    if option:
        socket.set_option(so.SOL_TCP, so.TCP_CONGESTION, option)
    socket.connect(s.lab.theirs, 80)
    s.peer_port = 80
    assert socket.connection is not None
    s.port = socket.connection.local_port
    s.expect("S seq=0")
    s.inject(f"SA seq=0 ack=1 win=60000 mss={MSS}")
    s.expect("A seq=1 ack=1")
    return s, socket


def segments(s: Script) -> int:
    """Return how many bytes were sent and not acknowledged, in segments."""
    flight: int = s.conn.flight_size()
    return flight // MSS


def shown(s: Script) -> tuple[str, int | None]:
    """Return what `tcp show` says."""
    detail = queries.connection(s.lab.world, s.conn.number, s.host.name)
    return detail.congestion, detail.cwnd


@pytest.mark.parametrize("passive", [True, False], ids=["listens", "connects"])
@pytest.mark.parametrize("option", ["", *NAMES])
@pytest.mark.parametrize("knob", NAMES)
def test_the_option_counts_and_else_the_knob(knob: str, option: str, passive: bool) -> None:
    s, socket = opened(knob, option, passive)
    name = option or knob
    assert socket.get_option(so.SOL_TCP, so.TCP_CONGESTION) == name
    assert shown(s) == (name, None if name == "none" else 10 * MSS)
    socket.send(bytes(41 * MSS))
    assert segments(s) == (41 if name == "none" else 10)
    s.knob("tcp.congestion", "reno" if knob != "reno" else "none")
    assert shown(s)[0] == name


@pytest.mark.parametrize("after", NAMES)
@pytest.mark.parametrize("before", NAMES)
def test_another_in_the_midst_of_a_connection(before: str, after: str) -> None:
    s, socket = opened("cubic", before)
    socket.send(bytes(15 * MSS))
    s.inject(f"A seq=1 ack={2 * MSS + 1} win=60000")
    was = s.conn.cwnd
    socket.set_option(so.SOL_TCP, so.TCP_CONGESTION, after)
    assert shown(s)[0] == socket.get_option(so.SOL_TCP, so.TCP_CONGESTION) == after
    if after == "none":
        assert s.conn.cwnd >= FINITE
    else:
        assert s.conn.cwnd == (10 * MSS if before == "none" else was)
    socket.send(bytes(20 * MSS))
    in_flight = {"none": 33}.get(after, 13 if before == "none" else was // MSS)
    assert segments(s) == in_flight


def test_none_is_left_in_the_midst_of_a_recovery() -> None:
    """The window of before, which was none, does not come back when the recovery ends, or was for nothing."""
    s, socket = opened("none", "")
    socket.send(bytes(20 * MSS))
    for _ in range(4):
        s.inject("A seq=1 ack=1 win=60000")
    assert s.conn.phase == "recovery"
    socket.set_option(so.SOL_TCP, so.TCP_CONGESTION, "reno")
    assert s.conn.cwnd == s.conn.ssthresh == 10 * MSS
    s.inject(f"A seq=1 ack={20 * MSS + 1} win=60000")
    assert s.conn.phase == "open"
    assert s.conn.cwnd <= 10 * MSS
    socket.send(bytes(40 * MSS))
    assert segments(s) <= 10


def test_it_is_known_in_time_wait() -> None:
    s, socket = opened("cubic", "reno")
    socket.shutdown()
    s.inject("FA seq=1 ack=2 win=60000")
    assert s.state == "TIME-WAIT"
    assert shown(s)[0] == "reno"
    assert socket.get_option(so.SOL_TCP, so.TCP_CONGESTION) == "reno"
