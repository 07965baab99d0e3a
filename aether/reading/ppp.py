"""PPP (RFC 1661), on a serial line (RFC 1662) or over Ethernet (RFC 2516)."""

from __future__ import annotations

from aether.reading.context import IpLayer
from aether.reading.layout import Field, counted, named
from aether.reading.link import LINK
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, Within
from aether.reading.types import BYTES, TEXT, UINT8, UINT16

ALL_STATIONS = 0xFF
"""The address, behind which is the control field. Both may be left out (RFC 1661 §6.6)."""
SESSION_SIZE = 6
_PROTOCOLS = {0x0021: "IPv4", 0x0057: "IPv6", 0x0281: "MPLS", 0x8021: "IPCP", 0x8057: "IPV6CP", 0xC021: "LCP",
              0xC023: "PAP", 0xC223: "CHAP"}
ADDRESS = Field("ppp.address", UINT8, "address", "0xff: all stations", hexadecimal=True)
CONTROL = Field("ppp.control", UINT8, "control", "3: information without a number", hexadecimal=True)
PROTOCOL_FIELD = Field(
    "ppp.protocol", UINT16, "protocol", "what it carries: 0x0021 IPv4, 0x0057 IPv6, 0xc021 LCP", hexadecimal=True,
    words=lambda value: f"0x{value:04x} {_PROTOCOLS.get(value, '')}".strip())
VERSION = Field("pppoe.version", UINT8, "version", "1", 0, mask=0xF0)
TYPE = Field("pppoe.type", UINT8, "type", "1", 0, mask=0x0F)
CODE = Field("pppoe.code", UINT8, "code", "0 data; 0x09 and 0x07 discovery and its offer, 0x19 and 0x65 request and "
             "confirmation, 0xa7 the end", 1, hexadecimal=True, words=named(
                 {0x00: "data", 0x09: "PADI", 0x07: "PADO", 0x19: "PADR", 0x65: "PADS", 0xA7: "PADT"}))
SESSION_ID = Field("pppoe.session_id", UINT16, "session", "number of the session", 2, hexadecimal=True)
LENGTH = Field("pppoe.payload_length", UINT16, "length", "length in bytes of what it carries", 4,
               words=counted("bytes"))
TAGS = {
    0x0101: Field("pppoed.tags.service_name", TEXT, "service", "the service that is wanted, or offered"),
    0x0102: Field("pppoed.tags.ac_name", TEXT, "concentrator", "what the access concentrator is called"),
    0x0103: Field("pppoed.tags.host_uniq", BYTES, "host's mark", "what tells the host's questions apart"),
    0x0104: Field("pppoed.tags.ac_cookie", BYTES, "concentrator's mark", "what the access concentrator wants back"),
}
"""What is said in discovery, by its type (RFC 2516, appendix A)."""


def inner(frame: bytes, start: int, end: int) -> Within | None:
    """Return what a frame carries; its protocol may have one byte, which then is odd (RFC 1661 §2)."""
    at = start + 2 if start < end and frame[start] == ALL_STATIONS else start
    size = 1 if at < end and frame[at] & 1 else 2
    if at + size > end:
        return None
    return Within(PROTOCOL_FIELD.name, int.from_bytes(frame[at:at + size], "big"), at + size, end)


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a frame."""
    layer = tree.layer(PROTOCOL, start, end - start, "malformed")
    cursor = Cursor(tree, layer, start, end)
    found = inner(tree.frame, start, end)
    try:
        if cursor.number(1) == ALL_STATIONS:
            cursor.take(ADDRESS)
            cursor.take(CONTROL)
        if found is None:
            return end
        cursor.take(PROTOCOL_FIELD, size=found.start - cursor.at)
    except CutShort:
        return end
    layer.length = found.start - start
    layer.summary = _PROTOCOLS.get(found.value, f"protocol 0x{found.value:04x}")
    return tree.within(found, end, ip)


def inner_session(frame: bytes, start: int, end: int) -> Within | None:
    """Return the frame of PPP that a session over Ethernet carries."""
    if end - start < SESSION_SIZE:
        return None
    length = int.from_bytes(frame[start + 4:start + 6], "big")
    return Within("pppoe.code", 0, start + SESSION_SIZE, min(start + SESSION_SIZE + length, end))


def _nothing(frame: bytes, start: int, end: int) -> Within | None:
    return None


def _read_session(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    if not _header(tree, SESSION, start, end):
        return end
    return tree.within(inner_session(tree.frame, start, end), end, ip)


def _read_discovery(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    cursor = _header(tree, DISCOVERY, start, end)
    if not cursor:
        return end
    found = inner_session(tree.frame, start, end)
    cursor.end = found.end if found else end
    try:
        while cursor.left:
            field, size = TAGS.get(cursor.number(2)), cursor.number(2, 2)
            cursor.skip(4)
            if field and size:
                cursor.take(field, size=size)
            else:
                cursor.skip(size)
    except CutShort:
        cursor.at = cursor.end
    cursor.layer.length = cursor.end - start
    return end


def _header(tree: Tree, protocol: Protocol, start: int, end: int) -> Cursor | None:
    layer = tree.layer(protocol, start, min(SESSION_SIZE, end - start), "malformed")
    cursor = Cursor(tree, layer, start, end)
    try:
        cursor.header(VERSION, TYPE, CODE, SESSION_ID, LENGTH)
    except CutShort:
        return None
    layer.summary = f"session 0x{SESSION_ID.of(tree.frame[start + 2:start + 4]):04x}"
    return cursor


PROTOCOL = Protocol("ppp", "PPP", "j", "the Point-to-Point Protocol", (ADDRESS, CONTROL, PROTOCOL_FIELD), read, (
    (LINK, 9), (LINK, 50), ("pppoe.code", 0), ("eth.type", 0x880B)), inner=inner)
SESSION = Protocol("pppoes", "PPPoE", "q", "a session of PPP over Ethernet (RFC 2516)", (
    VERSION, TYPE, CODE, SESSION_ID, LENGTH), _read_session, (("eth.type", 0x8864),), inner=inner_session)
DISCOVERY = Protocol("pppoed", "PPPoE discovery", "q", "how a session of PPP over Ethernet begins", (
    *TAGS.values(),), _read_discovery, (("eth.type", 0x8863),), inner=_nothing)
