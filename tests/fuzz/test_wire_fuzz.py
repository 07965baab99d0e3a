"""Damaged frames through every parser, layer by layer.

A parser returns or raises WireError with a declared reason of its own protocol. Bytes and memoryviews read the
same, `verify` only ever adds a complaint about the checksum, and what was read can be built and read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether.events import DROPS
from aether.wire import arp, dhcp, dns, ethernet, icmp, igmp, ipv4, tcp, udp
from aether.wire.error import WireError

YOU, HOST = b"\xc0\xa8\x01\x02", b"\xc0\xa8\x01\x01"
YOUR_MAC, HOST_MAC = b"\x02\0\0\0\0\x02", b"\x02\0\0\0\0\x01"


def frame(protocol: int, payload: bytes, **fields: Any) -> bytes:
    return ethernet.build(
        YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV4, ipv4.build(HOST, YOU, protocol, payload, **fields))


def segment(flags: int, options: bytes, payload: bytes = b"") -> bytes:
    return tcp.build(HOST, YOU, 40_000, 80, 0xFFFFFFF0, 7, flags, 65_535, options, payload)


def datagram(port: int, payload: bytes) -> bytes:
    return frame(ipv4.PROTO_UDP, udp.build(HOST, YOU, port, 40_000, payload))


SYN = segment(tcp.SYN, tcp.build_options(mss=1460, window_scale=7, sack_permitted=True, timestamp=(1, 0)))
LAB = dns.DnsMessage(1, [dns.Question("www.lab")], response=True, answers=[
    dns.Record("www.lab", dns.TYPE_CNAME, 60, "host.lab"),
    dns.Record("host.lab", dns.TYPE_A, 60, HOST),
    dns.Record("lab", dns.TYPE_MX, 60, dns.Mx(10, "mail.lab")),
    dns.Record("lab", dns.TYPE_TXT, 60, dns.Text((b"hello", b""))),
], authorities=[
    dns.Record("lab", dns.TYPE_SOA, 60, dns.Soa("ns.lab", "root.lab", 1, 2, 3, 4, 5)),
    dns.Record("_http._tcp.lab", dns.TYPE_SRV, 60, dns.Srv(0, 1, 80, "www.lab")),
], additionals=[dns.Record(".", dns.TYPE_OPT, 0, dns.Options(((10, b"cookie"),)), 1232)])
LEASE = dhcp.DhcpMessage(dhcp.BOOT_REPLY, 0x1234, YOUR_MAC, {
    dhcp.OPTION_MESSAGE_TYPE: bytes((dhcp.ACK,)), dhcp.OPTION_ROUTERS: HOST, dhcp.OPTION_LEASE_TIME: bytes(4),
    dhcp.OPTION_DOMAIN_NAME: b"lab", 224: bytes(300),
}, yiaddr=YOU, sname=b"host")
OVERLOADED = bytearray(dhcp.build(LEASE)[:240] + b"\x34\x01\x03\xff")
OVERLOADED[44:51] = b"\x0c\x03you\xff\0"
OVERLOADED[108:114] = b"\x0f\x03lab\xff"
GOOD = [
    ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_ARP, arp.build(
        arp.ArpPacket(arp.REPLY, HOST_MAC, HOST, YOUR_MAC, YOU))),
    ethernet.build(YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV6, bytes(40)),
    frame(ipv4.PROTO_TCP, SYN),
    frame(ipv4.PROTO_TCP, segment(tcp.ACK | tcp.PSH, tcp.build_options(timestamp=(1, 2)), b"GET / HTTP/1.0\r\n\r\n")),
    frame(ipv4.PROTO_TCP, segment(tcp.ACK, tcp.build_options(timestamp=(1, 2), sack=((1, 2), (3, 4), (5, 6))))),
    frame(ipv4.PROTO_TCP, segment(tcp.SYN, b"\x22\x0aabcdefgh\x1c\x04\x80\x01\x13\x12" + bytes(16))),
    frame(ipv4.PROTO_TCP, SYN, options=b"\x01\x07\x07\x04\0\0\0\0\x94\x04\0\0"),
    frame(ipv4.PROTO_UDP, bytes(16), more_fragments=True, dont_fragment=False, fragment_offset=64),
    frame(ipv4.PROTO_ICMP, icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 0x10001, b"ping"))),
    frame(ipv4.PROTO_ICMP, icmp.build(icmp.IcmpMessage(
        icmp.DESTINATION_UNREACHABLE, icmp.FRAGMENTATION_NEEDED, 576,
        ipv4.build(YOU, HOST, ipv4.PROTO_TCP, SYN, options=b"\x94\x04\0\0")))),
    frame(ipv4.PROTO_IGMP, igmp.build(igmp.IgmpMessage(igmp.V2_REPORT, 0, b"\xe0\0\0\xfb")), ttl=1),
    datagram(7, b"echo"),
    datagram(dns.PORT, dns.build(LAB)),
    datagram(dhcp.SERVER_PORT, dhcp.build(LEASE)),
    datagram(dhcp.SERVER_PORT, bytes(OVERLOADED)),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a good frame with bytes changed, cut out, doubled or taken from another frame, and perhaps its end cut."""
    data = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data)))
        to = min(len(data), at + draw(st.integers(0, 12)))
        kind = draw(st.sampled_from(["set", "set", "bit", "cut", "double", "other"]))
        if kind == "set" and at < len(data):
            data[at] = draw(st.one_of(st.sampled_from([0, 1, 2, 0x7F, 0x80, 0xC0, 0xFF]), st.integers(0, 255)))
        elif kind == "bit" and at < len(data):
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "cut":
            del data[at:to]
        elif kind == "double":
            data[at:at] = data[at:to]
        elif kind == "other":
            data[at:to] = draw(st.sampled_from(GOOD))[at:to]
    return bytes(data[:draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))])


