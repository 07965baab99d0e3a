"""What is known of short connections stays true: a listener, a route, a neighbour or a path changes; and odd peers."""

from __future__ import annotations

from typing import Any

import pytest

from aether.lab import HOST_MAC, YOUR_MAC
from aether.laboratory import Laboratory
from aether.net import quick_echo
from aether.net.ipv4 import MAX_PATHS
from aether.net.neighbours import REACHABLE, Neighbour
from aether.operations.net import ArpClear
from aether.operations.services import HttpFile
from aether.operations.tcp import TcpUnlisten
from aether.socket_options import SOL_TCP, TCP_MAXSEG
from aether.wire import ethernet, icmp, ipv4, tcp
from aether.wire.address import parse_ip
from aether.world import World

KEEP = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
US, PEER, FAR = parse_ip("192.168.1.2"), parse_ip("192.168.1.1"), parse_ip("10.0.0.7")
PSH_ACK = tcp.PSH | tcp.ACK
MODES = pytest.mark.parametrize("bench", [True, False], ids=["bench", "trace"])


def packet(protocol: int, inside: bytes, source: bytes = PEER) -> bytes:
    return ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV4, ipv4.build(source, US, protocol, inside))


def segment(
    flags: int, port: int, seq: int, ack: int = 0, data: bytes = b"", *, stamp: int = 5000, mss: int = 1460,
    source: bytes = PEER,
) -> bytes:
    """Return a frame to port 80 with the options of Linux."""
    options = tcp.build_options(timestamp=(stamp, 0))
    if flags == tcp.SYN:
        options = tcp.build_options(mss=mss, sack_permitted=True, timestamp=(stamp, 0), window_scale=7)
    inside = tcp.build(source, US, port, 80, seq, ack, flags, 500, options, data)
    return packet(ipv4.PROTO_TCP, inside, source)


def laboratory(bench: bool = True, **knobs: str) -> Laboratory:
    """Return a host with a default route, as it is behind a TAP."""
    lab = Laboratory(seed=3, **knobs)
    lab.world.allow_short_cuts(bench)
    lab.host.routes.add(bytes(4), 0, PEER, 0)
    return lab


def opened(lab: Laboratory, port: int, **more: Any) -> int:
    """Open a connection; return our next sequence number."""
    lab.world.arrive(segment(tcp.SYN, port, 1000, **more))
    ours = tcp.parse(lab.sent()[-1][34:]).sequence + 1
    lab.advance(500)
    lab.world.arrive(segment(tcp.ACK, port, 1001, ours, stamp=5001, **more))
    return ours


def asked(lab: Laboratory, port: int, request: bytes = KEEP, **more: Any) -> list[bytes]:
    """Open a connection, ask for something, and return the answer: the next one that asks is a short one."""
    ours = opened(lab, port, **more)
    more.pop("mss", None)
    lab.world.arrive(segment(PSH_ACK, port, 1001, ours, request, stamp=5002, **more))
    return lab.sent()


def shorts(lab: Laboratory) -> int:
    return len(lab.host.tcp.fast.shorts)


def flags(frames: list[bytes]) -> list[str]:
    return [tcp.show_flags(tcp.parse(frame[34:]).flags) for frame in frames]


@MODES
def test_a_listener_is_closed_while_a_connection_is_short(bench: bool) -> None:
    """It goes on, as one that was accepted does; the port answers with a reset (RFC 9293 §3.10.7.1)."""
    lab = laboratory(bench)
    asked(lab, 39_999)
    ours = opened(lab, 40_000)
    assert shorts(lab) == 1
    lab.world.do(TcpUnlisten(port=80))
    lab.world.arrive(segment(PSH_ACK, 40_000, 1001, ours, KEEP, stamp=5002))
    lab.sent()
    lab.world.arrive(segment(tcp.SYN, 40_001, 1000))
    assert flags(lab.sent()) == ["RA"]


