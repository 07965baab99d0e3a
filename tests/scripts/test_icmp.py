"""ICMP errors about our segments: RFC 5927, RFC 9293 §3.9.2.2; path MTU discovery: RFC 1191."""

import errno

import pytest

from aether.wire import icmp, ipv4, tcp

from .script import Script


def error(s: Script, kind: int, code: int, seq: int, rest: int = 0, length: int = 1500) -> None:
    """Let a router's error about the segment with this sequence number arrive."""
    s.steps.append(f"> ICMP type {kind} code {code} about seq={seq}")
    segment = tcp.build(
        s.lab.ours, s.lab.theirs, s.port, s.peer_port, s.our_isn + seq & 0xFFFFFFFF, 0, tcp.ACK, 1000)
    quoted = ipv4.build(s.lab.ours, s.lab.theirs, ipv4.PROTO_TCP, segment + bytes(length - 40))[:28]
    s.lab.inject_ip(ipv4.PROTO_ICMP, icmp.build(icmp.IcmpMessage(kind, code, rest, quoted)))


def full_window() -> Script:
    s = Script()
    s.handshake()
    s.send(b"x" * 2920)
    s.expect("A seq=1 len=1460")
    s.expect("PA seq=1461 len=1460")
    return s


def test_fragmentation_needed() -> None:
    """RFC 1191 §6.4: smaller segments, and what was too large is sent again at once."""
    s = full_window()
    error(s, 3, 4, 1, rest=1000)
    for seq in (1, 961, 1921):
        s.expect(f"A seq={seq} len=960")
    s.expect("PA seq=2881 len=40")
    assert s.conn.mss == 960


def test_what_the_host_has_heard_of_already() -> None:
    """RFC 1191 §6.4: an error about one connection counts although another has told the same about the path."""
    s = full_window()
    s.host.ipv4.learn_mtu(s.conn.remote_ip, 1000)
    error(s, 3, 4, 1, rest=1000)
    s.expect("A seq=1 len=960")
    s.skip()
    error(s, 3, 4, 1, rest=1000)
    s.expect_nothing()
    s.expect_drop("icmp.unmatched")


def test_an_old_router_names_no_mtu() -> None:
    """RFC 1191 §7.1: the next plateau below the packet's length."""
    s = full_window()
    error(s, 3, 4, 1, rest=0, length=1500)
    assert s.conn.mss == 1492 - 40


def test_an_absurd_mtu_is_not_believed() -> None:
    """RFC 5927 §7.2: never below a floor."""
    s = full_window()
    error(s, 3, 4, 1, rest=68)
    assert s.conn.mss == 552 - 40


@pytest.mark.parametrize("seq", [-5000, 9000])
def test_an_error_about_nothing_in_flight_is_ignored(seq: int) -> None:
    """RFC 5927 §4.1: the sequence number must be in flight."""
    s = full_window()
    error(s, 3, 4, seq, rest=1000)
    s.expect_nothing()
    s.expect_drop("icmp.unmatched")
    assert s.conn.mss == 1460


@pytest.mark.parametrize(("kind", "code", "wanted"), [
    (3, 0, errno.ENETUNREACH), (3, 1, errno.EHOSTUNREACH), (3, 2, errno.ENOPROTOOPT), (3, 3, errno.ECONNREFUSED),
    (3, 5, errno.EOPNOTSUPP), (3, 6, errno.ENETUNREACH), (3, 7, errno.EHOSTDOWN), (3, 8, errno.ENONET),
    (3, 9, errno.ENETUNREACH), (3, 10, errno.EHOSTUNREACH), (3, 11, errno.ENETUNREACH), (3, 12, errno.EHOSTUNREACH),
    (3, 13, errno.EHOSTUNREACH), (3, 14, errno.EHOSTUNREACH), (3, 15, errno.EHOSTUNREACH), (11, 0, errno.EHOSTUNREACH),
    (11, 1, errno.EHOSTUNREACH), (12, 0, errno.EPROTO)])
def test_every_error_ends_an_opening(kind: int, code: int, wanted: int) -> None:
    """RFC 5927 §5.2, RFC 5461 §4.1: in SYN-SENT an error may end the attempt, and says what Linux says."""
    s = Script(app=None)
    socket = s.connect(80)
    s.expect("S")
    error(s, kind, code, 0)
    s.expect_state("CLOSED")
    with pytest.raises(OSError) as caught:
        socket.receive()
    assert caught.value.errno == wanted


@pytest.mark.parametrize(("kind", "code"), [(3, 0), (3, 1), (3, 2), (3, 3), (11, 0), (12, 0)])
def test_errors_never_end_a_connection(kind: int, code: int) -> None:
    """RFC 5927 §5.2: once synchronized, all errors are soft."""
    s = full_window()
    error(s, kind, code, 1)
    s.expect_state("ESTABLISHED")
    s.expect_nothing()
