"""TCP segments: round trips, the same bytes as scapy builds, and every way an option can be wrong."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scapy.compat import raw
from scapy.layers.inet import IP, TCP

from aether.wire import tcp
from aether.wire.address import show_ip
from aether.wire.error import WireError

ips = st.binary(min_size=4, max_size=4)
word = st.integers(0, 0xFFFF)
number = st.integers(0, 0xFFFFFFFF)
A, B = b"\xc0\xa8\x01\x01", b"\xc0\xa8\x01\x02"
option_sets = st.fixed_dictionaries({}, optional={
    "mss": word, "window_scale": st.integers(0, 255), "sack_permitted": st.booleans(),
    "timestamp": st.tuples(number, number),
}).map(lambda options: tcp.build_options(**options))


@given(ips, ips, word, word, number, number, st.integers(0, 0x1FF), word, option_sets, st.binary(max_size=61), word)
@example(B, A, 80, 40_000, 0xFFFFFFFF, 0xFFFFFFFF, 0x1FF, 0xFFFF, b"\1" * 40, b"\xff" * 9, 0xFFFF)
@example(b"\0" * 4, b"\0" * 4, 0, 0, 0, 0, 0, 0, b"", b"", 0)
def test_segment(
    source: bytes, destination: bytes, port: int, to: int, sequence: int, acknowledgement: int, flags: int,
    window: int, options: bytes, payload: bytes, urgent: int,
) -> None:
    segment = tcp.build(
        source, destination, port, to, sequence, acknowledgement, flags, window, options, payload, urgent)
    header = tcp.parse(memoryview(segment))
    assert (header.source_port, header.destination_port, header.sequence, header.acknowledgement) == (
        port, to, sequence, acknowledgement)
    assert (header.flags, header.window, header.urgent, header.options) == (flags, window, urgent, options)
    assert segment[header.header_length:] == payload
    assert tcp.verify(memoryview(segment), source, destination)
    assert not tcp.verify(segment[:-1] + bytes((segment[-1] ^ 1,)), source, destination)
    theirs = TCP(
        sport=port, dport=to, seq=sequence, ack=acknowledgement, flags=flags, window=window, urgptr=urgent,
        dataofs=5 + len(options) // 4,
    ) / (options + payload)
    packet = IP(src=show_ip(source), dst=show_ip(destination), proto=6) / theirs
    assert segment == raw(packet)[20:]


@pytest.mark.parametrize("arguments, theirs", [
    ({"mss": 1460}, [("MSS", 1460)]),
    ({"mss": 1460, "sack_permitted": True, "timestamp": (7, 0), "window_scale": 7},
     [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (7, 0)), ("NOP", None), ("WScale", 7)]),
    ({"mss": 536, "sack_permitted": True, "window_scale": 0},
     [("MSS", 536), ("NOP", None), ("NOP", None), ("SAckOK", b""), ("NOP", None), ("WScale", 0)]),
    ({"timestamp": (1, 2)}, [("NOP", None), ("NOP", None), ("Timestamp", (1, 2))]),
    ({"timestamp": (0, 0), "sack": ((1, 2), (3, 4), (5, 0xFFFFFFFF))},
     [("NOP", None), ("NOP", None), ("Timestamp", (0, 0)), ("NOP", None), ("NOP", None),
      ("SAck", (1, 2, 3, 4, 5, 0xFFFFFFFF))]),
    ({"sack": ((1, 2), (3, 4), (5, 6), (7, 8))}, [("NOP", None), ("NOP", None), ("SAck", (1, 2, 3, 4, 5, 6, 7, 8))]),
])
def test_options_are_laid_out_as_linux_does(arguments, theirs) -> None:
    built = tcp.build_options(**arguments)
    assert built == raw(TCP(options=theirs))[20:]
    options = tcp.parse_options(built)
    for name in ("mss", "window_scale", "sack_permitted", "sack", "timestamp"):
        assert getattr(options, name) == arguments.get(name, getattr(tcp.Options(), name))
    assert options.unknown == ()


def test_no_options() -> None:
    assert tcp.build_options() == b""
    assert tcp.parse_options(b"").mss is None
    assert tcp.parse_options(b"\1\1\1\0").unknown == ()


def test_too_many_sack_blocks() -> None:
    with pytest.raises(ValueError, match="at most 40 bytes"):
        tcp.build_options(timestamp=(1, 2), sack=((1, 2),) * 4)
    with pytest.raises(ValueError, match="multiple of 4"):
        tcp.build(A, B, 1, 2, 3, 4, 0, 0, b"\1" * 3)
    with pytest.raises(ValueError, match="40 at the most"):
        tcp.build(A, B, 1, 2, 3, 4, 0, 0, b"\1" * 44)


def test_rare_options() -> None:
    options = tcp.parse_options(
        b"\x1c\x04\x80\x03" + b"\x22\x06abcd" + b"\x13\x12" + bytes(16) + b"\xfd\x04\xf9\x89" + b"\xfe\x02")
    assert options.user_timeout == 3 * 60_000_000
    assert options.fast_open == b"abcd"
    assert options.md5
    assert options.unknown == ((253, b"\xf9\x89"), (254, b""))
    assert tcp.parse_options(b"\x1c\x04\x00\x03").user_timeout == 3_000_000
    assert tcp.parse_options(b"\x22\x02").fast_open == b""


def test_what_follows_the_end_of_the_list_is_ignored() -> None:
    options = tcp.parse_options(b"\x02\x04\x05\xb4\x00\x02\x00\x09")
    assert options.mss == 1460


@pytest.mark.parametrize("options", [
    b"\x02", b"\x02\x00", b"\x02\x01", b"\x02\x03\x05", b"\x02\x04\x05", b"\x02\x05\x05\xb4\x00", b"\x03\x02",
    b"\x03\x04\x01\x01", b"\x04\x03\x01", b"\x05\x02", b"\x05\x06\0\0\0\0", b"\x05\x0a\0\0\0\0", b"\x08\x02",
    b"\x08\x09" + bytes(7), b"\x08\x0b" + bytes(9), b"\1\1\x08", b"\xfd\x00", b"\xfd\xff", b"\x13\x03\0",
    b"\x1c\x03\0", b"\x22\x01", b"\x22\x06abc", b"\x05\x2a" + bytes(40),
])
def test_malformed_options(options: bytes) -> None:
    with pytest.raises(WireError) as caught:
        tcp.parse_options(options)
    assert caught.value.reason == "tcp.options"


@pytest.mark.parametrize("length", range(20))
def test_truncated(length: int) -> None:
    with pytest.raises(WireError) as caught:
        tcp.parse(tcp.build(A, B, 1, 2, 3, 4, tcp.SYN, 5)[:length])
    assert caught.value.reason == "tcp.truncated"


@pytest.mark.parametrize("offset", [0, 4, 6, 15])
def test_wrong_data_offset(offset: int) -> None:
    segment = bytearray(tcp.build(A, B, 1, 2, 3, 4, tcp.SYN, 5, payload=b"abc"))
    segment[12] = offset << 4
    with pytest.raises(WireError) as caught:
        tcp.parse(segment)
    assert caught.value.reason == "tcp.data_offset"


@pytest.mark.parametrize("flags, shown", [
    (0, ""), (tcp.SYN, "S"), (tcp.SYN | tcp.ACK, "SA"), (tcp.FIN | tcp.PSH | tcp.ACK, "FPA"), (0xFF, "SFRPAUEC"),
    (tcp.SYN | tcp.ECE | tcp.CWR | tcp.AE, "SECN"),
])
def test_flags_as_letters(flags: int, shown: str) -> None:
    assert tcp.show_flags(flags) == shown
