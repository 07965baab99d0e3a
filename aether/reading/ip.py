"""IPv4 (RFC 791) with its options."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

from aether.reading.context import IpLayer, quoting
from aether.reading.layout import Field, counted, named
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, problem_of
from aether.reading.types import BOOLEAN, BYTES, IPV4, TEXT, UINT8, UINT16, UINT32
from aether.wire import ipv4
from aether.wire.address import show_ip
from aether.wire.checksum import checksum
from aether.wire.error import WireError

HEADER = Struct("!BBHHHBBH4s4s")
BAD, GOOD, UNVERIFIED, NOT_PRESENT = range(4)
STATUS = {"bad": BAD, "good": GOOD, "unverified": UNVERIFIED, "not present": NOT_PRESENT}
"""What `*.checksum.status` says. A checksum is verified only when the packet is complete."""
IP_IN_IP, GRE = 4, 47
PROTOCOLS = {
    ipv4.PROTO_ICMP: "ICMP", ipv4.PROTO_IGMP: "IGMP", IP_IN_IP: "IPv4", ipv4.PROTO_TCP: "TCP", ipv4.PROTO_UDP: "UDP",
    GRE: "GRE"}


def locate(data: bytes, start: int, limit: int, quoted: bool) -> IpLayer | None:
    """Return where the parts of a packet are that ends at `limit` at the latest; None if its header is not whole."""
    if limit - start < 20:
        return None
    header = HEADER.unpack_from(data, start)
    length = (header[0] & 15) << 2
    payload = start + length
    total: int = header[2]
    if header[0] >> 4 != 4 or length < 20 or payload > limit or 0 < total < length:
        return None
    end = start + total if length <= total <= limit - start else limit
    return IpLayer(header, start, payload, end, not header[4] & 0x3FFF and end == start + total, quoted)


def _protocol(value: int) -> str:
    return f"{value} ({PROTOCOLS.get(value, value)})"


def _flags(value: int) -> str:
    return ",".join(text for text, bit in (("DF", 2), ("MF", 1)) if value & bit) or "none"


VERSION = Field("ip.version", UINT8, "version", "4, and 6 of an IPv6 packet", 0, mask=0xF0)
HDR_LEN = Field("ip.hdr_len", UINT8, "header length", "length of the header in bytes", 0, mask=0x0F, unit=4,
                words=counted("bytes"))
DSFIELD = Field("ip.dsfield", UINT8, "type of service", "differentiated services: the old type of service", 1,
                hexadecimal=True)
DSCP = Field("ip.dsfield.dscp", UINT8, "class", "differentiated services code point", 1, mask=0xFC, part=True)
ECN = Field("ip.dsfield.ecn", UINT8, "ECN",
            "explicit congestion notification: 0 not used, 1 and 2 capable, 3 congestion", 1, mask=0x03, part=True)
LEN = Field("ip.len", UINT16, "total length", "total length in bytes, with the header", 2, words=counted("bytes"))
ID = Field("ip.id", UINT16, "identification", "identification, the same in all fragments of a packet", 4,
           hexadecimal=True)
FLAGS = Field("ip.flags", UINT8, "flags", "the three flags as a number: 2 DF, 1 MF", 6, mask=0xE0, hexadecimal=True,
              words=_flags)
RB = Field("ip.flags.rb", BOOLEAN, "reserved", "the reserved bit", 6, 1, 0x80, part=True)
DF = Field("ip.flags.df", BOOLEAN, "don't fragment", "do not fragment", 6, 1, 0x40, part=True)
MF = Field("ip.flags.mf", BOOLEAN, "more fragments", "more fragments follow", 6, 1, 0x20, part=True)
OFFSET = Field("ip.frag_offset", UINT16, "fragment offset", "where this fragment belongs, in units of 8 bytes", 6,
               mask=0x1FFF, words=counted("bytes", 8))
TTL = Field("ip.ttl", UINT8, "time to live", "time to live: how many routers it may pass", 8)
PROTO = Field("ip.proto", UINT8, "protocol", "what it carries: 1 ICMP, 6 TCP, 17 UDP", 9, words=_protocol,
              names={"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17})
CHECKSUM = Field("ip.checksum", UINT16, "header checksum", "the header's checksum", 10, hexadecimal=True)
CHECKSUM_STATUS = Field("ip.checksum.status", UINT8, "verdict", "0 bad, 1 good, 2 not verified", names=STATUS,
                        part=True)
SRC = Field("ip.src", IPV4, "source", "where from", 12)
DST = Field("ip.dst", IPV4, "destination", "where to", 16)
ADDR = Field("ip.addr", IPV4, "address", "either address", hidden=True)
SRC_HOST = Field("ip.src_host", TEXT, "source", "where from, as text", hidden=True)
DST_HOST = Field("ip.dst_host", TEXT, "destination", "where to, as text", hidden=True)
HOST = Field("ip.host", TEXT, "address", "either address, as text", hidden=True)
PAYLOAD = Field("ip.payload", BYTES, "payload", "what the packet carries", ours=True, hidden=True)

_NAMES = {
    0: "end of options", 1: "padding", 7: "record route", 68: "timestamps", 130: "security", 131: "loose source route",
    136: "stream", 137: "strict source route", 148: "router alert",
}
_ROUTES = (7, 131, 137)
OPTIONS = Field("ip.options", BYTES, "options", "all options", words=lambda data: data.hex(" "), ours=True)
OPT_TYPE = Field("ip.opt.type", UINT8, "option", "the type of each option", words=named(_NAMES))
OPT_COPY = Field("ip.opt.type.copy", BOOLEAN, "in every fragment", "whether each option is in every fragment", size=1,
                 mask=0x80, part=True)
OPT_CLASS = Field("ip.opt.type.class", UINT8, "class", "the class of each option: 0 control, 2 measurement", mask=0x60,
                  part=True)
OPT_NUMBER = Field("ip.opt.type.number", UINT8, "number", "the number of each option in its class", mask=0x1F,
                   part=True)
OPT_LEN = Field("ip.opt.len", UINT8, "its length", "the length of each option that has one, in bytes",
                words=counted("bytes"))
OPT_PTR = Field("ip.opt.ptr", UINT8, "next slot", "where the next router writes, counted from 1")
OPT_OVERFLOW = Field("ip.opt.overflow", UINT8, "hosts without a slot", "how many hosts found no room for a timestamp",
                     mask=0xF0)
OPT_FLAG = Field("ip.opt.flag", UINT8, "with addresses", "0 timestamps alone, 1 with addresses, 3 at given addresses",
                 mask=0x0F, hexadecimal=True)
OPT_ALERT = Field("ip.opt.ra", UINT16, "value", "what a router alert says; 0: look at this packet (RFC 2113)")
OPT_STREAM = Field("ip.opt.sid", UINT16, "stream", "the identifier of a stream")
REC_RT = Field("ip.rec_rt", IPV4, "address", "an address of a route that was recorded")
EMPTY_RT = Field("ip.empty_rt", IPV4, "address", "a slot that no router has written to yet")
SRC_RT = Field("ip.src_rt", IPV4, "address", "an address of a source route that lies ahead")
TIME_STAMP = Field("ip.opt.time_stamp", UINT32, "at", "a router's clock, in milliseconds after midnight",
                   words=counted("ms after midnight"))
TIME_STAMP_ADDR = Field("ip.opt.time_stamp_addr", IPV4, "router", "which router's clock it is")


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a packet; `ip` is the packet around one that an ICMP error quotes."""
    quoted = ip is not None
    frame = tree.frame
    layer = tree.layer(PROTOCOL, start, end - start, "malformed", quoted)
    if not quoted and tree.wordy:
        try:
            ipv4.parse(memoryview(frame)[start:end])
        except WireError as error:
            layer.problem = problem_of(error)
    cursor = Cursor(tree, layer, start, end)
    try:
        if cursor.take(VERSION) != 4:
            return end
        cursor.at = start
        length = cursor.take(HDR_LEN)
        if length < 20:
            return end
        layer.length = min(length, end - start)
        cursor.header(DSFIELD, DSCP, ECN, LEN)
        if 0 < cursor.frame[start + 2] << 8 | cursor.frame[start + 3] < length:
            return end
        cursor.header(ID, FLAGS, RB, DF, MF, OFFSET, TTL, PROTO)
        verdict = _checksum(cursor, frame[start:min(start + length, end)], length)
        for field, host in ((SRC, SRC_HOST), (DST, DST_HOST)):
            address = cursor.take(field)
            cursor.add(ADDR, cursor.at - 4, 4, address)
            if not tree.wordy:
                for each in (host, HOST):
                    cursor.add(each, cursor.at - 4, 4, show_ip(address))
    except CutShort:
        return end
    if tree.wordy:
        layer.summary = (
            f"{'quoted: ' if quoted else ''}{show_ip(frame[start + 12:start + 16])} > "
            f"{show_ip(frame[start + 16:start + 20])}  {PROTOCOLS.get(frame[start + 9], frame[start + 9])}  "
            f"ttl {frame[start + 8]}  checksum {verdict}")
    found = locate(frame, start, end, quoted)
    if found is None:
        return end
    read_options(Cursor(tree, layer, start + 20, found.payload))
    if found.end > found.payload and not tree.wordy:
        cursor.add(PAYLOAD, found.payload, found.end - found.payload, frame[found.payload:found.end])
    if found.header[4] & 0x1FFF:
        tree.data(found.payload, found.end)
    else:
        protocol = found.header[6]
        tree.inside("ip.proto", protocol, found.payload, found.end,
                    quoting(found) if protocol == IP_IN_IP else found)
    return found.end


