"""Every event that is declared, provoked, and each of its values: as frames have it, as arithmetic and RFCs say.

Golden files show most events too, but they are written by what they judge. A scene returns what was told, and for some
kinds everything that a host should have told; what is declared and in no scene fails the last test.
"""

from __future__ import annotations

import errno
import io
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from aether.events import KINDS
from aether.laboratory import Laboratory
from aether.operations.knobs import KnobSet
from aether.operations.net import AddressAdd, AddressRemove
from aether.operations.tcp import TcpSend
from aether.wire import arp
from aether.wire.address import parse_ip
from shell.prompt.app import AetherShell
from tests.scripts.script import PEER_ISN, PEER_PORT, PORT, Script, opened
from tests.scripts.test_addresses import THIEF, hear
from tests.scripts.test_igmp import query, report
from tests.shell.direct import session

YOU, HOST, REMOTE, WAN = (parse_ip(text) for text in ("192.168.1.2", "192.168.1.1", "10.0.2.2", "10.0.2.1"))
YOUR_MAC, HOST_MAC, ROUTER_MAC = (bytes.fromhex(f"02000000{text}") for text in ("0002", "0001", "0201"))
GROUP, ALL_GROUPS = parse_ip("224.1.1.1"), bytes(4)
EVERYBODY = b"\xff" * 4
SECOND = 1_000_000
HOP = 200
"""Microseconds that a frame takes over the lab's own link."""
A, DISCOVER = 1, "DISCOVER"
UNLIMITED = 1 << 40
"""As large as a window cannot be: nothing was lost yet."""
Values = tuple[Any, ...]


class Told(NamedTuple):
    """What was told: by whom, which kind, which values."""

    events: list[tuple[str, str, Values]]
    frames: dict[int, bytes]
    """As they were put on a link, by number."""

    def of(self, kind: str, host: str) -> list[Values]:
        return [values for who, what, values in self.events if (who, what) == (host, kind)]

    def number(self, frame: int, begin: int, length: int = 4) -> int:
        """Return what stands in a frame, counted from its first byte."""
        return int.from_bytes(self.frames[frame][begin:begin + length])

    def sequence(self, frame: int) -> int:
        return self.number(frame, 38)

    def acknowledgement(self, frame: int) -> int:
        return self.number(frame, 42)

    def port(self, frame: int) -> int:
        return self.number(frame, 34, 2)


Wanted = dict[tuple[str, str], list[Values]]
"""All that a host should have told, by kind and host, in order."""


def typed(*lines: str, seed: int = 1) -> Told:
    """Type lines into the shell over the simulated lab."""
    one = session(seed)
    shell = AetherShell(one, interactive=False, stdout=io.StringIO())
    for line in lines:
        shell.onecmd_plus_hooks(line)
    events = [(event.host, event.kind, event.values) for event in one.events()]
    frames = {values[0]: bytes(values[2]) for _, kind, values in events if kind == "frame.sent"}
    return Told(events, frames)


def scripted(script: Script) -> Told:
    """Take what a packet script saw at its one host."""
    return Told([("you", kind, values) for kind, values in script.events], {})


def watched(lab: Laboratory) -> list[tuple[str, str, Values]]:
    """Return the list to which a laboratory's events will be added."""
    events: list[tuple[str, str, Values]] = []
    lab.world.observe(lambda host, kind, *values: events.append((host, kind, values)))
    return events


