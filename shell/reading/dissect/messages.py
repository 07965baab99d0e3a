"""ICMP (RFC 792, RFC 950, RFC 1256) and IGMP (RFC 1112, RFC 2236, RFC 3376)."""

from __future__ import annotations

from aether.wire import icmp, igmp
from aether.wire.checksum import checksum
from aether.wire.error import WireError
from shell.reading.dissect.tree import CutShort, Reader, Tree, colons, decimal, hexadecimal, ip, number, problem_of, yes
from shell.reading.summary import icmp_name, igmp_name

QUOTING = (3, 4, 5, 11, 12)
"""Types that quote a packet."""
EXTENSIBLE = (3, 11, 12)
"""Types that say how long the quoted packet is if extensions follow (RFC 4884 §4)."""
_WITH_IDENTIFIER = (0, 8, 13, 14, 15, 16, 17, 18)
UNVERIFIED = "2"


def icmp_message(tree: Tree, start: int, end: int, complete: bool, quoted: bool) -> tuple[int, int] | None:
    """Take a message apart; return where a quoted packet begins and ends, None if there is none."""
    body = tree.frame[start:end]
    layer = tree.layer("C" if quoted else "c", "icmp", start, min(8, len(body)), "malformed")
    if len(body) < 8:
        layer.problem = f"icmp.truncated: {len(body)} bytes"
    kind, code = (*body[:2], 0, 0)[:2]
    reader = Reader(tree, layer, start, end)
    try:
        received = number(reader.peek(2, 2))
        good = checksum(body) == 0
        verdict = "ok" if good else "WRONG"
        layer.summary = ("quoted: " if quoted else "") + icmp_name(kind, code)
        reader.take("icmp.type", "type", 1, decimal, f"{kind} ({icmp_name(kind, -1)})")
        reader.take("icmp.code", "code", 1)
        said = f"0x{received:04x} {verdict if complete else 'unknown'}"
        reader.take("icmp.checksum", "checksum", 2, hexadecimal, said)
        status = yes(good) if complete and not quoted else UNVERIFIED
        reader.parts(reader.at - 2, 2, ("icmp.checksum.status", "verdict", status))
        return _icmp_rest(tree, reader, kind, code, quoted)
    except CutShort:
        return None


def _icmp_rest(tree: Tree, reader: Reader, kind: int, code: int, quoted: bool) -> tuple[int, int] | None:
    """Add what depends on the type."""
    start = reader.at - 4
    if kind in _WITH_IDENTIFIER:
        for field, label in (("icmp.ident", "identifier"), ("icmp.seq", "sequence")):
            data = reader.take(field, label, 2)
            reader.parts(reader.at - 2, 2, (f"{field}_le", "bytes swapped", str(int.from_bytes(data, "little"))))
    elif (kind, code) == (3, 4):
        _unused(reader, 2)
        reader.take("icmp.mtu", "MTU of the next hop", 2)
    elif kind == icmp.REDIRECT:
        reader.take("icmp.redir_gw", "better gateway", 4, ip)
    elif kind == 12:
        reader.take("icmp.pointer", "byte that is wrong", 1)
        if reader.peek(1)[0]:
            _length(reader)
        reader.take("icmp.unused", "unused", start + 8 - reader.at, colons, part=True)
    elif kind == 9:
        _advertisement(tree, reader)
        return None
    elif kind in (3, 11):
        _unused(reader)
    else:
        reader.peek(4)
        reader.at += 4
    if kind in (13, 14):
        for field, label in (("originate", "sent"), ("receive", "received"), ("transmit", "answered")):
            reader.take(f"icmp.{field}_timestamp", label, 4)
    elif kind in (17, 18):
        reader.take("icmp.address_mask", "mask", 4, ip)
    elif kind in QUOTING and not quoted and reader.left:
        words = reader.frame[start + 5] if kind in EXTENSIBLE else 0
        return reader.at, min(reader.at + words * 4, reader.end) if words else reader.end
    reader.layer.length = reader.at - start
    tree.data(reader.at, reader.end)
    return None


def _unused(reader: Reader, size: int = 4) -> None:
    """Add what is unused unless extensions follow the quoted packet (RFC 4884 §4)."""
    if not reader.peek(2)[1]:
        reader.take("icmp.unused", "unused", size, colons, part=True)
        return
    reader.take("icmp.unused", "unused", 1, colons, part=True)
    _length(reader)
    if size > 2:
        reader.take("icmp.unused", "unused", size - 2, colons, part=True)


