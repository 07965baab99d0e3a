"""How a value written by a person becomes one that can be compared.

A value in an expression has no type of its own: the field beside it decides what ``80``,
``aa:bb`` or ``192.168.1.0/24`` means, as in Wireshark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from aether.reading.types import BOOLEAN, BYTES, DATE, ETHER, IPV4, IPV6, MILLISECONDS, PROTOCOL, TIME, WORD, Type
from aether.wire.address import show_ip, show_mac


class Subnet(NamedTuple):
    """An IPv4 network: `ip.src == 192.168.1.0/24`."""

    prefix: int
    mask: int

    def masked(self, address: bytes) -> int:
        """Return the network's part of an address."""
        return int.from_bytes(address, "big") & self.mask


Value = int | bytes | str | Subnet

_UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1, "m": 60_000_000, "min": 60_000_000}
_TIME = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(s|ms|us|min|m)?")
_DATES = (
    *(date + clock + zone for date in ("%Y-%m-%d", "%b %d, %Y") for clock in (" %H:%M:%S", " %H:%M", "")
      for zone in ("", "%z", " %z")),
    "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,16}|0[bB][01]{1,64}|[0-9]{1,20}")
_BYTES = re.compile(
    r"[0-9a-fA-F]{1,2}(?:([:.-])[0-9a-fA-F]{1,2}(?:\1[0-9a-fA-F]{1,2})*)?|0[xX][0-9a-fA-F]+|(?:[0-9a-fA-F]{2})+")
_QUADS = re.compile(r"[0-9a-fA-F]{4}([:.-])[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}")


class ValueProblem(ValueError):
    """A value that does not fit its field; the text says what would."""


def read_word(word: str, kind: Type, names: Mapping[str, int] | None = None) -> Value:
    """Return what a bare `word` means for a field of type `kind`; ValueProblem if nothing."""
    if names is not None and word.lower() in names:
        return names[word.lower()]
    if kind is BOOLEAN:
        return _boolean(word)
    if kind.family == "number":
        return _number(word, kind)
    if kind.family == "time":
        return _time(word, "ms" if kind is MILLISECONDS else "s")
    if kind is DATE:
        return _date(word)
    if kind.family == "address":
        return _address(word)
    if kind is IPV6:
        return _address6(word)
    if kind.family == "bytes":
        return _bytes(word, kind)
    return word


def read_text(text: bytes, kind: Type, names: Mapping[str, int] | None = None) -> Value:
    """Return what a quoted `text` means for a field of type `kind`; ValueProblem if nothing."""
    shown = text.decode("utf-8", "replace")
    if kind.family == "text":
        return shown
    if names is not None and shown.lower() in names:
        return names[shown.lower()]
    if kind in (BYTES, PROTOCOL):
        return text
    if kind is DATE:
        return _date(shown)
    raise ValueProblem(f"this is {a(kind)}; write its value without quotes")


def a(kind: Type) -> str:
    """Return the name of a type with its article."""
    if kind.family == "text" or kind is BYTES:
        return kind.name if kind is not WORD else "a word"
    article = "an" if kind.name[0] in "IE" else "a"
    return kind.name if kind is BOOLEAN else f"{article} {kind.name}"


def show(value: object, kind: Type) -> str:
    """Return a value of a field as text, as the function `string` has it."""
    if isinstance(value, bytes):
        return show_ip(value) if kind is IPV4 else show_mac(value)
    if kind is TIME and isinstance(value, int):
        return f"{value / 1_000_000:.6f}"
    if kind is DATE and isinstance(value, int):
        # The local time, as everywhere else where a person reads it.
        return f"{datetime.fromtimestamp(value // 1_000_000):%Y-%m-%d %H:%M:%S}.{value % 1_000_000:06}"
    return str(int(value)) if isinstance(value, bool) else str(value)


def _boolean(word: str) -> int:
    if word in ("1", "0"):
        return int(word)
    if word.lower() in ("true", "false"):
        return int(word.lower() == "true")
    raise ValueProblem(f"'{word}' is neither 1 (true) nor 0 (false)")


