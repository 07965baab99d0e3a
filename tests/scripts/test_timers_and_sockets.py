"""Keepalive, user timeout, persist, ECN, window scaling, and the socket options that change what is sent."""

import errno
import itertools

import pytest

from aether import socket_options as so
from aether.tcp.info import TcpInfo

from .script import Script, opened, pattern

SECOND = 1_000_000
DAY = 86_400 * SECOND


@pytest.mark.parametrize("knob", ["on", "off"])
def test_keepalive(knob: str) -> None:
    """RFC 9293 §3.8.4: an idle peer is asked, with a byte that it has acknowledged before; tcp.keepalive."""
    s = opened(tcp_keepalive=knob, tcp_keepalive_time="10s", tcp_keepalive_interval="1s", tcp_keepalive_probes="2")
    s.expect_nothing(for_us=10 * SECOND - 1)
    s.advance(1)
    if knob == "on":
        s.expect("A seq=0 ack=1 len=0")
    s.expect_nothing()


def test_keepalive_answered() -> None:
    """RFC 9293 §3.8.4: an answer starts the idle time anew; tcp.keepalive_time."""
    s = opened(tcp_keepalive="on", tcp_keepalive_time="10s")
    s.advance(10 * SECOND)
    s.expect("A seq=0")
    s.inject("A seq=1 ack=1")
    s.expect_nothing(for_us=9 * SECOND)


def test_keepalive_gives_up() -> None:
    """RFC 9293 §3.8.4: without an answer, so often and so far apart; tcp.keepalive_probes, tcp.keepalive_interval."""
    s = opened(tcp_keepalive="on", tcp_keepalive_time="10s", tcp_keepalive_interval="1s", tcp_keepalive_probes="3")
    s.advance(10 * SECOND)
    for _ in range(3):
        s.expect("A seq=0")
        s.advance(SECOND)
    s.expect("RA")
    s.expect_state("CLOSED")
    with pytest.raises(OSError) as caught:
        s.socket.receive()  # type: ignore[union-attr]
    assert caught.value.errno == errno.ETIMEDOUT


def test_keepalives_rest_while_data_is_in_flight() -> None:
    """RFC 9293 §3.8.4: only an idle connection is asked; the timer looks again after another idle time, not at once."""
    s = opened(tcp_keepalive="on", tcp_keepalive_time="10s")
    s.send(b"hello")
    s.expect("PA seq=1 len=5")
    for _ in range(11):
        s.advance(SECOND)
    fired = [values for kind, values in s.events if kind == "tcp.timer" and values[1:3] == ("keepalive", "fired")]
    assert len(fired) == 1


def test_a_keepalive_of_the_peer_is_answered() -> None:
    """RFC 9293 §3.8.4: it is an unacceptable segment, and gets an ACK."""
    s = opened()
    s.inject("A seq=0 ack=1")
    s.expect("A seq=1 ack=1 len=0")


@pytest.mark.parametrize(("knob", "state"), [("0", "ESTABLISHED"), ("10s", "CLOSED")])
def test_the_user_timeout(knob: str, state: str) -> None:
    """RFC 5482, RFC 9293 §3.9.1.8: silence ends a connection; tcp.user_timeout."""
    s = opened(tcp_user_timeout=knob)
    s.advance(10 * SECOND)
    s.expect_state(state)


def test_the_user_timeout_counts_silence() -> None:
    """RFC 5482 §3: whatever arrives starts it anew."""
    s = opened(tcp_user_timeout="10s")
    for _ in range(5):
        s.advance(9 * SECOND)
        s.inject("A seq=1 ack=1")
    s.expect_state("ESTABLISHED")


def test_the_persist_timer_backs_off() -> None:
    """RFC 9293 §3.8.6.1 (SHLD-30): the interval between probes grows exponentially."""
    s = opened()
    s.inject("A seq=1 ack=1 win=0")
    s.send(b"x" * 10)
    gaps, last = [], s.lab.world.now
    for _ in range(6):
        s.advance(s.conn.deadlines["persist"] - s.lab.world.now)
        gaps.append(s.lab.world.now - last)
        last = s.lab.world.now
        s.expect("A seq=0 len=0")
        s.inject("A seq=1 ack=1 win=0")
    assert all(b >= 1.9 * a for a, b in itertools.pairwise(gaps)), gaps


