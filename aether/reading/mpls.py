"""MPLS: labels in front of a packet (RFC 3032)."""

from __future__ import annotations

from aether.reading.context import IpLayer
from aether.reading.layout import Field
from aether.reading.raw import by_version
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, Within
from aether.reading.types import UINT32

SIZE = 4
BOTTOM_BIT = 0x01
"""In the third byte: no label follows."""
LABEL = Field("mpls.label", UINT32, "label", "the label; 0 to 15 have a meaning", 0, mask=0xFFFFF000)
EXP = Field("mpls.exp", UINT32, "traffic class", "how urgent: 0 to 7 (RFC 5462)", 0, mask=0x00000E00)
BOTTOM = Field("mpls.bottom", UINT32, "the last label", "whether no label follows", 0, mask=0x00000100)
TTL = Field("mpls.ttl", UINT32, "time to live", "how many routers it may pass", 0, mask=0x000000FF)


def inner(frame: bytes, start: int, end: int) -> Within | None:
    """Return what follows a label: another one, or a packet, which says by its first bits of which version it is."""
    if end - start < SIZE:
        return None
    if not frame[start + 2] & BOTTOM_BIT:
        return Within("mpls.bottom", 0, start + SIZE, end)
    return by_version(frame, start + SIZE, end)


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a label and what follows it."""
    layer = tree.layer(PROTOCOL, start, min(SIZE, end - start), "malformed")
    cursor = Cursor(tree, layer, start, end)
    try:
        cursor.header(LABEL, EXP, BOTTOM, TTL)
    except CutShort:
        return end
    layer.summary = f"label {LABEL.of(tree.frame[start:start + 4])}"
    return tree.within(inner(tree.frame, start, end), end, ip)


PROTOCOL = Protocol("mpls", "MPLS", "m", "labels in front of a packet (RFC 3032)", (LABEL, EXP, BOTTOM, TTL), read, (
    ("eth.type", 0x8847), ("eth.type", 0x8848), ("mpls.bottom", 0), ("ppp.protocol", 0x0281), ("ip.proto", 137)),
    inner=inner)
