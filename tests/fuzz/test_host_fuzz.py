"""Frames of every kind into a whole host: nothing escapes, and each is accepted or dropped for one reason."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether.apps.dhcp_server import DhcpServer
from aether.apps.dns_server import DnsServer
from aether.events import DROPS, KINDS
from aether.lab import HOST_MAC, SCOPE, YOUR_MAC, ZONE, listen
from aether.laboratory import Laboratory
from aether.operations.net import AddressAdd, IgmpJoin, Ping
from aether.operations.services import DhcpInform, DnsAsk
from aether.udp import UdpSocket
from aether.wire import arp, dhcp, dns, ethernet, icmp, igmp, ipv4, tcp, udp
from aether.wire.address import BROADCAST_MAC
from aether.wire.checksum import checksum

OURS, THEIRS, OTHER = b"\xc0\xa8\x01\x02", b"\xc0\xa8\x01\x01", b"\xc0\xa8\x01\x63"
BROADCAST = b"\xc0\xa8\x01\xff"


def packet(protocol: int, payload: bytes, **fields) -> bytes:
    inside = ipv4.build(
        fields.pop("source", THEIRS), fields.pop("destination", OURS), protocol, payload, **fields)
    return ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV4, inside)


def segment(flags: int, sequence: int = 1000, acknowledgement: int = 0, **fields) -> bytes:
    return tcp.build(THEIRS, OURS, 40_000, fields.pop("to", 80), sequence, acknowledgement, flags, 65_535, **fields)


SYN_OPTIONS = tcp.build_options(mss=1460, window_scale=7, sack_permitted=True, timestamp=(1, 0))
QUOTE = ipv4.build(OURS, THEIRS, 17, udp.build(OURS, THEIRS, 50_000, 53, b"abc"))
GROUP = b"\xe0\1\1\1"
OFFER = dhcp.DhcpMessage(dhcp.BOOT_REPLY, 0x1234, YOUR_MAC, {
    dhcp.OPTION_MESSAGE_TYPE: bytes((dhcp.OFFER,)), dhcp.OPTION_SERVER_IDENTIFIER: THEIRS}, yiaddr=OURS)
DISCOVER = dhcp.DhcpMessage(dhcp.BOOT_REQUEST, 0x1234, HOST_MAC, {dhcp.OPTION_MESSAGE_TYPE: bytes((dhcp.DISCOVER,))})
GOOD = [
    packet(6, segment(tcp.SYN, options=SYN_OPTIONS)),
    packet(6, segment(tcp.ACK | tcp.PSH, 1001, 5, payload=b"GET / HTTP/1.0\r\n\r\n")),
    packet(6, segment(tcp.SYN, to=81)),
    packet(6, segment(tcp.RST, 1001)),
    packet(6, segment(tcp.FIN | tcp.ACK, 1001, 5)),
    packet(17, udp.build(THEIRS, OURS, 40_000, 7, b"echo")),
    packet(17, udp.build(THEIRS, OURS, 40_000, 9999, b"nobody")),
    packet(1, icmp.build(icmp.IcmpMessage(8, 0, 0x10001, b"ping"))),
    packet(1, icmp.build(icmp.IcmpMessage(0, 0, 0x10001, b"pong"))),
    packet(1, icmp.build(icmp.IcmpMessage(3, 3, 0, QUOTE))),
    packet(1, icmp.build(icmp.IcmpMessage(3, 4, 576, QUOTE))),
    packet(1, icmp.build(icmp.IcmpMessage(11, 0, 0, QUOTE[:28]))),
    packet(1, icmp.build(icmp.IcmpMessage(13, 0, 0, bytes(12)))),
    packet(2, bytes.fromhex("1164ee9b00000000"), destination=b"\xe0\0\0\1"),
    packet(2, igmp.build(igmp.IgmpMessage(igmp.QUERY, 0, GROUP)), destination=GROUP, options=b"\x94\x04\0\0"),
    packet(2, igmp.build(igmp.IgmpMessage(igmp.V2_REPORT, 0, GROUP)), destination=GROUP),
    packet(2, igmp.build(igmp.IgmpMessage(igmp.LEAVE, 0, GROUP)), destination=b"\xe0\0\0\2"),
    packet(17, udp.build(THEIRS, GROUP, 40_000, 7, b"all of you"), destination=GROUP),
    packet(1, icmp.build(icmp.IcmpMessage(8, 0, 0x10001, b"ping")), options=b"\x07\x0b\x08" + THEIRS + bytes(5)),
    packet(1, icmp.build(icmp.IcmpMessage(8, 0, 0x10001, b"ping")), options=b"\x44\x0c\x05\x01" + bytes(8)),
    packet(17, udp.build(THEIRS, OURS, 67, 68, dhcp.build(OFFER))),
    packet(17, udp.build(THEIRS, OURS, 68, 67, dhcp.build(DISCOVER))),
    packet(17, udp.build(THEIRS, OURS, 53, 53, dns.build(dns.DnsMessage(7, [dns.Question("www.lab")])))),
    packet(99, b"unknown"),
    packet(99, b""),
    packet(1, b"", ttl=1),
    packet(17, bytes(8), more_fragments=True, dont_fragment=False),
    packet(17, bytes(8), fragment_offset=8, dont_fragment=False),
    packet(17, bytes(9), fragment_offset=65_528, dont_fragment=False),
    packet(6, segment(tcp.SYN), options=b"\x83\x07\x04\xc0\xa8\x01\x63\0"),
    packet(6, segment(tcp.SYN), destination=OTHER),
    packet(6, segment(tcp.SYN), destination=BROADCAST),
    packet(6, segment(tcp.SYN), source=OURS),
    packet(17, udp.build(THEIRS, BROADCAST, 1, 7, b""), destination=BROADCAST),
    ethernet.build(BROADCAST_MAC, HOST_MAC, ethernet.TYPE_ARP, arp.build(
        arp.ArpPacket(arp.REQUEST, HOST_MAC, THEIRS, bytes(6), OURS))),
    ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_ARP, arp.build(
        arp.ArpPacket(arp.REPLY, HOST_MAC, THEIRS, YOUR_MAC, OURS))),
    ethernet.build(BROADCAST_MAC, HOST_MAC, ethernet.TYPE_ARP, arp.build(
        arp.ArpPacket(arp.REQUEST, HOST_MAC, OTHER, bytes(6), OTHER))),
    ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV6, bytes(40)),
    ethernet.build(YOUR_MAC, HOST_MAC, 46, bytes(46)),
    ethernet.build(YOUR_MAC, HOST_MAC, 0x88CC, bytes(46)),
]


OWN_PACKETS = ("ipv4.no_route", "ipv4.too_big", "arp.queue_full", "arp.unresolved")
"""Drops of what the host would like to send; this host forwards nothing."""


class Watch:
    """Sees every event, and that each has the values that it declares."""

    def __init__(self) -> None:
        self.dropped: list[str] = []

    def __call__(self, host: str, kind: str, *values: object) -> None:
        assert len(values) == len(KINDS[kind].fields), f"{kind} with {values}"
        if kind == "drop":
            assert values[0] in DROPS
            if values[0] not in OWN_PACKETS:
                self.dropped.append(str(values[0]))


def arrive(lab: Laboratory, frame: bytes) -> str:
    """Let one frame arrive; return why it was dropped, or nothing when it was accepted."""
    watch = Watch()
    lab.world.observe(watch)
    drops, counters = received_drops(lab), sum(lab.host.counters.values())
    known = {address: (entry.mac, entry.state) for address, entry in lab.interface.neighbours.entries.items()}
    lab.inject(frame)
    lab.world.observe(None)
    assert received_drops(lab) - drops == len(watch.dropped)
    assert len(watch.dropped) <= 1, f"two reasons for one frame: {watch.dropped}"
    if watch.dropped:
        return watch.dropped[0]
    is_arp = frame[12:14] == b"\x08\x06"
    accepted = sum(lab.host.counters.values()) > counters or (is_arp and (
        lab.sent() or known != {
            address: (entry.mac, entry.state) for address, entry in lab.interface.neighbours.entries.items()}
        or frame[28:32] in known))
    assert accepted, f"neither accepted nor dropped: {frame.hex()}"
    return ""


def received_drops(lab: Laboratory) -> int:
    """Return how many arriving frames were dropped."""
    return sum(count for reason, count in lab.host.drops.items() if reason not in OWN_PACKETS)


def fixed_checksums(frame: bytes) -> bytes:
    """Make the checksums right again, so that what was changed gets past them."""
    if len(frame) < 34 or frame[12:14] != b"\x08\x00" or frame[14] >> 4 != 4:
        return frame
    length = (frame[14] & 15) * 4
    if length < 20 or len(frame) < 14 + length:
        return frame
    data = bytearray(frame)
    data[24:26] = b"\0\0"
    data[24:26] = wire_checksum(bytes(data[14:14 + length]))
    body = 14 + length
    at = {1: 2, 6: 16, 17: 6}.get(data[23])
    total = int.from_bytes(data[16:18], "big")
    end = min(len(data), 14 + total)
    if at is None or end < body + at + 2:
        return bytes(data)
    data[body + at:body + at + 2] = b"\0\0"
    pseudo = b"" if data[23] == 1 else bytes(data[26:34]) + bytes((0, data[23])) + (end - body).to_bytes(2, "big")
    data[body + at:body + at + 2] = wire_checksum(pseudo + bytes(data[body:end]))
    return bytes(data)


def wire_checksum(data: bytes) -> bytes:
    return checksum(data).to_bytes(2, "big")


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Draw a good frame, one with bytes changed, a cut one, a longer one, or random bytes."""
    if draw(st.integers(0, 9)) == 0:
        header = draw(st.sampled_from([b"", YOUR_MAC + HOST_MAC + b"\x08\x00", BROADCAST_MAC + HOST_MAC + b"\x08\x06"]))
        return header + draw(st.binary(max_size=300))
    frame = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(0, 4))):
        frame[draw(st.integers(0, len(frame) - 1))] = draw(st.one_of(st.sampled_from([0, 0xFF]), st.integers(0, 255)))
    mangled = bytes(frame)
    if draw(st.booleans()):
        mangled = mangled[:draw(st.integers(0, len(mangled)))]
    mangled += draw(st.one_of(st.just(b""), st.binary(max_size=20)))
    return fixed_checksums(mangled) if draw(st.booleans()) else mangled


