"""Ethernet II (RFC 894) and the length field of IEEE 802.3."""

from __future__ import annotations

from zlib import crc32

from aether.reading.context import IpLayer, quoting
from aether.reading.ip import BAD, GOOD, STATUS
from aether.reading.layout import Field, counted
from aether.reading.link import ETHERNET, FCS, LINK, CheckedFrame
from aether.reading.tree import Cursor, Protocol, Tree, Within
from aether.reading.types import BOOLEAN, BYTES, ETHER, NUMBER, UINT8, UINT16, UINT32
from aether.wire import ethernet
from aether.wire.address import show_mac

TYPES = {
    ethernet.TYPE_IPV4: "IPv4", ethernet.TYPE_ARP: "ARP", ethernet.TYPE_IPV6: "IPv6", 0x6558: "Ethernet",
    0x8100: "VLAN", 0x8847: "MPLS", 0x8848: "MPLS, multicast", 0x8863: "PPPoE discovery", 0x8864: "PPPoE",
    0x880B: "PPP", 0x88A8: "provider's VLAN", 0x9100: "VLAN"}
LEAST_TYPE = 0x0600
"""From here on the field is a type, and below a length."""
LEAST_FRAME = 60
"""Bytes of the shortest frame on a wire, without its checksum."""


LLC = "eth.len"
"""By what the header of LLC is found, with the value 0."""


def named_type(value: int) -> str:
    """Return an EtherType in words."""
    return f"0x{value:04x} {TYPES.get(value, '')}".strip()


def typed(kind: int, start: int, end: int) -> Within:
    """Return what follows a type; or the length of what follows, which then is LLC."""
    if kind < LEAST_TYPE:
        return Within(LLC, 0, start, min(start + kind, end))
    return Within("eth.type", kind, start, end)


def inner(frame: bytes, start: int, end: int) -> Within | None:
    """Return what a frame carries."""
    if end - start < ethernet.HEADER_LENGTH:
        return None
    return typed(frame[start + 12] << 8 | frame[start + 13], start + ethernet.HEADER_LENGTH, end)


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
DST_OUI = Field("eth.dst.oui", NUMBER, "made by", "the number of the destination's maker, 24 bits", 0, 3, hidden=True)
SRC_OUI = Field("eth.src.oui", NUMBER, "made by", "the number of the source's maker, 24 bits", 6, 3, hidden=True)
ADDR_OUI = Field("eth.addr.oui", NUMBER, "made by", "the number of either one's maker", hidden=True)
ADDR = Field("eth.addr", ETHER, "address", "either address", hidden=True)
IG = Field("eth.ig", BOOLEAN, _GROUP, "either address is a group's", hidden=True)
LG = Field("eth.lg", BOOLEAN, _LOCAL, "either address is locally administered", hidden=True)
TYPE = Field("eth.type", UINT16, "type", "what it carries: 0x0800 IPv4, 0x0806 ARP", 12, hexadecimal=True,
             words=named_type, names={"ipv4": 0x0800, "ip": 0x0800, "arp": 0x0806, "ipv6": 0x86DD})
LENGTH = Field("eth.len", UINT16, "length", "the length of an IEEE 802.3 frame", 12, words=counted("bytes"))
PADDING = Field("eth.padding", BYTES, "padding", "zeros that make up the least length of a frame")
SUM = Field("eth.fcs", UINT32, "check sequence", "the frame check sequence, where the capture has it", hexadecimal=True)
SUM_STATUS = Field("eth.fcs.status", UINT8, "verdict", "0 bad, 1 good", names=STATUS, part=True)
TRAILER = Field("eth.trailer", BYTES, "trailer", "what follows the packet and its padding")


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a whole frame; of one that is inside a tunnel, `ip` is the packet around it."""
    frame = tree.frame
    if end - start < ethernet.HEADER_LENGTH:
        layer = tree.layer(PROTOCOL, start, end - start, "malformed")
        layer.problem = f"ethernet.truncated: {end - start} bytes"
        return end
    checked = not start and frame.__class__ is CheckedFrame and end - start >= ethernet.HEADER_LENGTH + FCS
    end -= FCS if checked else 0
    kind = int.from_bytes(frame[start + 12:start + 14], "big")
    layer = tree.layer(PROTOCOL, start, 14)
    if tree.wordy:
        name = TYPES.get(kind) or f"0x{kind:04x}" if kind >= LEAST_TYPE else "IEEE 802.3"
        layer.summary = f"{show_mac(frame[start + 6:start + 12])} > {show_mac(frame[start:start + 6])}  {name}"
    cursor = Cursor(tree, layer, start, end)
    cursor.header(DST, DST_OUI, DST_LG, DST_IG, SRC, SRC_OUI, SRC_LG, SRC_IG, TYPE if kind >= LEAST_TYPE else LENGTH)
    for at in () if tree.wordy else (start, start + 6):
        cursor.add(ADDR, at, 6, frame[at:at + 6])
        cursor.add(ADDR_OUI, at, 3, int.from_bytes(frame[at:at + 3], "big"))
        cursor.add(LG, at, 3, frame[at] & 2 != 0)
        cursor.add(IG, at, 3, frame[at] & 1 != 0)
    tree.frame_at = start
    around = None if ip is None else quoting(ip)
    if kind >= LEAST_TYPE:
        stop = tree.inside("eth.type", kind, cursor.at, end, around)
    else:
        stop = tree.inside(LLC, 0, cursor.at, min(cursor.at + kind, end), around)
    if stop < end:
        behind(tree, stop, end)
    if checked:
        received, right = frame[end:end + FCS], crc32(frame[:end]).to_bytes(FCS, "little")
        cursor.add(SUM, end, FCS, int.from_bytes(received, "big"))
        cursor.add(SUM_STATUS, end, FCS, GOOD if received == right else BAD)
        end += FCS
    return end


def behind(tree: Tree, start: int, end: int, trailer: Field | None = None) -> None:
    """Add what follows the packet: padding, if it makes up the least length, and a trailer."""
    if start >= end:
        return
    layer = tree.begin("p", "padding", start, end - start, f"{end - start} bytes after the packet")
    cursor = Cursor(tree, layer, start, end)
    padding = tree.frame_at + LEAST_FRAME - start
    if 0 < padding <= end - start and not any(tree.frame[start:start + padding]):
        cursor.take(PADDING, size=padding)
    if cursor.left:
        cursor.take(trailer or TRAILER, size=cursor.left)


PROTOCOL = Protocol("eth", "Ethernet", "e", "Ethernet", (
    DST, SRC, ADDR, TYPE, LENGTH, DST_IG, DST_LG, SRC_IG, SRC_LG, IG, LG, DST_OUI, SRC_OUI, ADDR_OUI, PADDING,
    TRAILER, SUM, SUM_STATUS), read, ((LINK, ETHERNET), ("gre.proto", 0x6558)), inner=inner)
