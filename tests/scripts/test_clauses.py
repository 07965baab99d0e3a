"""Clauses of RFC 9293, 7323, 9937, 6191, 5927 and 4015 that nothing else shows by itself; docs/rfc.md names them."""

from __future__ import annotations

import errno
from itertools import pairwise

import pytest

from aether.knobs import Knobs
from aether.lab import HOST_MAC, YOUR_MAC
from aether.operations.net import AddressAdd
from aether.socket_options import SO_REUSEADDR, SOL_SOCKET
from aether.sockets import TcpSocket
from aether.tcp.output import timestamp
from aether.wire import ethernet, icmp, ipv4, tcp
from aether.wire.address import parse_ip

from .script import Script, ScriptError
from .test_closing import PEER_NEXT, in_state
from .test_icmp import error
from .test_recovery import MSS, sack, sending, time_out

STAMPED = "mss=1460 sackok ws=8 tsval=100 tsecr=0"


def inject_to(s: Script, destination: bytes, source: bytes, flags: int = tcp.SYN) -> None:
    """Let a SYN for any address arrive, from any."""
    segment = tcp.build(source, destination, s.peer_port, s.port, 0, 0, flags, 65_535)
    packet = ipv4.build(source, destination, ipv4.PROTO_TCP, segment)
    s.lab.inject(ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV4, packet))


# Options.


def test_only_a_syn_says_what_is_agreed_on_there() -> None:
    """RFC 9293 §3.2 (MUST-65), RFC 7323 §2.2, RFC 2018 §2: no MSS, window scale or SACK permitted but in a SYN."""
    s = Script("none")
    s.handshake(STAMPED)
    socket = s.accept()
    s.send(b"x" * 100, socket)
    s.inject("PA seq=1 ack=101 len=10 tsval=101 tsecr=0")
    s.inject("A seq=21 ack=101 len=10 tsval=102 tsecr=0")
    socket.shutdown()
    sent = s.skip()
    assert {seen.flags for seen in sent} == {"PA", "A", "FA"}
    for seen in sent:
        options = seen.options
        assert (options.mss, options.window_scale, options.sack_permitted) == (None, None, False)


def test_what_belongs_into_a_syn_is_ignored_elsewhere() -> None:
    """RFC 7323 §2.2: a Window Scale without SYN; RFC 9293 §3.2: nor does an MSS change anything then (MUST-5)."""
    s = Script()
    s.handshake("mss=1460 ws=2")
    before = s.conn.mss, s.conn.snd_wscale, s.conn.sack_ok
    s.inject("PA seq=1 ack=1 len=10 mss=100 ws=9 sackok")
    s.expect("A ack=11")
    assert (s.conn.mss, s.conn.snd_wscale, s.conn.sack_ok) == before


@pytest.mark.parametrize("padding", [b"\x01", b"\x01\x01", b"\x01\x01\x01", b"\x01\x01\x01\x01\x01"])
def test_options_begin_anywhere(padding: bytes) -> None:
    """RFC 9293 §3.2 (MUST-64): not only at a word; and they are read up to the end of the list (MUST-4)."""
    s = Script()
    options = padding + b"\x02\x04\x02\x58\x00"
    s.lab.inject_tcp("S", s.peer_isn, 0, to=s.port, port=s.peer_port, options=options + bytes(-len(options) % 4))
    s.expect("SA")
    assert s.conn.mss == 600


# Timestamps.


def test_a_timestamp_that_was_not_agreed_on_is_ignored() -> None:
    """RFC 7323 §3.2: the segment is taken as any other, and neither echoed nor compared."""
    s = Script()
    s.handshake()
    s.inject("PA seq=1 ack=1 len=10 tsval=900 tsecr=0")
    assert s.expect("A ack=11").options.timestamp is None
    s.inject("PA seq=11 ack=1 len=10 tsval=5 tsecr=0")
    assert s.expect("A ack=21").options.timestamp is None


def test_a_missing_timestamp_ends_nothing() -> None:
    """RFC 7323 §3.2: no connection is aborted for that; the segment is taken, as on Linux."""
    s = Script()
    s.handshake(STAMPED)
    s.inject("PA seq=1 ack=1 len=10")
    s.expect("A ack=11 tsecr=100")
    s.expect_state("ESTABLISHED")


def test_a_first_syn_echoes_nothing() -> None:
    """RFC 7323 §3.2: without ACK the TSecr is zero, and one that comes so is not measured by."""
    s = Script(None)
    s.connect(80)
    s.expect("S tsecr=0")


