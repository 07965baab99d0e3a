"""The Internet checksum, against a loop over words as RFC 1071 §4.1 has it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aether.wire import checksum as wire
from aether.wire.checksum import checksum, partial_sum, pseudo_header_sum, transport_checksum, transport_checksum_ok

ip = st.binary(min_size=4, max_size=4)


def by_words(data: bytes) -> int:
    """Add the words up one by one, with end-around carry."""
    total = 0
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at:at + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


@given(st.binary(max_size=100))
@example(b"")
@example(b"\0")
@example(b"\0" * 20)
@example(b"\xff")
@example(b"\xff\xff")
@example(b"\xff" * 65_535)
@example(b"\xff\xfe\x00\x01")
def test_as_by_words(data: bytes) -> None:
    assert checksum(data) == checksum(memoryview(data)) == checksum(bytearray(data)) == by_words(data)


def test_the_example_of_rfc_1071() -> None:
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2


@given(st.binary(max_size=60), st.binary(max_size=61))
def test_partial_sums_add_up(first: bytes, second: bytes) -> None:
    if len(first) & 1:
        first += b"\0"
    whole = first + second
    if any(whole):
        assert -(partial_sum(first) + partial_sum(memoryview(second))) % 0xFFFF == checksum(whole)


@given(ip, ip, st.integers(1, 255), st.binary(max_size=101))
@example(b"\0" * 4, b"\0" * 4, 17, b"")
@example(b"\xff" * 4, b"\xff" * 4, 6, b"\xff" * 33)
def test_the_pseudo_header(source: bytes, destination: bytes, protocol: int, segment: bytes) -> None:
    pseudo = source + destination + bytes((0, protocol)) + len(segment).to_bytes(2, "big")
    assert transport_checksum(source, destination, protocol, segment) == by_words(pseudo + segment)
    assert (pseudo_header_sum(source, destination, protocol, len(segment)) + by_words(pseudo)) % 0xFFFF == 0


@given(ip, ip, st.binary(min_size=18, max_size=101), st.integers(0, 800), st.integers(1, 255))
def test_one_changed_byte_is_noticed(source: bytes, destination: bytes, data: bytes, where: int, change: int) -> None:
    segment = bytearray(data)
    segment[16:18] = b"\0\0"
    segment[16:18] = transport_checksum(source, destination, 6, segment).to_bytes(2, "big")
    assert transport_checksum_ok(source, destination, 6, segment)
    assert transport_checksum_ok(source, destination, 6, memoryview(segment))
    segment[where % len(segment)] ^= change
    assert not transport_checksum_ok(source, destination, 6, bytes(segment))


@pytest.mark.parametrize("written", [0x0000, 0xFFFF])
def test_both_zeros_are_the_same_checksum(written: int) -> None:
    source = destination = b"\0\0\0\0"
    segment = bytearray(4)
    segment[0:2] = (0xFFFF - 6 - 4).to_bytes(2, "big")  # the sum is 0xffff, so that the checksum is 0
    assert wire.transport_checksum(source, destination, 6, segment) == 0
    segment[2:4] = written.to_bytes(2, "big")
    assert transport_checksum_ok(source, destination, 6, segment)