def status(header: bytes) -> int:
    """Return whether a whole header's checksum is right."""
    return BAD if checksum(header) else GOOD


def _checksum(cursor: Cursor, header: bytes, length: int) -> str:
    """Add the checksum; return the verdict in words."""
    whole = len(header) == length
    found = status(header) if whole else UNVERIFIED
    verdict = "ok" if found == GOOD else "WRONG" if whole else "unknown"
    received = cursor.number(2)
    cursor.take(CHECKSUM, f"0x{received:04x} {verdict}")
    cursor.add(CHECKSUM_STATUS, cursor.at - 2, 2, found)
    return verdict


def options(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Give the options of an IPv4 or TCP header, kind, place and length, as far as they can be read.

    Both are built alike: 0 ends them, 1 is one byte of padding, and all others have their length
    in the second byte (RFC 791 §3.1, RFC 9293 §3.2).
    """
    while start < end:
        kind = data[start]
        length = 1 if kind < 2 else data[start + 1] if start + 1 < end else 0
        if length < 1 or (kind > 1 and length < 2) or start + length > end:
            return
        yield kind, start, length
        if kind == 0:
            return
        start += length


def read_options(cursor: Cursor) -> None:
    """Add the options, each with its parts."""
    at, end = cursor.at, cursor.end
    if at == end:
        return
    cursor.add(OPTIONS, at, end - at, cursor.frame[at:end])
    behind = at
    for kind, place, length in options(cursor.frame, at, end):
        _type(cursor, place, kind)
        if kind > 1:
            cursor.add(OPT_LEN, place + 1, 1, length)
            _body(cursor, kind, place + 2, place + length)
        behind = place + length
        if kind == 0:
            return
    if behind < end:
        _type(cursor, behind, cursor.frame[behind])


def _type(cursor: Cursor, at: int, kind: int) -> None:
    cursor.add(OPT_TYPE, at, 1, kind)
    for part in (OPT_COPY, OPT_CLASS, OPT_NUMBER):
        cursor.add(part, at, 1, part.number(kind))


def _body(cursor: Cursor, kind: int, at: int, end: int) -> None:
    """Add what an option says behind its type and length."""
    data = cursor.frame[at:end]
    if kind in _ROUTES and data:
        cursor.add(OPT_PTR, at, 1, data[0])
        _route(cursor, kind, at + 1, end, at + data[0] - 3)
    elif kind == 68 and len(data) >= 2:
        cursor.add(OPT_PTR, at, 1, data[0])
        for part in (OPT_OVERFLOW, OPT_FLAG):
            cursor.add(part, at + 1, 1, part.number(data[1]))
        _timestamps(cursor, at + 2, end, data[1] & 15)
    elif kind in (136, 148) and len(data) == 2:
        cursor.add(OPT_ALERT if kind == 148 else OPT_STREAM, at, 2, int.from_bytes(data, "big"))


def _route(cursor: Cursor, kind: int, at: int, end: int, pointer: int) -> None:
    while at + 4 <= end:
        field = REC_RT if at < pointer else EMPTY_RT if kind == 7 else SRC_RT
        cursor.add(field, at, 4, cursor.frame[at:at + 4])
        at += 4


def _timestamps(cursor: Cursor, at: int, end: int, flag: int) -> None:
    while at + (8 if flag else 4) <= end:
        if flag:
            cursor.add(TIME_STAMP_ADDR, at, 4, cursor.frame[at:at + 4])
            at += 4
        cursor.add(TIME_STAMP, at, 4, int.from_bytes(cursor.frame[at:at + 4], "big"))
        at += 4


PROTOCOL = Protocol("ip", "IPv4", "i", "the Internet Protocol, version 4", (
     SRC, DST, ADDR, PROTO, TTL, LEN, ID, VERSION, HDR_LEN, DSFIELD, DSCP, ECN, FLAGS, RB, DF, MF, OFFSET,
    CHECKSUM, CHECKSUM_STATUS, OPT_TYPE, OPT_LEN, OPT_COPY, OPT_CLASS, OPT_NUMBER, OPT_PTR, REC_RT, EMPTY_RT,
    SRC_RT, TIME_STAMP, TIME_STAMP_ADDR, OPT_OVERFLOW, OPT_FLAG, OPT_ALERT, OPT_STREAM, OPTIONS, SRC_HOST,
    DST_HOST, HOST, PAYLOAD
), read, (("eth.type", 0x0800), ("icmp.quoted", 4), ("ip.proto", IP_IN_IP), ("llc.dsap", 6), ("ppp.protocol", 0x21)))