def fields(value: Any) -> Any:
    """Return what a parser returned in a form that can be compared."""
    names = getattr(type(value), "__slots__", ()) or getattr(value, "__dict__", ())  # of options, those that are there
    return sorted((name, getattr(value, name)) for name in names) if names or hasattr(value, "__dict__") else value


def read(protocol: str, parse: Callable[..., Any], data: bytes, *rest: bytes) -> Any:
    """Parse `data`, as bytes and as a memoryview; return None when it is refused."""
    outcomes: list[Any] = []
    found = None
    for buffer in (data, memoryview(data)):
        try:
            found = parse(buffer, *rest)
            outcomes.append(fields(found))
        except WireError as problem:
            assert problem.reason in DROPS and problem.reason.startswith(protocol + "."), problem
            outcomes.append((problem.reason, problem.detail))
    assert outcomes[0] == outcomes[1]
    return found


def read_verified(protocol: str, parse: Callable[..., Any], data: bytes, *rest: bytes) -> Any:
    """Parse `data` whose checksum may be wrong; what `verify` says besides has to be about the checksum."""
    def unverified(buffer: Any, *more: bytes) -> Any:
        return parse(buffer, *more, verify=False)

    found = read(protocol, unverified, data, *rest)
    try:
        assert fields(parse(data, *rest)) == fields(found)
    except WireError as problem:
        assert found is None or problem.reason == protocol + ".checksum"
    return found


def same_but(at: int, ours: bytes, theirs: bytes) -> bool:
    """Tell whether two messages agree but for the checksum at `at`."""
    return ours[:at] + ours[at + 2:] == theirs[:at] + theirs[at + 2:]


def walk(data: bytes) -> Iterator[str]:
    """Take a frame apart as far as it goes, building each layer again; yield the protocols that were read."""
    link = read("ethernet", ethernet.parse, data)
    if link is None:
        return
    assert ethernet.build(*link, data[14:]) == data
    yield "ethernet"
    if link[2] == ethernet.TYPE_ARP:
        packet = read("arp", arp.parse, data[14:])
        if packet is not None:
            assert arp.build(packet) == data[14:42]
            yield "arp"
    elif link[2] == ethernet.TYPE_IPV4:
        yield from walk_ipv4(data[14:])


def walk_ipv4(packet: bytes) -> Iterator[str]:
    header = read_verified("ipv4", ipv4.parse, packet)
    if header is None:
        read("ipv4", ipv4.parse_quoted, packet)
        return
    assert 20 <= header.header_length <= header.total_length <= len(packet)
    assert fields(ipv4.parse_quoted(packet)) == fields(header)
    payload = packet[header.header_length:header.total_length]
    built = ipv4.build(
        header.source, header.destination, header.protocol, payload, ttl=header.ttl, tos=header.tos,
        identification=header.identification, dont_fragment=header.dont_fragment,
        more_fragments=header.more_fragments, fragment_offset=header.fragment_offset, options=header.options)
    reserved = bytes((packet[6] & 0x7F,))
    assert same_but(10, built, packet[:6] + reserved + packet[7:header.total_length])
    ipv4.parse(built)
    yield "ipv4"
    for protocol, layer in (
        (ipv4.PROTO_ICMP, walk_icmp), (ipv4.PROTO_IGMP, walk_igmp), (ipv4.PROTO_TCP, walk_tcp),
        (ipv4.PROTO_UDP, walk_udp),
    ):
        if header.protocol == protocol:
            yield from layer(payload, header.source, header.destination)


