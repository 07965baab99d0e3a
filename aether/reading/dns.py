"""DNS messages (RFC 1035), over UDP and over TCP, read as far as they go."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from aether.reading.context import IpLayer
from aether.reading.layout import Field, counted, named
from aether.reading.tcp import PAYLOAD, PDU_SIZE
from aether.reading.tcp import PORTS as TCP_PORTS
from aether.reading.tree import Cursor, CutShort, Protocol, ReadLayer, Tree, problem_of
from aether.reading.types import BOOLEAN, BYTES, IPV4, IPV6, TEXT, UINT8, UINT16, UINT32
from aether.wire import dns
from aether.wire.error import WireError

MAX_NAME = 255
"""Characters of a name (RFC 1035 §2.3.4)."""
HEADER = 12
"""Bytes of a message's header."""
MAX_RECORDS = 400
"""Questions, and records, that are read."""
ROOT = "<Root>"
LOOP = "<Name contains a pointer that loops>"


class _Malformed(Exception):
    """A name or a record cannot be read."""


def _flag(name: str, bit: int, help: str) -> Field:
    return Field(f"dns.flags.{name}", BOOLEAN, name, help, 2, 2, bit, part=True)


_TYPES = {"a": 1, "ns": 2, "cname": 5, "soa": 6, "ptr": 12, "mx": 15, "txt": 16, "aaaa": 28, "srv": 33, "opt": 41,
          "any": 255}
_TYPE = named(dns.TYPES)

LENGTH = Field("dns.length", UINT16, "length", "bytes of a message inside a stream (RFC 7766)", words=counted("bytes"))
ID = Field("dns.id", UINT16, "identifier", "identifier, the same in question and answer", 0, hexadecimal=True)
FLAGS = Field("dns.flags", UINT16, "flags", "all flags as a number", 2, hexadecimal=True)
RESPONSE = Field("dns.flags.response", BOOLEAN, "an answer", "an answer, no question", 2, 2, 0x8000, part=True)
OPCODE = Field("dns.flags.opcode", UINT16, "opcode", "0 a query", 2, mask=0x7800, part=True)
AUTHORITATIVE = _flag("authoritative", 0x0400, "the server is responsible for the name")
TRUNCATED = _flag("truncated", 0x0200, "too long for a datagram; ask again over TCP")
RECDESIRED = _flag("recdesired", 0x0100, "the server is asked to ask others")
RECAVAIL = _flag("recavail", 0x0080, "the server asks others")
RESERVED = _flag("z", 0x0040, "the reserved bit")
AUTHENTICATED = _flag("authenticated", 0x0020, "the server has verified the answer (RFC 4035)")
CHECKDISABLE = _flag("checkdisable", 0x0010, "what is not verified is welcome too (RFC 4035)")
RCODE = Field("dns.flags.rcode", UINT16, "rcode", "0 no error, 3 no such name", 2, mask=0x000F, part=True, names={
    "no error": 0, "format error": 1, "server failure": 2, "no such name": 3, "not implemented": 4, "refused": 5})
QUERY_FLAGS = FLAGS, RESPONSE, OPCODE, TRUNCATED, RECDESIRED, RESERVED, CHECKDISABLE
ANSWER_FLAGS = (FLAGS, RESPONSE, OPCODE, AUTHORITATIVE, TRUNCATED, RECDESIRED, RECAVAIL, RESERVED, AUTHENTICATED,
                CHECKDISABLE, RCODE)
"""Some flags only answers have."""
COUNTS = (
    Field("dns.count.queries", UINT16, "questions", "how many questions"),
    Field("dns.count.answers", UINT16, "answers", "how many answers"),
    Field("dns.count.auth_rr", UINT16, "authorities", "how many records of responsible servers"),
    Field("dns.count.add_rr", UINT16, "additional", "how many additional records"),
)
QRY_NAME = Field("dns.qry.name", TEXT, "question", "the name that is asked for")
QRY_LENGTH = Field("dns.qry.name.len", UINT16, "characters", "characters of the name", part=True)
LABELS = Field("dns.count.labels", UINT16, "labels", "parts of the name", part=True)
QRY_TYPE = Field("dns.qry.type", UINT16, "type", "the type that is asked for: 1 A, 28 AAAA", words=_TYPE, names=_TYPES)
QRY_CLASS = Field("dns.qry.class", UINT16, "class", "1 Internet", hexadecimal=True)
UNICAST = Field("dns.qry.qu", BOOLEAN, "to the asker", "whether the answer is to go to the asker alone (mDNS)",
                part=True)
