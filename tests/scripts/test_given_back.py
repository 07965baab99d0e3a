"""What a connection has taken is given back when it ends early, and what a number proves it proves alone."""

import pytest

from aether.tcp.cookies import PERIOD
from aether.tcp.isn import STEP

from .script import Script


def half_open(s: Script, port: int) -> None:
    """Let a SYN come from a port, and be answered."""
    s.peer_port = port
    s.inject("S seq=0 mss=1460")
    s.expect("SA seq=0 ack=1")


def test_a_reset_gives_a_half_open_place_back() -> None:
    """RFC 9293 §3.10.7.4: all places are taken; a reset frees one of them, for one SYN."""
    s = Script(backlog=8, tcp_syn_cookies="off")
    for port in range(40_001, 40_009):
        half_open(s, port)
    s.peer_port = 40_100
    s.inject("S seq=0 mss=1460")
    s.expect_nothing()
    s.peer_port = 40_001
    s.our_isn = s.conn.iss
    s.inject("R seq=1")
    half_open(s, 40_101)
    s.peer_port = 40_102
    s.inject("S seq=0 mss=1460")
    s.expect_nothing()


def test_a_reset_gives_a_place_in_the_accept_queue_back() -> None:
    """accept(2): who is reset before anybody accepts him takes no place any more."""
    s = Script("none", backlog=1)
    half_open(s, 40_001)
    s.inject("A seq=1 ack=1")
    s.peer_port = 40_002
    s.inject("S seq=0 mss=1460")
    s.expect_nothing()
    s.peer_port = 40_001
    s.inject("R seq=1")
    half_open(s, 40_003)
    s.inject("A seq=1 ack=1")
    s.expect_state("ESTABLISHED")


@pytest.mark.parametrize(("later", "opens"), [(0, True), (PERIOD, True), (2 * PERIOD - 1, True), (2 * PERIOD, False)])
def test_a_cookie_is_good_for_its_period_and_the_next(later: int, opens: bool) -> None:
    """RFC 4987 §3.6: sent as a period begins, it lasts for two of them."""
    s = Script(tcp_syn_cookies="always")
    s.advance(PERIOD - s.lab.world.now % PERIOD)
    s.inject("S seq=0 mss=1460")
    s.expect("SA seq=0 ack=1")
    s.advance(later)
    s.inject("A seq=1 ack=1")
    s.expect_state("ESTABLISHED" if opens else "CLOSED")


@pytest.mark.parametrize("wrong", [-1, 1, STEP, -STEP // 2])
def test_next_to_a_predictable_number_is_none(wrong: int) -> None:
    """RFC 6528 §1: numbers that can be counted on open a connection, and those beside them do not."""
    s = Script(tcp_syn_cookies="always", tcp_isn="predictable")
    s.inject("S seq=0 mss=1460")
    s.expect("SA seq=0 ack=1")
    s.inject(f"A seq=1 ack={1 + wrong}")
    s.expect_state("CLOSED")
    s.inject("A seq=1 ack=1")
    s.expect_state("ESTABLISHED")


def test_nothing_follows_the_reset_of_a_user_time_out() -> None:
    """RFC 9293 §3.8.4, tcp(7): keepalive gives up when the user's time is over; a reset is the last that is heard."""
    s = Script("none")
    s.handshake()
    socket = s.accept()
    socket.set_option(1, 9, 1)  # SO_KEEPALIVE
    for name, value in ((4, 10), (5, 1), (18, 3_000)):  # TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_USER_TIMEOUT
        socket.set_option(6, name, value)
    s.advance(600_000_000)
    *probes, last = [each.flags for each in s.skip()]
    assert probes and set(probes) == {"A"} and last == "RA"
    s.expect_state("CLOSED")


@pytest.mark.parametrize("mss", [537, 999, 1459])
def test_segments_of_an_odd_length_are_whole(mss: int) -> None:
    """RFC 9293 §3.1: what leaves together is cut where the MSS says; each frame has a checksum that is right."""
    s = Script("none")
    s.handshake(f"mss={mss}")
    s.accept().send(bytes(range(256)) * 40)
    got = b""
    while len(got) < 5 * mss:
        seen = s.skip()
        assert seen, "less was sent than the window lets"
        for each in seen:
            assert each.seq == 1 + len(got) and len(each.payload) in (mss, 256 * 40 % mss)
            got += each.payload
    assert (bytes(range(256)) * 40).startswith(got)