def test_probing_goes_on_as_long_as_it_is_answered() -> None:
    """RFC 9293 §3.8.6.1 (MUST-37): a closed window alone never ends a connection."""
    s = opened()
    s.inject("A seq=1 ack=1 win=0")
    s.send(b"x" * 10)
    for _ in range(30):
        s.advance(s.conn.deadlines["persist"] - s.lab.world.now)
        s.inject("A seq=1 ack=1 win=0")
    s.expect_state("ESTABLISHED")


def test_a_shrunk_window_is_survived() -> None:
    """RFC 9293 §3.8.6 (MUST-34): the right edge moving left is no error; what was sent stays sent."""
    s = opened()
    s.send(b"x" * 2920)
    s.skip()
    s.inject("A seq=1 ack=1 win=100")
    s.expect_state("ESTABLISHED")
    s.inject("A seq=1 ack=2921 win=65535")
    assert s.conn.snd_una == s.conn.snd_nxt


def test_an_older_window_is_not_taken() -> None:
    """RFC 9293 §3.10.7.4, fifth check: SND.WL1 and SND.WL2 keep old segments from setting the window."""
    s = opened("hold")
    s.inject("PA seq=1 ack=1 len=10 win=5000")
    s.inject("PA seq=11 ack=1 len=10 win=4000")
    s.inject("PA seq=1 ack=1 len=15 win=9999")
    assert s.conn.snd_wnd == 4000


@pytest.mark.parametrize("knob", ["on", "off"])
def test_window_scaling(knob: str) -> None:
    """RFC 7323 §2.2: in a SYN,ACK only if the SYN had it, and if tcp.window_scaling is on."""
    s = Script(tcp_window_scaling=knob)
    s.inject("S seq=0 mss=1460 ws=7")
    seen = s.expect("SA")
    assert seen.options.window_scale == (8 if knob == "on" else None)
    s.inject("A seq=1 ack=1 win=1000")
    assert s.conn.snd_wnd == (128_000 if knob == "on" else 1000)


def test_the_window_of_a_syn_is_never_scaled() -> None:
    """RFC 7323 §2.2."""
    s = Script()
    s.inject("S seq=0 mss=1460 ws=7 win=1000")
    assert s.conn.snd_wnd == 1000


def test_a_scale_beyond_fourteen_is_fourteen() -> None:
    """RFC 7323 §2.3."""
    s = Script()
    s.inject("S seq=0 mss=1460 ws=200")
    assert s.conn.snd_wscale == 14


@pytest.mark.parametrize("knob", ["on", "off"])
def test_timestamps_are_a_knob(knob: str) -> None:
    """RFC 7323 §3.2: in every segment after the SYN had them; tcp.timestamps."""
    s = Script("echo", tcp_timestamps=knob)
    s.inject("S seq=0 mss=1460 tsval=5 tsecr=0")
    assert (s.expect("SA").options.timestamp is not None) == (knob == "on")
    s.inject("A seq=1 ack=1 tsval=6 tsecr=1")
    s.inject("PA seq=1 ack=1 len=5 tsval=7 tsecr=1")
    assert (s.expect("PA len=5").options.timestamp is not None) == (knob == "on")


def test_timestamps_take_room_from_the_segment() -> None:
    """RFC 9293 §3.7.1 (MUST-16), RFC 6691: options count against the MSS."""
    s = opened(options="mss=1460 tsval=1 tsecr=0")
    s.send(b"x" * 3000)
    s.expect("A len=1448")


@pytest.mark.parametrize(("knob", "dropped"), [("on", True), ("off", False)])
def test_paws(knob: str, dropped: bool) -> None:
    """RFC 7323 §5.3: an older timestamp is refused with an ACK; tcp.paws."""
    s = opened("hold", options="mss=1460 tsval=100 tsecr=0", tcp_paws=knob)
    s.inject("PA seq=1 ack=1 len=10 tsval=50 tsecr=1")
    s.expect(f"A ack={1 if dropped else 11}")


def test_paws_spares_resets() -> None:
    """RFC 7323 §5.2: a reset is not subject to PAWS."""
    s = opened(options="mss=1460 tsval=100 tsecr=0")
    s.inject("R seq=1 tsval=1 tsecr=0")
    s.expect_state("CLOSED")


def test_paws_across_the_wrap_of_the_clock() -> None:
    """RFC 7323 §5.2: timestamps are compared modulo 2^32."""
    s = opened("hold", options="mss=1460 tsval=4294967290 tsecr=0")
    s.inject("PA seq=1 ack=1 len=10 tsval=5 tsecr=1")
    s.expect("A ack=11 tsecr=5")