def test_the_timestamp_clock() -> None:
    """RFC 7323 §4.1, §5.4: it runs with time, a tick a millisecond, and never back."""
    s = Script()
    s.handshake(STAMPED)
    values = []
    for count in range(5):
        s.inject(f"PA seq={1 + 10 * count} ack=1 len=10 tsval={101 + count} tsecr=0")
        values.append(s.expect(f"A ack={11 + 10 * count}").value("tsval", s))
        s.advance(1_000_000)
    assert [(later - sooner) & 0xFFFFFFFF for sooner, later in pairwise(values)] == [1000] * 4


def test_each_connection_has_a_clock_of_its_own() -> None:
    """RFC 7323 §5.4, §7.1: a random offset each, so that nobody reads from it how long a host has been up."""
    starts = []
    for port in range(41_000, 41_008):
        s = Script()
        s.peer_port = port
        s.inject(f"S seq=0 {STAMPED}")
        starts.append(s.expect("SA").value("tsval", s))
    gaps = [abs(one - other) for i, one in enumerate(starts) for other in starts[:i]]
    assert min(gaps) > 10_000
    assert min(starts) > 10_000


def test_what_waits_is_not_asked_for_its_timestamp_again() -> None:
    """RFC 7323 §5.3: checked once, on arrival; the segment that fills the hole is newer, and that is the one echoed."""
    s = Script("none")
    s.handshake(STAMPED)
    s.inject("PA seq=11 ack=1 len=10 tsval=101 tsecr=0")
    s.expect("A ack=1 tsecr=100")  # the last that advanced RCV.NXT (§4.3, B)
    s.inject("PA seq=1 ack=1 len=10 tsval=500 tsecr=0")
    s.expect("A ack=21 tsecr=500")  # the one that filled the hole (§4.3, C)
    assert len(s.accept().receive()) == 20


@pytest.mark.parametrize(("before", "after", "newer", "opens"), [
    (True, 1, False, True),
    (True, 1, True, True),
    (True, 0, True, True),
    (True, 0, False, False),
    (True, -1, True, False),
    (True, None, True, True),
    (True, None, False, False),
    (False, 1, True, True),
    (False, 1, False, False),
    (False, None, True, True),
    (False, None, False, False),
])
def test_who_may_end_time_wait(before: bool, after: int | None, newer: bool, opens: bool) -> None:
    """RFC 6191 §2: the timestamp decides, and if there is none, or the same, the sequence number; else TIME-WAIT stays.

    A timestamp after none proves nothing: there, too, the number decides, as on Linux.
    """
    s = Script()
    s.handshake(STAMPED if before else "mss=1460")
    last = " tsval=100 tsecr=0" if before else ""
    s.shutdown()
    s.expect("FA seq=1")
    s.inject(f"FA seq=1 ack=2{last}")
    s.expect("A ack=2")
    s.expect_state("TIME-WAIT")
    stamp = "" if after is None else f" tsval={100 + after} tsecr=0"
    s.inject(f"S seq={100_000 if newer else -100_000} mss=1460{stamp}")
    s.expect("SA" if opens else "A ack=2")
    s.expect_state("SYN-RECEIVED" if opens else "TIME-WAIT")


@pytest.mark.parametrize("options", ["mss=1000", "mss=1000 ws=14"])
def test_windows_are_unsigned(options: str) -> None:
    """RFC 9293 §3.1 (MUST-1), RFC 7323 §2.3: the largest lets out what the congestion window lets out."""
    s = Script("none", tcp_congestion="none")
    s.handshake(options, 0xFFFF)
    s.send(b"x" * 120_000, s.accept())
    assert sum(len(seen.payload) for seen in s.skip()) == (0xFFFF if options == "mss=1000" else 120_000) // 1000 * 1000


def test_a_closed_window_lets_resets_and_urgency_in() -> None:
    """RFC 9293 §3.10.7.4, first check (MUST-66): with RCV.WND at zero a reset at RCV.NXT ends it, and URG is heeded."""
    s = Script("none", tcp_receive_window="1000")
    s.handshake()
    s.inject("PA seq=1 ack=1 len=1000")
    assert s.skip()[-1].header.window == 0
    s.inject("UA seq=1001 ack=1 urg=20")
    assert s.saw("tcp.urgent") == [(s.conn.number, 20)]
    s.inject("R seq=1001")
    s.expect_state("CLOSED")


# Opening.


