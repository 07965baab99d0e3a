"""What happens seldom to connections and their sockets: tables that are full, options that come late, old data."""

from __future__ import annotations

import errno
from dataclasses import asdict

import pytest

from aether import socket_options as so
from aether.sockets import TcpSocket
from aether.tcp.buffers import ReceiveBuffer
from aether.tcp.cookies import PERIOD, REMEMBERED
from aether.tcp.info import TcpInfo

from .script import PEER_PORT, PORT, Script, opened, pattern

SECOND = 1_000_000


def refused(call: object, *arguments: object) -> int:
    """Return the number of the error that a call ends in."""
    assert callable(call)
    with pytest.raises(OSError) as caught:
        call(*arguments)
    assert caught.value.errno is not None
    return caught.value.errno


def test_a_port_that_a_connection_still_uses() -> None:
    """SO_REUSEADDR, as socket(7) has it: without it a port is free when its last connection is gone."""
    s = opened()
    assert s.socket is not None
    s.listener.close()
    socket = TcpSocket(s.host)
    socket.set_option(so.SOL_SOCKET, so.SO_REUSEADDR, 0)
    assert refused(socket.bind, PORT) == errno.EADDRINUSE
    socket.set_option(so.SOL_SOCKET, so.SO_REUSEADDR, 1)
    socket.bind(PORT)
    assert socket.port == PORT


def test_who_is_connected_already_is_told() -> None:
    s = opened()
    assert s.socket is not None
    assert refused(s.socket.connected) == errno.EISCONN
    assert refused(s.socket.send, b"x", so.MSG_FASTOPEN) == errno.EISCONN
    assert refused(TcpSocket(s.host).send, b"x", so.MSG_FASTOPEN) == errno.EINVAL
    assert refused(s.socket.ioctl, 0x1234) == errno.ENOTTY
    assert refused(s.socket.set_option, so.SOL_TCP, so.TCP_FASTOPEN_CONNECT, 1) == errno.EINVAL


def test_several_buffers_at_once() -> None:
    s = opened()
    assert s.socket is not None
    assert s.socket.sendmsg([b"one ", b"", b"and two"]) == 11
    assert s.expect("PA seq=1 len=11").payload == b"one and two"
    s.inject("PA seq=1 ack=12", b"abcdefgh")
    s.expect("A ack=9")
    assert s.socket.ioctl(so.SIOCINQ) == 8
    assert s.socket.recvmsg([3, 0, 4]) == [b"abc", b"", b"defg"]
    assert s.socket.recvmsg([5, 5]) == [b"h", b""]
    assert s.socket.ioctl(so.SIOCINQ) == 0


def test_a_socket_without_a_connection_answers_too() -> None:
    """As on Linux: no error, a state, and whatever was set."""
    s = Script("none", tcp_fastopen="both")
    socket = TcpSocket(s.host)
    assert socket.get_option(so.SOL_SOCKET, so.SO_ERROR) == 0
    assert socket.get_option(so.SOL_SOCKET, so.SO_LINGER) == (False, 0)
    socket.set_option(so.SOL_SOCKET, so.SO_LINGER, (True, 7))
    assert socket.get_option(so.SOL_SOCKET, so.SO_LINGER) == (True, 7)
    key = socket.get_option(so.SOL_TCP, so.TCP_FASTOPEN_KEY)
    assert isinstance(key, bytes)
    assert len(key) in (16, 32)
    assert key == TcpSocket(s.host).get_option(so.SOL_TCP, so.TCP_FASTOPEN_KEY), "it is the host's"
    assert told(socket) == {
        "state": "CLOSED", "ca_state": "Open", "snd_cwnd": 10, "snd_ssthresh": 2**31 - 1, "reordering": 3,
        "rto": 1_000_000, "snd_mss": 536}
    s.handshake()
    assert told(s.listener) == {
        "state": "LISTEN", "ca_state": "Open", "snd_cwnd": 10, "unacked": 1, "sacked": 128, "reordering": 3}


