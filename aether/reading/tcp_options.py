"""TCP options (RFC 9293 §3.2, RFC 7323, RFC 2018, RFC 5482, RFC 7413, RFC 2385).

Kinds, lengths and names are those of `wire.tcp`, whose strict parser decides what the stack drops.
"""

from __future__ import annotations

from aether.reading.ip import options
from aether.reading.layout import Field, counted
from aether.reading.tree import Cursor
from aether.reading.types import BOOLEAN, BYTES, UINT8, UINT16, UINT32
from aether.wire import tcp
from aether.wire.error import WireError

MASK = 0xFFFFFFFF
MAX_SHIFT = 14
"""The largest shift of window scaling; a larger one counts as this (RFC 7323 §2.3)."""

OPTIONS = Field("tcp.options", BYTES, "options", "all options")
KIND = Field("tcp.option_kind", UINT8, "kind", "the kind of each option", part=True)
LENGTH = Field("tcp.option_len", UINT8, "length", "the length of each option that has one", part=True)


def _itself(name: str, kind: int, help: str) -> Field:
    """Declare the field of a whole option."""
    return Field(name, BYTES, tcp.OPTION_NAMES.get(kind, ""), help, words=lambda raw: option_text(kind, raw[2:]))


EOL = _itself("tcp.options.eol", tcp.OPTION_END, "the end of the options")
NOP = _itself("tcp.options.nop", tcp.OPTION_NOP, "a byte of padding")
MSS = _itself("tcp.options.mss", tcp.OPTION_MSS, "the option 'maximum segment size'")
MSS_VALUE = Field("tcp.options.mss_val", UINT16, "bytes", "the largest segment that the sender takes",
                  words=counted("bytes"), part=True)
SCALE = _itself("tcp.options.wscale", tcp.OPTION_WINDOW_SCALE, "the option 'window scale'")
SHIFT = Field("tcp.options.wscale.shift", UINT8, "shift", "by how many bits windows are shifted",
              words=lambda value: f"{value} (times {1 << value if value <= MAX_SHIFT else 'too much'})", part=True)
MULTIPLIER = Field("tcp.options.wscale.multiplier", UINT16, "factor",
                   "what windows are multiplied by; a shift of more than 14 counts as 14 (RFC 7323 §2.3)", part=True)
PERMITTED = _itself("tcp.options.sack_perm", tcp.OPTION_SACK_PERMITTED,
                    "the option 'selective acknowledgement permitted'")
SACK = _itself("tcp.options.sack", tcp.OPTION_SACK, "the option 'selective acknowledgement'")
LEFT = Field("tcp.options.sack_le", UINT32, "from", "left edges of SACK blocks, counted like tcp.ack", part=True)
RIGHT = Field("tcp.options.sack_re", UINT32, "to", "right edges of SACK blocks, counted like tcp.ack", part=True)
COUNT = Field("tcp.options.sack.count", UINT8, "blocks", "how many SACK blocks there are", hidden=True)
TIMESTAMP = _itself("tcp.options.timestamp", tcp.OPTION_TIMESTAMP, "the option 'timestamps'")
TSVAL = Field("tcp.options.timestamp.tsval", UINT32, "now", "the sender's clock", part=True)
TSECR = Field("tcp.options.timestamp.tsecr", UINT32, "echo", "the clock value that is echoed", part=True)
MD5 = _itself("tcp.options.md5", tcp.OPTION_MD5, "the option 'MD5 signature' (RFC 2385)")
DIGEST = Field("tcp.options.md5.digest", BYTES, "digest", "the signature", part=True)
USER = _itself("tcp.options.user_to", tcp.OPTION_USER_TIMEOUT, "the option 'user timeout' (RFC 5482)")
USER_UNIT = Field("tcp.options.user_to_granularity", BOOLEAN, "minutes", "whether the user timeout is in minutes",
                  size=2, mask=0x8000, part=True)