@pytest.mark.parametrize("profile", ["modern", "classic"])
@settings(max_examples=400, deadline=None)
@given(sequence=st.lists(frames(), min_size=1, max_size=8))
def test_any_frames(profile: str, sequence: list[bytes]) -> None:
    lab = Laboratory(profile_name=profile)
    for frame in sequence:
        arrive(lab, frame)
    lab.advance(3_000_000)


def busy_lab(profile: str = "modern") -> Laboratory:
    """Return a laboratory whose host serves all that there is, is in a group, and waits for many answers."""
    lab = Laboratory(profile_name=profile)
    host = lab.host
    names = DnsServer(host, ZONE)
    UdpSocket(host, names).bind(53)
    listen(host, 53, names)
    UdpSocket(host, DhcpServer(host, SCOPE)).bind(67)
    host.resolver.servers = [THEIRS]
    lab.world.do(IgmpJoin(group="224.1.1.1"))
    lab.world.do(AddressAdd(address="192.168.1.99/24"))
    lab.world.do(DnsAsk(name="www.lab"))
    lab.world.do(Ping(address="192.168.1.1", count=1000))
    lab.world.do(DhcpInform())
    lab.sent()
    return lab


@pytest.mark.parametrize("profile", ["modern", "classic"])
@settings(max_examples=200, deadline=None)
@given(sequence=st.lists(frames(), min_size=1, max_size=12))
def test_any_frames_to_a_busy_host(profile: str, sequence: list[bytes]) -> None:
    """Every service runs, and answers are waited for; no exception escapes, no frame has two reasons."""
    lab = busy_lab(profile)
    for frame in sequence:
        watch = Watch()
        lab.world.observe(watch)
        lab.inject(frame)
        lab.world.observe(None)
        assert len(watch.dropped) <= 1, watch.dropped
    lab.advance(30_000_000)


