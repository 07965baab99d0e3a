"""The types of fields: what values they have, and how these are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv6Address
from typing import Any, NamedTuple

from aether.wire.address import show_ip, show_mac


class Type(NamedTuple):
    """What values a field has. Only types of one family can be compared with each other."""

    name: str
    """For a person: ``number (16 bits)``."""
    family: str
    """``number``, ``time``, ``address``, ``bytes`` or ``text``."""
    limit: int = 0
    """The largest number, or the only length of an address in bytes; 0 when anything goes."""
    size: int = 0
    """Bytes of a value in a frame; 0 where the field says so itself."""


def _unsigned(bits: int) -> Type:
    return Type(f"number ({bits} bits)", "number", (1 << bits) - 1, bits // 8)


UINT8, UINT16, UINT32, UINT64 = (_unsigned(bits) for bits in (8, 16, 32, 64))
NUMBER = Type("number", "number")
BOOLEAN = Type("yes or no (1 or 0)", "number", 1)
TIME = Type("time", "time")
"""Integer microseconds; written in seconds, or with a unit: 0.2, 200ms."""
MILLISECONDS = Type("time in milliseconds", "time")
"""Integer microseconds; written in milliseconds, or with a unit."""
DATE = Type("date and time", "date")
"""Integer microseconds since 1970; written in double quotes: "2026-01-31 12:00:00.5"."""
IPV4 = Type("IPv4 address", "address", 4, 4)
IPV6 = Type("IPv6 address", "bytes", 16, 16)
ETHER = Type("Ethernet address", "bytes", 6, 6)
BYTES = Type("bytes", "bytes")
PROTOCOL = Type("protocol", "bytes")
"""Present or not; its bytes can be sliced and searched."""
TEXT = Type("text", "text")
WORD = Type("word", "text")
"""Text that stands for a thing with a name, such as a state; it needs no quotes."""


def writer(kind: Type) -> Callable[[Any], str]:
    """Return what writes values of a type as Wireshark's JSON does."""
    if kind in (IPV4, ETHER, IPV6):
        return {IPV4: show_ip, ETHER: show_mac, IPV6: _show_ip6}[kind]
    if kind is DATE:
        return _date
    if kind.family == "bytes":
        return _colons
    return _flag if kind is BOOLEAN else str


def _show_ip6(data: bytes) -> str:
    return str(IPv6Address(data))


def _date(moment: int) -> str:
    seconds, fraction = divmod(moment, 1_000_000)
    when = datetime.fromtimestamp(seconds, UTC)
    return f"{when:%b} {when.day:2}, {when:%Y %H:%M:%S}.{fraction:06}000 UTC"


def _colons(data: bytes) -> str:
    return data.hex(":")


def _flag(value: bool) -> str:
    return "1" if value else "0"