@MODES
def test_a_handshake_that_a_closed_listener_leaves_is_reset(bench: bool) -> None:
    lab = laboratory(bench)
    asked(lab, 39_999)
    lab.world.arrive(segment(tcp.SYN, 40_000, 1000))
    lab.sent()
    lab.world.do(TcpUnlisten(port=80))
    assert flags(lab.sent()) == ["RA"]
    assert lab.host.tcp.listener_for(b"\0" * 10 + b"\0\x50") is None


@MODES
def test_no_packet_is_larger_than_the_link_takes(bench: bool) -> None:
    """Whatever a peer says that it takes itself."""
    lab = laboratory(bench)
    lab.world.do(HttpFile(path="/big.txt", data=bytes(4000)))
    get = KEEP.replace(b"/ ", b"/big.txt ", 1)
    for port in (39_999, 40_000):
        answers = asked(lab, port, get, mss=9000)
        assert max(len(frame) - 14 for frame in answers) == 1500
        assert b"".join(frame[66:] for frame in answers).endswith(bytes(4000))


@MODES
@pytest.mark.parametrize("source", ["0.0.0.0", "0.0.0.9", "127.0.0.1", "224.0.0.1", "255.255.255.255", "192.168.1.255"])
def test_a_source_that_can_be_no_host(source: str, bench: bool) -> None:
    """RFC 1122 §3.2.1.3."""
    lab = laboratory(bench)
    asked(lab, 39_999)
    lab.world.arrive(segment(tcp.SYN, 40_000, 1000, source=parse_ip(source)))
    assert lab.sent() == []
    assert lab.host.drops == {"ipv4.bad_source": 1}


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong checksum"])
def test_a_flood_from_many_sources_leaves_little(right: bool) -> None:
    lab = laboratory()
    for number in range(3 * MAX_PATHS):
        frame = bytearray(segment(tcp.SYN, 1000, 1, source=(0x0A000000 + number).to_bytes(4, "big")))
        if not right:
            frame[50] ^= 0xFF
        lab.world.arrive(bytes(frame))
    assert len(lab.host.tcp.fast.paths) <= (MAX_PATHS if right else 0)


def narrowed(lab: Laboratory) -> bytes:
    """Let a path take 800 bytes at the most, and return a request whose answer is larger."""
    lab.world.do(HttpFile(path="/m.txt", data=bytes(1000)))
    get = KEEP.replace(b"/ ", b"/m.txt ", 1)
    [large] = [frame for frame in asked(lab, 39_999, get, source=FAR) if len(frame) > 1000]
    lab.world.arrive(packet(ipv4.PROTO_ICMP, icmp.build(icmp.IcmpMessage(3, 4, 800, large[14:42]))))
    assert lab.host.ipv4.path_mtus
    lab.sent()
    return get


@MODES
def test_the_mtu_of_a_path_is_heeded(bench: bool) -> None:
    """RFC 1191 §3: by connections that come later, too; those on other paths are short ones as before."""
    lab = laboratory(bench)
    get = narrowed(lab)
    assert max(len(frame) - 14 for frame in asked(lab, 40_000, get, source=FAR)) <= 800
    assert shorts(lab) == 0
    asked(lab, 40_001, get)
    assert shorts(lab) == 1


def test_a_snapshot_goes_on_as_the_world_does() -> None:
    lab = laboratory(bench=False)
    narrowed(lab)
    copy, answers = World.load(lab.world.snapshot()), []
    for world in (lab.world, copy):
        world.arrive(segment(tcp.SYN, 40_000, 1000, source=FAR))
        answers.append(world.wire_out[-1])
    assert answers[0] == answers[1]
    assert copy.state_hash() == lab.world.state_hash()


