"""Ethernet II (RFC 894) and the length field of IEEE 802.3."""

from __future__ import annotations

from aether.reading.context import IpLayer
from aether.reading.layout import Field, counted
from aether.reading.tree import Cursor, Protocol, Tree
from aether.reading.types import BOOLEAN, BYTES, ETHER, UINT16
from aether.wire import ethernet
from aether.wire.address import show_mac

TYPES = {ethernet.TYPE_IPV4: "IPv4", ethernet.TYPE_ARP: "ARP", ethernet.TYPE_IPV6: "IPv6"}
LEAST_TYPE = 0x0600
"""From here on the field is a type, and below a length."""
LEAST_FRAME = 60
"""Bytes of the shortest frame on a wire, without its checksum."""


def _type(value: int) -> str:
    return f"0x{value:04x} {TYPES.get(value, '')}".strip()


_LOCAL, _GROUP = "administered locally", "a group"
DST = Field("eth.dst", ETHER, "destination", "where to", 0)
DST_LG = Field("eth.dst.lg", BOOLEAN, _LOCAL, "the destination's address is locally administered", 0, 3, 0x020000,
               part=True)
DST_IG = Field("eth.dst.ig", BOOLEAN, _GROUP, "the destination is a group (or broadcast) address", 0, 3, 0x010000,
               part=True)
SRC = Field("eth.src", ETHER, "source", "where from", 6)
SRC_LG = Field("eth.src.lg", BOOLEAN, _LOCAL, "the source's address is locally administered", 6, 3, 0x020000,
               part=True)
SRC_IG = Field("eth.src.ig", BOOLEAN, _GROUP, "the source is a group address, which is wrong", 6, 3, 0x010000,
               part=True)
ADDR = Field("eth.addr", ETHER, "address", "either address", hidden=True)
IG = Field("eth.ig", BOOLEAN, _GROUP, "either address is a group's", hidden=True)
LG = Field("eth.lg", BOOLEAN, _LOCAL, "either address is locally administered", hidden=True)
TYPE = Field("eth.type", UINT16, "type", "what it carries: 0x0800 IPv4, 0x0806 ARP", 12, hexadecimal=True, words=_type,
             names={"ipv4": 0x0800, "ip": 0x0800, "arp": 0x0806, "ipv6": 0x86DD})
LENGTH = Field("eth.len", UINT16, "length", "the length of an IEEE 802.3 frame", 12, words=counted("bytes"))
PADDING = Field("eth.padding", BYTES, "padding", "zeros that make up the least length of a frame")
TRAILER = Field("eth.trailer", BYTES, "trailer", "what follows the packet and its padding")


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a whole frame."""
    frame = tree.frame
    if end - start < ethernet.HEADER_LENGTH:
        layer = tree.layer(PROTOCOL, start, end - start, "malformed")
        layer.problem = f"ethernet.truncated: {end - start} bytes"
        return end
    kind = int.from_bytes(frame[start + 12:start + 14], "big")
    layer = tree.layer(PROTOCOL, start, 14)
    if tree.wordy:
        name = TYPES.get(kind) or f"0x{kind:04x}" if kind >= LEAST_TYPE else "IEEE 802.3"
        layer.summary = f"{show_mac(frame[start + 6:start + 12])} > {show_mac(frame[start:start + 6])}  {name}"
    cursor = Cursor(tree, layer, start, end)
    cursor.header(DST, DST_LG, DST_IG, SRC, SRC_LG, SRC_IG, TYPE if kind >= LEAST_TYPE else LENGTH)
    for at in () if tree.wordy else (start, start + 6):
        cursor.add(ADDR, at, 6, frame[at:at + 6])
        cursor.add(LG, at, 3, frame[at] & 2 != 0)
        cursor.add(IG, at, 3, frame[at] & 1 != 0)
    if kind < LEAST_TYPE:
        stop = min(cursor.at + kind, end)
        tree.data(cursor.at, stop)
    else:
        stop = tree.inside("eth.type", kind, cursor.at, end, None)
    _behind(tree, stop, end)
    return end


def _behind(tree: Tree, start: int, end: int) -> None:
    """Add what follows the packet: padding up to the least length, and a trailer."""
    if start >= end:
        return
    layer = tree.begin("p", "padding", start, end - start, f"{end - start} bytes after the packet")
    cursor = Cursor(tree, layer, start, end)
    padding = max(min(LEAST_FRAME, end) - start, 0)
    if padding and not any(tree.frame[start:start + padding]):
        cursor.take(PADDING, size=padding)
    if cursor.left:
        cursor.take(TRAILER, size=cursor.left)


PROTOCOL = Protocol("eth", "Ethernet", "e", "Ethernet", (
    DST, SRC, ADDR, TYPE, LENGTH, DST_IG, DST_LG, SRC_IG, SRC_LG, IG, LG, PADDING, TRAILER), read)
