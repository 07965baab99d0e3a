"""GRE (RFC 2784, RFC 2890), and the version of PPTP (RFC 2637)."""

from __future__ import annotations

from aether.reading.context import IpLayer, quoting
from aether.reading.eth import named_type
from aether.reading.ip import BAD, GOOD, GRE, STATUS
from aether.reading.layout import Field
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, Within
from aether.reading.types import BOOLEAN, UINT8, UINT16, UINT32
from aether.wire.checksum import checksum

BRIDGED = 0x6558
"""The EtherType of frames of Ethernet."""
HAS_CHECKSUM, HAS_ROUTING, HAS_KEY, HAS_SEQUENCE, HAS_ACK = 0x8000, 0x4000, 0x2000, 0x1000, 0x0080
VERSION_BITS = 7


def _flag(name: str, label: str, bit: int, help: str) -> Field:
    return Field(f"gre.flags.{name}", BOOLEAN, label, help, 0, 2, bit, part=True)


FLAGS = Field("gre.flags_and_version", UINT16, "flags", "all flags, and the version, as a number", 0, hexadecimal=True)
FLAG_BITS = (
    _flag("checksum", "checksum", HAS_CHECKSUM, "there is a checksum"),
    _flag("routing", "route", HAS_ROUTING, "there is a route (RFC 1701)"),
    _flag("key", "key", HAS_KEY, "there is a key"),
    _flag("sequence_number", "sequence", HAS_SEQUENCE, "there is a sequence number"),
)
ACK_FLAG = _flag("ack", "acknowledgement", HAS_ACK, "there is an acknowledgement (version 1)")
RECURSION = Field("gre.flags.recursion_control", UINT16, "recursion", "how often it may be wrapped again", 0,
                  mask=0x0700, part=True)
RESERVED = Field("gre.flags.reserved", UINT16, "reserved", "the other flags", 0, mask=0x00F8, part=True)
VERSION = Field("gre.flags.version", UINT16, "version", "0, or 1 for PPTP", 0, mask=VERSION_BITS, part=True)
PROTO = Field("gre.proto", UINT16, "type", "what it carries, as eth.type; 0x6558 Ethernet", 2, hexadecimal=True,
              words=named_type)
CHECKSUM = Field("gre.checksum", UINT16, "checksum", "the checksum", hexadecimal=True)
CHECKSUM_STATUS = Field("gre.checksum.status", UINT8, "verdict", "0 bad, 1 good", names=STATUS, part=True)
OFFSET = Field("gre.offset", UINT16, "offset", "where in the route it is (RFC 1701)")
KEY = Field("gre.key", UINT32, "key", "tells tunnels between the same ends apart", hexadecimal=True)
KEY_LENGTH = Field("gre.key.payload_length", UINT16, "length", "bytes that it carries (version 1)")
CALL_ID = Field("gre.key.call_id", UINT16, "call", "which call it belongs to (version 1)")
SEQUENCE = Field("gre.sequence_number", UINT32, "sequence", "counts packets")
ACK = Field("gre.ack_number", UINT32, "acknowledgement", "the last packet that has come (version 1)")


def inner(frame: bytes, start: int, end: int) -> Within | None:
    """Return what a packet carries; None for one with a route."""
    if end - start < 4:
        return None
    flags = frame[start] << 8 | frame[start + 1]
    kind = frame[start + 2] << 8 | frame[start + 3]
    at = start + 4 + 4 * sum(
        bool(flags & bit) for bit in (HAS_CHECKSUM, HAS_KEY, HAS_SEQUENCE, HAS_ACK if flags & VERSION_BITS else 0))
    if at > end or flags & HAS_ROUTING:
        return None
    return Within(PROTO.name if kind == BRIDGED else "eth.type", kind, at, end)


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a packet."""
    layer = tree.layer(PROTOCOL, start, end - start, "malformed")
    cursor = Cursor(tree, layer, start, end)
    try:
        _header(cursor)
    except CutShort:
        return end
    layer.length = cursor.at - start
    layer.summary = f"carries {named_type(int.from_bytes(tree.frame[start + 2:start + 4], 'big'))}"
    found = inner(tree.frame, start, end)
    if found is None:
        tree.data(cursor.at, end)
        return end
    return tree.within(found, end, quoting(ip))


def _header(cursor: Cursor) -> None:
    flags = cursor.number(2)
    first = flags & VERSION_BITS
    cursor.header(FLAGS, *FLAG_BITS, RECURSION, *((ACK_FLAG,) if first else ()))
    cursor.add(RESERVED, cursor.start, 2, RESERVED.number(flags & ~HAS_ACK) if first else RESERVED.number(flags))
    cursor.header(VERSION, PROTO)
    if flags & (HAS_CHECKSUM | HAS_ROUTING):
        good = checksum(cursor.frame[cursor.start:cursor.end]) == 0
        if flags & HAS_CHECKSUM:
            cursor.take(CHECKSUM, f"0x{cursor.number(2):04x} {'ok' if good else 'WRONG'}")
            cursor.add(CHECKSUM_STATUS, cursor.at - 2, 2, GOOD if good else BAD)
        else:
            cursor.skip(2)
        cursor.take(OFFSET)
    if flags & HAS_KEY:
        if first:
            cursor.take(KEY_LENGTH)
            cursor.take(CALL_ID)
        else:
            cursor.take(KEY)
    if flags & HAS_SEQUENCE:
        cursor.take(SEQUENCE)
    if first and flags & HAS_ACK:
        cursor.take(ACK)


PROTOCOL = Protocol("gre", "GRE", "x", "Generic Routing Encapsulation", (
    PROTO, FLAGS, *FLAG_BITS, ACK_FLAG, RECURSION, RESERVED, VERSION, CHECKSUM, CHECKSUM_STATUS, OFFSET, KEY,
    KEY_LENGTH, CALL_ID, SEQUENCE, ACK), read, (("ip.proto", GRE),), inner=inner)
