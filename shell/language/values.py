"""What a person writes for times, addresses, shares and payloads, as values.

Every function raises CommandError, which is a ValueError, with a text for the person.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from aether.apps.http_get import UrlError, parse_url
from aether.wire.address import parse_endpoint, parse_ip, show_ip
from shell.language.grammar import CommandError

_TIMES = {
    "us": 1, "µs": 1, "ms": 1_000, "s": 1_000_000, "": 1_000_000, "min": 60_000_000, "m": 60_000_000,
    "h": 3_600_000_000,
}
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\", '"': '"', "'": "'"}


class Endpoint(NamedTuple):
    """An address and a port."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


def endpoint(text: str) -> Endpoint:
    """Read an address with a port, such as ``192.168.1.1:80``."""
    address, number = parse_endpoint(text)
    return Endpoint(show_ip(address), number)


def address(text: str) -> str:
    """Read an IPv4 address."""
    return show_ip(parse_ip(text))


class WebAddress(NamedTuple):
    """Where a page is."""

    url: str
    """As it was written, with its scheme, and without what is for a reader alone (after #)."""
    host: str
    """A name, or an address."""


def web_address(text: str) -> WebAddress:
    """Read a URL of http or https; without a scheme, http is meant."""
    scheme, separator, rest = text.partition("://")
    scheme, rest = (scheme.lower(), rest) if separator else ("http", text)
    if scheme not in ("http", "https"):
        raise CommandError(f"only http:// and https:// are fetched here, not {text!r}")
    try:
        host = parse_url(f"http://{rest}").host
    except UrlError as problem:
        raise CommandError(str(problem)) from None
    return WebAddress(f"{scheme}://{rest.partition('#')[0]}", host)


def port(text: str) -> int:
    """Read a port: 0 to 65535."""
    return _whole(text, "port", 0, 65_535)


def is_number(text: str) -> bool:
    """Tell whether a text is a whole number: of the digits that `int` reads, and not of more than any number has."""
    return text.isascii() and text.isdigit() and len(text) < 20


def connection(text: str) -> int:
    """Read a connection's number; a leading ``#`` is welcome."""
    digits = text.removeprefix("#")
    if not is_number(digits):
        raise CommandError(f"a connection is named by its number, not {text!r}. `tcp conns` lists them")
    return int(digits)


def frame_number(text: str) -> int:
    """Read a frame's number."""
    digits = text.removeprefix("#")
    if not is_number(digits):
        raise CommandError(f"a frame is named by its number, not {text!r}. `frames` lists them")
    return int(digits)


def count(text: str) -> int:
    """Read how often or how many: 1 to 1,000,000."""
    return _whole(text, "a count", 1, 1_000_000)


def count_to(most: int) -> Callable[[str], int]:
    """Return what reads how many, where there is a limit: 1 to `most`."""
    return partial(_whole, what="a count", low=1, high=most)


def occurrence(text: str) -> int:
    """Read the number of an occurrence; 0 is the beginning."""
    return _whole(text, "an occurrence", 0, 1 << 62)


def passes(text: str) -> int:
    """Read how often something is to be passed over: 0 to 1,000,000."""
    return _whole(text, "a count", 0, 1_000_000)


def size(text: str) -> int:
    """Read how many bytes of payload: 0 to 65507."""
    return _whole(text, "a size", 0, 65_507)


def tenths(text: str) -> int:
    """Read a time as tenths of a second: 0 to 25.5s."""
    value = duration(text)
    if value > 25_500_000:
        raise CommandError(f"the time to answer is from 0 to 25.5s, not {text!r}")
    return value // 100_000


def hops(text: str) -> int:
    """Read a time to live."""
    return _whole(text, "ttl", 1, 255)


def octet(text: str) -> int:
    """Read the value of one byte."""
    return _whole(text, "a byte's value", 0, 255)


def _whole(text: str, what: str, low: int, high: int) -> int:
    digits = text.replace("_", "")
    if not is_number(digits) or not low <= int(digits) <= high:
        raise CommandError(f"{what} must be a number from {low} to {high}, not {text!r}")
    return int(digits)


def _number_and_unit(text: str) -> tuple[float | None, str]:
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZµ%/ ")
    unit = text[len(digits):].strip().lower()
    try:
        number = float(digits.replace("_", ""))
    except ValueError:
        return None, unit
    return (number if 0 <= number < 1e15 else None), unit


def duration(text: str) -> int:
    """Read a time such as ``20ms``, ``1.5s`` or ``3`` (seconds), in microseconds."""
    number, unit = _number_and_unit(text)
    if number is None or unit not in _TIMES:
        raise CommandError(f"a time is written like 20ms, 1.5s or 2min, not {text!r}")
    return round(number * _TIMES[unit])


def show_duration(microseconds: float) -> str:
    """Return a time as a person reads it; `duration` reads it back where it is exact."""
    if microseconds >= 1_000_000:
        return f"{microseconds / 1_000_000:.3f}".rstrip("0").rstrip(".") + " s"
    if microseconds >= 1_000:
        return f"{microseconds / 1_000:.3f}".rstrip("0").rstrip(".") + " ms"
    return f"{microseconds:g} µs"


def share(text: str) -> float:
    """Read a share such as ``5%``, as a number from 0.0 to 1.0."""
    number, unit = _number_and_unit(text)
    if number is None or unit not in ("%", "") or number > 100:
        raise CommandError(f"a share is written like 5% and is from 0% to 100%, not {text!r}")
    return number / 100


def payload(text: str) -> bytes:
    r"""Read bytes to send. One pair of quotes around them is taken off; ``\r \n \t \0 \xHH`` mean what they do in C."""
    if len(text) >= 2 and text[0] in "\"'" and text[-1] == text[0]:
        text = text[1:-1]
    out, index = bytearray(), 0
    while index < len(text):
        char = text[index]
        index += 1
        if char != "\\":
            out += char.encode("utf-8", "surrogateescape")
            continue
        escape = text[index:index + 1]
        if escape == "x":
            digits = text[index + 1:index + 3]
            if len(digits) < 2 or not all(each in string.hexdigits for each in digits):
                raise CommandError(f"\\x needs two hexadecimal digits, not {digits!r}")
            out.append(int(digits, 16))
            index += 3
        elif escape in _SIMPLE:
            out += _SIMPLE[escape].encode()
            index += 1
        else:
            raise CommandError(f"no escape \\{escape}. There are \\r \\n \\t \\0 \\\\ \\\" \\' and \\xHH")
    return bytes(out)


def hexadecimal(text: str) -> bytes:
    """Read bytes written as hexadecimal digits; spaces and colons between them are welcome."""
    try:
        return bytes.fromhex(text.strip("\"'").replace(":", " "))
    except ValueError:
        raise CommandError(f"bytes are written as pairs of hexadecimal digits, not {text!r}") from None


def amount(number: int, what: str) -> str:
    """Return a number with its noun: ``1 byte``, ``2 bytes``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def amount_is(number: int, what: str) -> str:
    """Return the same with its verb: ``1 byte is``, ``2 bytes are``."""
    return f"{amount(number, what)} {'is' if number == 1 else 'are'}"
