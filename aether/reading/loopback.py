"""The loopback interface of BSD and macOS: the number of an address family in front of each packet."""

from __future__ import annotations

from aether.reading.context import IpLayer
from aether.reading.layout import Field, named
from aether.reading.link import LINK
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, Within
from aether.reading.types import UINT32

SIZE = 4
_TYPES = {2: 0x0800, 10: 0x86DD, 24: 0x86DD, 28: 0x86DD, 30: 0x86DD}
"""The EtherType of what a family carries; each system numbers IPv6 in its own way."""
FAMILY = Field("null.family", UINT32, "family", "what follows: 2 IPv4; 24, 28 and 30 IPv6",
               words=named({2: "IPv4", 10: "IPv6", 24: "IPv6", 28: "IPv6", 30: "IPv6"}))


def _family(frame: bytes, start: int) -> int:
    """Return the family, which is a small number, in the byte order of whoever has captured it."""
    return min(int.from_bytes(frame[start:start + SIZE], order) for order in ("little", "big"))


def inner(frame: bytes, start: int, end: int) -> Within | None:
    """Return what a frame carries."""
    if end - start < SIZE:
        return None
    family = _family(frame, start)
    kind = _TYPES.get(family)
    if kind is None:
        return Within(FAMILY.name, family, start + SIZE, end)
    return Within("eth.type", kind, start + SIZE, end)


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a frame."""
    layer = tree.layer(PROTOCOL, start, min(SIZE, end - start), "malformed")
    cursor = Cursor(tree, layer, start, end)
    try:
        cursor.skip(SIZE)
    except CutShort:
        return end
    cursor.add(FAMILY, start, SIZE, _family(tree.frame, start))
    layer.summary = "loopback"
    tree.data(tree.within(inner(tree.frame, start, end), end, ip), end)
    return end


PROTOCOL = Protocol("null", "Loopback", "o", "the loopback interface of BSD and macOS", (FAMILY,), read, (
    (LINK, 0), (LINK, 108)), inner=inner)