@pytest.mark.parametrize(("days", "stamp", "taken"), [
    (23, 100 + 23 * DAY // 1000, True), (23, 99, False), (25, 100 + 25 * DAY // 1000, True), (25, 99, True),
])
def test_a_timestamp_is_outdated_after_24_days(days: int, stamp: int, taken: bool) -> None:
    """RFC 7323 §5.5: a clock that went half around in the meantime does not look like one that went back."""
    s = opened("hold", options="mss=1460 tsval=100 tsecr=0")
    s.advance(days * DAY)
    s.inject(f"PA seq=1 ack=1 len=10 tsval={stamp} tsecr=1")
    s.expect(f"A ack={11 if taken else 1} tsecr={stamp if taken else 100}")
    s.inject(f"PA seq=11 ack=1 len=10 tsval={stamp - 1 & 0xFFFFFFFF} tsecr=1")
    s.expect(f"A ack={11 if taken else 1}")


@pytest.mark.parametrize("knob", ["on", "off"])
def test_sack_is_a_knob(knob: str) -> None:
    """RFC 2018 §2: permitted in the SYN,ACK only if the SYN said so; tcp.sack."""
    s = Script(tcp_sack=knob)
    s.inject("S seq=0 mss=1460 sackok")
    assert s.expect("SA").options.sack_permitted == (knob == "on")


@pytest.mark.parametrize(("knob", "flags"), [("on", "SAE"), ("passive", "SAE"), ("off", "SA")])
def test_ecn_is_agreed_when_the_peer_asks(knob: str, flags: str) -> None:
    """RFC 3168 §6.1.1: an ECN-setup SYN,ACK has ECE and not CWR; tcp.ecn."""
    s = Script(tcp_ecn=knob)
    s.inject("SEC seq=0 mss=1460")
    s.expect(flags)


@pytest.mark.parametrize(("knob", "flags"), [("on", "SEC"), ("passive", "S"), ("off", "S")])
def test_ecn_is_asked_for(knob: str, flags: str) -> None:
    """RFC 3168 §6.1.1: an ECN-setup SYN has ECE and CWR."""
    s = Script(app=None, tcp_ecn=knob)
    s.connect(80)
    s.expect(flags)


def with_ecn() -> Script:
    s = Script("none")
    s.inject("SEC seq=0 mss=1460")
    s.expect("SAE")
    s.inject("A seq=1 ack=1")
    s.socket = s.accept()
    return s


def test_only_new_data_is_marked_as_capable() -> None:
    """RFC 3168 §6.1.4, §6.1.5: ECT on data, never on pure ACKs nor on retransmissions."""
    s = with_ecn()
    s.send(b"x" * 100)
    s.expect("PA len=100 tos=2")
    s.advance(SECOND)
    s.expect("PA len=100 tos=0")
    s.skip()
    s.inject("A seq=1 ack=101")
    s.inject("PA seq=1 ack=101 len=10")
    s.expect("A ack=11 tos=0")


def test_a_mark_is_echoed_until_the_sender_says_so() -> None:
    """RFC 3168 §6.1.3: ECE on every ACK after CE, until CWR."""
    s = with_ecn()
    s.inject("PA seq=1 ack=1 len=10 tos=3")
    s.expect("AE ack=11")
    s.inject("PA seq=11 ack=1 len=10 tos=2")
    s.expect("AE ack=21")
    s.inject("PAC seq=21 ack=1 len=10 tos=2")
    s.expect("A ack=31")


def test_an_echo_slows_us_down_once_a_window() -> None:
    """RFC 3168 §6.1.2: the window is reduced once per window of data, and CWR goes with the next new data."""
    s = with_ecn()
    s.send(b"x" * 14_600)
    s.skip()
    before = s.conn.cwnd
    s.inject("AE seq=1 ack=1461")
    once = s.conn.cwnd
    assert once < before
    s.inject("AE seq=1 ack=2921")
    assert s.conn.cwnd == once
    s.inject("A seq=1 ack=14601")
    s.send(b"y" * 100)
    s.expect("PAC len=100")
    s.inject("A seq=1 ack=14701")
    s.send(b"z" * 100)
    s.expect("PA len=100")


def test_no_delay() -> None:
    """RFC 9293 §3.7.4: TCP_NODELAY switches Nagle off for one socket."""
    s = opened()
    s.socket.set_option(so.SOL_TCP, so.TCP_NODELAY, 1)  # type: ignore[union-attr]
    for index in range(3):
        s.send(b"a")
        s.expect(f"PA seq={1 + index} len=1")


def test_cork() -> None:
    """RFC 9293 §3.7.4; Linux tcp(7), TCP_CORK: nothing but full segments, for 200 ms; taking it out sends the rest."""
    s = opened()
    assert s.socket is not None
    s.socket.set_option(so.SOL_TCP, so.TCP_CORK, 1)
    s.send(b"a" * 2000)
    s.expect("A seq=1 len=1460")
    s.expect_nothing(for_us=199_999)
    s.advance(1)
    s.expect("PA seq=1461 len=540")
    s.inject("A seq=1 ack=2001")
    s.send(b"b" * 10)
    s.expect_nothing()
    s.socket.set_option(so.SOL_TCP, so.TCP_CORK, 0)
    s.expect("PA seq=2001 len=10")


def test_more_is_coming() -> None:
    """RFC 9293 §3.7.4; Linux send(2), MSG_MORE: as a cork for one call."""
    s = opened()
    assert s.socket is not None
    s.socket.send(b"a" * 10, so.MSG_MORE)
    s.expect_nothing()
    s.socket.send(b"b" * 10)
    s.expect("PA seq=1 len=20")


@pytest.mark.parametrize("how", ["cork", "more"])
@pytest.mark.parametrize("lost", [False, True])
def test_a_cork_at_a_closed_window(how: str, lost: bool) -> None:
    """RFC 9293 §3.8.6.1: data that the cork lets go of while the window is closed has it probed, for ever."""
    s = opened()
    assert s.socket is not None
    if how == "cork":
        s.socket.set_option(so.SOL_TCP, so.TCP_CORK, 1)
    s.socket.send(b"a" * 10, so.MSG_MORE)
    s.inject("A seq=1 ack=1 win=0")
    s.expect_nothing(for_us=200_000)
    s.advance(10 * SECOND)
    assert {seen.seq for seen in s.skip()} == {0}, "it is probed"
    if lost:
        s.advance(300 * SECOND)
        assert s.skip()
    s.inject("A seq=1 ack=1 win=1000")
    s.advance(200_000)
    s.expect("PA seq=1 len=10")


def test_each_cork_holds_for_its_own_time() -> None:
    """Linux tcp(7), TCP_CORK: 200 ms from when something is held back, not from when something else was."""
    s = opened()
    assert s.socket is not None
    s.socket.send(b"a" * 10, so.MSG_MORE)
    s.advance(20_000)
    s.socket.send(b"b" * 10)
    s.expect("PA seq=1 len=20")
    s.inject("A seq=1 ack=21")
    s.advance(170_000)
    s.socket.send(b"c" * 10, so.MSG_MORE)
    s.expect_nothing(for_us=199_999)
    s.advance(1)
    s.expect("PA seq=21 len=10")


def test_what_is_left_of_a_full_segment_is_held_anew() -> None:
    """Linux tcp(7), TCP_CORK: what comes with the segment that it completes is as young as that."""
    s = opened()
    assert s.socket is not None
    s.socket.set_option(so.SOL_TCP, so.TCP_CORK, 1)
    s.send(b"a" * 1000)
    s.advance(190_000)
    s.send(b"b" * 1000)
    s.expect("A seq=1 len=1460")
    s.inject("A seq=1 ack=1461")
    s.expect_nothing(for_us=199_999)
    s.advance(1)
    s.expect("PA seq=1461 len=540")


def test_linger_with_no_time_resets() -> None:
    """RFC 9293 §3.10.5; Linux socket(7), SO_LINGER: closing with a time of 0 is an abort."""
    s = opened()
    assert s.socket is not None
    s.socket.set_option(so.SOL_SOCKET, so.SO_LINGER, (True, 0))
    s.close()
    s.expect("RA seq=1 ack=1")
    s.expect_state("CLOSED")


def test_deferred_accept() -> None:
    """RFC 9293 §3.10.1; Linux tcp(7), TCP_DEFER_ACCEPT: the application hears of a connection when data comes."""
    s = Script("none")
    s.listener.set_option(so.SOL_TCP, so.TCP_DEFER_ACCEPT, 5)
    s.handshake()
    with pytest.raises(BlockingIOError):
        s.listener.accept()
    s.inject("PA seq=1 ack=1 len=10")
    assert s.listener.accept().receive() == pattern(0, 10)


def test_deferred_accept_ends() -> None:
    """RFC 9293 §3.10.1; Linux tcp(7), TCP_DEFER_ACCEPT: or after that time."""
    s = Script("none")
    s.listener.set_option(so.SOL_TCP, so.TCP_DEFER_ACCEPT, 5)
    s.handshake()
    s.advance(5 * SECOND)
    assert s.listener.accept().connection is not None


def test_tcp_user_timeout() -> None:
    """RFC 5482, Linux TCP_USER_TIMEOUT: unacknowledged data ends it after so many milliseconds."""
    s = opened()
    assert s.socket is not None
    s.socket.set_option(so.SOL_TCP, so.TCP_USER_TIMEOUT, 5000)
    s.send(b"x")
    s.advance(20 * SECOND)
    s.expect_state("CLOSED")


def test_tos_and_ttl() -> None:
    """RFC 9293 §3.9.1 (MUST-48): IP_TOS and IP_TTL are the application's to set."""
    s = opened()
    assert s.socket is not None
    s.socket.set_option(so.SOL_IP, so.IP_TOS, 0x10)
    s.socket.set_option(so.SOL_IP, so.IP_TTL, 7)
    s.send(b"x")
    s.expect("PA tos=16 ttl=7")


def test_maxseg() -> None:
    """RFC 9293 §3.7.1, Linux TCP_MAXSEG: a smaller segment than the interface allows."""
    s = Script(app=None)
    from aether.sockets import TcpSocket

    socket = TcpSocket(s.host)
    socket.set_option(so.SOL_TCP, so.TCP_MAXSEG, 500)
    socket.connect(s.lab.theirs, 80)
    s.peer_port, s.port = 80, socket.connection.local_port  # type: ignore[union-attr]
    s.expect("S mss=500")


def test_peek() -> None:
    """RFC 9293 §3.10.3; recv(2), MSG_PEEK: what was looked at stays."""
    s = opened()
    assert s.socket is not None
    s.inject("PA seq=1 ack=1 len=10")
    assert s.socket.receive(4, so.MSG_PEEK) == pattern(0, 4)
    assert s.socket.receive() == pattern(0, 10)


def test_shutdown_for_reading() -> None:
    """RFC 9293 §3.10.4; shutdown(2), SHUT_RD: nothing is sent, and reading ends."""
    s = opened()
    assert s.socket is not None
    s.socket.shutdown(so.SHUT_RD)
    s.expect_nothing()
    assert s.socket.receive() == b""
    s.expect_state("ESTABLISHED")


def test_shutdown_for_both() -> None:
    """RFC 9293 §3.10.4, SHUT_RDWR: a FIN, and reading ends."""
    s = opened()
    assert s.socket is not None
    s.socket.shutdown(so.SHUT_RDWR)
    s.expect("FA seq=1")
    assert s.socket.receive() == b""


def test_queues_are_told() -> None:
    """RFC 9293 §3.10.6; ioctl SIOCINQ and SIOCOUTQ (tcp(7))."""
    s = opened()
    assert s.socket is not None
    s.inject("PA seq=1 ack=1 len=10")
    s.send(b"x" * 5)
    assert (s.socket.ioctl(so.SIOCINQ), s.socket.ioctl(so.SIOCOUTQ)) == (10, 5)


def test_sockets_never_block() -> None:
    """RFC 9293 §3.10; fcntl(2): O_NONBLOCK is set, may be set, and cannot be taken away."""
    s = opened()
    assert s.socket is not None
    assert s.socket.fcntl(so.F_GETFL) == so.O_NONBLOCK
    assert s.socket.fcntl(so.F_SETFL, so.O_NONBLOCK) == 0
    with pytest.raises(OSError):
        s.socket.fcntl(so.F_SETFL, 0)
    with pytest.raises(BlockingIOError):
        s.socket.receive(10, so.MSG_DONTWAIT)


def test_what_tcp_info_tells() -> None:
    """RFC 9293 §3.10.6; Linux tcp(7), TCP_INFO: the same names."""
    s = opened(options="mss=1460 sackok ws=7")
    assert s.socket is not None
    s.send(b"x" * 3000)
    info = s.socket.get_option(so.SOL_TCP, so.TCP_INFO)
    assert isinstance(info, TcpInfo)
    assert (info.state, info.ca_state, info.unacked, info.snd_mss) == ("ESTABLISHED", "Open", 2, 1460)
    assert info.options == ["sack", "wscale"]
    s.inject("A seq=1 ack=1461")
    info = s.socket.get_option(so.SOL_TCP, so.TCP_INFO)
    assert isinstance(info, TcpInfo)
    assert (info.bytes_acked, info.delivered) == (1460, 1460)


@pytest.mark.parametrize(("level", "name", "value", "code"), [
    (6, 999, 1, errno.ENOPROTOOPT), (6, so.TCP_MAXSEG, 10, errno.EINVAL), (6, so.TCP_CONGESTION, "bbr", errno.ENOENT),
    (1, so.SO_LINGER, "yes", errno.EINVAL), (0, so.IP_TTL, 0, errno.EINVAL), (6, so.TCP_KEEPIDLE, 0, errno.EINVAL)])
def test_options_that_make_no_sense(level: int, name: int, value: object, code: int) -> None:
    """RFC 9293 §3.10; setsockopt(2): the errno that Linux gives."""
    s = opened()
    with pytest.raises(OSError) as caught:
        s.socket.set_option(level, name, value)  # type: ignore[union-attr, arg-type]
    assert caught.value.errno == code


@pytest.mark.parametrize(("call", "code"), [
    (lambda s: s.receive(), errno.ENOTCONN), (lambda s: s.send(b"x"), errno.EPIPE),
    (lambda s: s.accept(), errno.EINVAL), (lambda s: s.bind(80, b"\x01\x02\x03\x04"), errno.EADDRNOTAVAIL),
    (lambda s: s.connect(b"\x08\x08\x08\x08", 80), errno.ENETUNREACH), (lambda s: s.shutdown(9), errno.EINVAL)],
    ids=["receive", "send", "accept", "bind", "connect", "shutdown"])
def test_calls_that_make_no_sense(call, code: int) -> None:  # type: ignore[no-untyped-def]
    """RFC 9293 §3.10.1: "connection does not exist", with the errno that Linux gives."""
    from aether.sockets import TcpSocket

    s = Script(app=None)
    with pytest.raises(OSError) as caught:
        call(TcpSocket(s.host))
    assert caught.value.errno == code


@pytest.mark.parametrize(("profile", "arrives"), [("modern", True), ("classic", False)])
def test_one_lost_segment(profile: str, arrives: bool) -> None:
    """RFC 9293 §3.8.1: `profile classic` stalls after one lost segment, `modern` does not."""
    s = Script("none", profile=profile)
    s.handshake()
    if profile == "classic":
        assert s.host.counters["tcp.cookies_sent"] == 1
    s.socket = s.accept()
    s.send(b"x" * 500)
    s.expect("PA seq=1 len=500")
    s.advance(5 * SECOND)
    assert bool(s.skip()) == arrives


def test_classic_is_as_the_original_was() -> None:
    """RFC 9293 §3.2: no options but the MSS, a fixed window of 64240, cookies for everybody, ten seconds."""
    s = Script("hold", profile="classic")
    s.inject("S seq=0 mss=1460 ws=7 sackok tsval=1 tsecr=0")
    seen = s.expect("SA win=64240 mss=1460")
    assert (seen.options.window_scale, seen.options.sack_permitted, seen.options.timestamp) == (None, False, None)
    s.expect_state("CLOSED")
    s.inject("A seq=1 ack=1")
    s.expect_state("ESTABLISHED")
    s.advance(10 * SECOND)
    s.expect_state("CLOSED")


@pytest.mark.parametrize("size", ["536", "1460"])
def test_the_mss_that_we_ask_for(size: str) -> None:
    """RFC 9293 §3.7.1: announced in the SYN; tcp.mss."""
    s = Script(tcp_mss=size)
    s.inject("S seq=0 mss=1460")
    s.expect(f"SA mss={size}")


@pytest.mark.parametrize(("delay", "wait"), [("0", 0), ("40ms", 40_000), ("200ms", 200_000)])
def test_how_long_an_ack_may_wait(delay: str, wait: int) -> None:
    """RFC 9293 §3.8.6.3 (SHLD-18, MUST-40): less than half a second, or not at all; tcp.delayed_ack."""
    s = opened("hold", tcp_delayed_ack=delay)
    for index in range(16):
        s.inject(f"PA seq={1 + index} ack=1 len=1")
    s.skip()
    s.inject("PA seq=17 ack=1 len=1")
    if wait:
        s.expect_nothing(for_us=wait - 1)
        s.advance(1)
    s.expect("A ack=18")
