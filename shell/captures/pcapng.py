"""The format of captures that Wireshark writes (draft-ietf-opsawg-pcapng): blocks with options.

Written are a section header, one interface, a packet each with its comments, and statistics.
Read is whatever holds packets; other blocks are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import error as StructError
from struct import pack
from typing import NamedTuple

from aether.reading.link import ETHERNET, FCS
from shell.captures.packets import (
    MAX_COMMENT,
    MAX_COMMENTS,
    MAX_PACKET,
    CapturedPacket,
    Damaged,
    NotACapture,
    Source,
    layouts,
)

SECTION = 0x0A0D0D0A
INTERFACE = 1
OLD_PACKET = 2
SIMPLE_PACKET = 3
STATISTICS = 5
PACKET = 6
MAX_BLOCK = 16_777_216
"""Bytes of the longest block that is read, as in Wireshark; what claims to be longer is damage."""
MAX_INTERFACES = 4096
MAX_OPTIONS = 1000
"""Options of a block that are looked at: an empty one takes four bytes, and a block may have millions."""

_START = b"\x0a\x0d\x0d\x0a"
_ORDER_MAGIC = 0x1A2B3C4D
_LAYOUTS = layouts("II", "HHI", "IIIII", "HHIIII", "HH", "I")
_COMMENT, _FLAGS, _RESOLUTION, _FCS_LENGTH, _TIME_OFFSET = 1, 2, 9, 13, 14
_DIRECTIONS = {1: "in", 2: "out"}
_MICROSECONDS = 6


def is_pcapng(start: bytes) -> bool:
    """Tell by the first four bytes."""
    return start == _START


# Writing. Little-endian, as most readers are.


def _option(code: int, value: bytes) -> bytes:
    return pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def _text(code: int, text: str) -> bytes:
    """Return an option with text, cut to what is reasonable, never inside a character."""
    raw = text.encode("utf-8", "replace")
    if len(raw) > MAX_COMMENT:
        raw = raw[:MAX_COMMENT].decode("utf-8", "ignore").encode() + "…".encode()
    return _option(code, raw)


def _block(kind: int, body: bytes) -> bytes:
    length = 12 + len(body)
    return pack("<II", kind, length) + body + pack("<I", length)


def section(application: str, comment: str = "") -> bytes:
    """Return the block that begins a file."""
    options = (_text(_COMMENT, comment) if comment else b"") + _text(4, application) + _option(0, b"")
    return _block(SECTION, pack("<IHHq", _ORDER_MAGIC, 1, 0, -1) + options)


def interface(name: str, description: str) -> bytes:
    """Return the block for an Ethernet interface whose times are microseconds."""
    options = _text(2, name) + _text(3, description) + _option(_RESOLUTION, bytes((_MICROSECONDS,))) + _option(0, b"")
    return _block(INTERFACE, pack("<HHI", ETHERNET, 0, MAX_PACKET) + options)


def packet(time: int, data: bytes, direction: str = "", comments: Sequence[str] = ()) -> bytes:
    """Return the block for a packet; `time` is microseconds since 1970, `direction` ``in``, ``out`` or empty."""
    options = b"".join(_text(_COMMENT, comment) for comment in comments)
    flags = {name: number for number, name in _DIRECTIONS.items()}.get(direction)
    if flags is not None:
        options += _option(_FLAGS, pack("<I", flags))
    if options:
        options += _option(0, b"")
    head = pack("<IIIII", 0, time >> 32, time & 0xFFFF_FFFF, len(data), len(data))
    return _block(PACKET, head + data + bytes(-len(data) % 4) + options)


def statistics(time: int, received: int, missed: int, comment: str = "") -> bytes:
    """Return the block at the end that counts packets, and those that nobody recorded."""
    options = (_text(_COMMENT, comment) if comment else b"")
    options += _option(4, pack("<Q", received)) + _option(5, pack("<Q", missed)) + _option(0, b"")
    return _block(STATISTICS, pack("<III", 0, time >> 32, time & 0xFFFF_FFFF) + options)


# Reading.


class _Interface(NamedTuple):
    link_type: int
    snaplen: int
    units: int
    """Units of time in a second."""
    offset: int
    """Seconds that are added to each time."""
    checked: bool
    """Whether frames end with their check sequence."""


class PcapngReader:
    """Reads packets from behind the first four bytes."""

    name = "pcapng"

    def __init__(self, source: Source) -> None:
        self._source = source
        self._order = "<"
        self._interfaces: list[_Interface] = []
        self.fine = False
        """Whether the times of an interface are finer than microseconds."""
        self.comments: list[str] = []
        """Those about a section as a whole."""
        self.unread = 0
        """Comments beyond the first so many of a packet, or of the file."""

    def packets(self) -> Iterator[CapturedPacket | None]:
        """Yield the packets, and None for each block that is none; Damaged says where it could not go on."""
        at, kind = 0, _START
        while kind:
            if kind == _START:
                self._section(at)
                yield None
            else:
                yield self._packet(at, *self._body(at, kind))
            at = self._source.offset
            kind = self._source.take_or_end(4, "the type of a block")

    def _section(self, at: int) -> None:
        """Read the header of a section, which also says in which order bytes come."""
        raw = self._source.take(8, "a section header")
        for order in "<>":
            length, magic = _LAYOUTS[order][0].unpack(raw)
            if magic == _ORDER_MAGIC:
                break
        else:
            problem = "the section header says neither of the two byte orders"
            raise Damaged(f"{problem} (block at byte {at:,})") if at else NotACapture(problem)
        self._order = order
        self._interfaces = []
        _check_length(at, length, 28)
        body = self._source.take(length + -length % 4 - 16, "a section header")
        self._closed(at, length)
        if int.from_bytes(body[:2], "little" if order == "<" else "big") != 1:
            raise Damaged(f"an unknown version of the pcapng format (block at byte {at:,})")
        for value in self._comments(body, 12):
            self._keep(self.comments, value)

    def _body(self, at: int, kind: bytes) -> tuple[int, bytes]:
        """Read a block to its end."""
        word = _LAYOUTS[self._order][5]
        (length,) = word.unpack(self._source.take(4, "the length of a block"))
        _check_length(at, length, 12)
        body = self._source.take(length + -length % 4 - 12, "a block")  # as Wireshark: padding need not be counted
        self._closed(at, length)
        return word.unpack(kind)[0], body

    def _closed(self, at: int, length: int) -> None:
        (again,) = _LAYOUTS[self._order][5].unpack(self._source.take(4, "the end of a block"))
        if again != length:
            raise Damaged(f"the block at byte {at:,} says {length:,} bytes at its beginning and {again:,} at its end")

    def _packet(self, at: int, kind: int, body: bytes) -> CapturedPacket | None:
        """Return the packet that a block holds; None for other blocks."""
        try:
            if kind == INTERFACE:
                self._add_interface(body)
                return None
            if kind == PACKET:
                number, high, low, kept, length = _LAYOUTS[self._order][2].unpack_from(body)
                return self._made(at, number, high << 32 | low, kept, length, body, 20)
            if kind == OLD_PACKET:
                number, _, high, low, kept, length = _LAYOUTS[self._order][3].unpack_from(body)
                return self._made(at, number, high << 32 | low, kept, length, body, 20)
            if kind == SIMPLE_PACKET:
                (length,) = _LAYOUTS[self._order][5].unpack_from(body)
                snaplen = self._interfaces[0].snaplen if self._interfaces else 0
                return self._made(at, 0, None, min(length, snaplen or length), length, body, 4)
        except StructError:
            raise Damaged(f"the block at byte {at:,} is too short for what it is") from None
        return None

    def _add_interface(self, body: bytes) -> None:
        link_type, _, snaplen = _LAYOUTS[self._order][1].unpack_from(body)
        units, offset, checked = 1_000_000, 0, False
        for code, value in self._options(body, 8):
            if code == _RESOLUTION and len(value) == 1:
                units = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
            elif code == _FCS_LENGTH and len(value) == 1:
                checked = value[0] in (FCS, 8 * FCS)  # the format says bits, and its example bytes
            elif code == _TIME_OFFSET and len(value) == 8:
                offset = int.from_bytes(value, "little" if self._order == "<" else "big", signed=True)
        if len(self._interfaces) >= MAX_INTERFACES:
            raise Damaged(f"more than {MAX_INTERFACES:,} interfaces")
        self._interfaces.append(_Interface(link_type, snaplen, units, offset, checked))
        self.fine = self.fine or units > 1_000_000

    def _made(
        self, at: int, number: int, time: int | None, kept: int, length: int, body: bytes, start: int
    ) -> CapturedPacket:
        if number >= len(self._interfaces):
            known = len(self._interfaces)
            raise Damaged(f"the packet at byte {at:,} is of interface {number:,}, and {known} are known")
        if kept > len(body) - start or kept > MAX_PACKET:
            raise Damaged(f"the packet at byte {at:,} says that it has {kept:,} bytes, more than its block holds")
        where = self._interfaces[number]
        if time is not None:
            time = time * 1_000_000_000 // where.units + where.offset * 1_000_000_000
        direction, comments = "", list[str]()
        for code, value in self._options(body, start + kept + -kept % 4) if start > 4 else ():
            if code == _COMMENT:
                self._keep(comments, value)
            elif code == _FLAGS and len(value) == 4:
                flags = int.from_bytes(value, "little" if self._order == "<" else "big")
                direction = _DIRECTIONS.get(flags & 3, "")
        return CapturedPacket(
            time, body[start:start + kept], max(length, kept), where.link_type, direction, comments,
            where.checked)

    def _comments(self, body: bytes, at: int) -> Iterator[bytes]:
        return (value for code, value in self._options(body, at) if code == _COMMENT)

    def _keep(self, comments: list[str], value: bytes) -> None:
        """Keep one more comment, if there is room for it."""
        if len(comments) < MAX_COMMENTS:
            comments.append(_words(value))
        else:
            self.unread += 1

    def _options(self, body: bytes, at: int) -> Iterator[tuple[int, bytes]]:
        """Yield the options from `at` on; those that do not fit end them."""
        layout = _LAYOUTS[self._order][4]
        for _ in range(MAX_OPTIONS):
            if at + 4 > len(body):
                return
            code, length = layout.unpack_from(body, at)
            if code == 0 or at + 4 + length > len(body):
                return
            yield code, body[at + 4:at + 4 + length]
            at += 4 + length + -length % 4
        self.unread += 1


def _check_length(at: int, length: int, least: int) -> None:
    if length > MAX_BLOCK:
        raise Damaged(f"the block at byte {at:,} says that it has {length:,} bytes, and {MAX_BLOCK:,} is the most")
    if length < least:
        raise Damaged(f"the block at byte {at:,} says that it has {length:,} bytes, which cannot be")


def _words(value: bytes) -> str:
    text = value[:MAX_COMMENT].decode("utf-8", "ignore" if len(value) > MAX_COMMENT else "replace").rstrip("\0")
    return f"{text}…" if len(value) > MAX_COMMENT else text