def echo() -> tuple[Told, Wanted]:
    """Five bytes to the echo service over a slow link that loses them once; then both ends close.

    Frames: 1 and 2 ARP, 3 to 5 the handshake, 6 the bytes, lost, 7 again, 8 the answer, 9 its ACK, 10 to 12 the end.
    """
    told = typed("link delay 10ms", "tcp connect 192.168.1.1:7", "link drop next tcp.len > 0", "tcp send 1 hello",
                 "tcp close 1", "run 100ms")
    way = 10_000 + HOP
    port, seq, ack = told.port(3), told.sequence, told.acknowledgement
    sent = 2 * 2 * way  # ARP, then the handshake: when the bytes are sent
    first = 2 * 2 * way  # the first sample begins with the call, and ARP is part of it
    # RFC 6298 §2.2, and as Linux has it: 200 ms at least are added for the variation.
    probe = sent + 200_000 + first
    heard = probe + 2 * way
    sample = heard - probe // 1000 * 1000  # the echoed timestamp, in milliseconds
    srtt = (7 * first + sample) // 8
    rttvar = (3 * (first // 2) + first - sample) // 4
    second_srtt, second_rttvar = (7 * srtt + 2 * way) // 8, (3 * rttvar + srtt - 2 * way) // 4
    mss = 1448
    return told, {
        ("you", "tcp.opened"): [(1, YOU, port, HOST, 7)],
        ("host", "tcp.opened"): [(1, HOST, 7, YOU, port)],
        ("you", "tcp.state"): [
            (1, "CLOSED", "SYN-SENT", "open"), (1, "SYN-SENT", "ESTABLISHED", "rcv SYN,ACK"),
            (1, "ESTABLISHED", "FIN-WAIT-1", "close"), (1, "FIN-WAIT-1", "FIN-WAIT-2", "rcv ACK of FIN"),
            (1, "FIN-WAIT-2", "TIME-WAIT", "rcv FIN")],
        ("you", "tcp.ack_sent"): [
            (1, ack(5), "completes the handshake"), (1, ack(9), "quick: the connection is young"), (1, ack(12), "FIN")],
        ("you", "tcp.accepted"): [(1, seq(8), 5), (1, seq(11), 1)],
        ("host", "tcp.accepted"): [(1, seq(6), 5), (1, seq(10), 1)],
        ("you", "tcp.delivered"): [(1, 5)],
        ("you", "tcp.retransmit"): [(1, seq(6), 5, "tail loss probe")],
        ("you", "tcp.rtt"): [
            (1, first, first, first // 2, first + 200_000),
            (1, sample, srtt, rttvar, srtt + 200_000),
            (1, 2 * way, second_srtt, second_rttvar, second_srtt + 200_000)],
        ("you", "tcp.timer"): [
            (1, "rto", "started", SECOND), (1, "rto", "stopped", SECOND),
            (1, "rto", "started", probe), (1, "tlp", "started", probe), (1, "tlp", "fired", probe),
            (1, "rto", "started", probe + 200_000 + first), (1, "rto", "stopped", probe + 200_000 + first),
            (1, "rto", "started", heard + 200_000 + srtt), (1, "rto", "stopped", heard + 200_000 + srtt),
            (1, "fin-wait-2", "started", heard + 2 * way + 60 * SECOND),
            (1, "fin-wait-2", "stopped", heard + 2 * way + 60 * SECOND),
            (1, "time-wait", "started", heard + 2 * way + 60 * SECOND)],
        # RFC 8985 §7.4.2: a probe that repaired a loss halves the window once.
        ("you", "tcp.cwnd"): [(1, 2 * mss, 2 * mss, "the probe repaired a loss")],
        ("you", "arp.queued"): [(HOST, 1)],
        ("you", "arp.asked"): [(HOST, 1)],
        ("you", "arp.learned"): [(HOST, HOST_MAC, "reply")],
        ("host", "arp.learned"): [(YOU, YOUR_MAC, "request")],
        ("you", "arp.state"): [(HOST, "incomplete", "reachable", "reply")],
        ("lan", "frame.lost"): [(6, "lan", "your rule: tcp.len > 0")],
        ("lan", "frame.delayed"): [(number, "lan", 10_000) for number in range(1, 13) if number != 6],
        ("host", "frame.arrived"): [(number, "lan", told.frames[number]) for number in (1, 3, 5, 7, 9, 10, 12)],
        ("you", "frame.sent"): [(number, "lan", told.frames[number]) for number in (1, 3, 5, 6, 7, 9, 10, 12)],
        ("lan", "link"): [("lan", "delay 10ms (both)"), ("lan", "drop next 1: tcp.len > 0 (both)")],
    }


def user() -> tuple[Told, Wanted]:
    told = typed("knob set tcp.sack off", "knob set tcp.sack off", "knob set tcp.rto_min 1s")
    return told, {
        ("you", "knob"): [("tcp.sack", "on", "off"), ("tcp.rto_min", "200ms", "1s")],
        ("user", "user"): [(KnobSet("you", "tcp.sack", "off"),), (KnobSet("you", "tcp.sack", "off"),),
                           (KnobSet("you", "tcp.rto_min", "1s"),)],
    }


def sent_bytes() -> tuple[Told, Wanted]:
    told = typed("tcp connect 192.168.1.1:7", "tcp send 1 hello")
    return told, {("user", "user"): [*told.of("user", "user")[:1], (TcpSend("you", 1, b"hello"),)]}


def pings() -> tuple[Told, Wanted]:
    """Frames: 1 and 2 ARP, 3 the request; the router asks by 4 and 5; 6 and 7 go on; three fragments each way."""
    told = typed("ping 10.0.2.2 --count 1", "ping 192.168.1.1 --size 3000 --count 1")
    first, = (number for number, frame in told.frames.items() if frame[34:35] == b"\x08" and frame[26:30] == YOU
              and number < 7 and frame[22] == 64)
    identifier = told.number(first, 38, 2)
    pieces = [number for number, frame in told.frames.items() if frame[12:14] == b"\x08\0" and frame[20:22] not in (
        b"\0\0", b"@\0")]
    ours, theirs = told.number(pieces[0], 18, 2), told.number(pieces[3], 18, 2)
    wan = 5_000  # microseconds, each way
    return told, {
        ("host", "ipv4.forwarded"): [(YOU, REMOTE, 63), (REMOTE, YOU, 63)],
        ("remote", "icmp.echo"): [(YOU, identifier, 1)],
        ("host", "icmp.echo"): [(YOU, identifier + 1, 1)],
        # The router asks for the remote's address first, and the remote knows the router's from that; ARP here, too.
        ("you", "icmp.reply"): [(REMOTE, identifier, 1, 4 * HOP + 4 * wan), (HOST, identifier + 1, 1, 2 * HOP)],
        ("you", "ipv4.fragmented"): [(ours, 3)],
        ("host", "ipv4.fragmented"): [(theirs, 3)],
        ("host", "ipv4.reassembled"): [(ours, 3, 3028)],
        ("you", "ipv4.reassembled"): [(theirs, 3, 3028)],
        ("remote", "arp.learned"): [(WAN, ROUTER_MAC, "request")],
    }


def nobody_answers() -> tuple[Told, Wanted]:
    told = typed("ping 192.168.1.77 --count 1", "run 5s")
    nobody = parse_ip("192.168.1.77")
    return told, {
        ("you", "arp.asked"): [(nobody, 1), (nobody, 2), (nobody, 3)],
        ("you", "arp.failed"): [(nobody, 1)],
        ("you", "drop"): [("arp.unresolved", 0, "no answer from 192.168.1.77")],
    }


def ways_of_a_frame() -> tuple[Told, Wanted]:
    """A link that makes two of each, then one that turns bits over; a core that takes 50 µs for each frame."""
    told = typed("knob set loop.cost 50us --host host", "ping 192.168.1.1 --count 1", "link duplicate 100%",
                 "ping 192.168.1.1 --count 1", "link duplicate 0%", "link corrupt 100%", "ping 192.168.1.1 --count 1")
    altered = told.of("frame.altered", "lan")
    number, _, what = altered[0]
    bit, byte = (int(word) for word in what.split() if word.isdigit())
    assert what == f"bit {bit} of byte {byte} turned over"
    arrived = next(values[2] for host, kind, values in told.events if kind == "frame.arrived" and values[0] == number)
    differing = [(at, old ^ new) for at, (old, new) in enumerate(zip(told.frames[number], arrived, strict=True))
                 if old != new]
    assert differing == [(byte, 1 << bit)]
    return told, {
        # Frames 1 to 4 were alone; from 5 on there are two of each.
        ("lan", "frame.copied"): [(6, "lan", 5), (8, "lan", 7), (10, "lan", 9)],
        ("host", "frame.waits"): [(1, "lan", 0, 50), (3, "lan", 0, 50), (5, "lan", 0, 50), (6, "lan", 0, 100),
                                  (11, "lan", 0, 50)],
        ("lan", "frame.altered"): [(11, "lan", what)],
    }


def names() -> tuple[Told, Wanted]:
    """Frames: 1 and 2 ARP, 3 and 4 the first name, 5 and 6 the second; what is asked again needs none."""
    told = typed("dns ask www.lab", "dns ask nowhere.lab", "dns ask www.lab", "link loss 100%", "dns ask mail.lab",
                 "run 60s")
    lost = [values[2] for _, kind, values in told.events if kind == "frame.sent" and values[0] > 6]
    asked = len([frame for frame in lost if frame[23:24] == b"\x11"])
    return told, {
        ("you", "dns.asked"): [("www.lab", A, HOST, "udp"), ("nowhere.lab", A, HOST, "udp"),
                               *[("mail.lab", A, HOST, "udp")] * asked],
        ("host", "dns.served"): [("www.lab", A, 0, 2), ("nowhere.lab", A, 3, 0)],
        ("you", "dns.answered"): [("www.lab", A, 0, 2), ("nowhere.lab", A, 3, 0)],
        ("you", "dns.cached"): [("www.lab", A, 1), ("host.lab", A, 1)],
        ("you", "dns.failed"): [("mail.lab", A, "no name server answered")],
        ("host", "udp.delivered"): [(YOU, told.port(number), 53, told.number(number, 38, 2) - 8) for number in (3, 5)],
        ("you", "udp.delivered"): [
            (HOST, 53, told.port(number - 1), told.number(number, 38, 2) - 8) for number in (4, 6)],
    }


def lease() -> tuple[Told, Wanted]:
    """Frames: 1 DISCOVER, 2 OFFER, 3 REQUEST, 4 ACK, 5 to 7 ARP probes (RFC 5227)."""
    told = typed("dhcp start", "dhcp release", "run 1s")
    given = parse_ip("192.168.1.100")
    xid = told.number(1, 46)
    release = next(number for number, frame in told.frames.items() if number > 4 and frame[23:24] == b"\x11")
    return told, {
        ("you", "dhcp.sent"): [(DISCOVER, xid, EVERYBODY), ("REQUEST", xid, EVERYBODY),
                               ("RELEASE", told.number(release, 46), HOST)],
        ("you", "dhcp.received"): [("OFFER", xid, HOST, given), ("ACK", xid, HOST, given)],
        ("you", "dhcp.state"): [
            ("off", "selecting", "the user asks"),
            ("selecting", "requesting", "192.168.1.1 offers 192.168.1.100"),
            ("requesting", "checking", "does anybody use the address?"),
            ("checking", "bound", "nobody else has the address"), ("bound", "off", "released")],
        ("host", "dhcp.served"): [(DISCOVER, xid, YOUR_MAC), ("REQUEST", xid, YOUR_MAC),
                                  ("RELEASE", told.number(release, 46), YOUR_MAC)],
    }


def pages() -> tuple[Told, Wanted]:
    """The second page comes with a cookie for data in the SYN (RFC 7413); the third asks for what is not there."""
    told = typed("knob set tcp.fastopen both", "knob set tcp.fastopen both --host host",
                 *(f"http get http://192.168.1.1/{name} --early" for name in ("", "", "nothing")))
    syns = [frame for frame in told.frames.values() if frame[23] == 6 and frame[47] == 0x02]
    option = syns[1].index(b"\x22\x0a")  # kind 34, of 10 bytes (RFC 7413 §4.1.1)
    cookie = syns[1][option + 2:option + 10]
    length = [int.from_bytes(frame[16:18]) - 20 - (frame[46] >> 4) * 4 for frame in syns]
    assert length[0] == 0 < length[1] < length[2]
    return told, {
        ("host", "app"): [("http", "GET /"), ("http", "GET /"), ("http", "GET /nothing")],
        ("you", "tcp.fast_open"): [
            (1, "asks for a cookie", b"", 0), (1, "was given a cookie", cookie, 0),
            (2, "sends data in the SYN", cookie, length[1]), (2, "the data in the SYN was taken", b"", length[1]),
            (3, "sends data in the SYN", cookie, length[2]), (3, "the data in the SYN was taken", b"", length[2])],
        ("host", "tcp.fast_open"): [
            (1, "gives a cookie", cookie, 0), (2, "takes the data of the SYN", b"", length[1]),
            (3, "takes the data of the SYN", b"", length[2])],
    }


def ways_that_are_none() -> tuple[Told, Wanted]:
    """Nobody listens; the time to live runs out."""
    told = typed("tcp connect 192.168.1.1:5", "ping 10.0.2.2 --ttl 1 --count 1", "ping 1.2.3.4 --count 1")
    return told, {
        ("host", "tcp.reset"): [(0, 0, "nobody listens on this port")],
        ("you", "tcp.error"): [(1, errno.ECONNREFUSED)],
        ("host", "drop"): [("tcp.no_listener", 0, "port 5"), ("ipv4.ttl", 0, "for 10.0.2.2"),
                           ("ipv4.no_route", 0, "1.2.3.4")],
        ("host", "icmp.error_sent"): [(11, 0, YOU), (3, 0, YOU)],
        ("you", "icmp.error_received"): [(11, 0, HOST), (3, 0, HOST)],
    }


def window() -> tuple[Told, Wanted]:
    """The peer's window closes and opens; ours grows as we read."""
    s = opened()
    s.send(bytes(1460))
    s.skip()
    s.inject("A seq=1 ack=1461 win=0")
    s.send(bytes(1000))
    s.advance(300_000)
    s.expect("A seq=1460 ack=1 len=0")
    s.inject("A seq=1 ack=1461 win=700")
    return scripted(s), {("you", "tcp.window"): [(1, 0, "closed"), (1, 0, "probe"), (1, 700, "opened")],
                         ("you", "tcp.blocked"): [(1, "window"), (1, "window"), (1, "silly window")],
                         ("you", "tcp.limited"): [(1, "window"), (1, "silly window")]}


def holes() -> tuple[Told, Wanted]:
    """What comes too early is kept; a call for attention; what is far outside is answered once in a while."""
    s = opened()
    s.inject("PA seq=101 ack=1 len=50")
    s.inject("PA seq=1 ack=1 len=100")
    s.inject("UA seq=151 ack=1 len=10 urg=5")
    s.inject("A seq=400000 ack=1")
    s.inject("A seq=400000 ack=1")
    s.inject("R seq=161")
    at = PEER_ISN
    return scripted(s), {
        ("you", "tcp.buffered"): [(1, at + 101, 50)],
        ("you", "tcp.delivered"): [(1, 150), (1, 10)],
        ("you", "tcp.accepted"): [(1, at + 101, 50), (1, at + 1, 100), (1, at + 151, 10)],
        ("you", "tcp.urgent"): [(1, 5)],
        ("you", "tcp.ack_sent"): [
            (1, at + 1, "duplicate: a hole"), (1, at + 151, "a hole is filled"),
            (1, at + 161, "quick: the connection is young"), (1, at + 161, "unacceptable segment, without data")],
        ("you", "tcp.ack_held"): [(1, "unacceptable segment, without data")],
        ("you", "tcp.error"): [(1, errno.ECONNRESET)],
    }


def losses() -> tuple[Told, Wanted]:
    """Three duplicate acknowledgements without SACK, then what repairs it (RFC 5681 §3.2, CUBIC's 0.7)."""
    s = opened()
    mss = 1460
    s.send(bytes(10 * mss))
    s.skip()
    for _ in range(3):
        s.inject("A seq=1 ack=1")
    s.inject(f"A seq=1 ack={10 * mss + 1}")
    return scripted(s), {
        ("you", "tcp.recovery"): [(1, "recovery", "three duplicate acknowledgements"), (1, "open", "ended recovery")],
        ("you", "tcp.retransmit"): [(1, s.our_isn + 1, mss, "three duplicate acknowledgements")],
        ("you", "tcp.cwnd"): [(1, 7 * mss, 7 * mss, "loss"), (1, 7 * mss, 7 * mss, "recovered")],
    }


def slow_start() -> tuple[Told, Wanted]:
    """Each acknowledgement of a segment makes the window a segment wider (RFC 5681 §3.1)."""
    s = opened()
    mss = 1460
    s.send(bytes(20 * mss))
    s.skip()
    s.inject(f"A seq=1 ack={mss + 1}")
    s.inject(f"A seq=1 ack={3 * mss + 1}")
    return scripted(s), {
        ("you", "tcp.cwnd"): [(1, 11 * mss, UNLIMITED, "slow start"), (1, 13 * mss, UNLIMITED, "slow start")]}


def cookies() -> tuple[Told, Wanted]:
    """A listener that keeps nothing of a SYN (RFC 4987 §3.6), and the ACK that brings it back."""
    s = Script(tcp_syn_cookies="always")
    s.handshake("mss=536")
    return scripted(s), {("you", "tcp.cookie"): [(s.our_isn, 536, "sent"), (s.our_isn, 536, "accepted")],
                         ("you", "tcp.opened"): [(1, YOU, PORT, HOST, PEER_PORT)]}


def smaller_path() -> tuple[Told, Wanted]:
    """A router says how large packets may be (RFC 1191 §3)."""
    s = opened()
    s.send(bytes(1000))
    frame = s.lab.sent()[-1]
    s.lab.inject_ip(1, _unreachable(4, 600, frame[14:14 + 28]))
    return scripted(s), {("you", "ipv4.pmtu"): [(HOST, 600, "fragmentation needed")],
                         ("you", "icmp.error_received"): [(3, 4, HOST)],
                         ("you", "tcp.retransmit"): [(1, s.our_isn + 1, 560, "too large for the path"),
                                                (1, s.our_isn + 561, 440, "too large for the path")]}


def _unreachable(code: int, mtu: int, quoted: bytes) -> bytes:
    body = bytes((3, code)) + bytes(2) + bytes(2) + mtu.to_bytes(2) + quoted
    total = sum(int.from_bytes(body[at:at + 2]) for at in range(0, len(body), 2))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return body[:2] + (~total & 0xFFFF).to_bytes(2) + body[4:]


def groups() -> tuple[Told, Wanted]:
    """A group is joined, asked for, reported by another member, left (RFC 2236)."""
    lab = Laboratory()
    events = watched(lab)
    lab.host.igmp.join(GROUP, lab.interface)
    lab.advance(20 * SECOND)
    query(lab, tenths=50)
    report(lab)
    query(lab, GROUP, tenths=10)
    lab.advance(SECOND)
    lab.host.igmp.leave(GROUP, lab.interface)
    return Told(events, {}), {
        ("you", "igmp.joined"): [(GROUP,)],
        ("you", "igmp.asked"): [(ALL_GROUPS, 5 * SECOND), (GROUP, SECOND)],
        ("you", "igmp.suppressed"): [(GROUP, HOST)],
        ("you", "igmp.reported"): [(GROUP, "joined"), (GROUP, "again"), (GROUP, "asked")],
        ("you", "igmp.left"): [(GROUP,)],
    }


def claims() -> tuple[Told, Wanted]:
    """A second address is probed for, used and taken away; a third has an owner, who also claims the first (RFC 5227).

    What is taken away has been given up in whichever state it was.
    """
    lab = Laboratory()
    events = watched(lab)
    mine, taken = parse_ip("192.168.1.7"), parse_ip("192.168.1.8")
    lab.world.do(AddressAdd(address="192.168.1.7/24"))
    lab.advance(20 * SECOND)
    lab.world.do(AddressAdd(address="192.168.1.8/24"))
    lab.advance(1_500_000)
    hear(lab, arp.REPLY, taken, lab.ours)
    hear(lab, arp.REQUEST, lab.ours, lab.ours)
    for address in ("192.168.1.7", "192.168.1.8"):
        lab.world.do(AddressRemove(address=address))
    lab.world.do(AddressAdd(address="192.168.1.7/24"))
    lab.advance(SECOND)
    lab.world.do(AddressRemove(address="192.168.1.7"))
    lab.world.do(AddressAdd(address="192.168.1.7/24"))
    while mine not in lab.host.local:
        lab.advance(SECOND)
    lab.world.do(AddressRemove(address="192.168.1.7"))
    wanted, free, away = ("unused", "probing", "wanted"), ("probing", "announcing", "nobody else has it"), "taken away"
    return Told(events, {}), {
        ("you", "arp.claim"): [
            (mine, *wanted), (mine, *free), (mine, "announcing", "in use", "announced"),
            (taken, *wanted), (taken, "probing", "conflict", "02:00:00:00:00:66 has it, or wants it too"),
            (mine, "in use", "given up", away), (taken, "conflict", "given up", away),
            (mine, *wanted), (mine, "probing", "given up", away),
            (mine, *wanted), (mine, *free), (mine, "announcing", "given up", away)],
        ("you", "arp.conflict"): [(YOU, THIEF)],
    }


def mapped() -> tuple[Told, Wanted]:
    """Behind a NAT: a datagram to the echo service beyond the router, its answer, and 5 s later it is forgotten."""
    told = typed("link box nat --udp-timeout 5s --link wan", "udp send 10.0.2.2:7 x", "run 6s")
    port = told.of("nat.mapping", "wan")[0][2]
    session = (17, YOU, port, WAN, port, REMOTE, 7)
    assert port == told.port(3)  # kept, as it is free
    return told, {
        ("wan", "nat.mapping"): [session],
        ("wan", "nat.state"): [(*session, "", "asked"), (*session, "asked", "answered")],
        ("wan", "nat.expired"): [(*session, "answered", 5 * SECOND)],
    }


def no_lease() -> tuple[Told, Wanted]:
    """Nobody offers an address: the one from before is used."""
    told = typed("link loss 100%", "dhcp start", "run 60s")
    return told, {("you", "dhcp.fell_back"): [(YOU,)]}


SCENES: list[Callable[[], tuple[Told, Wanted]]] = [
    echo, user, sent_bytes, pings, nobody_answers, ways_of_a_frame, names, lease, pages, ways_that_are_none, window,
    holes, losses, slow_start, cookies, smaller_path, groups, claims, mapped, no_lease]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_what_is_told_is_what_happened(scene: Callable[[], tuple[Told, Wanted]]) -> None:
    told, wanted = scene()
    assert wanted
    assert {(kind, host): told.of(kind, host) for host, kind in wanted} == {
        (kind, host): values for (host, kind), values in wanted.items()}


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_a_change_that_is_none_is_not_told(scene: Callable[[], tuple[Told, Wanted]]) -> None:
    for _, kind, values in scene()[0].events:
        said = dict(zip(KINDS[kind].fields, values, strict=True))
        assert "old" not in said or said["old"] != said["new"], (kind, said)


def test_every_declared_event_is_in_a_scene_with_each_of_its_values() -> None:
    checked: dict[str, set[int]] = {}
    for scene in SCENES:
        for (_, kind), rows in scene()[1].items():
            assert rows, "what is told nowhere is not checked"
            checked.setdefault(kind, set()).update(len(row) for row in rows)
    assert sorted(set(KINDS) - set(checked)) == []
    assert {kind: lengths for kind, lengths in checked.items() if lengths != {len(KINDS[kind].fields)}} == {}
