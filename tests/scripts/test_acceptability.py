"""Which segments are acceptable, in every synchronized state: RFC 9293 §3.4, §3.10.7.4 (first to fifth check)."""

import pytest

from .script import Script
from .test_closing import PEER_NEXT, in_state

RECEIVING = ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2")
STATES = tuple(PEER_NEXT)


@pytest.mark.parametrize("state", STATES)
def test_an_old_segment_is_answered_with_an_ack(state: str) -> None:
    """RFC 9293 §3.10.7.4, first check: outside the window to the left, an ACK back."""
    s = in_state(state)
    s.inject(f"A seq={PEER_NEXT[state] - 500} ack=1 len=10")
    s.expect(f"A ack={PEER_NEXT[state]} len=0")
    s.expect_drop("tcp.old_duplicate")
    s.expect_state(state)


@pytest.mark.parametrize("state", STATES)
def test_a_segment_beyond_the_window_is_answered_with_an_ack(state: str) -> None:
    """RFC 9293 §3.10.7.4, first check: outside the window to the right."""
    s = in_state(state)
    s.inject("A seq=5000000 ack=1 len=10")
    s.expect(f"A ack={PEER_NEXT[state]} len=0")
    s.expect_drop("tcp.outside_window")
    s.expect_state(state)


@pytest.mark.parametrize("state", STATES)
def test_a_segment_without_ack_is_dropped(state: str) -> None:
    """RFC 9293 §3.10.7.4, fifth check: if the ACK bit is off, drop the segment."""
    s = in_state(state)
    s.inject(f"P seq={PEER_NEXT[state]} len=10")
    s.expect_nothing()
    s.expect_drop("tcp.no_ack")
    s.expect_state(state)


@pytest.mark.parametrize("state", STATES)
def test_an_ack_of_what_was_never_sent(state: str) -> None:
    """RFC 9293 §3.10.7.4, fifth check: an ACK back, and the segment is dropped."""
    s = in_state(state)
    s.inject(f"A seq={PEER_NEXT[state]} ack=9999")
    s.expect(f"A ack={PEER_NEXT[state]} len=0")
    s.expect_drop("tcp.future_ack")
    s.expect_state(state)


@pytest.mark.parametrize("state", RECEIVING)
def test_data_is_taken_in_receiving_states(state: str) -> None:
    """RFC 9293 §3.10.7.4, seventh check: ESTABLISHED, FIN-WAIT-1 and FIN-WAIT-2 receive."""
    s = in_state(state)
    s.inject(f"PA seq=1 ack={1 if state == 'ESTABLISHED' else 2} len=30")
    s.expect("A ack=31")


@pytest.mark.parametrize("state", ["CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"])
def test_data_after_the_fin_is_not_taken(state: str) -> None:
    """RFC 9293 §3.10.7.4, seventh check: this should not occur, and the text is ignored."""
    s = in_state(state)
    s.inject("PA seq=2 ack=1 len=30")
    assert s.skip() == []
    s.expect_drop("tcp.after_close")
    s.expect_state(state)


@pytest.mark.parametrize(("seq", "length", "ok"), [
    (1, 0, True), (0, 0, False), (1000, 0, True), (1001, 0, True), (1002, 0, False),
    (1, 1, True), (0, 1, False), (0, 2, True), (1000, 1, True), (1000, 500, True), (1001, 1, False),
])
def test_the_four_cases(seq: int, length: int, ok: bool) -> None:
    """RFC 9293 §3.4, table 6: with a window of 1000 from 1; an empty segment may sit on the right edge."""
    s = Script(tcp_receive_window="1000")
    s.handshake()
    s.inject(f"A seq={seq} ack=1 len={length}")
    dropped = [values[0] for kind, values in s.events if kind == "drop"]
    assert (not dropped) == ok, dropped


@pytest.mark.parametrize(("seq", "length", "reason"), [
    (1001, 0, ""), (1002, 0, "tcp.outside_window"), (1001, 10, "tcp.outside_window"), (1000, 0, "tcp.old_duplicate"),
])
def test_a_closed_window(seq: int, length: int, reason: str) -> None:
    """RFC 9293 §3.4, table 6: with a window of 0 only an empty segment at rcv_nxt is acceptable."""
    s = Script("none", tcp_receive_window="1000")
    s.handshake()
    s.accept()
    s.inject("PA seq=1 ack=1 len=1000")
    s.skip()
    s.events.clear()
    s.inject(f"A seq={seq} ack=1 len={length}")
    dropped = [values[0] for kind, values in s.events if kind == "drop"]
    assert dropped == ([reason] if reason else [])


