"""What a receiver says of a frame of IEEE 802.11 (radiotap.org): numbers with the lower byte first."""

from __future__ import annotations

from aether.reading import wlan
from aether.reading.context import IpLayer
from aether.reading.layout import Field, counted
from aether.reading.link import LINK
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, Within
from aether.reading.types import BOOLEAN, UINT8, UINT16, UINT32, UINT64

LEAST = 8
MAX_WORDS = 32
"""Words that say which fields there are, that are looked at."""
HAS_TIME, HAS_FLAGS, MORE_WORDS = 1, 2, 1 << 31
WITH_FCS, WITH_PADDING = 0x10, 0x20
VERSION = Field("radiotap.version", UINT8, "version", "0", 0)
PAD = Field("radiotap.pad", UINT8, "unused", "a byte without a meaning", 1, part=True)
LENGTH = Field("radiotap.length", UINT16, "length", "length of the header in bytes", size=2, words=counted("bytes"))
PRESENT = Field("radiotap.present.word", UINT32, "fields", "which fields there are", size=4, hexadecimal=True)
TIME = Field("radiotap.mactime", UINT64, "clock", "the receiver's clock in microseconds")
FLAGS = Field("radiotap.flags", UINT8, "flags", "all flags as a number", 0, hexadecimal=True)
FLAG_BITS = tuple(
    Field(f"radiotap.flags.{name}", BOOLEAN, label, help, 0, 1, bit, part=True) for name, bit, label, help in (
        ("cfp", 0x01, "contention-free", "received in a contention-free period"),
        ("preamble", 0x02, "short preamble", "with a short preamble"), ("wep", 0x04, "WEP", "encrypted with WEP"),
        ("frag", 0x08, "fragment", "a fragment"), ("fcs", WITH_FCS, "check sequence", "the check sequence is there"),
        ("datapad", WITH_PADDING, "padded", "the header of the frame is padded to four bytes"),
        ("badfcs", 0x40, "damaged", "the check sequence is wrong"), ("shortgi", 0x80, "short guard", "short guard")))


def _fields(frame: bytes, start: int, end: int) -> tuple[int, int, int, int]:
    """Return the length of the header, which of the first fields there are, where they begin, and the flags."""
    length = int.from_bytes(frame[start + 2:start + 4], "little")
    present = int.from_bytes(frame[start + 4:start + 8], "little")
    at = start + 8
    while int.from_bytes(frame[at - 4:at], "little") & MORE_WORDS and at < min(start + length, end):
        at += 4
        if at - start > 4 * MAX_WORDS:
            break
    if present & HAS_TIME:
        at += -(at - start) % 8
    place = at + (8 if present & HAS_TIME else 0)
    flags = frame[place] if present & HAS_FLAGS and place < min(start + length, end) else 0
    return length, present, at, flags


def inner(frame: bytes, start: int, end: int) -> Within | None:
    """Return the frame, without its check sequence."""
    if end - start < LEAST:
        return None
    length, _, _, flags = _fields(frame, start, end)
    stop = end - 4 if flags & WITH_FCS else end
    if length < LEAST or start + length > stop:
        return None
    return Within(LENGTH.name, 0, start + length, stop)


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read what the receiver says, and the frame."""
    frame = tree.frame
    layer = tree.layer(PROTOCOL, start, end - start, "malformed")
    cursor = Cursor(tree, layer, start, end)
    try:
        _header(cursor)
    except CutShort:
        return end
    found = inner(frame, start, end)
    if found is None:
        return end
    layer.length = found.start - start
    layer.summary = f"{layer.length} bytes"
    tree.within(found, end, ip)
    if found.end < end:
        behind = tree.layer(wlan.PROTOCOL, found.end, end - found.end, "check sequence")
        tree.add(behind, wlan.FCS, found.end, 4, int.from_bytes(frame[found.end:end], "little"))
    return end


def _header(cursor: Cursor) -> None:
    start = cursor.start
    cursor.header(VERSION, PAD)
    cursor.peek(6)
    length, present, at, _ = _fields(cursor.frame, start, cursor.end)
    cursor.add(LENGTH, start + 2, 2, length)
    if not LEAST <= length <= cursor.end - start:
        raise CutShort
    for place in range(start + 4, at - 3, 4):
        cursor.add(PRESENT, place, 4, int.from_bytes(cursor.frame[place:place + 4], "little"))
        if not cursor.frame[place + 3] & 0x80:
            break
    cursor.end = min(start + length, cursor.end)
    cursor.at = at
    if present & HAS_TIME:
        cursor.add(TIME, cursor.at, 8, int.from_bytes(cursor.peek(8), "little"))
        cursor.skip(8)
    if present & HAS_FLAGS:
        cursor.peek(1)
        for field in (FLAGS, *FLAG_BITS):
            cursor.add(field, cursor.at, 1, field.of(cursor.frame[cursor.at:cursor.at + 1]))


PROTOCOL = Protocol("radiotap", "Radiotap", "y", "what a receiver says of a frame of a wireless LAN", (
    VERSION, PAD, LENGTH, PRESENT, TIME, FLAGS, *FLAG_BITS), read, ((LINK, 127),), inner=inner)
