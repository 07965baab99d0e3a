"""IGMP (RFC 1112, RFC 2236, RFC 3376)."""

from __future__ import annotations

import contextlib

from aether.reading.context import IpLayer
from aether.reading.ip import BAD, GOOD, STATUS, UNVERIFIED
from aether.reading.layout import Field
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, problem_of
from aether.reading.types import BOOLEAN, BYTES, IPV4, UINT8, UINT16
from aether.wire import igmp
from aether.wire.address import show_ip
from aether.wire.checksum import checksum
from aether.wire.error import WireError

VERSION = Field("igmp.version", UINT8, "version", "the version that the message belongs to: 1, 2 or 3")
TYPE = Field("igmp.type", UINT8, "type", "0x11 query, 0x12, 0x16 and 0x22 reports of version 1, 2 and 3, 0x17 leave",
             hexadecimal=True, words=lambda value: f"0x{value:02x} ({igmp.NAMES.get(value, 'unknown')})",
             names={name: kind for kind, name in igmp.NAMES.items()})
RESERVED = Field("igmp.reserved", BYTES, "reserved", "bytes that have no meaning", part=True)
MAX_RESP = Field("igmp.max_resp", UINT16, "time to answer", "within which time members answer, in tenths of a second",
                 size=1, words=lambda value: f"{value / 10:g} s")
CHECKSUM = Field("igmp.checksum", UINT16, "checksum", "the checksum", hexadecimal=True)
CHECKSUM_STATUS = Field("igmp.checksum.status", UINT8, "verdict", "0 bad, 1 good, 2 not verified", names=STATUS,
                        part=True)
GROUP = Field("igmp.maddr", IPV4, "group", "the group that it is about")
SUPPRESS = Field("igmp.s", BOOLEAN, "suppress", "routers are not to change their timers", size=1, mask=8)
ROBUSTNESS = Field("igmp.qrv", UINT8, "robustness", "how many losses the querier allows for", mask=7)
INTERVAL = Field("igmp.qqic", UINT8, "query interval", "the code of the querier's interval")
SOURCES = Field("igmp.num_src", UINT16, "sources", "how many sources are listed")
SOURCE = Field("igmp.saddr", IPV4, "source", "a source of a group")
RECORDS = Field("igmp.num_grp_recs", UINT16, "groups", "how many groups a report of version 3 lists")
RECORD = Field("igmp.record_type", UINT8, "record", "what is reported of a group: 1 include, 2 exclude, 3 to 6 changes")
AUX_LENGTH = Field("igmp.aux_data_len", UINT8, "auxiliary words", "words of 4 bytes behind the sources")
AUX = Field("igmp.aux_data", BYTES, "auxiliary data", "what stands behind the sources")


def name_of(message: igmp.IgmpMessage) -> str:
    """Return what an IGMP message says."""
    name = igmp.NAMES.get(message.type, f"type 0x{message.type:02x}")
    if message.type == igmp.V3_REPORT:
        return name
    return f"{name} {show_ip(message.group) if any(message.group) else 'of all groups'}"


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a message."""
    body = tree.frame[start:end]
    layer = tree.layer(PROTOCOL, start, len(body), "malformed")
    if tree.wordy:
        try:
            layer.summary = name_of(igmp.parse(body))
        except WireError as problem:
            layer.problem = problem_of(problem)
    with contextlib.suppress(CutShort):
        _fields(Cursor(tree, layer, start, end), body, ip is not None and ip.complete)
    return end


def _fields(cursor: Cursor, body: bytes, complete: bool) -> None:
    kind, code = cursor.peek(2)
    third = kind == igmp.V3_REPORT or (kind == igmp.QUERY and len(body) >= 12)
    version = 3 if third else 1 if kind == igmp.V1_REPORT or (kind == igmp.QUERY and not code) else 2
    cursor.add(VERSION, cursor.at, 1, version)
    cursor.take(TYPE)
    if kind == igmp.V3_REPORT or version == 1:
        cursor.take(RESERVED, size=1)
    else:
        cursor.add(MAX_RESP, cursor.at, 1, _response_time(code, version))
        cursor.skip(1)
    good = checksum(body) == 0
    cursor.take(CHECKSUM, f"0x{cursor.number(2):04x} {'ok' if good else 'WRONG'}")
    cursor.add(CHECKSUM_STATUS, cursor.at - 2, 2, UNVERIFIED if not complete else GOOD if good else BAD)
    if kind == igmp.V3_REPORT:
        _report(cursor)
        return
    cursor.take(GROUP)
    if third:
        _query(cursor)


def _response_time(code: int, version: int) -> int:
    """Return tenths of a second (RFC 3376 §4.1.1)."""
    return (code & 15 | 16) << ((code >> 4 & 7) + 3) if version == 3 and code >= 128 else code


def _query(cursor: Cursor) -> None:
    """Add what version 3 adds to a query."""
    flags = cursor.number(1)
    for field in (SUPPRESS, ROBUSTNESS):
        cursor.add(field, cursor.at, 1, field.number(flags))
    cursor.skip(1)
    cursor.take(INTERVAL)
    for _ in range(cursor.take(SOURCES)):
        cursor.take(SOURCE)


def _report(cursor: Cursor) -> None:
    """Add the group records of a report."""
    cursor.take(RESERVED, size=2)
    for _ in range(cursor.take(RECORDS)):
        cursor.take(RECORD)
        words = cursor.take(AUX_LENGTH)
        count = cursor.take(SOURCES)
        cursor.take(GROUP)
        for _ in range(count):
            cursor.take(SOURCE)
        if words:
            cursor.take(AUX, size=words * 4)


PROTOCOL = Protocol("igmp", "IGMP", "g", "the Internet Group Management Protocol", (
    TYPE, VERSION, MAX_RESP, GROUP, CHECKSUM, CHECKSUM_STATUS, RESERVED, SUPPRESS, ROBUSTNESS, INTERVAL, SOURCES,
    SOURCE, RECORDS, RECORD, AUX_LENGTH, AUX), read, (("ip.proto", 2),))