def test_a_port_can_be_listened_at_while_a_connection_leaves_from_it() -> None:
    """RFC 9293 §3.9.1.1 (MUST-41, MUST-42): in SYN-SENT, and the connection is not touched by that."""
    s = Script(None)
    going = TcpSocket(s.host)
    going.bind(7000)
    going.connect(s.lab.theirs, 80)
    s.skip()
    listener = TcpSocket(s.host)
    listener.set_option(SOL_SOCKET, SO_REUSEADDR, 1)
    listener.bind(7000)
    listener.listen()
    assert going.connection is not None
    assert going.connection.state == "SYN-SENT"
    s.port = 7000
    s.inject("S seq=0 mss=1460")
    s.expect("SA")
    second = TcpSocket(s.host)
    second.set_option(SOL_SOCKET, SO_REUSEADDR, 1)
    second.bind(7000)
    with pytest.raises(OSError, match="somebody listens") as refused:
        second.listen()
    assert refused.value.errno == errno.EADDRINUSE


def test_a_connection_keeps_its_address() -> None:
    """RFC 9293 §3.9.1.1 (MUST-45): what came to our second address is answered from it, to the end."""
    s = Script()
    second = parse_ip("192.168.1.9")
    s.lab.world.do(AddressAdd(address="192.168.1.9/24"))
    s.advance(10_000_000)
    s.skip()
    inject_to(s, second, s.lab.theirs)
    s.advance(3_000_000)
    assert [(seen.flags, seen.ip.source) for seen in s.skip()] == [("SA", second)] * 3


def test_local_ports_are_drawn() -> None:
    """RFC 5927 §4.2, RFC 6056 §3.3.1: whoever knows some learns nothing of the next."""
    s = Script(None)
    ports = [s.connect(80).connection.local_port for _ in range(20)]  # type: ignore[union-attr]
    assert len(set(ports)) == 20
    assert sum(abs(later - sooner) < 100 for sooner, later in pairwise(ports)) < 3


@pytest.mark.parametrize("destination", ["192.168.1.255", "255.255.255.255", "224.0.0.1"])
def test_a_syn_to_many_is_discarded_in_silence(destination: str) -> None:
    """RFC 9293 §3.9.2.3 (MUST-57)."""
    s = Script()
    inject_to(s, parse_ip(destination), s.lab.theirs)
    s.expect_nothing(for_us=1_000_000)
    s.expect_drop("tcp.bad_address")
    assert s.state == "CLOSED"


@pytest.mark.parametrize("flags", ["R", "RA", "F", "P", "-"])
def test_what_means_nothing_to_a_listener(flags: str) -> None:
    """RFC 9293 §3.10.7.2, first and fourth step: a reset is ignored, and so is what has neither SYN nor ACK."""
    s = Script()
    s.inject(f"{flags} seq=0" + (" ack=1" if "A" in flags else ""))
    s.expect_nothing(for_us=1_000_000)
    s.expect_drop("tcp.listen_not_syn")


def test_a_syn_inside_a_handshake_is_challenged() -> None:
    """RFC 9293 §3.10.7.4, fourth check, SYN-RECEIVED: as in the synchronized states, so that none ends a handshake."""
    s = Script()
    s.inject("S seq=0 mss=1460")
    s.expect("SA")
    s.inject("S seq=50 mss=1460")
    s.expect("A ack=1")
    s.expect_drop("tcp.unexpected_syn")
    s.inject("A seq=1 ack=1")
    s.expect_state("ESTABLISHED")


@pytest.mark.parametrize("active", [False, True])
def test_a_reset_in_a_handshake(active: bool) -> None:
    """RFC 9293 §3.5 (MUST-11), §3.5.3, §3.10.7.4: back to LISTEN without a word; who has connected is refused."""
    s = Script(None if active else "hold")
    if active:
        socket = s.connect(80)
        s.expect("S")
    s.inject("S seq=0 mss=1460")
    s.expect("SA")
    s.expect_state("SYN-RECEIVED")
    s.inject("R seq=1")
    s.expect_state("CLOSED")
    if active:
        with pytest.raises(OSError, match="ECONNREFUSED") as refused:
            socket.connected()
        assert refused.value.errno == errno.ECONNREFUSED
    else:
        assert s.listener.listener is not None
        assert s.listener.listener.half_open == 0
        s.inject("S seq=500 mss=1460")
        s.expect("SA ack=501")


# Sending.


def test_what_was_sent_last_is_pushed() -> None:
    """RFC 9293 §3.9.1.2 (MUST-60, MUST-61, SHLD-27, SHLD-28): full segments, and PSH on the last that there is."""
    s = Script("none")
    s.handshake()
    socket = s.accept()
    for _ in range(3):
        s.send(b"x" * 1000, socket)
    s.expect("PA seq=1 len=1000")
    s.expect("A seq=1001 len=1460")
    s.expect_nothing()
    s.inject("A seq=1 ack=2461")
    s.expect("PA seq=2461 len=540")


