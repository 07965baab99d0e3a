"""Data both ways: acceptability, acknowledgements, windows, retransmission."""

import errno
from itertools import pairwise

import pytest

from .script import Script, pattern


def established(app: str = "hold", **knobs: str) -> Script:
    s = Script(app, **knobs)
    s.handshake()
    return s


def test_data_is_delivered_and_acknowledged() -> None:
    """RFC 9293 §3.10.7.4, seventh check."""
    s = established()
    s.inject("PA seq=1 ack=1 len=100")
    s.expect("A seq=1 ack=101 len=0")
    assert s.conn.socket.app.received == pattern(0, 100)


def test_echo() -> None:
    """RFC 9293 §3.8.6.3: the answer carries the acknowledgement."""
    s = established("echo")
    s.inject("PA seq=1 ack=1 len=100")
    s.expect("PA seq=1 ack=101 len=100")
    s.expect_nothing(for_us=100_000)


def test_old_data_is_acknowledged_again() -> None:
    """RFC 9293 §3.10.7.4, first check."""
    s = established()
    s.inject("PA seq=1 ack=1 len=100")
    s.expect("A ack=101")
    s.inject("PA seq=1 ack=1 len=100")
    s.expect("A ack=101")
    s.expect_drop("tcp.old_duplicate")


def test_partly_old_data() -> None:
    """RFC 9293 §3.10.7.4: the new part is taken."""
    s = established()
    s.inject("PA seq=1 ack=1 len=100")
    s.expect("A ack=101")
    s.inject("PA seq=51 ack=1 len=100")
    s.expect("A ack=151")
    assert s.conn.socket.app.received == pattern(0, 150)


def test_data_beyond_the_window() -> None:
    """RFC 9293 §3.10.7.4, first check."""
    s = established(tcp_receive_window="1000")
    s.inject("PA seq=2000 ack=1 len=10")
    s.expect("A ack=1")
    s.expect_drop("tcp.outside_window")


def test_data_across_the_windows_edge_is_trimmed() -> None:
    """RFC 9293 §3.10.7.4: what fits is taken."""
    s = Script("none", tcp_receive_window="1000")
    s.handshake()
    socket = s.accept()
    s.inject("PA seq=1 ack=1 len=1200")
    s.expect("A ack=1001 win=0")
    assert socket.receive() == pattern(0, 1000)


def test_window_update_after_reading() -> None:
    """RFC 9293 §3.8.6.2.2: the window opens when there is room worth telling of."""
    s = Script("none", tcp_receive_window="10000")
    s.handshake()
    socket = s.accept()
    for at in range(0, 10000, 1000):
        s.inject(f"PA seq={1 + at} ack=1 len=1000")
    assert s.skip()[-1].header.window == 0
    socket.receive(100)
    s.expect_nothing()
    socket.receive(9900)
    s.expect("A ack=10001 win=10000")


def test_out_of_order_is_kept() -> None:
    """RFC 9293 §3.10.7.4, RFC 5681 §3.2: a duplicate ACK at once, then everything."""
    s = established()
    s.inject("PA seq=101 ack=1 len=100")
    s.expect("A ack=1")
    s.inject("PA seq=1 ack=1 len=100")
    s.expect("A ack=201")
    assert s.conn.socket.app.received == pattern(0, 200)


def test_out_of_order_dropped_by_the_knob() -> None:
    """RFC 9293 §3.10.7.4: tcp.out_of_order drop: the peer has to send it again."""
    s = established(tcp_out_of_order="drop")
    s.inject("PA seq=101 ack=1 len=100")
    s.expect("A ack=1")
    s.expect_drop("tcp.out_of_order")
    s.inject("PA seq=1 ack=1 len=100")
    s.expect("A ack=101")


def test_overlapping_pieces_out_of_order() -> None:
    """RFC 9293 §3.10.7.4: whatever overlaps is taken once."""
    s = established()
    for start, length in ((201, 100), (151, 100), (101, 300), (51, 10)):
        s.inject(f"A seq={start} ack=1 len={length}")
    s.skip()
    s.inject("A seq=1 ack=1 len=120")
    s.expect("A ack=401")
    assert s.conn.socket.app.received == pattern(0, 400)


def test_sack_blocks() -> None:
    """RFC 2018 §4: the block that grew last comes first."""
    s = Script()
    s.handshake("mss=1460 sackok")
    s.inject("A seq=101 ack=1 len=100")
    assert s.expect("A ack=1").value("sack", s) == "101-201"
    s.inject("A seq=301 ack=1 len=100")
    assert s.expect("A ack=1").value("sack", s) == "301-401,101-201"
    s.inject("A seq=201 ack=1 len=50")
    assert s.expect("A ack=1").value("sack", s) == "101-251,301-401"


def test_retransmission_backs_off() -> None:
    """RFC 6298 §5.4-5.6."""
    s = established()
    s.send(b"x" * 100)
    s.expect("PA seq=1 len=100")
    rto = s.conn.round_trip.rto
    for doubled in range(4):
        s.expect_nothing(for_us=(rto << doubled) - 1)
        s.advance(1)
        s.expect("PA seq=1 len=100")
    s.inject("A seq=1 ack=101")
    s.expect_nothing(for_us=100_000_000)


def test_no_retransmission_with_the_knob_off() -> None:
    """RFC 9293 §3.8.1: tcp.retransmit off: what is lost stays lost."""
    s = established(tcp_retransmit="off")
    s.send(b"x" * 100)
    s.expect("PA seq=1 len=100")
    s.expect_nothing(for_us=100_000_000)


def test_karn() -> None:
    """RFC 6298 §3: a retransmitted segment is no measurement."""
    s = established()
    s.send(b"x" * 100)
    s.expect("PA")
    s.advance(1_500_000)
    s.skip()
    before = s.conn.round_trip.srtt
    s.inject("A seq=1 ack=101")
    assert s.conn.round_trip.srtt == before


