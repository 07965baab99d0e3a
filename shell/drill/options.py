"""TCP options: from the language to bytes, and from bytes to the language."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aether.wire import tcp
from shell.drill.script import TcpOption

KINDS = {
    "eol": tcp.OPTION_END, "nop": tcp.OPTION_NOP, "mss": tcp.OPTION_MSS, "wscale": tcp.OPTION_WINDOW_SCALE,
    "sack_permitted": tcp.OPTION_SACK_PERMITTED, "sack": tcp.OPTION_SACK, "timestamp": tcp.OPTION_TIMESTAMP,
    "md5": tcp.OPTION_MD5, "user_timeout": tcp.OPTION_USER_TIMEOUT, "fast_open": tcp.OPTION_FAST_OPEN,
    "fast_open_experiment": 254,
}
"""The kind of each option by its name here."""
NAMES = {kind: name for name, kind in KINDS.items() if kind != 254}
WIDTHS = {"mss": 2, "wscale": 1, "user_timeout": 2, "sack": 4, "timestamp": 4}
"""Bytes of each value."""
FAST_OPEN_MAGIC = b"\xf9\x89"
"""What Fast Open's experimental option begins with (RFC 7413, appendix)."""


def encode(
    options: Sequence[TcpOption], edge: Callable[[int], int], echo: Callable[[int], int],
) -> bytes:
    """Return options as they go on the wire, padded with ends of list to a multiple of 4 bytes.

    `edge` turns an edge of a SACK block into the number on the wire, `echo` a TSecr. ValueError beyond 40 bytes.
    """
    found = b""
    for option in options:
        if option.name in ("nop", "eol"):
            found += bytes((KINDS[option.name],))
            continue
        values = list(option.values)
        kind = values.pop(0) if option.name == "other_option" else KINDS[option.name]
        if option.name == "sack":
            values = [edge(value) for value in values]
        elif option.name == "timestamp":
            values[1] = echo(values[1])
        data = b"".join(value.to_bytes(WIDTHS[option.name], "big") for value in values) + option.data
        if option.name == "fast_open_experiment":
            data = FAST_OPEN_MAGIC + data
        elif option.name == "md5":
            data = data.ljust(16, b"\0")
        found += bytes((kind, 2 + len(data))) + data
    found += bytes(-len(found) % 4)
    if len(found) > tcp.MAX_OPTIONS:
        raise ValueError(f"TCP options take {tcp.MAX_OPTIONS} bytes at the most, not {len(found)}")
    return found


def decode(raw: bytes) -> list[TcpOption]:
    """Return options in order, with padding left out at the end; what is malformed is ``other_option`` 255."""
    found: list[TcpOption] = []
    at = 0
    while at < len(raw):
        kind = raw[at]
        if kind == tcp.OPTION_END:
            break
        if kind == tcp.OPTION_NOP:
            found.append(TcpOption("nop"))
            at += 1
            continue
        length = raw[at + 1] if at + 1 < len(raw) else 0
        if length < 2 or at + length > len(raw):
            found.append(TcpOption("other_option", (255,), raw[at:]))
            break
        found.append(_decoded(kind, raw[at + 2:at + length]))
        at += length
    return found


def _decoded(kind: int, data: bytes) -> TcpOption:
    name = NAMES.get(kind, "other_option")
    width = WIDTHS.get(name)
    if kind == 254 and data[:2] == FAST_OPEN_MAGIC:
        return TcpOption("fast_open_experiment", (), data[2:])
    if width and len(data) % width == 0:
        return TcpOption(name, tuple(int.from_bytes(data[i:i + width], "big") for i in range(0, len(data), width)))
    if name in ("fast_open", "md5") or (name == "sack_permitted" and not data):
        return TcpOption(name, (), data)
    return TcpOption("other_option", (kind,), data)


def show(options: Sequence[TcpOption]) -> str:
    """Return options as a script writes them, without the brackets."""
    return ",".join(_shown(option) for option in options)


def _shown(option: TcpOption) -> str:
    values = option.values
    if option.name == "sack":
        return "sack " + " ".join(f"{a}:{b}" for a, b in zip(values[::2], values[1::2], strict=False))
    if option.name == "timestamp":
        return f"TS val {values[0]} ecr {values[1]}"
    words = {
        "sack_permitted": "sackOK", "fast_open": "FO", "fast_open_experiment": "FOEXP", "user_timeout": "uto",
        "other_option": "option",
    }
    word = words.get(option.name, option.name)
    data = "" if option.name == "md5" else option.data.hex()
    return " ".join([word, *map(str, values), *([data] if data else [])])