MEMORY = 8 << 20
"""Bytes that a host's whole state may take, whatever has arrived; 4 MB of it are unfinished packets."""


def forged(number: int) -> list[bytes]:
    """Return frames as a flood sends them: each from another address, about something else."""
    source = bytes((10, number >> 16 & 255, number >> 8 & 255, number & 255 or 1))
    port = 1024 + number % 60_000
    neighbour = bytes((192, 168, 1, 3 + number % 250))
    quote = ipv4.build(OURS, source, 17, udp.build(OURS, source, port, 53, b"abc"))
    inside = [
        (17, udp.build(source, OURS, port, 4444, b"x"), {}),
        (17, udp.build(source, OURS, port, 9, bytes(1000)), {}),
        (17, bytes(1000), {"more_fragments": True, "dont_fragment": False, "identification": number & 0xFFFF}),
        (17, bytes(1000), {"fragment_offset": 8000, "dont_fragment": False, "identification": number & 0xFFFF}),
        (6, tcp.build(source, OURS, port, 80, number, 0, tcp.SYN, 65_535, SYN_OPTIONS), {}),
        (1, icmp.build(icmp.IcmpMessage(3, 4, 600, quote)), {}),
        (1, icmp.build(icmp.IcmpMessage(8, 0, number, bytes(500))), {"options": b"\x07\x07\x04" + bytes(5)}),
        (2, igmp.build(igmp.IgmpMessage(igmp.V2_REPORT, 0, GROUP)), {"destination": GROUP}),
    ]
    found = [packet(protocol, payload, source=source, **fields) for protocol, payload, fields in inside]
    mac = b"\2" + number.to_bytes(5, "big")
    found.append(ethernet.build(BROADCAST_MAC, mac, ethernet.TYPE_ARP, arp.build(
        arp.ArpPacket(arp.REQUEST, mac, neighbour, bytes(6), OURS))))
    return found