def test_retries_exhausted() -> None:
    """RFC 9293 §3.8.3: in the end the application is told."""
    s = Script("none")
    s.handshake()
    socket = s.accept()
    s.send(b"x")
    s.advance(2_000_000_000)
    s.expect_state("CLOSED")
    with pytest.raises(OSError) as caught:
        socket.receive()
    assert caught.value.errno == errno.ETIMEDOUT


def test_fast_retransmit() -> None:
    """RFC 5681 §3.2: three duplicate acknowledgements."""
    s = established()
    s.send(b"x" * 14600)
    assert len(s.skip()) == 10
    for _ in range(2):
        s.inject("A seq=1 ack=1")
        s.expect_nothing()
    s.inject("A seq=1 ack=1")
    s.expect("A seq=1 len=1460")


def test_fast_retransmit_by_sack() -> None:
    """RFC 6675 §5: more than two segments SACKed above the hole."""
    s = Script(tcp_rack="off")
    s.handshake("mss=1460 sackok")
    s.send(b"x" * 14600)
    s.skip()
    s.inject("A seq=1 ack=1 sack=1461-2921")
    s.inject("A seq=1 ack=1 sack=1461-4381")
    s.expect_nothing()
    s.inject("A seq=1 ack=1 sack=1461-5841")
    s.expect("A seq=1 len=1460")


def test_ack_inside_a_segment() -> None:
    """RFC 9293 §3.10.7.4, fifth check: what is left of it is sent again from there."""
    s = established()
    s.send(b"x" * 1000)
    s.expect("PA seq=1 len=1000")
    s.inject("A seq=1 ack=301")
    s.advance(1_000_000)
    s.expect("PA seq=301 len=700")


def test_ack_of_what_was_never_sent() -> None:
    """RFC 9293 §3.10.7.4, fifth check: an ACK back, and the segment is dropped."""
    s = established()
    s.inject("A seq=1 ack=500")
    s.expect("A seq=1 ack=1")
    s.expect_drop("tcp.future_ack")


def test_zero_window_probes() -> None:
    """RFC 9293 §3.8.6.1: the window is asked for, ever more slowly, and the data flows when it opens."""
    s = established()
    s.inject("A seq=1 ack=1 win=0")
    s.send(b"x" * 100)
    s.expect_nothing(for_us=100_000)
    s.advance(1_000_000)
    s.expect("A seq=0 len=0")
    s.expect("A seq=0 len=0")
    s.inject("A seq=1 ack=1 win=0")
    probed: list[int] = []
    while len(probed) < 3:
        s.advance(100_000)
        probes = s.skip()
        assert [(seen.flags, seen.seq, seen.payload) for seen in probes] in ([], [("A", 0, b"")])
        probed += [s.lab.world.now] * len(probes)
    assert [later - sooner for sooner, later in pairwise(probed)] == [1_600_000, 3_200_000]
    s.inject("A seq=1 ack=1 win=1000")
    s.expect("PA seq=1 len=100")


def test_nagle() -> None:
    """RFC 896: a small segment waits while another is not acknowledged."""
    s = established()
    s.send(b"a")
    s.expect("PA seq=1 len=1")
    s.send(b"b")
    s.send(b"c")
    s.expect_nothing(for_us=10_000)
    s.inject("A seq=1 ack=2")
    s.expect("PA seq=2 len=2")


def test_nagle_off() -> None:
    """RFC 896: tcp.nagle off: every write leaves at once."""
    s = established(tcp_nagle="off")
    s.send(b"a")
    s.expect("PA seq=1 len=1")
    s.send(b"b")
    s.expect("PA seq=2 len=1")


def test_delayed_ack() -> None:
    """RFC 9293 §3.8.6.3: an ACK waits up to 40 ms, or for the second segment, once the connection is older."""
    s = established()
    for index in range(16):
        s.inject(f"PA seq={1 + index * 10} ack=1 len=10")
    s.skip()
    s.inject("PA seq=161 ack=1 len=10")
    s.expect_nothing(for_us=39_999)
    s.advance(1)
    s.expect("A ack=171")
    s.inject("PA seq=171 ack=1 len=10")
    s.expect_nothing()
    s.inject("PA seq=181 ack=1 len=10")
    s.expect("A ack=191")


def test_segments_fit_the_peers_mss() -> None:
    """RFC 9293 §3.7.1."""
    s = Script()
    s.handshake("mss=500")
    s.send(b"x" * 1200)
    for seq in (1, 501):
        s.expect(f"A seq={seq} len=500")
    s.expect_nothing()  # Nagle keeps the rest
    s.inject("A seq=1 ack=1001")
    s.expect("PA seq=1001 len=200")


def test_timestamps() -> None:
    """RFC 7323 §3: the peer's timestamp is echoed; an older one is refused (PAWS, §5)."""
    s = Script()
    s.handshake("mss=1460 tsval=100 tsecr=0")
    s.inject("PA seq=1 ack=1 len=10 tsval=200 tsecr=1")
    s.expect("A ack=11 tsecr=200")
    s.inject("PA seq=11 ack=1 len=10 tsval=150 tsecr=1")
    s.expect("A ack=11")
    s.expect_drop("tcp.paws")


def test_sequence_numbers_wrap() -> None:
    """RFC 9293 §3.4: 2^32 is nothing special."""
    s = Script("echo", peer_isn=0xFFFFFFF0)
    s.handshake()
    for index in range(4):
        s.inject(f"PA seq={1 + index * 10} ack={1 + index * 10} len=10")
        s.expect(f"PA seq={1 + index * 10} ack={11 + index * 10} len=10")