def told(socket: TcpSocket) -> dict[str, object]:
    """What TCP_INFO says that is not zero, as a kernel (6.18) tells it of either, rttvar aside."""
    info = socket.get_option(so.SOL_TCP, so.TCP_INFO)
    assert isinstance(info, TcpInfo)
    return {name: value for name, value in asdict(info).items() if value}


def test_nothing_is_taken_out_of_an_empty_buffer() -> None:
    assert ReceiveBuffer().take(10) == b""


def test_a_receive_buffer_that_is_set_before() -> None:
    """SO_RCVBUF before connect(): never is more offered than it holds."""
    s = Script(None)
    s.socket = socket = TcpSocket(s.host)
    socket.set_option(so.SOL_SOCKET, so.SO_RCVBUF, 8192)
    socket.connect(s.lab.theirs, 80)
    assert socket.connection is not None
    s.peer_port, s.port = 80, socket.connection.local_port
    assert s.expect("S").header.window <= socket.connection.limit <= 2 * 8192
    assert socket.connection.limit == socket.options.receive_buffer


def test_the_same_connection_twice() -> None:
    """RFC 9293 §3.4.1: a pair of sockets is one connection."""
    s = Script(None)
    s.connect(80)
    again = TcpSocket(s.host)
    again.set_option(so.SOL_SOCKET, so.SO_REUSEADDR, 1)
    again.bind(s.port)
    assert refused(again.connect, s.lab.theirs, 80) == errno.EADDRINUSE
    again = TcpSocket(s.host)
    again.set_option(so.SOL_SOCKET, so.SO_REUSEADDR, 1)
    again.bind(s.port)
    again.connect(s.lab.theirs, 81)


def test_every_port_is_in_use() -> None:
    from aether.tcp.layer import EPHEMERAL

    s = Script(None)
    used = s.host.tcp.ports_used
    for port in range(EPHEMERAL[0], EPHEMERAL[1] + 1):
        used[port] = 1
    assert refused(TcpSocket(s.host).connect, s.lab.theirs, 80) == errno.EADDRNOTAVAIL
    for free in (EPHEMERAL[0], EPHEMERAL[0] + 77, EPHEMERAL[1]):
        del used[free]
        assert s.host.tcp.free_port() == free
        used[free] = 1


def test_a_fast_open_where_the_host_is_only_a_client() -> None:
    """RFC 7413 §4.2.2: a server that takes none ignores the cookie and the data; it acknowledges the SYN alone."""
    for knob in ("client", "off"):
        s = Script("echo", tcp_fastopen=knob)
        s.inject("S seq=0 mss=1460 fo=0011223344556677", b"hello")
        assert s.expect("SA seq=0 ack=1 len=0").options.fast_open is None


def test_a_cookie_comes_back_and_nobody_accepts() -> None:
    """RFC 4987 §3.6: as on Linux, the ACK is dropped without an answer, and may come again."""
    s = Script("none", tcp_syn_cookies="always", backlog=1)
    numbers = {}
    for port in (PEER_PORT, PEER_PORT + 1):
        s.peer_port = port
        s.inject("S seq=0 mss=1460")
        s.expect("SA seq=0 ack=1")
        numbers[port] = s.our_isn
    for port, number in numbers.items():
        s.peer_port, s.our_isn = port, number
        s.inject("A seq=1 ack=1")
    s.expect_drop("tcp.backlog_full")
    s.expect_nothing()
    s.expect_state("CLOSED")
    s.accept()
    s.inject("A seq=1 ack=1")
    s.expect_state("ESTABLISHED")


