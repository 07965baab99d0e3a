"""ICMP (RFC 792, RFC 950, RFC 1256, RFC 4884)."""

from __future__ import annotations

from struct import Struct

from aether.reading.context import IpLayer
from aether.reading.ip import BAD, GOOD, STATUS, UNVERIFIED
from aether.reading.layout import Field, counted
from aether.reading.tree import Cursor, CutShort, Protocol, Tree
from aether.reading.types import BYTES, IPV4, UINT8, UINT16, UINT32
from aether.wire import icmp
from aether.wire.checksum import checksum

HEADER = Struct("!BBHHH")
QUOTING = (3, 4, 5, 11, 12)
"""Types that quote a packet (RFC 792)."""
EXTENSIBLE = (3, 11, 12)
"""Types that say how long the quoted packet is if extensions follow (RFC 4884 §4)."""
WITH_IDENTIFIER = (0, 8, 13, 14, 15, 16, 17, 18)
ADVERTISEMENT = 9


def name_of(kind: int, code: int) -> str:
    """Return what an ICMP type and code are called."""
    name = icmp.NAMES.get((kind, code)) or icmp.NAMES.get(kind)
    return name or f"type {kind}" + (f" code {code}" if code >= 0 else "")


def _swapped(data: bytes) -> int:
    return int.from_bytes(data, "little")


TYPE = Field(
    "icmp.type", UINT8, "type", "0 echo reply, 3 unreachable, 8 echo request, 11 time exceeded", 0,
    words=lambda value: f"{value} ({name_of(value, -1)})",
    names={
        "echo reply": 0, "destination unreachable": 3, "source quench": 4, "redirect": 5, "echo request": 8,
        "router advertisement": 9, "router solicitation": 10, "time exceeded": 11, "parameter problem": 12,
        "timestamp request": 13, "timestamp reply": 14,
    })
CODE = Field("icmp.code", UINT8, "code", "what exactly; of type 3: 1 host, 3 port, 4 fragmentation needed", 1)
CHECKSUM = Field("icmp.checksum", UINT16, "checksum", "the checksum", 2, hexadecimal=True)
CHECKSUM_STATUS = Field("icmp.checksum.status", UINT8, "verdict", "0 bad, 1 good, 2 not verified", names=STATUS,
                        part=True)
IDENT = Field("icmp.ident", UINT16, "identifier", "identifier of an echo: tells one ping from another")
IDENT_LE = Field("icmp.ident_le", UINT16, "bytes swapped",
                 "the identifier with its bytes swapped, as some systems count", part=True)
SEQ = Field("icmp.seq", UINT16, "sequence", "sequence number of an echo")
SEQ_LE = Field("icmp.seq_le", UINT16, "bytes swapped",
               "the sequence number with its bytes swapped, as some systems count", part=True)
MTU = Field("icmp.mtu", UINT16, "MTU of the next hop", "the MTU of the next hop, in 'fragmentation needed' (RFC 1191)")
GATEWAY = Field("icmp.redir_gw", IPV4, "better gateway", "the better gateway that a redirect names")
POINTER = Field("icmp.pointer", UINT8, "byte that is wrong", "which byte a parameter problem is about")
LENGTH = Field("icmp.length", UINT8, "words of the quoted packet",
               "how much of a packet is quoted before extensions, in words of 4 bytes (RFC 4884)",
               words=counted("bytes", 4))
UNUSED = Field("icmp.unused", BYTES, "unused", "bytes that have no meaning in this type", part=True)
TIMESTAMPS = tuple(
    Field(f"icmp.{name}_timestamp", UINT32, label, f"when the {what}, in milliseconds after midnight")
    for name, label, what in (("originate", "sent", "question was sent"), ("receive", "received", "question arrived"),
                              ("transmit", "answered", "answer was sent")))
MASK = Field("icmp.address_mask", IPV4, "mask", "the network's mask (RFC 950)")
NUM_ADDRS = Field("icmp.num_addrs", UINT8, "addresses", "how many routers are advertised (RFC 1256)")
ENTRY_SIZE = Field("icmp.addr_entry_size", UINT8, "words for each", "words of 4 bytes for each router; 2")
LIFETIME = Field("icmp.lifetime", UINT16, "lifetime", "for how many seconds the advertisement counts",
                 words=counted("s"))