USER_VALUE = Field("tcp.options.user_to_val", UINT16, "time-out", "the user timeout in seconds, or in minutes",
                   mask=0x7FFF, part=True)
FAST_OPEN = _itself("tcp.options.tfo", tcp.OPTION_FAST_OPEN, "the option 'fast open' (RFC 7413)")
COOKIE = Field("tcp.options.tfo.cookie", BYTES, "cookie", "the cookie that lets data go with the SYN", part=True)
REQUEST = Field("tcp.options.tfo.request", BOOLEAN, "asks for a cookie", "the question for such a cookie",
                part=True, silent=True)
EXPERIMENT = Field("tcp.options.experimental", BYTES, "experiment", "an experimental option (RFC 6994)")
UNKNOWN = Field("tcp.options.unknown", BYTES, "option", "an option of any other kind")

WHOLE = {
    tcp.OPTION_END: EOL, tcp.OPTION_NOP: NOP, tcp.OPTION_MSS: MSS, tcp.OPTION_WINDOW_SCALE: SCALE,
    tcp.OPTION_SACK_PERMITTED: PERMITTED, tcp.OPTION_SACK: SACK, tcp.OPTION_TIMESTAMP: TIMESTAMP, tcp.OPTION_MD5: MD5,
    tcp.OPTION_USER_TIMEOUT: USER, tcp.OPTION_FAST_OPEN: FAST_OPEN, 253: EXPERIMENT, 254: EXPERIMENT,
}
"""The field of each kind as a whole."""
FIELDS = (
    OPTIONS, KIND, LENGTH, MSS, MSS_VALUE, SCALE, SHIFT, MULTIPLIER, PERMITTED, SACK, LEFT, RIGHT, COUNT, TIMESTAMP,
    TSVAL, TSECR, NOP, EOL, USER, USER_UNIT, USER_VALUE, FAST_OPEN, COOKIE, REQUEST, MD5, DIGEST, EXPERIMENT, UNKNOWN,
)


def read_options(cursor: Cursor, base: int) -> None:
    """Add the options, each with its parts; what is malformed ends the walk with the reason.

    `base` is the sequence number from which those of a SACK count.
    """
    if not cursor.left:
        return
    raw = cursor.peek(cursor.left)
    cursor.add(OPTIONS, cursor.at, len(raw), raw, _said(raw) if cursor.tree.wordy else "")
    for kind, at, length in options(cursor.frame, cursor.at, cursor.end):
        _option(cursor, kind, at, length, base)
    _padding(cursor)


def sacked(data: bytes, start: int, end: int) -> int:
    """Return how many bytes the blocks of a SACK option hold, 0 without one."""
    for kind, at, length in options(data, start, end):
        if kind == tcp.OPTION_SACK:
            edges = [int.from_bytes(data[place:place + 4], "big") for place in range(at + 2, at + length - 3, 4)]
            return sum((right - left) & 0xFFFFFFFF for left, right in zip(edges[::2], edges[1::2], strict=False))
    return 0


def has_mss(data: bytes, start: int, end: int) -> bool:
    """Tell whether one of the options is the largest segment size, even if its length makes no sense."""
    for kind, at, length in options(data, start, end):
        if kind == tcp.OPTION_MSS:
            return True
        start = at + length
    return start < end and data[start] == tcp.OPTION_MSS


def _padding(cursor: Cursor) -> None:
    """Add the zeros behind the end of the options, as more ends of them; what is not all zeros is nothing."""
    end = next((at for kind, at, _ in options(cursor.frame, cursor.at, cursor.end) if kind == tcp.OPTION_END), -1)
    if end >= 0 and not any(cursor.frame[end:cursor.end]):
        for at in range(end + 1, cursor.end):
            _option(cursor, tcp.OPTION_END, at, 1, 0)


def _said(raw: bytes) -> str:
    """Return all options in words: their bytes, and what the stack's parser has against them."""
    try:
        tcp.parse_options(raw)
    except WireError as problem:
        return f"{raw.hex(' ')} (malformed: {problem.detail or problem.reason})"
    return raw.hex(" ")


