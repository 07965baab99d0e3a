"""IEEE 802.11, read as far as its addresses; of data in the clear, what it carries."""

from __future__ import annotations

from aether.reading.context import IpLayer
from aether.reading.eth import LLC
from aether.reading.layout import Field, named
from aether.reading.link import LINK
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, Within
from aether.reading.types import BOOLEAN, ETHER, UINT8, UINT16

MANAGEMENT, CONTROL, DATA = 0, 1, 2
RTS = 11
"""The subtype of a control frame that names its sender, as few do."""
WITH_QUALITY, WITHOUT_DATA = 8, 4
"""Bits of the subtype of data frames."""
TO_DS, FROM_DS, MORE, PROTECTED, ORDER = 0x01, 0x02, 0x04, 0x40, 0x80
AGGREGATED = 0x80
"""In the first byte of the quality of service: several frames are in this one."""
AGGREGATE = "wlan.aggregate"
"""By what several packets in a frame are found."""
FC = Field("wlan.fc", UINT16, "frame control", "type, subtype and flags as a number", 0, hexadecimal=True)
TYPE_SUBTYPE = Field("wlan.fc.type_subtype", UINT16, "kind", "type and subtype in one number: 0x08 beacon, 0x20 data",
                     size=1, hexadecimal=True)
VERSION = Field("wlan.fc.version", UINT8, "version", "0", 0, mask=0x03, part=True)
TYPE = Field("wlan.fc.type", UINT8, "type", "0 management, 1 control, 2 data", 0, mask=0x0C,
             words=named({MANAGEMENT: "management", CONTROL: "control", DATA: "data"}))
SUBTYPE = Field("wlan.fc.subtype", UINT8, "subtype", "which of its type", 0, mask=0xF0)
FLAGS = Field("wlan.flags", UINT8, "flags", "all flags as a number", 1, hexadecimal=True, part=True)
DS = Field("wlan.fc.ds", UINT8, "way", "1 to the access point, 2 from it, 3 between two of them", 1, mask=0x03,
           hexadecimal=True, part=True)
FLAG_BITS = tuple(
    Field(f"wlan.fc.{name}", BOOLEAN, label, help, 1, 1, bit, part=True) for name, bit, label, help in (
        ("tods", TO_DS, "to DS", "it goes to the access point"), ("fromds", FROM_DS, "from DS", "it comes from there"),
        ("frag", MORE, "more fragments", "more fragments follow"), ("retry", 0x08, "again", "it was sent before"),
        ("pwrmgt", 0x10, "sleeps", "the sender will sleep"), ("moredata", 0x20, "more data", "more is waiting"),
        ("protected", PROTECTED, "protected", "it is encrypted"), ("order", ORDER, "order", "in order, or longer")))
DURATION = Field("wlan.duration", UINT16, "duration", "for how many microseconds the medium is taken", 2)
RA = Field("wlan.ra", ETHER, "receiver", "who receives it")
TA = Field("wlan.ta", ETHER, "transmitter", "who transmits it")
DA = Field("wlan.da", ETHER, "destination", "where to")
SA = Field("wlan.sa", ETHER, "source", "where from")
BSSID = Field("wlan.bssid", ETHER, "network", "the access point")
STAA = Field("wlan.staa", ETHER, "station", "the station that is no access point", part=True)
ADDR = Field("wlan.addr", ETHER, "address", "any of the addresses", hidden=True)
FRAGMENT = Field("wlan.frag", UINT16, "fragment", "number of the fragment")
SEQUENCE = Field("wlan.seq", UINT16, "sequence", "counts frames")
QOS = Field("wlan.qos", UINT16, "quality", "quality of service as a number", hexadecimal=True)
TID = Field("wlan.qos.tid", UINT16, "TID", "the class of traffic", mask=0x000F, part=True)
PRIORITY = Field("wlan.qos.priority", UINT16, "priority", "how urgent: 0 to 7", mask=0x0007, part=True)
FCS = Field("wlan.fcs", UINT16, "check sequence", "the frame check sequence", size=4, hexadecimal=True)
_ADDRESSES: dict[int, tuple[tuple[int, Field], ...]] = {
    0: ((0, DA), (1, SA), (2, BSSID)), TO_DS: ((2, DA), (1, SA), (0, BSSID), (1, STAA)),
    FROM_DS: ((0, DA), (2, SA), (1, BSSID), (0, STAA)), TO_DS | FROM_DS: ((2, DA), (3, SA)),
}
"""Which of the addresses, counted from 0, is which, by the way of a frame."""
_THIRD = {TO_DS: DA, FROM_DS: SA}
"""Which of them the third one is."""