@MODES
def test_another_router(bench: bool) -> None:
    lab = laboratory(bench)
    asked(lab, 39_999, source=FAR)
    other = Neighbour(parse_ip("192.168.1.9"))
    other.mac, other.state = b"\x02\0\0\0\0\x09", REACHABLE
    lab.interface.neighbours.entries[other.address] = other
    lab.host.routes.add(bytes(4), 0, other.address, 0)
    opened(lab, 40_000, source=FAR)
    lab.world.arrive(segment(tcp.SYN, 40_001, 1000, source=FAR))
    assert lab.sent()[0][:6] == other.mac
    assert shorts(lab) == 2


@MODES
def test_a_neighbour_that_is_learned_again(bench: bool) -> None:
    lab = laboratory(bench)
    asked(lab, 39_999)
    lab.world.do(ArpClear())
    again = Neighbour(PEER)
    again.mac, again.state = b"\x02\0\0\0\0\x07", REACHABLE
    lab.interface.neighbours.entries[PEER] = again
    lab.world.arrive(segment(tcp.SYN, 40_000, 1000))
    assert lab.sent()[0][:6] == again.mac
    assert shorts(lab) == 1


@MODES
def test_options_of_a_listener_are_taken_when_the_syn_comes(bench: bool) -> None:
    lab = laboratory(bench)
    asked(lab, 39_999)
    opened(lab, 40_000)
    assert shorts(lab) == 1
    [listener] = [one for one in lab.host.tcp.listeners.values() if one.port == 80]
    listener.socket.set_option(SOL_TCP, TCP_MAXSEG, 536)
    lab.world.arrive(segment(tcp.SYN, 40_001, 1000))
    advertised = {conn.remote_port: conn.advmss for conn in lab.host.tcp.connections.values()}
    assert (advertised[40_000], advertised[40_001]) == (1460, 536)


def test_an_echo_of_zeros() -> None:
    """The complement of a sum over nothing but zeros is all ones."""
    lab = laboratory()
    request = packet(ipv4.PROTO_ICMP, icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 0, bytes(56))))
    quick = quick_echo.reply(lab.host.ipv4, request, len(request))
    lab.world.arrive(request)
    assert quick is not None
    assert quick[34:] == lab.sent()[0][34:]


@MODES
def test_no_time_out_is_above_the_ceiling(bench: bool) -> None:
    """RFC 6298 §2.5, for a SYN,ACK that nobody acknowledges."""
    lab = laboratory(bench, tcp_rto_initial="5s", tcp_rto_max="1s")
    asked(lab, 39_999)
    lab.world.arrive(segment(tcp.SYN, 40_000, 1000))
    lab.sent()
    lab.advance(1_100_000)
    assert [frame for frame in lab.sent() if frame[36:38] == (40_000).to_bytes(2, "big")]


@MODES
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
def test_who_was_asked_first_sends_again_first_whoever_came_first(order: tuple[int, ...], bench: bool) -> None:
    """RFC 6298 §5.1: a time-out is 200 ms after what was sent, in whatever order connections were opened.

    The peer asks in the order given, 30 ms apart, and acknowledges none of the answers.
    """
    lab = laboratory(bench)
    asked(lab, 39_999)
    ports = [40_000 + number for number in range(3)]
    ours = [opened(lab, port) for port in ports]
    lab.advance(20_000)
    sent_at = {}
    for number in order:
        lab.world.arrive(segment(PSH_ACK, ports[number], 1001, ours[number], KEEP, stamp=5002))
        sent_at[ports[number]] = lab.world.now
        lab.advance(30_000)
    lab.sent()
    again: dict[int, int] = {}
    while len(again) < 3 and lab.world.now < 2_000_000:
        lab.advance(1_000)
        for frame in lab.sent():
            port = int.from_bytes(frame[36:38], "big")
            if port in sent_at:
                again.setdefault(port, lab.world.now)
    waited = {port: again[port] - sent_at[port] for port in ports}
    assert list(again) == [ports[number] for number in order]
    assert all(200_000 <= each < 300_000 for each in waited.values()), waited
    assert max(waited.values()) - min(waited.values()) <= 2_000