FLUSH = Field("dns.resp.cache_flush", BOOLEAN, "replaces", "whether older records are to be forgotten (mDNS)",
              part=True)
UPPER = 0x8000
RESP_NAME = Field("dns.resp.name", TEXT, "record", "the names of all records but SRV")
RESP_TYPE = Field("dns.resp.type", UINT16, "type", "the types of all records", words=_TYPE, names=_TYPES)
RESP_CLASS = Field("dns.resp.class", UINT16, "class", "the classes of all records", hexadecimal=True)
RESP_TTL = Field("dns.resp.ttl", UINT32, "seconds to keep it", "how many seconds each record may be kept")
RESP_LEN = Field("dns.resp.len", UINT16, "length", "bytes of each record's data", part=True)
A = Field("dns.a", IPV4, "address", "addresses")
AAAA = Field("dns.aaaa", IPV6, "address", "IPv6 addresses")
NAMES = {
    5: Field("dns.cname", TEXT, "name", "the name that an alias stands for"),
    2: Field("dns.ns", TEXT, "name", "responsible servers"),
    12: Field("dns.ptr.domain_name", TEXT, "name", "the name of an address"),
}
"""Types whose data is one name."""
PREFERENCE = Field("dns.mx.preference", UINT16, "preference", "preference of a mail server; the lowest first")
EXCHANGE = Field("dns.mx.mail_exchange", TEXT, "mail server", "mail servers")
TXT = Field("dns.txt", TEXT, "text", "texts")
TXT_LENGTH = Field("dns.txt.length", UINT8, "length", "bytes of each text", part=True)
MNAME = Field("dns.soa.mname", TEXT, "first server", "the zone's first server")
RNAME = Field("dns.soa.rname", TEXT, "mailbox", "the mailbox of the zone's keeper")
SOA = tuple(Field(f"dns.soa.{name}", UINT32, label, help) for name, label, help in (
    ("serial_number", "version", "the zone's version"),
    ("refresh_interval", "refresh", "seconds until the next look"),
    ("retry_interval", "retry", "seconds until it is tried again"),
    ("expire_limit", "expire", "seconds until the zone is stale"),
    ("minimum_ttl", "minimum", "how many seconds 'no such name' may be kept")))
SERVICE = tuple(Field(f"dns.srv.{name}", TEXT, name, help) for name, help in (
    ("service", "the service that is looked for"), ("proto", "the protocol that it is spoken over"),
    ("name", "the domain that has it")))
SRV = tuple(Field(f"dns.srv.{name}", UINT16, name, help) for name, help in (
    ("priority", "priority of a service; the lowest first"), ("weight", "weight among equals"),
    ("port", "the service's port")))
TARGET = Field("dns.srv.target", TEXT, "host", "the service's host")
EDNS_SIZE = Field("dns.rr.udp_payload_size", UINT16, "bytes welcome", "the longest datagram that is welcome (RFC 6891)")
EDNS_CODE = Field("dns.resp.ext_rcode", UINT8, "upper bits of the code", "the upper bits of the code (RFC 6891)",
                  hexadecimal=True)
EDNS_VERSION = Field("dns.resp.edns0_version", UINT8, "version", "the version of EDNS; 0")
EDNS_FLAGS = Field("dns.resp.z", UINT16, "flags", "the flags of EDNS", hexadecimal=True)
EDNS_DO = Field("dns.resp.z.do", BOOLEAN, "DNSSEC", "signatures are welcome (RFC 3225)", size=2, mask=0x8000, part=True)
EDNS_RESERVED = Field("dns.resp.z.reserved", UINT16, "reserved", "the other flags of EDNS", mask=0x7FFF,
                      hexadecimal=True, part=True)
OPT_CODE = Field("dns.opt.code", UINT16, "option", "the number of each option of EDNS")
OPT_LENGTH = Field("dns.opt.len", UINT16, "length", "bytes of each option of EDNS")
OPT_DATA = Field("dns.opt.data", BYTES, "data", "what an option of EDNS says")
DATA = Field("dns.data", BYTES, "data", "the data of records of other types")


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a message."""
    return _read(tree, PROTOCOL, start, end)


def messages(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where each message of a stream begins, with its length before it, and where it ends: perhaps beyond `end`.

    `at` is where one begins. A length that is none ends it.
    """
    while at + 2 < end:
        size = data[at] << 8 | data[at + 1]
        if size < HEADER:
            return
        yield at, at + 2 + size
        at += 2 + size


