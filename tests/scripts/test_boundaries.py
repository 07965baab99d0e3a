"""Where one more, one less or the other way round makes a difference: what a mutated stack would do otherwise."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from aether.lab import simulated
from aether.operations.services import HttpGet
from aether.socket_options import SOL_TCP, TCP_INFO
from aether.tcp.info import TcpInfo
from aether.tcp.output import timestamp
from aether.wire import dns
from aether.wire.address import is_multicast, parse_ip

from .script import Script
from .test_recovery import MSS, sack, sending, time_out

SECOND = 1_000_000


@pytest.mark.parametrize("mss", [1001, 1459, 536])
def test_segments_of_an_odd_size(mss: int) -> None:
    """Cut by ourselves or by a device, each has the right checksum (`Seen` checks it), place and bytes."""
    s = Script("none", tcp_congestion="none", tcp_nagle="off")
    s.handshake(f"mss={mss}")
    data = bytes(i * 7 & 255 for i in range(20_000))
    s.send(data, s.accept())
    sent = s.skip()
    assert [seen.seq - 1 for seen in sent] == list(range(0, 20_000, mss))
    assert b"".join(seen.payload for seen in sent) == data


@pytest.mark.parametrize(("stamps", "most"), [("", 4), (" tsval=1 tsecr=0", 3)])
def test_as_many_sack_blocks_as_find_room(stamps: str, most: int) -> None:
    """RFC 2018 §3: four, or three beside a timestamp; the newest first."""
    s = Script()
    s.handshake(f"mss=1460 sackok{stamps}")
    for hole in range(1, 7):
        s.inject(f"A seq={1 + 200 * hole} ack=1 len=100{stamps}")
        blocks = s.expect("A ack=1").value("sack", s).split(",")
        assert blocks == [f"{1 + 200 * i}-{101 + 200 * i}" for i in range(hole, max(hole - most, 0), -1)]


def test_a_filled_hole_leaves_one_block() -> None:
    """RFC 2018 §4: of two holes the first is filled; what waits beyond the second is one block, and no empty one."""
    s = Script()
    s.handshake("mss=1460 sackok")
    s.inject("A seq=101 ack=1 len=100")
    s.inject("A seq=301 ack=1 len=100")
    s.skip()
    s.inject("A seq=1 ack=1 len=100")
    assert s.expect("A ack=201").value("sack", s) == "301-401"
    s.inject("A seq=201 ack=1 len=100")
    assert s.expect("A ack=401").value("sack", s) == ""


def test_a_reset_gives_a_place_back() -> None:
    """Of the queue to accept from, too: the next one finds it."""
    s = Script("none", backlog=1)
    s.handshake()
    s.inject("R seq=1")
    assert s.listener.listener is not None
    assert s.listener.listener.accepted == []
    s.peer_port += 1
    s.inject("S seq=0 mss=1460")
    s.expect("SA seq=0 ack=1")
    s.inject("A seq=1 ack=1")
    s.expect_state("ESTABLISHED")
    assert s.accept().connection is s.conn


@pytest.mark.parametrize(("later", "good"), [
    (0, True), (63, True), (65, True), (127, True), (128, False), (200, False)])
def test_how_long_a_cookie_is_good(later: int, good: bool) -> None:
    """RFC 4987 §3.6: in the period that it was made in, and in the next."""
    s = Script(tcp_syn_cookies="always")
    s.inject("S seq=0 mss=1460")
    s.expect("SA")
    s.advance(later * SECOND)
    s.inject("A seq=1 ack=1")
    s.expect_state("ESTABLISHED" if good else "CLOSED")


@pytest.mark.parametrize("sackok", [True, False])
@pytest.mark.parametrize("ecn", [True, False])
@pytest.mark.parametrize("scale", [None, 0, 14])
def test_a_cookie_carries_what_was_offered_and_no_more(sackok: bool, ecn: bool, scale: int | None) -> None:
    """RFC 4987 §3.6: in its timestamp: SACK, ECN and the scale."""
    s = Script(tcp_syn_cookies="always", tcp_ecn="on")
    offered = "mss=1460 tsval=5 tsecr=0" + " sackok" * sackok + ("" if scale is None else f" ws={scale}")
    s.inject(f"S{'EC' if ecn else ''} seq=0 {offered}")
    seen = s.expect("SAE" if ecn else "SA")
    assert seen.options.timestamp is not None
    assert (seen.options.sack_permitted, seen.options.window_scale is None) == (sackok, scale is None)
    s.inject(f"A seq=1 ack=1 tsval=6 tsecr={seen.options.timestamp[0]}")
    conn = s.conn
    assert (conn.sack_ok, conn.ecn_ok, conn.scaling, conn.snd_wscale) == (sackok, ecn, scale is not None, scale or 0)


@pytest.mark.parametrize("off", [-1, 1])
def test_one_off_a_predictable_number_is_no_cookie(off: int) -> None:
    """RFC 6528 §1: only the numbers that were given count, be they easy to guess."""
    s = Script(tcp_syn_cookies="always", tcp_isn="predictable")
    s.inject("S seq=0 mss=1460")
    s.expect("SA")
    s.inject(f"A seq=1 ack={1 + off}")
    s.expect_state("CLOSED")
    s.inject("A seq=1 ack=1")
    s.expect_state("ESTABLISHED")


@pytest.mark.parametrize(("segments", "left"), [(10, 5), (4, 2), (3, 2), (1, 2)])
def test_where_slow_start_ends_after_a_time_out(segments: int, left: int) -> None:
    """RFC 5681 §3.1, equation 4: half of what was in flight, and two segments at the least; cwnd is one."""
    s = sending(segments, tcp_congestion="reno", tcp_frto="off", tcp_rack="off")
    time_out(s)
    assert (s.conn.ssthresh, s.conn.cwnd) == (left * MSS, MSS)


@pytest.mark.parametrize(("beyond", "again"), [(0, False), (1, True)])
def test_more_than_recover(beyond: int, again: bool) -> None:
    """RFC 6582 §3.2, step 2: duplicates begin another recovery if they acknowledge more than `recover`, not just it."""
    s = sending(4, tcp_rack="off")
    time_out(s)
    s.inject(f"A seq=1 ack={1 + 4 * MSS}")
    assert s.conn.phase == "open"
    assert s.conn.snd_una == s.conn.recover
    s.send(b"y" * 6 * MSS)
    s.skip()
    at = 1 + (4 + beyond) * MSS
    if beyond:
        s.inject(f"A seq=1 ack={at}")
    for _ in range(3):
        s.inject(f"A seq=1 ack={at}")
    assert (s.conn.phase == "recovery") == again


def test_what_was_undone_is_not_sent_again() -> None:
    """RFC 4015 §3.1, step 8: after a spurious time-out nothing from before it counts as lost any more."""
    s = sending(6, "mss=1472 tsval=1 tsecr=0", tcp_rack="off", tcp_frto="off")
    original, in_flight, mss = timestamp(s.conn), s.conn.flight_size(), s.conn.mss
    time_out(s)
    s.skip()
    s.inject(f"A seq=1 ack={1 + mss} tsval=2 tsecr={original}")
    assert s.conn.phase == "open"
    assert all(seen.seq > in_flight for seen in s.skip())
    assert not any(segment.lost for segment in s.conn.flight.segments.values())
    assert s.conn.flight.pipe == s.conn.flight_size()


def test_cubic_remembers_where_it_was() -> None:
    """RFC 9438 §4.6, §4.7: W_max is what was in flight at the loss; below the last one, (1 + beta) / 2 of it."""
    s = sending(10, tcp_congestion="cubic")
    cubic = s.conn.congestion
    cubic.lost(s.conn, 0)
    assert (cubic.w_max, s.conn.ssthresh) == (10, 7 * MSS)
    s.inject(f"A seq=1 ack={1 + 2 * MSS}")
    cubic.lost(s.conn, 0)
    assert cubic.w_max == pytest.approx(8 * 0.85)
    assert s.conn.ssthresh == 5 * MSS


@pytest.mark.parametrize("wrong", [b"\x08\x04\1\2", b"\x08\x06\1\2\3\4", b"\x03\x04\7\7", b"\x02\x03\7"])
def test_an_option_of_another_length_is_none(wrong: bytes) -> None:
    """RFC 9293 §3.1 (MUST-7): it is passed over, and what follows is taken."""
    s = Script()
    options = wrong + b"\x02\x04\x02\x58"
    s.lab.inject_tcp(
        "S", s.peer_isn, 0, to=s.port, port=s.peer_port, options=options + bytes(-len(options) % 4))
    seen = s.expect("SA")
    assert seen.options.timestamp is None
    assert (s.conn.mss, s.conn.ts_ok, s.conn.scaling) == (600, False, False)


@pytest.mark.parametrize(("address", "group"), [
    ("223.255.255.255", False), ("224.0.0.0", True), ("239.255.255.255", True), ("240.0.0.0", False)])
def test_where_groups_begin_and_end(address: str, group: bool) -> None:
    """RFC 1112 §4: 224.0.0.0 to 239.255.255.255; no host has one of those, nor one beyond."""
    s = Script()
    assert is_multicast(parse_ip(address)) == group
    assert s.host.ipv4.can_be_host(parse_ip(address)) == (address == "223.255.255.255")


def test_what_a_router_passes_on_is_told() -> None:
    """The event ipv4.forwarded: every packet to and from the host behind it, with the time to live that is left."""
    world = simulated(1)
    passed: list[tuple[bytes, bytes, int]] = []

    def see(host: str, kind: str, *values: Any) -> None:
        if kind == "ipv4.forwarded":
            assert host == "host"
            passed.append(values)  # type: ignore[arg-type]

    world.observe(see)
    job = world.hosts["you"].jobs[world.do(HttpGet(url="http://10.0.2.2/"))]
    while not job.done:
        assert world.step()
    you, remote = parse_ip("192.168.1.2"), parse_ip("10.0.2.2")
    assert set(passed) == {(you, remote, 63), (remote, you, 63)}
    sent = [sum(source == end for source, _, _ in passed) for end in (you, remote)]
    arrived = [world.hosts[name].counters["tcp.received"] for name in ("remote", "you")]
    assert [count - received in (0, 1) for count, received in zip(sent, arrived, strict=True)] == [True, True]


@pytest.mark.parametrize("stamps", ["", " tsval=100 tsecr=0"])
def test_another_window_is_no_duplicate(stamps: str) -> None:
    """RFC 5681 §2: an ACK that moves the window is none, with timestamps or without."""
    s = sending(10, f"mss={MSS + (12 if stamps else 0)}{stamps}")
    last = stamps.replace("100", "101")
    for window in (65_000, 64_000, 63_000, 62_000):
        s.inject(f"A seq=1 ack=1 win={window}{last}")
    assert s.conn.flight.dup_acks == 0
    s.expect_nothing()


def test_a_full_window_that_is_not_zero() -> None:
    """RFC 9293 §3.8.6: as much leaves as it takes, to the byte; nobody probes while that is in flight."""
    s = Script("none", tcp_silly_window="off")
    s.handshake("mss=1000", 2500)
    s.send(b"x" * 5000, s.accept())
    assert [(seen.seq, len(seen.payload)) for seen in s.skip()] == [(1, 1000), (1001, 1000), (2001, 500)]
    assert "persist" not in s.conn.deadlines
    s.inject("A seq=1 ack=2501 win=0")
    s.expect_nothing()
    assert "persist" in s.conn.deadlines


def test_windows_that_close_and_open_are_told_of() -> None:
    """The event tcp.window: its value is the window, and it comes when that becomes zero, or is no longer."""
    s = sending(2)
    s.inject(f"A seq=1 ack={1 + MSS} win=0")
    s.inject(f"A seq=1 ack={1 + 2 * MSS} win=0")
    s.inject(f"A seq=1 ack={1 + 2 * MSS} win=700")
    s.inject(f"A seq=1 ack={1 + 2 * MSS} win=900")
    assert s.saw("tcp.window") == [(s.conn.number, 0, "closed"), (s.conn.number, 700, "opened")]


def test_what_tcp_info_counts() -> None:
    """Linux tcp(7), TCP_INFO: what is lost, in flight again, sent again in all; how long who held it up."""
    s = sending(8, "mss=1460 sackok", tcp_rack="off")
    socket = s.conn.socket
    s.advance(50_000)
    for top in (5, 6, 7):
        sack(s, (4, top))
    info = socket.get_option(SOL_TCP, TCP_INFO)
    assert isinstance(info, TcpInfo)
    assert (info.ca_state, info.sacked, info.lost, info.retrans, info.total_retrans) == ("Recovery", 3, 4, 1, 1)
    assert info.reordering == 3
    assert info.busy_time == 50_000
    s.inject(f"A seq=1 ack={1 + 8 * MSS} win=0")
    s.send(b"y" * 100, socket)
    s.advance(30_000)
    s.skip()
    info = socket.get_option(SOL_TCP, TCP_INFO)
    assert isinstance(info, TcpInfo)
    assert info.rwnd_limited == 30_000


@pytest.mark.parametrize(("length", "fits"), [(255, True), (256, False)])
def test_the_longest_name(length: int, fits: bool) -> None:
    """RFC 1035 §2.3.4: 255 bytes, the lengths of its labels and the root included."""
    labels = [63, 63, 63, length - 3 * 64 - 2]
    name = ".".join(letter * size for letter, size in zip("abcd", labels, strict=True))
    question = dns.DnsMessage(1, [dns.Question(name)])
    if fits:
        assert dns.parse(dns.build(question)).questions[0].name == name
    else:
        with pytest.raises(ValueError, match=r"255|long"):
            dns.build(question)


def test_timers_fire_in_order() -> None:
    """Whatever order they were started in: a SYN,ACK of each of three handshakes comes again when it is due."""
    s = Script()
    again = []
    for port, wait in ((41_000, 0), (41_001, 300_000), (41_002, 300_000)):
        s.advance(wait)
        s.peer_port = port
        s.inject("S seq=0 mss=1460")
        s.expect("SA")
    start = s.lab.world.now - 600_000
    while len(again) < 3:
        s.advance(100_000)
        again += [(s.lab.world.now - start, seen.header.destination_port) for seen in s.skip()]
    assert again == [(1_000_000, 41_000), (1_300_000, 41_001), (1_600_000, 41_002)]
    assert all(later > sooner for (sooner, _), (later, _) in itertools.pairwise(again))
