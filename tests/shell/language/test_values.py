"""What a person writes for times, shares, addresses and payloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shell.language import values


@pytest.mark.parametrize(("text", "microseconds"), [
    ("3", 3_000_000), ("3s", 3_000_000), ("20ms", 20_000), ("1.5s", 1_500_000), ("7us", 7), ("2min", 120_000_000),
    ("0", 0),
])
def test_durations(text: str, microseconds: int) -> None:
    assert values.duration(text) == microseconds


@pytest.mark.parametrize("text", ["", "s", "-1s", "1d", "1e400", "nan", "inf", "1 2"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="a time is written like"):
        values.duration(text)


@given(st.integers(0, 10**12))
def test_durations_are_shown_as_they_are_read_up_to_a_thousandth(microseconds: int) -> None:
    shown = values.duration(values.show_duration(microseconds))
    assert abs(shown - microseconds) <= max(microseconds / 1000, 1)


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("0%", 0), ("100%", 1), ("0.5%", 0.005), ("5", 0.05)])
def test_shares(text: str, share: float) -> None:
    assert values.share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["101%", "-1%", "x", "", "nan%"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(ValueError, match="a share is written like 5%"):
        values.share(text)


@pytest.mark.parametrize(("text", "data"), [
    ("hello", b"hello"), ('"hello"', b"hello"), ("'it'", b"it"), (r"a\r\nb", b"a\r\nb"), (r"\x00\xfF", b"\0\xff"),
    (r"\\n", rb"\n"), ("ü", "ü".encode()), ('"', b'"'), (r'"a\"b"', b'a"b'), ("", b""),
])
def test_payloads(text: str, data: bytes) -> None:
    assert values.payload(text) == data


@pytest.mark.parametrize("text", [r"\q", r"\x1", r"\xzz", "a\\"])
def test_what_is_no_payload(text: str) -> None:
    with pytest.raises(ValueError, match=r"escape|hexadecimal"):
        values.payload(text)


@given(st.text())
def test_a_payload_is_read_or_refused_and_nothing_else_happens(text: str) -> None:
    try:
        values.payload(text)
    except UnicodeEncodeError:
        raise
    except ValueError:
        pass


def test_numbers_of_connections_and_frames() -> None:
    assert values.connection("#3") == 3
    with pytest.raises(ValueError, match="`tcp conns` lists them"):
        values.connection("three")
    with pytest.raises(ValueError, match="`frames` lists them"):
        values.frame_number("²")


def test_hexadecimal() -> None:
    assert values.hexadecimal("00 ff:10") == b"\0\xff\x10"
    with pytest.raises(ValueError, match="pairs of hexadecimal digits"):
        values.hexadecimal("0")
