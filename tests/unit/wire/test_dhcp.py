"""DHCP messages: round trips, the same bytes as scapy, overload, long options, malformed ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.compat import raw
from scapy.layers.dhcp import BOOTP, DHCP

from aether.wire import dhcp
from aether.wire.dhcp import DhcpMessage
from aether.wire.error import WireError

MAC = b"\x02\0\0\0\0\x02"
ips = st.binary(min_size=4, max_size=4)
codes = st.integers(1, 254).filter(lambda code: code != dhcp.OPTION_OVERLOAD)


@given(
    st.sampled_from([dhcp.BOOT_REQUEST, dhcp.BOOT_REPLY]), st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFF),
    st.booleans(), ips, ips, ips, ips, st.dictionaries(codes, st.binary(max_size=600), max_size=6),
    st.binary(max_size=63).filter(lambda name: b"\0" not in name),
)
def test_round_trip(op, xid, secs, broadcast, ciaddr, yiaddr, siaddr, giaddr, options, sname) -> None:
    message = DhcpMessage(
        op, xid, MAC, options, secs=secs, broadcast=broadcast, ciaddr=ciaddr, yiaddr=yiaddr, siaddr=siaddr,
        giaddr=giaddr, sname=sname, file=sname)
    built = dhcp.build(message)
    assert len(built) >= 300
    again = dhcp.parse(memoryview(built))
    for field in DhcpMessage.__slots__:
        assert getattr(again, field) == getattr(message, field), field


def test_as_scapy_builds_it() -> None:
    built = dhcp.build(DhcpMessage(dhcp.BOOT_REQUEST, 0x1234, MAC, {
        dhcp.OPTION_MESSAGE_TYPE: bytes((dhcp.REQUEST,)), dhcp.OPTION_REQUESTED_ADDRESS: b"\xc0\xa8\x01\x64",
        dhcp.OPTION_SERVER_IDENTIFIER: b"\xc0\xa8\x01\x01", 12: b"you",
    }, secs=3, broadcast=True))
    theirs = raw(BOOTP(op=1, xid=0x1234, chaddr=MAC, secs=3, flags="B") / DHCP(options=[
        ("message-type", "request"), ("requested_addr", "192.168.1.100"), ("server_id", "192.168.1.1"),
        ("hostname", b"you"), "end"]))
    assert built == theirs.ljust(300, b"\0")


def test_accessors() -> None:
    message = dhcp.parse(raw(BOOTP(op=2, xid=1, chaddr=MAC, yiaddr="192.168.1.100") / DHCP(options=[
        ("message-type", "ack"), ("subnet_mask", "255.255.255.0"), ("router", "192.168.1.1", "192.168.1.254"),
        ("lease_time", 3600), ("renewal_time", 1800), ("rebinding_time", 3150),
        ("server_id", "192.168.1.1"), ("domain", b"lab"), (26, b"\x05\xdc"), (6, b"\1\2\3\4\5\6\7\x08"), "end"])))
    assert message.message_type == dhcp.ACK
    assert message.subnet_mask == b"\xff\xff\xff\0"
    assert message.routers == [b"\xc0\xa8\x01\x01", b"\xc0\xa8\x01\xfe"]
    assert message.dns_servers == [b"\1\2\3\4", b"\5\6\7\x08"]
    assert (message.lease_time, message.renewal_time, message.rebinding_time) == (3600, 1800, 3150)
    assert message.server_identifier == b"\xc0\xa8\x01\x01"
    assert (message.domain_name, message.mtu) == ("lab", 1500)
    assert message.requested_address is None


def test_a_value_of_the_wrong_length_is_absent() -> None:
    message = DhcpMessage(2, 1, MAC, {53: b"\1\1", 1: b"\xff", 3: b"\1\2\3", 51: b"", 15: b"\xffx\0"})
    assert message.message_type == 0
    assert message.subnet_mask is None and message.lease_time is None
    assert message.routers == []
    assert message.domain_name == "\ufffdx"


def fixed(sname: bytes = b"", file: bytes = b"") -> bytes:
    start = dhcp.build(DhcpMessage(1, 1, MAC))[:44]
    return start + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + b"\x63\x82\x53\x63"


@pytest.mark.parametrize("overload, expected", [
    (0, {12: b"a"}), (1, {12: b"ab"}), (2, {12: b"ac"}), (3, {12: b"abc"}),
])
def test_overload(overload: int, expected: dict[int, bytes]) -> None:
    data = fixed(b"\x0c\x01c\xff", b"\x0c\x01b\xff") + bytes((52, 1, overload)) + b"\x0c\x01a\xff"
    message = dhcp.parse(data)
    assert message.options == expected
    assert bool(message.file) == (not overload & 1)
    assert bool(message.sname) == (not overload & 2)


@pytest.mark.parametrize("data, expected", [
    (fixed()[:239], "dhcp.truncated"),
    (b"\3" + fixed()[1:], "dhcp.unsupported"),
    (b"\1\6" + fixed()[2:], "dhcp.unsupported"),
    (b"\1\1\7" + fixed()[3:], "dhcp.unsupported"),
    (fixed()[:-1] + b"\0", "dhcp.unsupported"),
    (fixed() + b"\x0c", "dhcp.options"),
    (fixed() + b"\x0c\x02a", "dhcp.options"),
    (fixed() + b"\x34\x01\x04\xff", "dhcp.options"),
    (fixed() + b"\x34\x00\xff", "dhcp.options"),
    (fixed(file=b"\x0c\xff") + b"\x34\x01\x01\xff", "dhcp.options"),
    (fixed(file=b"\x34\x01\x02\xff") + b"\x34\x01\x01\xff", "dhcp.options"),
])
def test_malformed(data: bytes, expected: str) -> None:
    with pytest.raises(WireError) as caught:
        dhcp.parse(data)
    assert caught.value.reason == expected


def test_options_without_an_end_are_accepted() -> None:
    assert dhcp.parse(fixed() + b"\0\x35\x01\x01").message_type == dhcp.DISCOVER
    assert dhcp.parse(fixed()).message_type == 0


@pytest.mark.parametrize("message", [
    DhcpMessage(1, 1, b"short"), DhcpMessage(1, 1, MAC, sname=bytes(64)), DhcpMessage(1, 1, MAC, file=bytes(128)),
    DhcpMessage(1, 1, MAC, {0: b""}), DhcpMessage(1, 1, MAC, {255: b""}), DhcpMessage(1, 1, MAC, {52: b"\1"}),
])
def test_what_cannot_be_built(message: DhcpMessage) -> None:
    with pytest.raises(ValueError):
        dhcp.build(message)