def test_used_cookies_are_forgotten_when_they_count_no_more() -> None:
    """Else a listener under attack would keep every one, and look through all of them each time."""
    s = Script("hold", tcp_syn_cookies="always")
    listener = s.listener.listener
    assert listener is not None
    s.handshake()
    assert len(listener.used_cookies) == 1
    s.lab.advance(3 * PERIOD)
    s.peer_port += 1
    s.handshake()
    assert [key[0][8:10] for key in listener.used_cookies] == [s.peer_port.to_bytes(2, "big")]
    for number in range(2 * REMEMBERED):
        listener.used_cookies[bytes(8) + number.to_bytes(4, "big"), 1] = s.lab.world.now + SECOND * 60
    s.peer_port += 1
    s.handshake()
    assert len(listener.used_cookies) == REMEMBERED
    assert next(reversed(listener.used_cookies))[0][8:10] == s.peer_port.to_bytes(2, "big"), "the oldest go"


def test_old_data_for_a_socket_that_is_closed() -> None:
    """RFC 9293 §3.10.7.4, RFC 1122 §4.2.2.13: new data for nobody is reset; what came before already is not new."""
    s = opened()
    s.inject("PA seq=1 ack=1 len=10")
    s.expect("A ack=11")
    assert s.socket is not None
    s.socket.receive()
    s.close()
    s.expect("FA seq=1 ack=11")
    s.inject("A seq=11 ack=2")
    s.expect_state("FIN-WAIT-2")
    s.inject("FPA seq=1 ack=2 len=10")
    s.expect("A seq=2 ack=12 len=0")
    s.expect_state("TIME-WAIT")
    assert s.host.drops == {}


def test_new_data_for_a_socket_that_is_closed() -> None:
    """RFC 1122 §4.2.2.13."""
    s = opened()
    s.close()
    s.expect("FA seq=1 ack=1")
    s.inject("PA seq=1 ack=2 len=10")
    s.expect("R seq=2")
    s.expect_state("CLOSED")



def test_recovery_without_sack_ends_with_a_small_window() -> None:
    """RFC 6582 §3.2 step 3, the first way: min(ssthresh, max(what is in flight, one segment) + one segment)."""
    s = opened(options="mss=1000", tcp_prr="off", tcp_congestion="reno", tcp_rack="off")
    s.send(bytes(6000))
    for number in range(6):
        s.expect(f"A seq={1 + 1000 * number}" if number < 5 else "PA")
    for _ in range(3):
        s.inject("A seq=1 ack=1")
    s.expect("A seq=1 len=1000")
    ssthresh = s.conn.ssthresh
    assert ssthresh == 3000
    s.inject("A seq=1 ack=6001")
    assert s.conn.cwnd == 2000
    assert s.conn.ssthresh == ssthresh


def test_what_was_corked_leaves_with_what_follows() -> None:
    """TCP_CORK's timer stops when many segments leave at once; TCP_USER_TIMEOUT counts from the first of them."""
    s = opened(options="mss=1000")
    assert s.socket is not None
    s.socket.set_option(so.SOL_TCP, so.TCP_CORK, 1)
    s.socket.set_option(so.SOL_TCP, so.TCP_USER_TIMEOUT, 5000)
    s.send(pattern(0, 300))
    s.expect_nothing(for_us=50_000)
    sent_at = s.lab.world.now
    s.send(pattern(300, 3700))
    for number in range(4):
        s.expect(f"{'PA' if number == 3 else 'A'} seq={1 + 1000 * number} len=1000")
    assert "cork" not in s.conn.deadlines
    s.lab.advance(5 * SECOND - 1 - (s.lab.world.now - sent_at))
    s.skip()
    s.expect_state("ESTABLISHED")
    s.lab.advance(2 * SECOND)
    s.expect_state("CLOSED")


def test_how_long_a_closed_window_has_held_it_back() -> None:
    s = opened(options="mss=1000")
    s.inject("A seq=1 ack=1 win=0")
    began = s.lab.world.now
    s.send(bytes(500))
    s.lab.advance(100_000)
    assert s.conn.clocks.limits(s.lab.world.now)["window"] == s.lab.world.now - began
    s.skip()
    s.inject("A seq=1 ack=1 win=60000")
    opened_at = s.lab.world.now
    s.expect("PA seq=1 len=500")
    s.lab.advance(50_000)
    assert s.conn.clocks.limits(s.lab.world.now)["window"] == opened_at - began
