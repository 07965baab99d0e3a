"""Addresses as text: what is read, and what a person is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether.wire import address
from aether.wire.address import AddressError


@given(st.binary(min_size=4, max_size=4))
def test_ip_round_trip(ip: bytes) -> None:
    assert address.parse_ip(address.show_ip(ip)) == ip


@given(st.binary(min_size=6, max_size=6))
def test_mac_round_trip(mac: bytes) -> None:
    shown = address.show_mac(mac)
    assert len(shown) == 17
    assert bytes(int(part, 16) for part in shown.split(":")) == mac


@given(st.binary(min_size=4, max_size=4), st.integers(0, 65535))
def test_endpoint_round_trip(ip: bytes, port: int) -> None:
    assert address.parse_endpoint(address.show_endpoint(ip, port)) == (ip, port)


@pytest.mark.parametrize("text, said", [
    ("", "four numbers with dots"),
    ("1.2.3", "four numbers with dots"),
    ("1.2.3.4.5", "four numbers with dots"),
    ("host", "not 'host'"),
    ("1.2.3.256", "from 0 to 255, not '256'"),
    ("1.2.3.-4", "not '-4'"),
    ("1.2.3. 4", "not ' 4'"),
    ("1.2..4", "not ''"),
    ("1.2.3.٤", "not '٤'"),
    ("1.2.3.²", "not '²'"),
    ("1.2.3.010", "without leading zeros"),
    ("1.2.3." + "9" * 5000, "from 0 to 255"),
])
def test_a_wrong_ip_is_explained(text: str, said: str) -> None:
    with pytest.raises(AddressError, match=said):
        address.parse_ip(text)


@pytest.mark.parametrize("text, said", [
    ("1.2.3.4", "an address with a port is wanted"),
    ("1.2.3.4:8O", "port must be a number from 0 to 65535, not '8O'"),
    ("1.2.3.4:", "not ''"),
    ("1.2.3.4:65536", "not '65536'"),
    ("1.2.3.4:-1", "not '-1'"),
    (":80", "four numbers"),
])
def test_a_wrong_endpoint_is_explained(text: str, said: str) -> None:
    with pytest.raises(AddressError, match=said):
        address.parse_endpoint(text)


@pytest.mark.parametrize("text, expected", [
    ("10.0.0.0/8", (b"\x0a\0\0\0", 8)),
    ("0.0.0.0/0", (b"\0\0\0\0", 0)),
    ("192.168.1.2/32", (b"\xc0\xa8\x01\x02", 32)),
])
def test_networks(text: str, expected: tuple[bytes, int]) -> None:
    assert address.parse_network(text) == expected


@pytest.mark.parametrize("text, said", [
    ("10.0.0.0", "such as 10.0.0.0/8"),
    ("10.0.0.0/33", "from 0 to 32, not '33'"),
    ("10.0.0.0/", "not ''"),
    ("10.1.2.3/8", "the network is 10.0.0.0/8"),
])
def test_a_wrong_network_is_explained(text: str, said: str) -> None:
    with pytest.raises(AddressError, match=said):
        address.parse_network(text)


def test_kinds_of_addresses() -> None:
    assert address.is_multicast(b"\xe0\0\0\1") and address.is_multicast(b"\xef\xff\xff\xff")
    assert not address.is_multicast(b"\xdf\xff\xff\xff") and not address.is_multicast(b"\xf0\0\0\0")
    assert not address.is_multicast(address.BROADCAST_IP)
