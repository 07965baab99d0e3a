"""LLC (IEEE 802.2), which says what a frame carries that has a length, and SNAP, which says it by an EtherType."""

from __future__ import annotations

from aether.reading.context import IpLayer
from aether.reading.eth import LLC, named_type
from aether.reading.layout import Field
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, Within
from aether.reading.types import BOOLEAN, UINT8, UINT16, UINT32

SNAP = 0xAA
UNNUMBERED = 3
"""The two lowest bits of the control field of a frame without a number; its control field has one byte, others two."""
_TYPED = (0x000000, 0x0000F8)
"""Organisations whose protocols have EtherTypes (RFC 1042)."""
_CISCO = 0x00000C
_NAMES = {0x00: "null", 0x06: "IP", 0x42: "spanning tree", SNAP: "SNAP", 0xE0: "IPX", 0xFE: "ISO", 0xFF: "global"}


def _sap(value: int) -> str:
    return f"0x{value:02x} {_NAMES.get(value, '')}".strip()


DSAP = Field("llc.dsap", UINT8, "to", "the protocol that it is for", 0, hexadecimal=True, words=_sap)
DSAP_SAP = Field("llc.dsap.sap", UINT8, "protocol", "the same without the lowest bit", 0, mask=0xFE, part=True)
DSAP_IG = Field("llc.dsap.ig", BOOLEAN, "a group", "for a group of protocols", 0, 1, 0x01, part=True)
SSAP = Field("llc.ssap", UINT8, "from", "the protocol that it is from", 1, hexadecimal=True, words=_sap)
SSAP_SAP = Field("llc.ssap.sap", UINT8, "protocol", "the same without the lowest bit", 1, mask=0xFE, part=True)
SSAP_CR = Field("llc.ssap.cr", BOOLEAN, "a response", "a response, no command", 1, 1, 0x01, part=True)
CONTROL = Field("llc.control", UINT16, "control", "what kind of frame; 3: information without a number",
                hexadecimal=True)
OUI = Field("llc.oui", UINT32, "organisation", "whose protocol it is; 0: an EtherType follows", size=3,
            hexadecimal=True)
TYPE = Field("llc.type", UINT16, "type", "what follows, as eth.type", hexadecimal=True, words=named_type)
CISCO_PID = Field("llc.cisco_pid", UINT16, "protocol", "what follows, as Cisco numbers it", hexadecimal=True)
PID = Field("llc.pid", UINT16, "protocol", "what follows, as the organisation numbers it", hexadecimal=True)


def inner(frame: bytes, start: int, end: int) -> Within | None:
    """Return what a frame carries."""
    if end - start < 3:
        return None
    at = start + (3 if frame[start + 2] & 3 == UNNUMBERED else 4)
    if frame[start] != SNAP or frame[start + 1] != SNAP:
        return Within(DSAP.name, frame[start], at, end) if at <= end else None
    if at + 5 > end:
        return None
    kind = frame[at + 3] << 8 | frame[at + 4]
    if int.from_bytes(frame[at:at + 3], "big") in _TYPED:
        return Within("eth.type", kind, at + 5, end)
    return Within(PID.name, kind, at + 5, end)


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read the header and what follows it."""
    if start >= end:
        return end
    layer = tree.layer(PROTOCOL, start, end - start, "malformed")
    cursor = Cursor(tree, layer, start, end)
    try:
        cursor.header(DSAP, DSAP_SAP, DSAP_IG, SSAP, SSAP_SAP, SSAP_CR)
        _control(cursor)
        layer.summary = f"to {_sap(tree.frame[start])}, from {_sap(tree.frame[start + 1])}"
        if tree.frame[start:start + 2] == bytes((SNAP, SNAP)):
            organisation = cursor.take(OUI)
            cursor.take(TYPE if organisation in _TYPED else CISCO_PID if organisation == _CISCO else PID)
    except CutShort:
        return end
    layer.length = cursor.at - start
    tree.within(inner(tree.frame, start, end), end, ip)
    return end


def _control(cursor: Cursor) -> None:
    """Add the control field, whose two bytes come with the lower one first."""
    size = 1 if cursor.number(1) & 3 == UNNUMBERED else 2
    cursor.add(CONTROL, cursor.at, size, int.from_bytes(cursor.peek(size), "little"))
    cursor.skip(size)


PROTOCOL = Protocol("llc", "LLC", "l", "Logical Link Control (IEEE 802.2), with SNAP", (
    DSAP, DSAP_SAP, DSAP_IG, SSAP, SSAP_SAP, SSAP_CR, CONTROL, OUI, TYPE, CISCO_PID, PID), read, ((LLC, 0),),
    inner=inner)