def test_memory_is_bounded() -> None:
    """40,000 frames of nine floods at once: each is accepted or counted, and what is kept does not grow."""
    lab = busy_lab()
    lab.host.routes.add(bytes(4), 0, THEIRS, 0)
    sizes = []
    for number in range(1, 4501):
        for frame in forged(number):
            lab.inject(frame)
        lab.sent()
        if number % 1500 == 0:
            sizes.append(len(pickle.dumps(lab.host)))
    assert max(sizes) < MEMORY, sizes
    assert sizes[-1] < 1.1 * sizes[-2], f"it still grows: {sizes}"
    lab.advance(120_000_000)
    assert lab.host.ipv4.fragments.memory == 0
    assert lab.host.tcp.connections == {}


@settings(max_examples=400, deadline=None)
@given(sequence=st.lists(st.tuples(frames(), st.booleans()), min_size=1, max_size=8))
def test_any_frames_through_a_router(sequence: list[tuple[bytes, bool]]) -> None:
    """The same at a host that forwards, many of them for somebody else."""
    lab = Laboratory(ipv4_forward="on")
    watch = Watch()
    lab.world.observe(watch)
    for frame, elsewhere in sequence:
        if elsewhere and len(frame) >= 34:
            frame = fixed_checksums(frame[:30] + OTHER + frame[34:])
        lab.inject(frame)
    lab.advance(10_000_000)


@pytest.mark.parametrize("profile", ["modern", "classic"])
@pytest.mark.parametrize("index", range(len(GOOD)))
def test_every_length(profile: str, index: int) -> None:
    """Each frame cut to every length, as it is and with its checksums made right again."""
    for length in range(len(GOOD[index]) + 1):
        for frame in (GOOD[index][:length], fixed_checksums(GOOD[index][:length])):
            lab = Laboratory(profile_name=profile)
            reason = arrive(lab, frame)
            if length < 14:
                assert reason == "ethernet.truncated"


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_segments_into_a_connection(data: st.DataObject) -> None:
    """Segments around the window of an open connection, with any flags and options."""
    lab = Laboratory()
    lab.inject_tcp("S", 1000, options=SYN_OPTIONS)
    iss = tcp.parse(lab.sent()[0][34:]).sequence
    lab.inject_tcp("A", 1001, iss + 1, options=tcp.build_options(timestamp=(2, 1)))
    near = st.one_of(st.integers(-3, 3), st.sampled_from([-70_000, 1460, 65_535, 70_000, 1 << 31]))
    for _ in range(data.draw(st.integers(1, 8))):
        options = data.draw(st.one_of(
            st.just(b""), st.just(tcp.build_options(timestamp=(3, 1))), st.just(tcp.build_options(timestamp=(1, 0))),
            st.binary(max_size=9).map(lambda raw: (b"\1\1\x05" + raw).ljust(12, b"\0")),
            st.just(tcp.build_options(sack=((iss + 1 & 0xFFFFFFFF, iss + 9 & 0xFFFFFFFF),), timestamp=(3, 1)))))
        arrive(lab, packet(6, segment(
            data.draw(st.one_of(st.sampled_from([16, 17, 18, 4, 20, 2]), st.integers(0, 0x1FF))),
            1001 + data.draw(near) & 0xFFFFFFFF, iss + 1 + data.draw(near) & 0xFFFFFFFF, options=options,
            payload=data.draw(st.one_of(st.just(b""), st.just(b"GET / HTTP/1.1\r\n\r\n"), st.binary(max_size=40))),
            urgent=data.draw(st.sampled_from([0, 1, 65_535])))))
        if data.draw(st.booleans()):
            lab.advance(data.draw(st.sampled_from([1, 40_000, 1_000_000])))
    lab.advance(200_000_000)
