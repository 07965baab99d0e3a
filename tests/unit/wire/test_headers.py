"""Ethernet, ARP, IPv4, ICMP, IGMP and UDP: round trips, the same bytes as scapy builds, and the edges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.compat import raw
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Ether

from aether.wire import arp, ethernet, icmp, igmp, ipv4, udp
from aether.wire.address import show_ip, show_mac
from aether.wire.error import WireError

macs = st.binary(min_size=6, max_size=6)
ips = st.binary(min_size=4, max_size=4)
octet = st.integers(0, 0xFF)
word = st.integers(0, 0xFFFF)
payloads = st.binary(max_size=60)
A, B = b"\xc0\xa8\x01\x01", b"\xc0\xa8\x01\x02"


def reason(call, *arguments, **named) -> str:
    with pytest.raises(WireError) as caught:
        call(*arguments, **named)
    return caught.value.reason


@given(macs, macs, word, payloads)
def test_ethernet(destination: bytes, source: bytes, ethertype: int, payload: bytes) -> None:
    frame = ethernet.build(destination, source, ethertype, payload)
    assert ethernet.parse(memoryview(frame)) == (destination, source, ethertype)
    assert frame == raw(Ether(dst=show_mac(destination), src=show_mac(source), type=ethertype) / payload)


def test_ethernet_truncated() -> None:
    assert reason(ethernet.parse, bytes(13)) == "ethernet.truncated"


@given(st.sampled_from([arp.REQUEST, arp.REPLY]), macs, ips, macs, ips, payloads)
def test_arp(operation: int, sender: bytes, sender_ip: bytes, target: bytes, target_ip: bytes, padding: bytes) -> None:
    packet = arp.ArpPacket(operation, sender, sender_ip, target, target_ip)
    built = arp.build(packet)
    assert arp.parse(memoryview(built + padding)) == packet
    assert built == raw(ARP(
        hwtype=1, ptype=0x0800, hwlen=6, plen=4, op=operation, hwsrc=show_mac(sender), psrc=show_ip(sender_ip),
        hwdst=show_mac(target), pdst=show_ip(target_ip),
    ))


@pytest.mark.parametrize("at, value", [(0, 6), (1, 2), (2, 0x86), (4, 8), (5, 16), (6, 1), (7, 0), (7, 3)])
def test_arp_for_something_else(at: int, value: int) -> None:
    packet = bytearray(arp.build(arp.ArpPacket(arp.REQUEST, bytes(6), A, bytes(6), B)))
    packet[at] = value
    assert reason(arp.parse, packet) == "arp.unsupported"
    assert reason(arp.parse, packet[:27]) == "arp.truncated"


option_lists = st.binary(max_size=8).map(lambda data: (bytes((7, 2 + len(data))) + data).ljust(12, b"\0"))


@given(
    ips, ips, octet, payloads, octet, octet, word, st.booleans(), st.booleans(), st.integers(0, 0x1FFF),
    st.one_of(st.just(b""), option_lists),
)
def test_ipv4(
    source: bytes, destination: bytes, protocol: int, payload: bytes, ttl: int, tos: int, identification: int,
    dont_fragment: bool, more_fragments: bool, offset: int, options: bytes,
) -> None:
    packet = ipv4.build(
        source, destination, protocol, payload, ttl=ttl, tos=tos, identification=identification,
        dont_fragment=dont_fragment, more_fragments=more_fragments, fragment_offset=offset * 8, options=options,
    )
    header = ipv4.parse(memoryview(packet + b"padding"))
    assert (header.source, header.destination, header.protocol, header.ttl, header.tos) == (
        source, destination, protocol, ttl, tos)
    assert (header.identification, header.dont_fragment, header.more_fragments, header.fragment_offset) == (
        identification, dont_fragment, more_fragments, offset * 8)
    assert (header.options, header.header_length, header.total_length) == (options, 20 + len(options), len(packet))
    assert packet[header.header_length:header.total_length] == payload
    theirs = bytearray(raw(IP(
        src=show_ip(source), dst=show_ip(destination), proto=protocol, ttl=ttl, tos=tos, id=identification,
        flags=2 * dont_fragment + more_fragments, frag=offset, ihl=5 + len(options) // 4, len=len(packet),
    ) / payload))
    theirs[20:20] = options
    if options:  # scapy did not see them: let its checksum stand aside
        theirs[10:12] = packet[10:12]
    assert packet == theirs


def test_ipv4_refuses_what_fits_nowhere() -> None:
    with pytest.raises(ValueError, match="multiple of 4"):
        ipv4.build(A, B, 6, b"", options=b"\1\1\1")
    with pytest.raises(ValueError, match="multiple of 4"):
        ipv4.build(A, B, 6, b"", options=b"\1" * 44)
    with pytest.raises(ValueError, match="65535"):
        ipv4.build(A, B, 6, bytes(65_516))
    with pytest.raises(ValueError, match="multiple of 8"):
        ipv4.build(A, B, 6, b"", fragment_offset=12)
    assert len(ipv4.build(A, B, 6, bytes(65_515))) == 65_535


@pytest.mark.parametrize("change, expected", [
    ({0: 0x65}, "ipv4.version"),
    ({0: 0x44}, "ipv4.header_length"),
    ({0: 0x4F}, "ipv4.header_length"),
    ({3: 19}, "ipv4.truncated"),
    ({3: 33}, "ipv4.truncated"),
    ({8: 63}, "ipv4.checksum"),
    ({10: 0, 11: 0}, "ipv4.checksum"),
])
def test_ipv4_malformed(change: dict[int, int], expected: str) -> None:
    packet = bytearray(ipv4.build(A, B, 6, bytes(12), identification=9))
    assert ipv4.parse(packet).total_length == 32
    for at, value in change.items():
        packet[at] = value
    assert reason(ipv4.parse, packet) == expected
    if expected == "ipv4.checksum":
        assert ipv4.parse(packet, verify=False).protocol == 6


def test_ipv4_truncated() -> None:
    packet = ipv4.build(A, B, 6, bytes(12))
    for length in range(len(packet)):
        assert reason(ipv4.parse, packet[:length]) == "ipv4.truncated"
        if length >= 20:
            assert ipv4.parse_quoted(packet[:length]).total_length == 32
        else:
            assert reason(ipv4.parse_quoted, packet[:length]) == "ipv4.truncated"


@pytest.mark.parametrize("options", [b"\x07\x00\0\0", b"\x07\x01\0\0", b"\x07\x05\0\0", b"\1\1\1\x07", b"\x83"])
def test_ipv4_malformed_options(options: bytes) -> None:
    assert reason(ipv4.parse_options, options) == "ipv4.options"
    padded = options if len(options) == 4 else b"\1\1\1" + options
    assert reason(ipv4.parse, ipv4.build(A, B, 6, b"", options=padded)) == "ipv4.options"
    assert ipv4.parse_quoted(ipv4.build(A, B, 6, b"", options=padded)).options == padded


def test_ipv4_options_in_order() -> None:
    raw_options = b"\x01\x94\x04\x00\x00\x07\x03\x04\x00\xff\xff"
    assert ipv4.parse_options(raw_options) == [(148, b"\0\0"), (7, b"\x04")]
    assert ipv4.parse_options(b"") == []


@given(ips, ips, octet, st.integers(1, 255), octet, word, payloads)
def test_decrement_ttl(
    source: bytes, destination: bytes, protocol: int, ttl: int, tos: int, identification: int, payload: bytes
) -> None:
    options = {"tos": tos, "identification": identification}
    before = ipv4.build(source, destination, protocol, payload, ttl=ttl, **options)
    assert ipv4.decrement_ttl(before) == ipv4.build(source, destination, protocol, payload, ttl=ttl - 1, **options)


def test_decrement_ttl_for_every_checksum() -> None:
    for identification in range(0, 0x10000, 7):
        packet = ipv4.build(A, B, 17, b"", ttl=2, identification=identification)
        assert ipv4.decrement_ttl(packet) == ipv4.build(A, B, 17, b"", ttl=1, identification=identification)


def test_decrement_ttl_of_nothing() -> None:
    assert reason(ipv4.decrement_ttl, ipv4.build(A, B, 6, b"", ttl=0)) == "ipv4.ttl"
    assert reason(ipv4.decrement_ttl, b"\x45" + bytes(18)) == "ipv4.truncated"


@given(octet, octet, st.integers(0, 0xFFFFFFFF), payloads)
def test_icmp(kind: int, code: int, rest: int, payload: bytes) -> None:
    message = icmp.IcmpMessage(kind, code, rest, payload)
    built = icmp.build(message)
    assert icmp.parse(memoryview(built)) == message
    assert (message.identifier << 16 | message.sequence, message.mtu) == (rest, rest & 0xFFFF)


@given(word, word, payloads)
def test_icmp_echo_as_scapy(identifier: int, sequence: int, payload: bytes) -> None:
    built = icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, identifier << 16 | sequence, payload))
    assert built == raw(ICMP(type=8, code=0, id=identifier, seq=sequence) / payload)


def test_icmp_malformed() -> None:
    message = icmp.build(icmp.IcmpMessage(8, 0, 1, b"abc"))
    assert reason(icmp.parse, message[:7]) == "icmp.truncated"
    assert reason(icmp.parse, message[:-1]) == "icmp.checksum"
    assert icmp.parse(message[:-1], verify=False).payload == b"ab"


def test_icmp_of_zeros() -> None:
    built = icmp.build(icmp.IcmpMessage(0, 0, 0, b"\0"))
    assert built == b"\0\0\xff\xff\0\0\0\0\0"
    assert icmp.parse(built).payload == b"\0"
    assert reason(icmp.parse, bytes(9)) == "icmp.checksum"


def test_icmp_of_words_that_add_up_to_ffff() -> None:
    assert icmp.build(icmp.IcmpMessage(0, 0, 0, b"\xff\xff")) == raw(ICMP(type=0, code=0, id=0, seq=0) / b"\xff\xff")


@given(st.sampled_from([0x11, 0x12, 0x16, 0x17]), octet, ips)
def test_igmp(kind: int, response: int, group: bytes) -> None:
    message = igmp.IgmpMessage(kind, response, group)
    built = igmp.build(message)
    assert igmp.parse(memoryview(built)) == message
    assert reason(igmp.parse, built[:7]) == "igmp.truncated"
    assert reason(igmp.parse, built[:4] + bytes((built[4] ^ 1,)) + built[5:]) == "igmp.checksum"


def test_igmp_as_in_a_capture() -> None:
    report = bytes.fromhex("16000904e00000fb")
    assert igmp.parse(report) == igmp.IgmpMessage(igmp.V2_REPORT, 0, b"\xe0\0\0\xfb")
    assert igmp.build(igmp.parse(report)) == report


@given(ips, ips, word, word, payloads, payloads)
def test_udp(source: bytes, destination: bytes, port: int, to: int, payload: bytes, padding: bytes) -> None:
    built = udp.build(source, destination, port, to, payload)
    header = udp.parse(memoryview(built + padding), source, destination)
    assert (header.source_port, header.destination_port, header.length) == (port, to, 8 + len(payload))
    assert header.checksum
    theirs = raw(IP(src=show_ip(source), dst=show_ip(destination), proto=17) / UDP(sport=port, dport=to) / payload)
    assert built == theirs[20:]


def test_udp_checksum_of_zero_is_written_as_ffff() -> None:
    payload = udp.build(b"\0" * 4, b"\0" * 4, 0, 0, b"\0\0")[6:8]  # makes the sum 0xffff
    built = udp.build(b"\0" * 4, b"\0" * 4, 0, 0, payload)
    assert built[6:8] == b"\xff\xff"
    assert udp.parse(built, b"\0" * 4, b"\0" * 4).checksum == 0xFFFF


def test_udp_without_checksum_is_accepted() -> None:
    built = bytearray(udp.build(A, B, 1, 2, b"abc"))
    built[6:8] = b"\0\0"
    assert udp.parse(built, A, B).checksum == 0
    built[6:8] = b"\0\1"
    assert reason(udp.parse, built, A, B) == "udp.checksum"
    assert udp.parse(built, A, B, verify=False).length == 11


@pytest.mark.parametrize("length", [0, 7, 12, 0xFFFF])
def test_udp_wrong_length(length: int) -> None:
    built = bytearray(udp.build(A, B, 1, 2, b"abc"))
    assert reason(udp.parse, built[:7], A, B) == "udp.truncated"
    built[4:6] = length.to_bytes(2, "big")
    assert reason(udp.parse, built, A, B, verify=False) == "udp.truncated"


def test_udp_too_long() -> None:
    with pytest.raises(ValueError, match="65527"):
        udp.build(A, B, 1, 2, bytes(65_528))
