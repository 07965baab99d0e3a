"""TCP segments (RFC 9293 §3.1) and their options (RFC 9293 §3.2, RFC 7323, RFC 2018 and others)."""

from collections.abc import Sequence
from struct import Struct

from aether.wire import options as wire_options
from aether.wire.checksum import Buffer, partial_sum, transport_checksum_ok
from aether.wire.error import WireError

FIN = 0x001
SYN = 0x002
RST = 0x004
PSH = 0x008
ACK = 0x010
URG = 0x020
ECE = 0x040
CWR = 0x080
AE = 0x100
"""Accurate ECN (RFC 9768 §3.1); once the nonce sum of RFC 3540."""
MIN_HEADER_LENGTH = 20
MAX_OPTIONS = 40
"""Bytes of options that fit into a header."""
MAX_SACK = 32
"""Bytes of the four SACK blocks that fit into the options (RFC 2018 §3)."""
PROTOCOL = 6

OPTION_END = wire_options.END
OPTION_NOP = wire_options.NOP
OPTION_MSS = 2
OPTION_WINDOW_SCALE = 3
OPTION_SACK_PERMITTED = 4
OPTION_SACK = 5
OPTION_TIMESTAMP = 8
OPTION_MD5 = 19
OPTION_USER_TIMEOUT = 28
OPTION_FAST_OPEN = 34
TIMESTAMP_HEAD, USUAL_LENGTH = b"\x01\x01\x08\x0a", 12
"""How a timestamp begins that is the only option, as nearly always: behind two bytes of padding; and its length."""

_HEADER = Struct(">HHIIHHHH")
_TIMESTAMP = Struct(">II")
_TIMESTAMP_OPTION = Struct(">HBBII")
_SACK_OPTIONS = tuple(Struct(f">HBB{2 * blocks}I") for blocks in range(5))
_EDGES = tuple(Struct(f">{2 * blocks}I") for blocks in range(5))
_FLAG_LETTERS = (
    (SYN, "S"), (FIN, "F"), (RST, "R"), (PSH, "P"), (ACK, "A"), (URG, "U"), (ECE, "E"), (CWR, "C"), (AE, "N"),
)


class TcpHeader:
    """A header as it was on the wire; sequence numbers are modulo 2**32, the window is not scaled."""

    __slots__ = (
        "acknowledgement", "checksum", "destination_port", "flags", "header_length", "options", "sequence",
        "source_port", "urgent", "window",
    )

    def __init__(
        self, source_port: int, destination_port: int, sequence: int, acknowledgement: int, flags: int, window: int,
        checksum: int, urgent: int, header_length: int, options: bytes,
    ) -> None:
        self.source_port = source_port
        self.destination_port = destination_port
        self.sequence = sequence
        self.acknowledgement = acknowledgement
        self.flags = flags
        self.window = window
        self.checksum = checksum
        self.urgent = urgent
        """Offset of the byte after urgent data from `sequence`."""
        self.header_length = header_length
        """Bytes; the payload is `segment[header_length:]`."""
        self.options = options


OPTION_NAMES = {
    OPTION_END: "end of options", OPTION_NOP: "padding", OPTION_MSS: "maximum segment size",
    OPTION_WINDOW_SCALE: "window scale", OPTION_SACK_PERMITTED: "SACK permitted",
    OPTION_SACK: "selective acknowledgement", OPTION_TIMESTAMP: "timestamp", OPTION_MD5: "MD5 signature",
    OPTION_USER_TIMEOUT: "user time-out", OPTION_FAST_OPEN: "fast open",
}
"""What options are called."""
LENGTHS = {
    OPTION_MSS: 2, OPTION_WINDOW_SCALE: 1, OPTION_SACK_PERMITTED: 0, OPTION_TIMESTAMP: 8, OPTION_USER_TIMEOUT: 2,
    OPTION_MD5: 16,
}
"""Bytes of data that an option of a kind must have."""


