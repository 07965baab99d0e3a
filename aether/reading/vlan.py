"""Tags of virtual LANs (IEEE 802.1Q), and those of a provider around them (IEEE 802.1ad)."""

from __future__ import annotations

from aether.reading.context import IpLayer
from aether.reading.eth import LEAST_TYPE, behind, named_type, typed
from aether.reading.layout import Field, counted
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, Within
from aether.reading.types import BYTES, UINT16

SIZE = 4
PRIORITY = Field("vlan.priority", UINT16, "priority", "how urgent: 0 to 7", 0, mask=0xE000)
DEI = Field("vlan.dei", UINT16, "may be dropped", "may be dropped before others", 0, mask=0x1000)
ID = Field("vlan.id", UINT16, "VLAN", "number of the virtual LAN", 0, mask=0x0FFF)
TYPE = Field("vlan.etype", UINT16, "type", "what follows the tag, as eth.type", 2, hexadecimal=True, words=named_type)
LENGTH = Field("vlan.len", UINT16, "length", "the length of an IEEE 802.3 frame", 2, words=counted("bytes"))
TRAILER = Field("vlan.trailer", BYTES, "trailer", "what follows the packet and its padding")
OUTER_PRIORITY = Field("ieee8021ad.priority", UINT16, "priority", "how urgent: 0 to 7", 0, mask=0xE000)
OUTER_DEI = Field("ieee8021ad.dei", UINT16, "may be dropped", "may be dropped before others", 0, mask=0x1000)
OUTER_ID = Field("ieee8021ad.id", UINT16, "VLAN", "number of the provider's virtual LAN", 0, mask=0x0FFF)
OUTER_TYPE = Field("ieee8021ah.etype", UINT16, "type", "what follows the provider's tag, as eth.type", 2,
                   hexadecimal=True, words=named_type)
OUTER_TRAILER = Field("ieee8021ah.trailer", BYTES, "trailer", "what follows the packet and its padding")


def inner(frame: bytes, start: int, end: int) -> Within | None:
    """Return what a tagged frame carries."""
    if end - start < SIZE:
        return None
    return typed(frame[start + 2] << 8 | frame[start + 3], start + SIZE, end)


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a tag and what follows it."""
    kind = int.from_bytes(tree.frame[start + 2:start + 4], "big")
    return _tag(tree, PROTOCOL, (PRIORITY, DEI, ID, TYPE if kind >= LEAST_TYPE else LENGTH), TRAILER, start, end, ip)


def _read_outer(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    return _tag(tree, OUTER, (OUTER_PRIORITY, OUTER_DEI, OUTER_ID, OUTER_TYPE), OUTER_TRAILER, start, end, ip)


def _tag(
    tree: Tree, protocol: Protocol, fields: tuple[Field, ...], trailer: Field, start: int, end: int,
    ip: IpLayer | None,
) -> int:
    layer = tree.layer(protocol, start, min(SIZE, end - start), "malformed")
    cursor = Cursor(tree, layer, start, end)
    try:
        cursor.header(*fields)
    except CutShort:
        return end
    layer.summary = f"VLAN {ID.of(tree.frame[start:start + 2])}"
    behind(tree, tree.within(inner(tree.frame, start, end), end, ip), end, trailer)
    return end


PROTOCOL = Protocol("vlan", "VLAN", "v", "virtual LANs (IEEE 802.1Q)", (ID, PRIORITY, DEI, TYPE, LENGTH, TRAILER), read,
                    (("eth.type", 0x8100), ("eth.type", 0x9100)), inner=inner)
OUTER = Protocol("ieee8021ad", "Provider's VLAN", "v", "virtual LANs of a provider (IEEE 802.1ad, QinQ)",
                 (OUTER_ID, OUTER_PRIORITY, OUTER_DEI, OUTER_TYPE, OUTER_TRAILER), _read_outer,
                 (("eth.type", 0x88A8),), inner=inner)