def _places(frame: bytes, start: int, end: int) -> tuple[int, int]:
    """Return where the quality of service of a data frame is, and where what it carries begins."""
    flags = frame[start + 1]
    quality = start + (30 if flags & 3 == TO_DS | FROM_DS else 24)
    if not frame[start] >> 4 & WITH_QUALITY:
        return quality, quality
    return quality, quality + (6 if flags & ORDER else 2)


def inner(frame: bytes, start: int, end: int) -> Within | None:
    """Return what a frame of data carries; None for all others, and where it cannot be read."""
    if end - start < 24 or frame[start] >> 2 & 3 != DATA or frame[start] >> 4 & WITHOUT_DATA:
        return None
    quality, at = _places(frame, start, end)
    if frame[start + 1] & (PROTECTED | MORE) or frame[start + 22] & 0x0F or at >= end:
        return None
    if at > quality and frame[quality] & AGGREGATED:
        return Within(AGGREGATE, 0, at, end)
    return Within(LLC, 0, at, end)


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a frame, without its check sequence."""
    layer = tree.layer(PROTOCOL, start, end - start, "malformed")
    cursor = Cursor(tree, layer, start, end)
    try:
        cursor.peek(2)
        first = tree.frame[start]
        cursor.add(TYPE_SUBTYPE, start, 1, (first & 0x0C) << 2 | first >> 4)
        cursor.header(FC, VERSION, TYPE, SUBTYPE, FLAGS, DS, *FLAG_BITS)
        _duration(cursor)
        layer.summary = f"{TYPE.words(first >> 2 & 3) if TYPE.words else ''}, subtype {first >> 4}"
        _addresses(cursor, first >> 2 & 3, first >> 4)
    except CutShort:
        return end
    layer.length = cursor.at - start
    found = inner(tree.frame, start, end)
    if found is None:
        tree.data(cursor.at, end)
        return end
    return tree.within(found, end, ip)


def _duration(cursor: Cursor) -> None:
    value = int.from_bytes(cursor.peek(2), "little")
    if not value & 0x8000:
        cursor.add(DURATION, cursor.at, 2, value)
    cursor.skip(2)


def _addresses(cursor: Cursor, kind: int, subtype: int) -> None:
    """Add the addresses, and what follows them."""
    start = cursor.at
    cursor.take(RA)
    cursor.add(ADDR, start, 6, cursor.frame[start:start + 6])
    if kind == CONTROL and subtype != RTS:
        return
    cursor.take(TA)
    cursor.add(ADDR, start + 6, 6, cursor.frame[start + 6:start + 12])
    if kind not in (MANAGEMENT, DATA):
        return
    cursor.peek(8)
    way = cursor.frame[cursor.start + 1] & 3
    places = start, start + 6, start + 12, start + 20
    if way == 3:
        cursor.peek(14)
    several = kind == DATA and subtype & WITH_QUALITY and way != 3 and cursor.left > 8 and (
        cursor.frame[start + 20] & AGGREGATED)
    for index, field in _ADDRESSES[way]:
        if several and field is _THIRD.get(way):
            continue  # each of the packets in the frame says that itself
        place = places[index]
        cursor.add(field, place, 6, cursor.frame[place:place + 6])
    cursor.skip(6)
    number = int.from_bytes(cursor.peek(2), "little")
    cursor.add(FRAGMENT, cursor.at, 2, number & 0x0F)
    cursor.add(SEQUENCE, cursor.at, 2, number >> 4)
    cursor.skip(2)
    for place in places[3:1:-1] if way == 3 else () if several else places[2:3]:
        cursor.add(ADDR, place, 6, cursor.frame[place:place + 6])
    cursor.skip(6 if way == 3 else 0)
    if kind == DATA and subtype & WITH_QUALITY:
        quality = int.from_bytes(cursor.peek(2), "little")
        cursor.add(QOS, cursor.at, 2, quality)
        cursor.add(TID, cursor.at, 2, TID.number(quality))
        cursor.add(PRIORITY, cursor.at, 2, PRIORITY.number(quality))
        cursor.skip(6 if cursor.frame[cursor.start + 1] & ORDER and cursor.left >= 6 else 2)


PROTOCOL = Protocol("wlan", "IEEE 802.11", "w", "frames of a wireless LAN", (
    TYPE_SUBTYPE, FC, VERSION, TYPE, SUBTYPE, FLAGS, DS, *FLAG_BITS, DURATION, RA, TA, DA, SA, BSSID, STAA, ADDR,
    FRAGMENT, SEQUENCE, QOS, TID, PRIORITY, FCS), read, ((LINK, 105), ("radiotap.length", 0)), inner=inner)
