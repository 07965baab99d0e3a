"""Several packets in one frame of IEEE 802.11 (A-MSDU, §9.3.2.2.2): each with its addresses and its length."""

from __future__ import annotations

from contextlib import suppress

from aether.reading.context import IpLayer
from aether.reading.eth import LLC
from aether.reading.layout import Field, counted
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, Within
from aether.reading.types import BOOLEAN, UINT16
from aether.reading.wlan import AGGREGATE, DA, SA

HEADER = 14
"""Bytes of addresses and length."""
SUBFRAME = Field("wlan_aggregate.a_mdsu.subframe", BOOLEAN, "subframe", "a packet with its addresses", silent=True)
LENGTH = Field("wlan_aggregate.a_mdsu.length", UINT16, "length", "bytes of the packet", words=counted("bytes"))


def inner(frame: bytes, start: int, end: int) -> Within | None:
    """Return what the first of the packets is."""
    if end - start <= HEADER:
        return None
    stop = start + HEADER + (frame[start + 12] << 8 | frame[start + 13])
    return Within(LLC, 0, start + HEADER, min(stop, end))


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read all of them; each but the last is filled up to a multiple of four bytes."""
    at = start
    while at < end:
        layer = tree.layer(PROTOCOL, at, min(HEADER, end - at), "one of several packets")
        cursor = Cursor(tree, layer, at, end)
        with suppress(CutShort):
            length = cursor.number(2, 12)
            stop = min(at + HEADER + length, end)
            cursor.add(SUBFRAME, at, stop - at, True)
            for field in (DA, SA, LENGTH):
                cursor.take(field)
            if stop > cursor.at:
                tree.inside(LLC, 0, cursor.at, stop, ip)
            at += (HEADER + length + 3) // 4 * 4
            continue
        return end
    return end


PROTOCOL = Protocol("wlan_aggregate", "A-MSDU", "a", "several packets in one frame of IEEE 802.11", (SUBFRAME, LENGTH),
                    read, ((AGGREGATE, 0),), ("wlan",), inner)
