"""Linux cooked captures: what `tcpdump -i any` writes, in two versions (pcap-linktype(7))."""

from __future__ import annotations

from aether.reading.context import IpLayer
from aether.reading.eth import LEAST_TYPE, LLC, named_type
from aether.reading.layout import Field, named
from aether.reading.link import LINK, link_type_of
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, Within
from aether.reading.types import BYTES, ETHER, IPV4, UINT16, UINT32

SIZE, SIZE_2 = 16, 20
"""Bytes of the headers of the two versions."""
VERSION_2 = 276
OUTGOING = 4
"""The kind of a packet that was sent from here."""
_KINDS = {0: "to us", 1: "broadcast", 2: "multicast", 3: "to another", OUTGOING: "from us"}
_LLC = 4
"""The type of what has the header of LLC."""
KIND = Field("sll.pkttype", UINT16, "packet", "0 to us, 1 broadcast, 2 multicast, 3 to another, 4 from us",
             words=named(_KINDS))
HATYPE = Field("sll.hatype", UINT16, "hardware", "the kind of interface: 1 Ethernet, 772 loopback (ARPHRD_*)")
HALEN = Field("sll.halen", UINT16, "address length", "length of the sender's link address in bytes")
SRC = Field("sll.src.eth", ETHER, "source", "the sender's Ethernet address")
SRC_IP = Field("sll.src.ipv4", IPV4, "source", "the sender's address, where it is an IPv4 address")
SRC_OTHER = Field("sll.src.other", BYTES, "source", "the sender's address, where it is another one")
UNUSED = Field("sll.unused", BYTES, "unused", "what is left of the room for the address", part=True)
TYPE = Field("sll.etype", UINT16, "type", "what follows, as eth.type", hexadecimal=True, words=named_type)
LTYPE = Field("sll.ltype", UINT16, "type", "what follows, where that has no EtherType: 4 LLC", hexadecimal=True)
IFINDEX = Field("sll.ifindex", UINT32, "interface", "the number of the interface (version 2)")
TRAILER = Field("sll.trailer", BYTES, "trailer", "what is behind the packet")


def _carried(kind: int, start: int, end: int) -> Within | None:
    if start > end:
        return None
    if kind == _LLC:
        return Within(LLC, 0, start, end)
    return Within("eth.type" if kind >= LEAST_TYPE else LTYPE.name, kind, start, end)


def inner(frame: bytes, start: int, end: int) -> Within | None:
    """Return what a frame carries; the two versions have the type at different places."""
    second = link_type_of(frame) == VERSION_2
    at, size = (start, SIZE_2) if second else (start + 14, SIZE)
    return _carried(int.from_bytes(frame[at:at + 2], "big"), start + size, end)


def outgoing(frame: bytes) -> bool:
    """Return whether a frame was sent from here."""
    return (frame[10:11] if link_type_of(frame) == VERSION_2 else frame[1:2]) == bytes((OUTGOING,))


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a frame."""
    second = link_type_of(tree.frame) == VERSION_2
    size = SIZE_2 if second else SIZE
    layer = tree.layer(PROTOCOL, start, min(size, end - start), "malformed")
    cursor = Cursor(tree, layer, start, end)
    try:
        if second:
            _type(cursor)
            cursor.skip(2)
            cursor.take(IFINDEX)
            cursor.take(HATYPE)
            kind, length = (cursor.take(field, size=1) for field in (KIND, HALEN))
        else:
            kind, _, length = (cursor.take(field) for field in (KIND, HATYPE, HALEN))
        _address(cursor, length)
        if not second:
            _type(cursor)
    except CutShort:
        return end
    layer.summary = f"Linux cooked, {_KINDS.get(kind, f'kind {kind}')}"
    stop = tree.within(inner(tree.frame, start, end), end, ip)
    if stop < end:
        Cursor(tree, layer, stop, end).take(TRAILER, size=end - stop)
    return end


def _type(cursor: Cursor) -> None:
    cursor.take(TYPE if cursor.number(2) >= LEAST_TYPE else LTYPE)


def _address(cursor: Cursor, length: int) -> None:
    """Add the sender's address, for which there are eight bytes."""
    used = min(length, 8)
    if used:
        cursor.take({4: SRC_IP, 6: SRC}.get(used, SRC_OTHER), size=used)
    if used < 8:
        cursor.take(UNUSED, size=8 - used)


PROTOCOL = Protocol("sll", "Linux cooked", "k", "what `tcpdump -i any` captures", (
    KIND, HATYPE, HALEN, SRC, SRC_IP, SRC_OTHER, UNUSED, TYPE, LTYPE, IFINDEX, TRAILER), read, (
    (LINK, 113), (LINK, VERSION_2)), inner=inner)