def _number(word: str, kind: Type) -> int:
    if _NUMBER.fullmatch(word) is None:
        if re.fullmatch(r"[0-9]+-[0-9]+", word):
            low, high = word.split("-")
            raise ValueProblem(f"'{word}' is no number; a range is in {{{low}..{high}}}, a difference {low} - {high}")
        raise ValueProblem(f"'{word}' is no number")
    if word[0] == "0" and word.isdecimal():
        if "8" in word or "9" in word:
            raise ValueProblem(f"'{word}' begins with 0 and so is octal, which has no 8 or 9")
        value = int(word, 8)
    else:
        value = int(word, 0)
    if kind.limit and value > kind.limit:
        raise ValueProblem(f"{word} is too large; the largest is {kind.limit}")
    return value


def _time(word: str, unit: str) -> int:
    match = _TIME.fullmatch(word)
    if match is None:
        raise ValueProblem(f"'{word}' is no time; 1.5, 2s, 200ms and 50us are")
    return round(Decimal(match[1]) * _UNITS[match[2] or unit])


def _date(text: str) -> int:
    """Return microseconds since 1970 of a date: of the local time, unless it ends with its zone, such as Z."""
    text = " ".join(text.split())
    whole, point, fraction = text.partition(".")
    digits = re.match("[0-9]{1,9}", fraction)
    zone = fraction[digits.end():] if digits else ""
    for form in _DATES:
        try:
            moment = datetime.strptime(whole + zone.replace("UTC", "Z").strip(), form)
            seconds = int(moment.timestamp())
        except (ValueError, OverflowError, OSError):
            continue
        if bool(point) == bool(digits):
            return seconds * 1_000_000 + int(f"{digits[0] if digits else '':0<6}"[:6])
    raise ValueProblem(f"'{text}' is no date; \"2026-01-31 12:00:00.5\" is, in double quotes")


def _address(word: str) -> bytes | Subnet:
    quad, slash, bits = word.partition("/")
    parts = quad.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdecimal() and len(part) <= 3 for part in parts):
        example = f"{quad}{'.0' * (4 - len(parts))}/{8 * len(parts)}" if re.fullmatch(
            r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}", quad) else "192.168.1.1 and 192.168.1.0/24"
        are = "is" if example.startswith(quad) else "are"
        raise ValueProblem(f"'{word}' is no IPv4 address; {example} {are}")
    if any(int(part) > 255 for part in parts):
        raise ValueProblem(f"'{word}' is no IPv4 address: each part is at most 255")
    address = bytes(int(part) for part in parts)
    if not slash:
        return address
    if int(bits[:4]) > 32:
        raise ValueProblem(f"a network has at most 32 bits, not {bits}")
    mask = (0xFFFFFFFF << (32 - int(bits))) & 0xFFFFFFFF
    return Subnet(int.from_bytes(address, "big") & mask, mask)


def _address6(word: str) -> bytes:
    left, double, right = word.partition("::")
    heads, tails = ([part for part in half.split(":") if part] for half in (left, right))
    missing = 8 - len(heads) - len(tails)
    if not all(re.fullmatch("[0-9a-fA-F]{1,4}", part) for part in heads + tails) or (
            missing < 1 if double else missing != 0):
        raise ValueProblem(f"'{word}' is no IPv6 address; 2001:db8::1 is")
    return b"".join(int(part, 16).to_bytes(2, "big") for part in (*heads, *["0"] * max(missing, 0), *tails))


def _bytes(word: str, kind: Type) -> bytes:
    if _QUADS.fullmatch(word):
        value = bytes.fromhex(re.sub("[:.-]", "", word))
    elif _BYTES.fullmatch(word) is None:
        raise ValueProblem(
            f"'{word}' is no {'Ethernet address; 02:00:00:00:00:01 is' if kind is ETHER else 'row of bytes'}"
            + ("" if kind is ETHER else f'; 47:45:54 and 474554 are, and text in quotes: "{word}"'))
    elif re.search("[:.-]", word):
        value = bytes(int(part, 16) for part in re.split("[:.-]", word))
    else:
        digits = word[2:] if word[:2] in ("0x", "0X") else word
        value = bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
    if kind is ETHER and len(value) != 6:
        raise ValueProblem(f"an Ethernet address has 6 bytes, and '{word}' has {len(value)}")
    return value