def _option(cursor: Cursor, kind: int, at: int, length: int, base: int) -> None:
    raw = cursor.frame[at:at + length]
    whole = WHOLE.get(kind, UNKNOWN)
    if whole in (UNKNOWN, EXPERIMENT):
        cursor.add(whole, at, length, raw, f"option {kind}: {raw[2:].hex(' ')}",
                   label=f"option {kind}" if whole is UNKNOWN else "")
    else:
        cursor.add(whole, at, length, raw)
    cursor.add(KIND, at, 1, kind)
    if kind > tcp.OPTION_NOP:
        cursor.add(LENGTH, at + 1, 1, length)
        if tcp.LENGTHS.get(kind, length - 2) == length - 2:
            _parts(cursor, kind, at, raw, base)


def _parts(cursor: Cursor, kind: int, at: int, raw: bytes, base: int) -> None:
    """Add the parts of an option whose length is right."""
    def add(field: Field, place: int, size: int, value: int | bytes) -> None:
        cursor.add(field, at + place, size, value)

    def number(place: int, size: int) -> int:
        return int.from_bytes(raw[place:place + size], "big")

    if kind == tcp.OPTION_MSS:
        add(MSS_VALUE, 2, 2, number(2, 2))
    elif kind == tcp.OPTION_WINDOW_SCALE:
        add(SHIFT, 2, 1, raw[2])
        add(MULTIPLIER, 2, 1, 1 << min(raw[2], MAX_SHIFT))
    elif kind == tcp.OPTION_SACK:
        add(COUNT, 1, 1, (len(raw) - 2) // 8)
        for place in range(2, len(raw) - 3, 4):
            add(RIGHT if place % 8 == 6 else LEFT, place, 4, (number(place, 4) - base) & MASK)
    elif kind == tcp.OPTION_TIMESTAMP:
        add(TSVAL, 2, 4, number(2, 4))
        add(TSECR, 6, 4, number(6, 4))
    elif kind == tcp.OPTION_MD5:
        add(DIGEST, 2, 16, raw[2:])
    elif kind == tcp.OPTION_USER_TIMEOUT:
        for field in (USER_UNIT, USER_VALUE):
            add(field, 2, 2, field.number(number(2, 2)))
    elif kind == tcp.OPTION_FAST_OPEN and len(raw) == 2:
        add(REQUEST, 0, 2, True)
    elif kind == tcp.OPTION_FAST_OPEN:
        add(COOKIE, 2, len(raw) - 2, raw[2:])


def option_text(kind: int, value: bytes) -> str:
    """Say what an option says, in words."""
    numbers = [int.from_bytes(value[index:index + 4], "big") for index in range(0, len(value) - 3, 4)]
    if kind in (tcp.OPTION_END, tcp.OPTION_NOP, tcp.OPTION_SACK_PERMITTED):
        return tcp.OPTION_NAMES[kind]
    if kind == tcp.OPTION_MSS and len(value) == 2:
        return f"{int.from_bytes(value, 'big')} bytes"
    if kind == tcp.OPTION_WINDOW_SCALE and len(value) == 1:
        return f"{value[0]} (times {1 << value[0] if value[0] <= MAX_SHIFT else 'too much'})"
    if kind == tcp.OPTION_SACK:
        return ", ".join(f"{left}-{right}" for left, right in zip(numbers[::2], numbers[1::2], strict=False))
    if kind == tcp.OPTION_TIMESTAMP and len(value) == 8:
        return f"{numbers[0]}, echo {numbers[1]}"
    if kind == tcp.OPTION_USER_TIMEOUT and len(value) == 2:
        return f"{int.from_bytes(value, 'big') & 0x7FFF} {'minutes' if value[0] & 0x80 else 'seconds'}"
    if kind == tcp.OPTION_FAST_OPEN:
        return f"cookie {value.hex(' ')}" if value else "asks for a cookie"
    return f"option {kind}: {value.hex(' ')}"