def _length(reader: Reader) -> None:
    words = reader.peek(1)[0]
    reader.take("icmp.length", "words of the quoted packet", 1, decimal, f"{words * 4} bytes")


def _advertisement(tree: Tree, reader: Reader) -> None:
    """Add a router advertisement (RFC 1256)."""
    start = reader.at - 4
    count, size, lifetime = reader.peek(1)[0], reader.peek(1, 1)[0], number(reader.peek(2, 2))
    reader.take("icmp.num_addrs", "addresses", 1)
    reader.take("icmp.addr_entry_size", "words for each", 1)
    reader.take("icmp.lifetime", "lifetime", 2, decimal, f"{lifetime} s")
    for _ in range(count if size == 2 else 0):
        reader.take("icmp.router_address", "router", 4, ip)
        level = int.from_bytes(reader.peek(4), "big", signed=True)
        reader.take("icmp.pref_level", "preference", 4, lambda data, level=level: str(level))  # type: ignore[misc]
    reader.layer.length = reader.at - start
    tree.data(reader.at, reader.end)


def igmp_message(tree: Tree, start: int, end: int, complete: bool) -> None:
    """Take a message apart."""
    body = tree.frame[start:end]
    layer = tree.layer("g", "igmp", start, len(body), "malformed")
    try:
        message = igmp.parse(body)
        layer.summary = igmp_name(message)
    except WireError as problem:
        layer.problem = problem_of(problem)
    reader = Reader(tree, layer, start, end)
    try:
        _igmp_fields(reader, body, complete)
    except CutShort:
        return


def _igmp_fields(reader: Reader, body: bytes, complete: bool) -> None:
    kind = reader.peek(2)[0]
    third = kind == igmp.V3_REPORT or (kind == igmp.QUERY and len(body) >= 12)
    version = 3 if third else 1 if kind == igmp.V1_REPORT or (kind == igmp.QUERY and not body[1]) else 2
    good = checksum(body) == 0
    reader.add("igmp.version", "version", reader.at, 1, str(version))
    reader.take("igmp.type", "type", 1, hexadecimal, f"0x{kind:02x} ({igmp.NAMES.get(kind, 'unknown')})")
    if kind == igmp.V3_REPORT or version == 1:
        reader.take("igmp.reserved", "reserved", 1, colons, part=True)
    else:
        time = _response_time(body[1], version)
        reader.take("igmp.max_resp", "time to answer", 1, lambda data: str(time), f"{time / 10:g} s")
    received = number(reader.peek(2))
    verdict = "ok" if good else "WRONG"
    reader.take("igmp.checksum", "checksum", 2, hexadecimal, f"0x{received:04x} {verdict}")
    reader.parts(reader.at - 2, 2, ("igmp.checksum.status", "verdict", yes(good) if complete else UNVERIFIED))
    if kind == igmp.V3_REPORT:
        _report(reader)
        return
    reader.take("igmp.maddr", "group", 4, ip)
    if third:
        _query(reader)


def _response_time(code: int, version: int) -> int:
    """Return tenths of a second (RFC 3376 §4.1.1)."""
    return (code & 15 | 16) << ((code >> 4 & 7) + 3) if version == 3 and code >= 128 else code


def _query(reader: Reader) -> None:
    """Add what version 3 adds to a query."""
    flags = reader.peek(1)[0]
    reader.add("igmp.s", "suppress", reader.at, 1, yes(flags & 8))
    reader.add("igmp.qrv", "robustness", reader.at, 1, str(flags & 7))
    reader.at += 1
    reader.take("igmp.qqic", "query interval", 1)
    count = number(reader.take("igmp.num_src", "sources", 2))
    for _ in range(count):
        reader.take("igmp.saddr", "source", 4, ip)


def _report(reader: Reader) -> None:
    """Add the group records of a report."""
    reader.take("igmp.reserved", "reserved", 2, colons, part=True)
    for _ in range(number(reader.take("igmp.num_grp_recs", "groups", 2))):
        reader.take("igmp.record_type", "record", 1)
        words = reader.take("igmp.aux_data_len", "auxiliary words", 1)[0]
        count = number(reader.take("igmp.num_src", "sources", 2))
        reader.take("igmp.maddr", "group", 4, ip)
        for _ in range(count):
            reader.take("igmp.saddr", "source", 4, ip)
        if words:
            reader.take("igmp.aux_data", "auxiliary data", words * 4, colons)
