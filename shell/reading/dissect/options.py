"""TCP options (RFC 9293 §3.2, RFC 7323, RFC 2018, RFC 5482, RFC 7413, RFC 2385)."""

from __future__ import annotations

from aether.wire import tcp
from aether.wire.error import WireError
from shell.reading.dissect.tree import Reader, colons, number

_KINDS = {
    0: ("tcp.options.eol", "end of options", 1), 1: ("tcp.options.nop", "padding", 1),
    2: ("tcp.options.mss", "maximum segment size", 4), 3: ("tcp.options.wscale", "window scale", 3),
    4: ("tcp.options.sack_perm", "SACK permitted", 2), 5: ("tcp.options.sack", "selective acknowledgement", 0),
    8: ("tcp.options.timestamp", "timestamp", 10), 19: ("tcp.options.md5", "MD5 signature", 18),
    253: ("tcp.options.experimental", "experiment", 0), 254: ("tcp.options.experimental", "experiment", 0),
    28: ("tcp.options.user_to", "user time-out", 4), 34: ("tcp.options.tfo", "fast open", 0),
}
"""The field of each kind, what it is called, and the only length that it may have; 0 for several."""


_TELLING = ("tcp.options.mss_val", "tcp.options.wscale.shift")
"""Parts that say all that the option says."""
MASK = 0xFFFFFFFF


def tcp_options(reader: Reader, base: int = 0) -> None:
    """Add the options, each with its parts; what is malformed ends the walk with the reason.

    `base` is the sequence number from which those of a SACK count.
    """
    if not reader.left:
        return
    raw = reader.peek(reader.left)
    try:
        tcp.parse_options(raw)
        said = raw.hex(" ")
    except WireError as problem:
        said = f"{raw.hex(' ')} (malformed: {problem.detail or problem.reason})"
    reader.add("tcp.options", "options", reader.at, len(raw), colons(raw), said)
    while reader.left:
        kind = reader.frame[reader.at]
        length = 1 if kind < 2 else reader.frame[reader.at + 1] if reader.left > 1 else 0
        if length < 1 or (kind > 1 and length < 2) or length > reader.left:
            return
        _option(reader, kind, length, base)
        reader.at += length
        if kind == 0 and any(reader.peek(reader.left)):
            return  # what follows the end is padding, and not always zeros


def _option(reader: Reader, kind: int, length: int, base: int) -> None:
    name, label, expected = _KINDS.get(kind, ("tcp.options.unknown", f"option {kind}", 0))
    raw = reader.peek(length)
    reader.add(name, label, reader.at, length, colons(raw), option_text(kind, raw[2:]))
    reader.parts(reader.at, 1, ("tcp.option_kind", "kind", str(kind)))
    if kind > 1:
        reader.parts(reader.at + 1, 1, ("tcp.option_len", "length", str(length)))
    if expected in (0, length):
        for part, label, offset, size, value in _parts(kind, raw, base):
            said = option_text(kind, raw[2:]) if part in _TELLING else None
            reader.add(part, label, reader.at + offset, size, value, said, part=True)


def _parts(kind: int, raw: bytes, base: int) -> list[tuple[str, str, int, int, str]]:
    """Return the parts of an option: field, label, offset, length and value."""
    if kind == 2:
        return [("tcp.options.mss_val", "bytes", 2, 2, str(number(raw[2:4])))]
    if kind == 3:
        return [("tcp.options.wscale.shift", "shift", 2, 1, str(raw[2])),
                ("tcp.options.wscale.multiplier", "factor", 2, 1, str(1 << min(raw[2], 14)))]
    if kind == 5:
        return [(f"tcp.options.sack_{'re' if at % 8 == 6 else 'le'}", "to" if at % 8 == 6 else "from", at, 4,
                 str((number(raw[at:at + 4]) - base) & MASK)) for at in range(2, len(raw) - 3, 4)]
    if kind == 8:
        return [("tcp.options.timestamp.tsval", "now", 2, 4, str(number(raw[2:6]))),
                ("tcp.options.timestamp.tsecr", "echo", 6, 4, str(number(raw[6:10])))]
    if kind == 19:
        return [("tcp.options.md5.digest", "digest", 2, 16, raw[2:].hex(":"))]
    if kind == 28:
        word = number(raw[2:4])
        return [("tcp.options.user_to_granularity", "minutes", 2, 2, str(word >> 15)),
                ("tcp.options.user_to_val", "time-out", 2, 2, str(word & 0x7FFF))]
    if kind == 34:
        if len(raw) == 2:
            return [("tcp.options.tfo.request", "asks for a cookie", 0, 2, "")]
        return [("tcp.options.tfo.cookie", "cookie", 2, len(raw) - 2, raw[2:].hex(":"))]
    return []


def option_text(kind: int, value: bytes) -> str:
    """Say what an option says, in words."""
    words = [str(number(value[index:index + 4])) for index in range(0, len(value) - 3, 4)]
    if kind in (0, 1, 4):
        return _KINDS[kind][1]
    if kind == 2 and len(value) == 2:
        return f"{number(value)} bytes"
    if kind == 3 and len(value) == 1:
        return f"{value[0]} (times {1 << value[0] if value[0] < 15 else 'too much'})"
    if kind == 5:
        return ", ".join(f"{left}-{right}" for left, right in zip(words[::2], words[1::2], strict=False))
    if kind == 8 and len(value) == 8:
        return f"{words[0]}, echo {words[1]}"
    if kind == 28 and len(value) == 2:
        return f"{number(value) & 0x7FFF} {'minutes' if value[0] & 0x80 else 'seconds'}"
    if kind == 34:
        return f"cookie {value.hex(' ')}" if value else "asks for a cookie"
    return f"option {kind}: {value.hex(' ')}"