def walk_icmp(data: bytes, source: bytes, destination: bytes) -> Iterator[str]:
    message = read_verified("icmp", icmp.parse, data)
    if message is None:
        return
    built = icmp.build(message)
    assert same_but(2, built, data) and icmp.parse(built) == message
    yield "icmp"
    if message.type == icmp.DESTINATION_UNREACHABLE and read("ipv4", ipv4.parse_quoted, message.payload) is not None:
        yield "quote"


def walk_igmp(data: bytes, source: bytes, destination: bytes) -> Iterator[str]:
    message = read("igmp", igmp.parse, data)
    if message is not None:
        built = igmp.build(message)
        assert same_but(2, built, data) and igmp.parse(built) == message
        yield "igmp"


def walk_tcp(data: bytes, source: bytes, destination: bytes) -> Iterator[str]:
    header = read("tcp", tcp.parse, data)
    if header is None:
        return
    assert 20 <= header.header_length <= len(data)
    built = tcp.build(
        source, destination, header.source_port, header.destination_port, header.sequence, header.acknowledgement,
        header.flags, header.window, header.options, data[header.header_length:], header.urgent)
    assert same_but(16, built, data[:12] + bytes((data[12] & 0xF1,)) + data[13:])
    assert tcp.verify(built, source, destination)
    yield "tcp"
    options = read("tcp", lambda raw: tcp.parse_options(bytes(raw)), header.options)
    if options is None:
        return
    names = ("mss", "window_scale", "sack_permitted", "sack", "timestamp", "fast_open")
    values = {name: getattr(options, name) for name in names}
    try:
        again = tcp.build_options(**values)
    except ValueError:  # padded as Linux does, they take more room than they did
        assert sum(4 * (value not in (None, False)) for value in values.values()) + 8 * len(options.sack) > 28
        values["sack"], values["fast_open"] = (), None
        again = tcp.build_options(**values)
    found = tcp.parse_options(again)
    assert {name: getattr(found, name) for name in names} == values
    yield "tcp options"


def walk_udp(data: bytes, source: bytes, destination: bytes) -> Iterator[str]:
    header = read_verified("udp", udp.parse, data, source, destination)
    if header is None:
        return
    payload = data[8:header.length]
    built = udp.build(source, destination, header.source_port, header.destination_port, payload)
    assert same_but(6, built, data[:header.length])
    assert udp.parse(built, source, destination).checksum
    yield "udp"
    if header.source_port == dns.PORT:
        query = read("dns", dns.parse, payload)
        if query is not None:
            assert fields(dns.parse(dns.build(query))) == fields(query)
            yield "dns"
    elif header.source_port == dhcp.SERVER_PORT:
        lease = read("dhcp", dhcp.parse, payload)
        if lease is not None:
            lease.sname, lease.file = lease.sname[:63], lease.file[:127]  # without an end they can be one longer
            assert fields(dhcp.parse(dhcp.build(lease))) == fields(lease)
            yield "dhcp"


def test_the_walk_reaches_every_parser() -> None:
    """Otherwise the others would test nothing."""
    reached = {protocol for good in GOOD for protocol in walk(good)}
    assert reached == {
        "ethernet", "arp", "ipv4", "icmp", "quote", "igmp", "tcp", "tcp options", "udp", "dns", "dhcp"}


@settings(max_examples=3000, deadline=None)
@given(damaged())
def test_damaged_frames(data: bytes) -> None:
    list(walk(data))


@pytest.mark.parametrize("index", range(len(GOOD)))
def test_every_byte_wrong(index: int) -> None:
    """Each byte of each frame replaced by those values at which lengths, counts and pointers turn over."""
    for at in range(len(GOOD[index])):
        for value in (0, 1, GOOD[index][at] - 1 & 0xFF, GOOD[index][at] + 1 & 0xFF, 0x7F, 0x80, 0xC0, 0xFF):
            data = bytearray(GOOD[index])
            data[at] = value
            list(walk(bytes(data)))


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=120))
def test_random_packets(data: bytes) -> None:
    list(walk_ipv4(b"\x45" + data))


@pytest.mark.parametrize("layer, port", [(walk_icmp, 0), (walk_igmp, 0), (walk_tcp, 0), (walk_udp, 53), (walk_udp, 67)])
@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=320))
def test_random_payloads(layer: Callable[..., Iterator[str]], port: int, data: bytes) -> None:
    if port:
        data = port.to_bytes(2, "big") + data[:2] + (len(data) + 6).to_bytes(2, "big") + bytes(2) + data[2:]
    list(layer(data, HOST, YOU))
