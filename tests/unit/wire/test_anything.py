"""Whatever bytes arrive: a parser returns, or raises WireError with a declared reason, and nothing else."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether.events import DROPS
from aether.wire import arp, dhcp, dns, ethernet, icmp, igmp, ipv4, tcp, udp
from aether.wire.error import WireError

A, B = b"\xc0\xa8\x01\x01", b"\xc0\xa8\x01\x02"
PARSERS: dict[str, tuple[Callable[[Any], Any], bytes]] = {
    "ethernet": (ethernet.parse, ethernet.build(bytes(6), bytes(6), 0x0800, b"")),
    "arp": (arp.parse, arp.build(arp.ArpPacket(1, bytes(6), A, bytes(6), B))),
    "ipv4": (ipv4.parse, ipv4.build(A, B, 6, b"abcdefgh", options=b"\x07\x07\x04\0\0\0\0\0")),
    "ipv4 without checksum": (
        lambda data: ipv4.parse(data, verify=False), ipv4.build(A, B, 6, b"abcdefgh", options=b"\x94\x04\0\0")),
    "ipv4 quoted": (ipv4.parse_quoted, ipv4.build(A, B, 6, b"abcdefgh", options=b"\x94\x04\0\0")),
    "ipv4 options": (lambda data: ipv4.parse_options(bytes(data)), b"\x94\x04\0\0\x07\x07\x04\0\0\0\0\0"),
    "icmp": (icmp.parse, icmp.build(icmp.IcmpMessage(8, 0, 1, b"abc"))),
    "igmp": (igmp.parse, igmp.build(igmp.IgmpMessage(0x16, 0, A))),
    "udp": (lambda data: udp.parse(data, A, B), udp.build(A, B, 1, 2, b"abc")),
    "tcp": (tcp.parse, tcp.build(A, B, 1, 2, 3, 4, 2, 5, tcp.build_options(mss=1, timestamp=(1, 2)), b"abc")),
    "tcp options": (
        lambda data: tcp.parse_options(bytes(data)),
        tcp.build_options(mss=1, window_scale=2, sack=((1, 2), (3, 4))) + b"\x22\x06abcd\x1c\x04\0\0"),
    "dhcp": (dhcp.parse, dhcp.build(dhcp.DhcpMessage(1, 2, bytes(6), {53: b"\1", 12: b"you"}))),
    "dns": (dns.parse, dns.build(dns.DnsMessage(1, [dns.Question("a.lab")], answers=[
        dns.Record("a.lab", dns.TYPE_MX, 1, dns.Mx(1, "b.a.lab")),
        dns.Record("a.lab", dns.TYPE_TXT, 1, dns.Text((b"a", b"bc")))]))),
}
REASONS: dict[str, str] = {
    "ipv4 without checksum": "ipv4", "ipv4 quoted": "ipv4", "ipv4 options": "ipv4", "tcp options": "tcp"}


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """Draw random bytes, or a good message with some bytes changed, cut or followed by more."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=400))
    data = bytearray(good)
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.one_of(st.sampled_from([0, 1, 0xFF]), st.integers(0, 255)))
    cut = draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))
    return bytes(data[:cut]) + draw(st.one_of(st.just(b""), st.binary(max_size=30)))


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_only_declared_errors(name: str, data: st.DataObject) -> None:
    parse, good = PARSERS[name]
    parse(good)
    broken = data.draw(damaged(good))
    for buffer in (broken, memoryview(broken)):
        try:
            parse(buffer)
        except WireError as problem:
            assert problem.reason in DROPS
            assert problem.reason.split(".")[0] == REASONS.get(name, name)


@pytest.mark.parametrize("name", PARSERS)
def test_every_cut(name: str) -> None:
    parse, good = PARSERS[name]
    for length in range(len(good)):
        try:
            parse(good[:length])
        except WireError as problem:
            assert problem.reason in DROPS


def test_an_error_survives_pickling() -> None:
    problem = pickle.loads(pickle.dumps(WireError("ipv4.version", "version 6")))
    assert (problem.reason, problem.detail, str(problem)) == ("ipv4.version", "version 6", "ipv4.version: version 6")
