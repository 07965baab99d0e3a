"""Zones as text, and addresses as names."""

from __future__ import annotations

import contextlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether.apps.dns_zone import ZoneError, parse_ipv6, parse_zones, reverse_name, show_data, show_ipv6
from aether.wire import dns
from aether.wire.address import AddressError

HEAD = "$ORIGIN lab.\n@ 60 IN SOA ns admin ( 1 1h 2m\n 3d ; a comment\n 4 )\n"


def records(text: str) -> list[str]:
    (zone,) = parse_zones(HEAD + text)
    return [
        f"{each.name} {each.ttl} {dns.TYPES[each.type]} {show_data(each)}"
        for found in zone.names.values() for each in found if each.type != dns.TYPE_SOA
    ]


def test_the_soa_over_several_lines() -> None:
    """RFC 1035 §5.1."""
    (zone,) = parse_zones(HEAD)
    assert zone.soa == dns.Record("lab", dns.TYPE_SOA, 60, dns.Soa("ns.lab", "admin.lab", 1, 3600, 120, 259200, 4))


@pytest.mark.parametrize("line, record", [
    ("a IN A 1.2.3.4", "a.lab 3600 A 1.2.3.4"),
    ("a.b. 5 IN A 1.2.3.4", ""),
    ("a IN 5 AAAA 2001:DB8::1", "a.lab 5 AAAA 2001:db8::1"),
    ("$TTL 2m\nwww CNAME @", "www.lab 120 CNAME lab"),
    ("@ MX 10 mail.example.", "lab 3600 MX 10 mail.example"),
    ('t TXT "one; two" three', 't.lab 3600 TXT "one; two" "three"'),
    ("_s._tcp SRV 1 2 3 @", "_s._tcp.lab 3600 SRV 1 2 3 lab"),
    ("$ORIGIN sub.lab.\nx NS y", "x.sub.lab 3600 NS y.sub.lab"),
])
def test_records(line: str, record: str) -> None:
    """RFC 1035 §5.1."""
    if record:
        assert record in records(line)
    else:
        with pytest.raises(ZoneError, match="none of the zones"):
            records(line)


def test_a_line_that_begins_with_a_blank_repeats_the_name() -> None:
    assert records("a A 1.2.3.4\n  A 1.2.3.5") == ["a.lab 3600 A 1.2.3.4", "a.lab 3600 A 1.2.3.5"]


@pytest.mark.parametrize("text, said", [
    ("a A 1.2.3", "line 5"), ("a B 1", "no record type 'B'"), ("a A", "A takes 1 word"), ("a MX x y", "0 to 65535"),
    ('a TXT "x', "not closed"), ("a A ( 1.2.3.4", "not closed"), ("a A 1.2.3.4 )", "not opened"),
    ("$INCLUDE x", "not supported"), ("a 99999999999 A 1.2.3.4", "a time such as"), ("a", "something is missing"),
    ("a CNAME b\na A 1.2.3.4", "may have no other records"), ("a TXT " + "x" * 256, "at most 255"),
    ("x" * 64 + " A 1.2.3.4", "at most 63"), ("a AAAA 1::2::3", "IPv6"),
])
def test_what_makes_no_sense_is_named(text: str, said: str) -> None:
    with pytest.raises(ZoneError, match=said):
        parse_zones(HEAD + text)


def test_a_zone_without_soa() -> None:
    with pytest.raises(ZoneError, match="SOA"):
        parse_zones("a.lab. A 1.2.3.4")


@given(st.text(max_size=200))
def test_any_text_is_a_zone_or_an_error(text: str) -> None:
    for head in ("", HEAD):
        with contextlib.suppress(ZoneError):
            parse_zones(head + text)


@given(st.binary(min_size=16, max_size=16) | st.lists(st.sampled_from([0, 0, 1, 255]), min_size=16, max_size=16))
def test_ipv6_as_the_standard_library_writes_it(raw: bytes) -> None:
    """RFC 5952 §4, RFC 3596 §2.5."""
    address = ipaddress.IPv6Address(bytes(raw))
    if address.ipv4_mapped is None:
        assert show_ipv6(bytes(raw)) == str(address)
    assert parse_ipv6(address.exploded) == parse_ipv6(show_ipv6(bytes(raw))) == bytes(raw)
    assert reverse_name(bytes(raw)) == address.reverse_pointer


@given(st.text("0123456789abcdef:g.", max_size=20))
def test_what_is_no_ipv6_address(text: str) -> None:
    """RFC 4291 §2.2."""
    try:
        wanted = ipaddress.IPv6Address(text).packed if "." not in text else None
    except ValueError:
        wanted = None
    if wanted is None:
        with pytest.raises(AddressError):
            parse_ipv6(text)
    else:
        assert parse_ipv6(text) == wanted
