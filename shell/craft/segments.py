"""Crafted TCP segments, built with scapy from what a person wrote.

scapy is imported here and nowhere else, when the first segment is crafted: it takes a
quarter of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from shell.grammar import CommandError, closing_quote, did_you_mean
from shell.values import payload, port

KINDS = {"syn": "S", "synack": "SA", "ack": "A", "fin": "FA", "rst": "R", "psh": "PA"}
"""The segments that have a name, and their flags."""


@dataclass(slots=True)
class Settings:
    """What may be said of a crafted segment besides its flags and its destination."""

    sport: int = 0
    """Our port; 0 lets one be chosen."""
    seq: int = 1000
    ack: int = 0
    window: int = 64_240
    ttl: int = 64
    mss: int | None = None
    data: bytes = b""
    flags: str = ""
    """Flag letters in place of the name's."""


@dataclass(slots=True)
class Segment:
    """A crafted segment: bytes ready for the wire, and what they are."""

    frame: bytes
    flags: str
    source: str
    destination: str
    settings: Settings = field(default_factory=Settings)


def _number(text: str, name: str, high: int) -> int:
    try:
        number = int(text, 0)
    except ValueError:
        number = -1
    if not 0 <= number <= high:
        raise CommandError(f"{name} must be a number from 0 to {high}, not {text!r}")
    return number


def settings(text: str) -> Settings:
    """Read ``name=value`` pairs, such as ``seq=1000 data="hello"``; CommandError for anything else."""
    found = Settings()
    names = [each.name for each in fields(Settings)]
    for name, value in _pairs(text):
        if name not in names:
            raise CommandError(f"no setting {name!r}{did_you_mean(name, names) or '. There are: ' + ', '.join(names)}")
        read = _READERS.get(name)
        setattr(found, name, read(value) if read else _number(value, name, _LIMITS[name]))
    return found


def _flags(text: str) -> str:
    if not text or set(text.upper()) - set("FSRPAUEC"):
        raise CommandError(f"flags are letters of FSRPAUEC, such as SA, not {text!r}")
    return text.upper()


_LIMITS = {"seq": 0xFFFFFFFF, "ack": 0xFFFFFFFF, "window": 0xFFFF, "ttl": 255, "mss": 0xFFFF}
_READERS: dict[str, Callable[[str], Any]] = {"sport": port, "data": payload, "flags": _flags}


def _pairs(text: str) -> list[tuple[str, str]]:
    """Divide ``a=1 b="two words"`` into pairs; a value in quotes may hold anything."""
    pairs = []
    rest = text.strip()
    while rest:
        name, equals, after = rest.partition("=")
        if not equals or not name.isidentifier():
            raise CommandError(f"settings are written like seq=1000 or data=\"hello\", not {rest!r}")
        if after[:1] in ("'", '"'):
            end = closing_quote(after) + 1
            if not end:
                raise CommandError(f"the quote in {after!r} is not closed")
        else:
            end = len(after.split(None, 1)[0]) if after.strip() and not after[:1].isspace() else 0
        pairs.append((name, after[:end]))
        rest = after[end:].strip()
    return pairs


def build(
    kind: str, chosen: Settings, source: tuple[str, str], destination: tuple[str, str], port: int, local_port: int
) -> Segment:
    """Build a frame; `source` and `destination` are pairs of hardware and IP address."""
    from scapy.config import conf

    conf.route_autoload = False
    conf.route6_autoload = False
    from scapy.layers.inet import IP, TCP
    from scapy.layers.l2 import Ether

    flags = chosen.flags or KINDS[kind]
    options = [("MSS", chosen.mss)] if chosen.mss is not None else []
    packet = (
        Ether(src=source[0], dst=destination[0])
        / IP(src=source[1], dst=destination[1], ttl=chosen.ttl, flags="DF")
        / TCP(sport=local_port, dport=port, flags=flags, seq=chosen.seq, ack=chosen.ack, window=chosen.window,
              options=options)
        / chosen.data
    )
    return Segment(bytes(packet), flags, f"{source[1]}:{local_port}", f"{destination[1]}:{port}", chosen)