class Options:
    """The options of a segment; None or False for what is absent: each has but what is present as its own."""

    malformed = ""
    """Where something could not be read, and was passed over."""
    mss: int | None = None
    """The largest payload that its sender wants to receive, in bytes."""
    window_scale: int | None = None
    """As on the wire; RFC 7323 §2.3 says to use 14 for more."""
    sack_permitted = False
    sack: tuple[tuple[int, int], ...] = ()
    """Blocks received: the first sequence number of each, and the one after its last."""
    timestamp: tuple[int, int] | None = None
    """TSval and TSecr (RFC 7323 §3)."""
    user_timeout: int | None = None
    """Microseconds (RFC 5482)."""
    fast_open: bytes | None = None
    """A cookie, or an empty one to ask for it (RFC 7413 §4.1.1)."""
    md5 = False
    """Whether there is a signature (RFC 2385); it is not verified."""
    unknown: tuple[tuple[int, bytes], ...] = ()
    """Kind and data of all others."""


def parse(segment: Buffer) -> TcpHeader:
    """Read a header, without looking at the checksum; WireError `tcp.truncated` or `tcp.data_offset`."""
    if len(segment) < MIN_HEADER_LENGTH:
        raise WireError("tcp.truncated", f"{len(segment)} bytes")
    source_port, destination_port, sequence, acknowledgement, bits, window, checksum, urgent = (
        _HEADER.unpack_from(segment))
    length = bits >> 12 << 2
    if length == MIN_HEADER_LENGTH:
        options = b""
    elif MIN_HEADER_LENGTH < length <= len(segment):
        options = bytes(segment[MIN_HEADER_LENGTH:length])
    else:
        raise WireError("tcp.data_offset", f"a header of {length} bytes in a segment of {len(segment)}")
    return TcpHeader(
        source_port, destination_port, sequence, acknowledgement, bits & 0x1FF, window, checksum, urgent, length,
        options,
    )


def verify(segment: Buffer, source_ip: bytes, destination_ip: bytes) -> bool:
    """Tell whether a segment's checksum is right (RFC 9293 §3.1)."""
    return transport_checksum_ok(source_ip, destination_ip, PROTOCOL, segment)


def parse_options(raw: bytes) -> Options:
    """Read the options; WireError `tcp.options` for one whose length is impossible or wrong for its kind."""
    options = Options()
    found, wrong = wire_options.locate(raw)
    for at, kind, length in found:
        if not _take(options, kind, raw[at + 2:at + length]):
            wrong = at
            break
    if wrong >= 0:
        raise WireError("tcp.options", wire_options.describe(raw, wrong))
    return options


def usable_options(raw: bytes) -> Options:
    """Read the options as far as they can be read (RFC 9293 §3.1, MUST-7), as Linux does.

    One whose length is wrong for its kind is passed over; behind an impossible length nothing can be told apart.
    `malformed` says where.
    """
    if len(raw) == USUAL_LENGTH and raw.startswith(TIMESTAMP_HEAD):
        options = Options()
        options.timestamp = _TIMESTAMP.unpack_from(raw, 4)
        return options
    try:
        return parse_options(raw)
    except WireError as problem:
        options, at, end = Options(), 0, len(raw)
        options.malformed = problem.detail
    while at < end and raw[at] != OPTION_END:
        length = 1 if raw[at] == OPTION_NOP else raw[at + 1] if at + 1 < end else 0
        if not length or at + length > end or (length == 1 and raw[at] != OPTION_NOP):
            break
        if length > 1:
            _take(options, raw[at], raw[at + 2:at + length])
        at += length
    return options


def _take(options: Options, kind: int, data: bytes) -> bool:
    """Take one option; return False, with nothing taken, when its length is wrong."""
    length = len(data)
    if length != LENGTHS.get(kind, length):
        return False
    if kind == OPTION_MSS:
        options.mss = int.from_bytes(data, "big")
    elif kind == OPTION_WINDOW_SCALE:
        options.window_scale = data[0]
    elif kind == OPTION_SACK_PERMITTED:
        options.sack_permitted = True
    elif kind == OPTION_TIMESTAMP:
        options.timestamp = _TIMESTAMP.unpack(data)
    elif kind == OPTION_SACK:
        if length & 7 or not 0 < length <= MAX_SACK:
            return False
        edges = _EDGES[length >> 3].unpack(data)
        options.sack = tuple(zip(edges[::2], edges[1::2], strict=True))
    else:
        return _take_rare(options, kind, data)
    return True