def test_a_closed_window_still_lets_acks_in() -> None:
    """RFC 9293 §3.10.7.4: special allowance for valid ACKs when the window is zero."""
    s = Script("none", tcp_receive_window="1000")
    s.handshake()
    socket = s.accept()
    s.inject("PA seq=1 ack=1 len=1000")
    s.skip()
    s.send(b"x" * 100, socket)
    s.expect("PA seq=1 len=100")
    s.inject("A seq=1001 ack=101 len=50")
    assert s.conn.snd_una - s.conn.iss == 101


@pytest.mark.parametrize("bytes_lost", [1, 19])
def test_a_truncated_header_is_dropped(bytes_lost: int) -> None:
    """RFC 9293 §3.1: shorter than a header."""
    s = Script()
    s.handshake()
    s.lab.inject_ip(6, bytes(20 - bytes_lost))
    s.expect_drop("tcp.truncated")


def test_a_wrong_checksum_is_dropped() -> None:
    """RFC 9293 §3.1: the receiver must check it."""
    s = Script()
    s.handshake()
    s.lab.inject_ip(6, bytes(20)[:12] + b"\x50" + bytes(7))
    s.expect_drop("tcp.checksum")


def test_malformed_options_are_passed_over() -> None:
    """RFC 9293 §3.1 (MUST-7): an illegal option length must not do harm; it is counted, and the segment is taken."""
    s = Script()
    s.handshake()
    s.lab.inject_tcp("A", s.peer_isn + 1, s.our_isn + 1, to=s.port, port=s.peer_port, options=b"\x08\x01\x00\x00")
    assert s.host.counters["tcp.malformed_options"] == 1
    assert not s.host.drops
    s.expect_state("ESTABLISHED")


def test_unknown_options_are_ignored() -> None:
    """RFC 9293 §3.2 (MUST-6): an option that is not known is passed over."""
    s = Script()
    s.handshake()
    s.lab.inject_tcp("PA", s.peer_isn + 1, s.our_isn + 1, to=s.port, port=s.peer_port, options=b"\xfd\x04\x00\x00",
                     payload=b"x" * 10)
    s.expect("A ack=11")


def test_urgent_data_is_delivered_in_line() -> None:
    """RFC 9293 §3.8.5, RFC 6093 §6: the application is told, and gets every byte."""
    s = Script()
    s.handshake()
    s.inject("UPA seq=1 ack=1 len=10 urg=5")
    s.expect("A ack=11")
    assert s.saw("tcp.urgent") == [(s.conn.number, 5)]
    assert s.conn.socket.app.total == 10


def test_the_urgent_pointer_never_moves_back() -> None:
    """RFC 9293 §3.10.7.4, sixth check: RCV.UP is the larger."""
    s = Script()
    s.handshake()
    s.inject("UPA seq=1 ack=1 len=10 urg=50")
    s.inject("UPA seq=11 ack=1 len=10 urg=5")
    assert len(s.saw("tcp.urgent")) == 1


@pytest.mark.parametrize("state", ["CLOSE-WAIT", "CLOSING", "LAST-ACK"])
def test_after_the_fin_nothing_is_urgent(state: str) -> None:
    """RFC 9293 §3.10.7.4, sixth check: the peer has said that it sends no more, so the URG is ignored."""
    s = in_state(state)
    s.inject(f"UA seq={PEER_NEXT[state]} ack=1 urg=50")
    assert s.saw("tcp.urgent") == []
    s.expect_state(state)


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_wrap_of_our_own_numbers(offset: int) -> None:
    """RFC 9293 §3.4: sending across 2^32."""
    s = Script("none")
    s.inject("S seq=0 mss=1460")
    conn = s.conn
    shift = (1 << 32) - 500 + offset - (conn.iss & 0xFFFFFFFF)
    for name in ("iss", "snd_una", "snd_nxt", "recover"):
        setattr(conn, name, getattr(conn, name) + shift)
    conn.send.start += shift
    conn.send.end += shift
    s.skip()
    s.our_isn = conn.iss & 0xFFFFFFFF
    s.inject("A seq=1 ack=1")
    socket = s.accept()
    s.send(b"w" * 1400, socket)
    s.expect("PA seq=1 len=1400")
    s.inject("A seq=1 ack=1401")
    s.send(b"w" * 100, socket)
    s.expect("PA seq=1401 len=100")
    s.expect_state("ESTABLISHED")
