"""Where a rule begins to hold, to the byte and the segment: what lies just on this side of it, and just beyond."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from aether import socket_options as so
from aether.sockets import TcpSocket
from aether.tcp.autotune import INITIAL
from aether.tcp.info import TcpInfo

from .script import PEER_ISN, Script
from .test_recovery import MSS, sending


@pytest.mark.parametrize(("segments", "grown"), [(5, 0), (6, 1)])
def test_more_than_half_of_the_window_has_to_be_used(segments: int, grown: int) -> None:
    """RFC 7661 §4.1, and Linux in slow start: it grows if more than half of it was in flight."""
    s = sending(segments, tcp_congestion="reno")
    s.inject(f"A seq=1 ack={1 + MSS}")
    assert s.conn.cwnd == (10 + grown) * MSS


@pytest.mark.parametrize(("segments", "grown"), [(9, 0), (10, 1)])
def test_beyond_slow_start_all_of_the_window_has_to_be_used(segments: int, grown: int) -> None:
    """RFC 7661 §4.1, RFC 5681 §3.1: the room of one segment that was left proves nothing."""
    s = sending(segments, tcp_congestion="reno")
    s.conn.ssthresh = 10 * MSS
    for trip in range(1, 3):
        s.inject(f"A seq=1 ack={1 + trip * segments * MSS}")
        if trip == 1:
            s.send(b"y" * segments * MSS)
    assert s.conn.cwnd == (10 + grown) * MSS


def test_a_timestamp_of_zero_is_one() -> None:
    """RFC 7323 §5.3: a clock of 32 bits passes zero, which is echoed like any other."""
    s = Script()
    s.handshake("mss=1460 tsval=4294967295 tsecr=0")
    s.inject("PA seq=1 ack=1 len=10 tsval=0 tsecr=0")
    s.expect("A ack=11 tsecr=0")


@pytest.mark.parametrize(("beyond", "limit"), [(0, INITIAL), (1, INITIAL + 2)])
def test_more_than_half_of_the_buffer_has_to_be_taken(beyond: int, limit: int) -> None:
    """Linux, tcp_rcv_space_adjust: what was taken in a round trip shall find room twice; nothing is told of less."""
    s = Script("none")
    s.handshake("mss=1460 ws=8")
    socket = s.accept()
    taken = INITIAL // 2 + beyond
    for at in range(0, taken, 1024):
        s.inject(f"PA seq={1 + at} ack=1 len={min(1024, taken - at)}")
    s.advance(1_000_000)
    assert len(socket.receive(taken)) == taken
    assert s.conn.limit == limit
    if s.mode == "trace":
        assert [values[1:] for values in s.saw("tcp.window") if values[2] == "receive buffer enlarged"] == (
            [(limit, "receive buffer enlarged")] if beyond else [])


def test_nothing_is_acknowledged_before_the_syn_is() -> None:
    """Linux tcp(7), TCP_INFO: bytes_acked counts data, and not the SYN either."""
    s = Script(None)
    socket = s.connect()
    info = socket.get_option(so.SOL_TCP, so.TCP_INFO)
    assert isinstance(info, TcpInfo)
    counted = {name: value for name, value in asdict(info).items() if name.startswith("bytes_")}
    assert counted == {"bytes_sent": 0, "bytes_acked": 0, "bytes_received": 0}
    s.expect("S")
    s.inject("SA seq=0 ack=1 mss=1460")
    s.inject("PA seq=1 ack=1 len=7")
    info = socket.get_option(so.SOL_TCP, so.TCP_INFO)
    assert isinstance(info, TcpInfo)
    assert (info.bytes_sent, info.bytes_acked, info.bytes_received) == (0, 0, 7)


@pytest.mark.parametrize(("flags", "counted"), [("", 0), ("S", 1), ("F", 1), ("SF", 2)])
def test_a_reset_acknowledges_syn_and_fin(flags: str, counted: int) -> None:
    """RFC 9293 §3.10.7.1: <SEQ=0><ACK=SEG.SEQ+SEG.LEN>, in which each of the two has a number."""
    s = Script(None)
    s.lab.inject_tcp(flags, PEER_ISN, 0, to=81, port=s.peer_port, payload=b"abc")
    s.expect(f"RA ack={3 + counted}")


def test_a_syn_without_options_carries_no_data() -> None:
    """RFC 7413 §4.1.3: the data of a SYN needs the option, or the leave to go without a cookie; tcp.noopt has none."""
    s = Script(None, tcp_noopt="on", tcp_fastopen="both", tcp_fastopen_cookieless="client")
    socket = TcpSocket(s.host)
    with pytest.raises(BlockingIOError):
        socket.send_early(b"hello", s.lab.theirs, 80)
    assert socket.connection is not None
    s.socket, s.peer_port, s.port = socket, 80, socket.connection.local_port
    assert s.expect("S seq=0 len=0").options.mss is None
    assert socket.send(b"hello") == 5
    s.inject("SA seq=0 ack=1")
    s.expect("PA seq=1 ack=1 len=5 data=hello")