ROUTER = Field("icmp.router_address", IPV4, "router", "a router that is advertised")
PAYLOAD = Field("icmp.payload", BYTES, "payload", "the data of an echo", ours=True, hidden=True)
PREFERENCE = Field("icmp.pref_level", UINT32, "preference", "how much the router is preferred; may be negative")


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a message, and the packet that it quotes."""
    quoted = ip is not None and ip.quoted
    body = tree.frame[start:end]
    layer = tree.layer(PROTOCOL, start, min(8, len(body)), "malformed", quoted)
    if len(body) < 8:
        layer.problem = f"icmp.truncated: {len(body)} bytes"
    cursor = Cursor(tree, layer, start, end)
    try:
        received = cursor.number(2, 2)
        kind, code = body[0], body[1]
        good = checksum(body) == 0
        complete = ip is not None and ip.complete
        layer.summary = ("quoted: " if quoted else "") + name_of(kind, code)
        cursor.header(TYPE, CODE)
        cursor.take(CHECKSUM, f"0x{received:04x} {('ok' if good else 'WRONG') if complete else 'unknown'}")
        cursor.add(CHECKSUM_STATUS, start + 2, 2, UNVERIFIED if not complete or quoted else GOOD if good else BAD)
        _rest(cursor, kind, code, ip)
    except CutShort:
        pass
    return end


def _rest(cursor: Cursor, kind: int, code: int, ip: IpLayer | None) -> None:
    """Add what depends on the type."""
    if kind in WITH_IDENTIFIER:
        for field, swapped in ((IDENT, IDENT_LE), (SEQ, SEQ_LE)):
            data = cursor.peek(2)
            cursor.take(field)
            cursor.add(swapped, cursor.at - 2, 2, _swapped(data))
    elif (kind, code) == (3, 4):
        _unused(cursor, 2)
        cursor.take(MTU)
    elif kind == icmp.REDIRECT:
        cursor.take(GATEWAY)
    elif kind == icmp.PARAMETER_PROBLEM:
        cursor.take(POINTER)
        if cursor.number(1):
            cursor.take(LENGTH)
        cursor.take(UNUSED, size=cursor.start + 8 - cursor.at)
    elif kind == ADVERTISEMENT:
        _advertisement(cursor)
    elif kind in (3, 11):
        _unused(cursor, 4)
    else:
        cursor.skip(4)
    if kind in (icmp.TIMESTAMP, icmp.TIMESTAMP_REPLY):
        for field in TIMESTAMPS:
            cursor.take(field)
    elif kind in (17, 18):
        cursor.take(MASK)
    elif kind in QUOTING and not (ip is not None and ip.quoted) and cursor.left:
        words = cursor.frame[cursor.start + 5] if kind in EXTENSIBLE else 0
        stop = min(cursor.at + words * 4, cursor.end) if words else cursor.end
        cursor.tree.inside("icmp.quoted", 4, cursor.at, stop, ip)
        return
    if kind in (icmp.ECHO_REQUEST, icmp.ECHO_REPLY) and cursor.left:
        cursor.add(PAYLOAD, cursor.at, cursor.left, cursor.peek(cursor.left))
    cursor.layer.length = cursor.at - cursor.start
    cursor.tree.data(cursor.at, cursor.end)


def _unused(cursor: Cursor, size: int) -> None:
    """Add what is unused unless extensions follow the quoted packet (RFC 4884 §4)."""
    if not cursor.peek(2)[1]:
        cursor.take(UNUSED, size=size)
        return
    cursor.take(UNUSED, size=1)
    cursor.take(LENGTH)
    if size > 2:
        cursor.take(UNUSED, size=size - 2)


def _advertisement(cursor: Cursor) -> None:
    """Add a router advertisement (RFC 1256)."""
    count, size, _ = cursor.peek(4)[:3]
    for field in (NUM_ADDRS, ENTRY_SIZE, LIFETIME):
        cursor.take(field)
    for _ in range(count if size == 2 else 0):
        cursor.take(ROUTER)
        cursor.add(PREFERENCE, cursor.at, 4, int.from_bytes(cursor.peek(4), "big", signed=True))
        cursor.skip(4)


PROTOCOL = Protocol("icmp", "ICMP", "c", "the Internet Control Message Protocol", (
    TYPE, CODE, IDENT, SEQ, IDENT_LE, SEQ_LE, MTU, GATEWAY, CHECKSUM, CHECKSUM_STATUS, POINTER, LENGTH, UNUSED,
    *TIMESTAMPS, MASK, NUM_ADDRS, ENTRY_SIZE, LIFETIME, ROUTER, PREFERENCE, PAYLOAD), read, (("ip.proto", 1),))
