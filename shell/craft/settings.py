"""What may be said of a crafted frame: ``seq=1000 win=1 options=mss:536,sack data="hello"``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shell.craft.expressions import evaluate
from shell.language.grammar import CommandError, closing_quote, did_you_mean
from shell.language.values import address, count, duration, hexadecimal, payload

Reader = Callable[[str, Mapping[str, int]], Any]


def number(bits: int) -> Reader:
    """Return a reader of a field of so many bits; sequence numbers (32 bits) wrap, others must fit."""
    high = (1 << bits) - 1

    def read(text: str, names: Mapping[str, int]) -> int:
        try:
            value = evaluate(text, names)
        except CommandError:
            if names or any(char.isalpha() for char in text[1:]):
                raise
            raise ValueError(f"a number from 0 to {high}, not {text!r}") from None
        if bits == 32 and names:
            return value & high
        if not 0 <= value <= high:
            raise ValueError(f"a number from 0 to {high}, not {text!r}")
        return value

    return read


def _plain(read: Callable[[str], Any]) -> Reader:
    return lambda text, names: read(text)


def _flags(text: str, names: Mapping[str, int]) -> str:
    if not text or set(text.upper()) - set("FSRPAUECN"):
        raise CommandError(f"flags are letters of FSRPAUECN, such as SA, not {text!r}")
    return text.upper()


def _mac(text: str) -> str:
    octets = hexadecimal(text)
    if len(octets) != 6:
        raise ValueError(f"a hardware address such as 02:00:00:00:00:01, not {text!r}")
    return ":".join(f"{octet:02x}" for octet in octets)


def _ip_flags(text: str, names: Mapping[str, int]) -> int:
    known = {"none": 0, "0": 0, "mf": 1, "df": 2, "evil": 4}
    parts = text.lower().replace("+", ",").split(",")
    if any(part not in known for part in parts):
        raise ValueError(f"df, mf, evil or none, joined by +, not {text!r}")
    return sum({known[part] for part in parts})


def tcp_options(text: str, names: Mapping[str, int]) -> list[tuple[str, Any]]:
    """Read options such as ``mss:536,sack,ws:7,ts:100/0,nop,eol``, in their order; CommandError."""
    found: list[tuple[str, Any]] = []
    for word in text.lower().split(","):
        name, _, value = word.partition(":")
        try:
            found.append(_option(name, value))
        except (ValueError, IndexError):
            raise CommandError(
                f"no TCP option {word!r}. There are mss:536, sack, ws:7, ts:VALUE/ECHO, nop, eol, "
                "blocks:LEFT-RIGHT+LEFT-RIGHT and KIND:HEXADECIMAL, joined by commas; none leaves them out") from None
    return [one for one in found if one[0] != "none"]


def _option(name: str, value: str) -> tuple[Any, Any]:
    if name == "none" and not value:
        return "none", None
    if name == "mss":
        return "MSS", _up_to(value, 0xFFFF)
    if name == "ws":
        return "WScale", _up_to(value, 0xFF)
    if name in ("sack", "nop", "eol") and not value:
        return {"sack": ("SAckOK", b""), "nop": ("NOP", None), "eol": ("EOL", None)}[name]
    if name == "ts":
        mine, _, echo = value.partition("/")
        return "Timestamp", (_up_to(mine, 0xFFFFFFFF), _up_to(echo or "0", 0xFFFFFFFF))
    if name == "blocks":
        edges = [_up_to(edge, 0xFFFFFFFF) for block in value.split("+") for edge in block.split("-")]
        if len(edges) % 2:
            raise ValueError(value)
        return "SAck", tuple(edges)
    return _up_to(name, 0xFF), bytes.fromhex(value)


def _up_to(text: str, high: int) -> int:
    value = int(text, 0)
    if not 0 <= value <= high:
        raise ValueError(text)
    return value


READERS: dict[str, Reader] = {
    "seq": number(32), "ack": number(32), "win": number(16), "window": number(16), "sport": number(16),
    "dport": number(16), "ttl": number(8), "tos": number(8), "id": number(16), "urg": number(16),
    "checksum": number(16), "frag": number(13), "type": number(8), "code": number(8), "size": number(16),
    "proto": number(8), "flags": _flags, "ip_flags": _ip_flags, "options": tcp_options,
    "data": _plain(payload), "hex": _plain(hexadecimal), "mss": number(16),
    "src": _plain(address), "dst": _plain(address), "psrc": _plain(address), "pdst": _plain(address),
    "server": _plain(address), "answer": _plain(address),
    "hwsrc": _plain(_mac), "hwdst": _plain(_mac), "smac": _plain(_mac), "dmac": _plain(_mac),
    "op": _plain(str.lower), "qtype": _plain(str.upper), "name": _plain(str),
    "count": _plain(count), "every": _plain(duration),
}
"""What each setting means, whichever frames know it."""


def read(text: str, allowed: tuple[str, ...], names: Mapping[str, int]) -> dict[str, Any]:
    """Read ``name=value`` pairs, of the `allowed` names; a text in quotes alone is data. CommandError for others."""
    found: dict[str, Any] = {}
    for name, value in pairs(text):
        if name not in allowed:
            near = did_you_mean(name, allowed) or f". There are: {', '.join(allowed)}"
            raise CommandError(f"no setting {name!r}{near}")
        try:
            found[name] = READERS[name](value, names)
        except CommandError as problem:
            message = str(problem)
            raise CommandError(message if message.startswith(("flags", "no TCP", "\\x", "no escape"))
                               else f"{name}: {message}") from None
        except ValueError as problem:
            bad = str(problem)
            raise CommandError(f"{name} must be {bad}" if bad.startswith(("a ", "df")) else f"{name}: {bad}") from None
    return found


def pairs(text: str) -> list[tuple[str, str]]:
    """Divide ``a=1 b="two words" "data"`` into pairs; a value in quotes may hold anything."""
    found = []
    rest = text.strip()
    while rest:
        if rest[0] in "'\"":
            name, after = "data", rest
        else:
            name, equals, after = rest.partition("=")
            if not equals or not name.isidentifier():
                raise CommandError(f"settings are written like seq=1000 or data=\"hello\", not {rest!r}")
        if after[:1] in ("'", '"'):
            end = closing_quote(after) + 1
            if not end:
                raise CommandError(f"the quote in {after!r} is not closed")
        else:
            end = len(after.split(None, 1)[0]) if after.strip() and not after[:1].isspace() else 0
        found.append((name, after[:end]))
        rest = after[end:].strip()
    return found