def _take_rare(options: Options, kind: int, data: bytes) -> bool:
    length = len(data)
    if kind == OPTION_USER_TIMEOUT:
        value = int.from_bytes(data, "big")
        options.user_timeout = (value & 0x7FFF) * (60_000_000 if value & 0x8000 else 1_000_000)
        return True
    if kind == OPTION_FAST_OPEN:
        if length == 0 or (4 <= length <= 16 and not length & 1):
            options.fast_open = data
        return True  # with another length it is passed over (RFC 7413 §4.1.1)
    if kind == OPTION_MD5:
        options.md5 = True
        return True
    options.unknown += ((kind, data),)
    return True


def timestamp_option(value: int, echo: int, before: int = 0x0101) -> bytes:
    """Return a timestamp (RFC 7323 §3) behind two bytes of padding, or behind SACK permitted, which takes as many."""
    return _TIMESTAMP_OPTION.pack(before, OPTION_TIMESTAMP, 10, value, echo)


def sack_option(blocks: Sequence[tuple[int, int]]) -> bytes:
    """Return what has arrived beyond a hole (RFC 2018 §3), behind two bytes of padding; ValueError for five blocks."""
    count = len(blocks)
    if count > 4:
        raise ValueError(f"TCP options take at most {MAX_OPTIONS} bytes, not {4 + 8 * count}")
    edges = [edge for block in blocks for edge in block]
    return _SACK_OPTIONS[count].pack(0x0101, OPTION_SACK, 2 + 8 * count, *edges)


def build_options(
    *, mss: int | None = None, window_scale: int | None = None, sack_permitted: bool = False,
    sack: tuple[tuple[int, int], ...] = (), timestamp: tuple[int, int] | None = None, fast_open: bytes | None = None,
) -> bytes:
    """Return options in the order and with the padding that Linux uses, a multiple of 4 bytes.

    ValueError when they do not fit into 40 bytes: at most four SACK blocks, three beside a timestamp.
    """
    parts = []
    if mss is not None:
        parts.append(b"\x02\x04" + mss.to_bytes(2, "big"))
    if timestamp is not None:
        parts.append(timestamp_option(*timestamp, 0x0402 if sack_permitted else 0x0101))
    elif sack_permitted:
        parts.append(b"\x01\x01\x04\x02")
    if window_scale is not None:
        parts.append(bytes((OPTION_NOP, OPTION_WINDOW_SCALE, 3, window_scale)))
    if sack:
        parts.append(sack_option(sack))
    if fast_open is not None:
        option = bytes((OPTION_FAST_OPEN, 2 + len(fast_open))) + fast_open
        parts.append(option + bytes((OPTION_NOP,)) * (-len(option) % 4))
    options = b"".join(parts)
    if len(options) > MAX_OPTIONS:
        raise ValueError(f"TCP options take at most {MAX_OPTIONS} bytes, not {len(options)}")
    return options


def build(
    source_ip: bytes, destination_ip: bytes, source_port: int, destination_port: int, sequence: int,
    acknowledgement: int, flags: int, window: int, options: bytes = b"", payload: bytes = b"", urgent: int = 0,
) -> bytes:
    """Return a segment with its checksum; ValueError when `options` are no multiple of 4 bytes, or more than 40."""
    bits = 0x5000 | flags
    length = MIN_HEADER_LENGTH + len(payload)
    total = partial_sum(payload) if payload else 0
    if options:
        if len(options) & 3 or len(options) > MAX_OPTIONS:
            raise ValueError(f"TCP options are a multiple of 4 bytes, {MAX_OPTIONS} at the most, not {len(options)}")
        bits += len(options) << 10
        length += len(options)
        total += int.from_bytes(options, "big")
    total += (
        int.from_bytes(source_ip + destination_ip, "big") + PROTOCOL + length + source_port + destination_port
        + sequence + acknowledgement + bits + window + urgent
    )
    return _HEADER.pack(
        source_port, destination_port, sequence, acknowledgement, bits, window, -total % 0xFFFF, urgent
    ) + options + payload


def show_flags(flags: int) -> str:
    """Return the flags as letters: ``SA`` for a SYN,ACK."""
    return "".join([letter for bit, letter in _FLAG_LETTERS if flags & bit])