def test_keepalives_are_off_at_first() -> None:
    """RFC 9293 §3.8.4 (MUST-24, MUST-25, MUST-27, MUST-28): two hours or more, if somebody asks for them."""
    knobs = Knobs()
    assert not knobs.tcp_keepalive
    assert knobs.tcp_keepalive_time >= 2 * 3600 * 1_000_000
    s = Script()
    s.handshake()
    s.expect_nothing(for_us=10 * 3600 * 1_000_000)
    s.expect_state("ESTABLISHED")


def test_source_quench_slows_nothing_down() -> None:
    """RFC 9293 §3.9.2.2 (MUST-55), RFC 5927 §6.2: discarded in silence, whatever it quotes."""
    s = sending(4)
    before = s.conn.cwnd, s.conn.ssthresh, s.conn.phase, s.conn.mss
    error(s, icmp.SOURCE_QUENCH, 0, 1)
    s.expect_nothing()
    s.expect_drop("icmp.unknown_type")
    assert (s.conn.cwnd, s.conn.ssthresh, s.conn.phase, s.conn.mss) == before


def test_an_error_about_one_connection_is_of_no_other() -> None:
    """RFC 5927 §5.2, RFC 9293 §3.9.2.2 (MUST-54): it goes to the connection whose segment it quotes."""
    s = Script(None)
    first, second = s.connect(80), s.connect(80)
    s.skip()
    assert first.connection is not None
    s.port, s.our_isn = first.connection.local_port, first.connection.iss & 0xFFFFFFFF
    error(s, icmp.DESTINATION_UNREACHABLE, 3, 0)
    with pytest.raises(OSError, match="ECONNREFUSED"):
        first.connected()
    with pytest.raises(OSError, match="under way"):
        second.connected()


# Recovery.


def test_recovery_ends_at_the_target() -> None:
    """RFC 9937 §6.4: cwnd is ssthresh, whatever PRR has let out; §6.3: what is sent counts, the retransmission too."""
    s = sending(10, "mss=1460 sackok", tcp_rack="off")
    s.send(b"y" * 30 * MSS)
    s.skip()
    sack(s, (7, 10))
    assert s.conn.phase == "recovery"
    assert s.conn.prr_out == sum(len(seen.payload) for seen in s.skip()) == 3 * MSS
    assert s.conn.cwnd < s.conn.ssthresh < 10 * MSS
    s.inject(f"A seq=1 ack={s.conn.recover - s.conn.iss}")
    assert s.conn.phase == "open"
    assert s.conn.cwnd == s.conn.ssthresh


@pytest.mark.parametrize("echo", ["", "E"])
@pytest.mark.parametrize("by", ["eifel", "frto"])
def test_congestion_that_is_echoed_is_not_undone(by: str, echo: str) -> None:
    """RFC 4015 §3.1, step 9, §3.4: with ECE nothing is given back, whatever has found the time-out to be spurious."""
    s = Script(tcp_ecn="on", tcp_rack="off", tcp_frto="off" if by == "eifel" else "on",
               tcp_eifel="on" if by == "eifel" else "off")
    s.inject(f"SEC seq=0 {STAMPED}")
    s.expect("SAE")
    s.inject("A seq=1 ack=1 tsval=101 tsecr=0")
    s.conn.round_trip.sample(100_000)
    s.send(b"x" * 4 * s.conn.mss)
    s.skip()
    original, mss, before = timestamp(s.conn), s.conn.mss, s.conn.cwnd
    time_out(s)
    s.skip()
    s.inject(f"{echo}A seq=1 ack={1 + 2 * mss} tsval=102 tsecr={original}")
    assert (s.conn.cwnd >= before) == (not echo)


@pytest.mark.parametrize("state", list(PEER_NEXT))
def test_an_end_is_told_apart_from_an_abort(state: str) -> None:
    """RFC 9293 §3.6 (MUST-12): after a FIN reading comes to its end, after a reset it says so."""
    s = in_state(state)
    socket = s.conn.socket
    socket.app = None  # which would have been told first
    if state in ("CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"):
        assert socket.receive() == b""
        return
    s.inject(f"R seq={PEER_NEXT[state]}")
    with pytest.raises(OSError, match="ECONNRESET") as reset:
        socket.receive()
    assert reset.value.errno == errno.ECONNRESET


def test_a_script_that_goes_wrong_says_so() -> None:
    """What all of these rest on: an expectation that is not met fails."""
    s = Script()
    s.inject("S seq=0 mss=1460")
    with pytest.raises(ScriptError, match="should have had SA ack=2"):
        s.expect("SA ack=2")