def _read_stream(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read the messages of a segment, each behind its length (RFC 1035 §4.2.2); the last one may go on in the next."""
    frame, context = tree.frame, tree.context
    first = start + (context.inside if context is not None and (ip is None or not ip.quoted) else 0)
    read = start
    for at, after in messages(frame, first, end):
        read, size, stop = end, after - at - 2, min(after, end)
        layer = tree.layer(STREAM, at, stop - at)
        if at == first:
            tree.add(layer, PAYLOAD, start, end - start, frame[start:end])
        tree.add(layer, PDU_SIZE, at, 2 + size, 2 + size)
        tree.add(layer, LENGTH, at, 2, size)
        _message(tree, layer, STREAM, at + 2, stop)
        if stop < after:
            layer.summary = f"the first {stop - at - 2} of {size} bytes"
            layer.problem = ""
    return read


def _read_multicast(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    return _read(tree, MULTICAST, start, end)


def _read(tree: Tree, protocol: Protocol, start: int, end: int) -> int:
    _message(tree, tree.layer(protocol, start, end - start), protocol, start, end)
    return end


def _message(tree: Tree, layer: ReadLayer, protocol: Protocol, start: int, end: int) -> None:
    if tree.wordy:
        _sum_up(layer, tree.frame[start:end])
    with contextlib.suppress(CutShort, _Malformed):
        names = _Names(tree, layer, start, end)
        names.multicast = protocol is MULTICAST
        _fields(names)


def _sum_up(layer: ReadLayer, body: bytes) -> None:
    try:
        found = dns.parse(body)
    except WireError as problem:
        layer.summary, layer.problem = "malformed", problem_of(problem)
        return
    asked = ", ".join(f"{dns.TYPES.get(each.type, each.type)} {each.name}" for each in found.questions[:3])
    answer = f"answer: {dns.CODES.get(found.code, str(found.code))}, {len(found.answers)} records  {asked}"
    if found.truncated:
        answer += ", truncated"
    elif found.referral:
        answer = f"answer: refers to {found.referral}  {asked}"
    layer.summary = answer if found.response else f"who is {asked}?"


class _Names(Cursor):
    """Reads names, too, which may point back into the message."""

    __slots__ = ("multicast",)
    multicast: bool
    """Whether the upper bit of a class has another meaning (RFC 6762 §18.12, §18.13)."""

    def take_class(self, field: Field, flag: Field) -> None:
        """Add the next class, and what its upper bit says."""
        if not self.multicast:
            self.take(field)
            return
        value = self.number(2)
        self.add(field, self.at, 2, value & ~UPPER)
        self.add(flag, self.at, 2, value & UPPER != 0)
        self.skip(2)

    def name(self) -> tuple[str, int]:
        """Return the next name, and how many bytes it takes here; _Malformed for one that cannot be."""
        frame, place, after = self.frame, self.at, 0
        labels: list[str] = []
        length = 0
        while True:
            if place >= self.end:
                raise CutShort
            size = frame[place]
            if not size:
                break
            if size >= 0xC0:
                if place + 1 >= self.end:
                    raise CutShort
                target = self.start + ((size & 0x3F) << 8 | frame[place + 1])
                after = after or place + 2
                if target >= place:
                    return LOOP, after - self.at
                place = target
                continue
            length += size + 1
            if size > 63 or length > MAX_NAME:
                raise _Malformed
            if place + 1 + size > self.end:
                raise CutShort
            labels.append(frame[place + 1:place + 1 + size].decode("utf-8", "replace"))
            place += 1 + size
        return ".".join(labels) or ROOT, (after or place + 1) - self.at

    def take_name(self, field: Field) -> str:
        """Add the next name as a field."""
        name, length = self.name()
        self.add(field, self.at, length, name)
        self.at += length
        return name


def _fields(cursor: _Names) -> None:
    cursor.take(ID)
    cursor.header(*(ANSWER_FLAGS if cursor.number(2) & 0x8000 else QUERY_FLAGS))
    questions, *records = [cursor.take(field) for field in COUNTS]
    for _ in range(min(questions, MAX_RECORDS)):
        _question(cursor)
    for _ in range(min(sum(records), MAX_RECORDS)):
        _record(cursor)


def _question(cursor: _Names) -> None:
    at = cursor.at
    name, length = cursor.name()
    cursor.peek(length + 4)
    cursor.add(QRY_NAME, at, length, name)
    cursor.add(QRY_LENGTH, at, length, len(name))
    cursor.add(LABELS, at, length, 0 if name == ROOT else name.count(".") + 1)
    cursor.skip(length)
    cursor.take(QRY_TYPE)
    cursor.take_class(QRY_CLASS, UNICAST)


def _record(cursor: _Names) -> None:
    at = cursor.at
    name, length = cursor.name()
    kind, size = cursor.number(2, length), cursor.number(2, length + 8)
    cursor.peek(length + 10 + size)
    if kind == dns.TYPE_SRV:
        parts = name.split(".", 2)
        if len(parts) == 3:
            for field, part in zip(SERVICE, parts, strict=True):
                cursor.add(field, at, length, part)
    else:
        cursor.add(RESP_NAME, at, length, name)
    cursor.skip(length)
    cursor.take(RESP_TYPE)
    if kind == dns.TYPE_OPT:
        _edns(cursor)
    else:
        cursor.take_class(RESP_CLASS, FLUSH)
        cursor.take(RESP_TTL)
    cursor.take(RESP_LEN)
    end = cursor.at + size
    _data(cursor, kind, end)
    cursor.at = end


def _edns(cursor: Cursor) -> None:
    """Add what an OPT record has instead of class and lifetime (RFC 6891 §6.1)."""
    for field in (EDNS_SIZE, EDNS_CODE, EDNS_VERSION):
        cursor.take(field)
    bits = cursor.take(EDNS_FLAGS)
    for field in (EDNS_DO, EDNS_RESERVED):
        cursor.add(field, cursor.at - 2, 2, field.number(bits))


def _data(cursor: _Names, kind: int, end: int) -> None:
    """Add what a record says."""
    left = end - cursor.at
    if kind == dns.TYPE_A and left == 4:
        cursor.take(A)
    elif kind == dns.TYPE_AAAA and left == 16:
        cursor.take(AAAA)
    elif kind in NAMES:
        cursor.take_name(NAMES[kind])
    elif kind == dns.TYPE_MX:
        cursor.take(PREFERENCE)
        cursor.take_name(EXCHANGE)
    elif kind == dns.TYPE_SOA:
        cursor.take_name(MNAME)
        cursor.take_name(RNAME)
        for field in SOA:
            cursor.take(field)
    elif kind == dns.TYPE_SRV and left >= 7:
        for field in SRV:
            cursor.take(field)
        cursor.take_name(TARGET)
    elif kind == dns.TYPE_TXT:
        while cursor.at < end:
            size = min(cursor.take(TXT_LENGTH), end - cursor.at)
            cursor.add(TXT, cursor.at, size, TXT.of(cursor.peek(size)))
            cursor.skip(size)
    elif kind == dns.TYPE_OPT:
        while cursor.at < end:
            cursor.take(OPT_CODE)
            size = cursor.take(OPT_LENGTH)
            if size:
                cursor.take(OPT_DATA, size=min(size, end - cursor.at))
    elif left:
        cursor.take(DATA, size=left)


PROTOCOL = Protocol("dns", "DNS", "n", "the Domain Name System", (
    ID, *ANSWER_FLAGS, *COUNTS, QRY_NAME, QRY_TYPE, QRY_CLASS, QRY_LENGTH, LABELS, RESP_NAME, RESP_TYPE, RESP_CLASS,
    RESP_TTL, RESP_LEN, A, AAAA, *NAMES.values(), PREFERENCE, EXCHANGE, TXT, TXT_LENGTH, MNAME, RNAME, *SOA, *SERVICE,
    *SRV, TARGET, EDNS_SIZE, EDNS_CODE, EDNS_VERSION, EDNS_FLAGS, EDNS_DO, EDNS_RESERVED, OPT_CODE, OPT_LENGTH,
    OPT_DATA, DATA, LENGTH, PDU_SIZE), read, (("udp.port", 53),))
STREAM = dataclasses.replace(PROTOCOL, read=_read_stream, over=((TCP_PORTS, 53),))
"""The same over TCP."""
MULTICAST = Protocol("mdns", "mDNS", "n", "the names of a local network; its other fields are those of DNS", (
    UNICAST, FLUSH), _read_multicast, (("udp.port", 5353),), ("dns",))
