"""IPv6 (RFC 8200), of which only the version is read."""

from __future__ import annotations

from aether.reading.context import IpLayer
from aether.reading.ip import VERSION
from aether.reading.tree import Cursor, CutShort, Protocol, Tree


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a packet."""
    if start >= end:
        return end
    layer = tree.layer(PROTOCOL, start, end - start, "IPv6, which is not read further")
    cursor = Cursor(tree, layer, start, end)
    try:
        cursor.take(VERSION)
    except CutShort:
        return end
    tree.data(cursor.at, end)
    return end


PROTOCOL = Protocol("ipv6", "IPv6", "i", "IPv6, of which only the version is read", (), read, (
    ("eth.type", 0x86DD), ("ppp.protocol", 0x57)))
