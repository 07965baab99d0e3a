"""DNS messages (RFC 1035) over UDP, read as far as they go."""

from __future__ import annotations

from ipaddress import IPv6Address

from aether.wire import dns
from aether.wire.error import WireError
from shell.reading.dissect.tree import CutShort, Reader, Tree, colons, decimal, hexadecimal, ip, number, problem_of, yes
from shell.reading.escape import printable_bytes

MAX_NAME = 255
MAX_RECORDS = 400
_FLAGS = (
    ("opcode", 0x7800, False), ("authoritative", 0x0400, True), ("truncated", 0x0200, False),
    ("recdesired", 0x0100, False), ("recavail", 0x0080, True), ("z", 0x0040, False), ("authenticated", 0x0020, True),
    ("checkdisable", 0x0010, False), ("rcode", 0x000F, True),
)
"""Flags, their bits, and whether only answers have them."""
_NAMED = {2: "dns.ns", 5: "dns.cname", 12: "dns.ptr.domain_name"}


LOOP = "<Name contains a pointer that loops>"


class _Malformed(Exception):
    """A name or a record cannot be read."""


def dns_message(tree: Tree, start: int, end: int, quoted: bool = False) -> None:
    """Take a message apart."""
    body = tree.frame[start:end]
    layer = tree.layer("n", "dns", start, len(body))
    try:
        found = dns.parse(body)
        asked = ", ".join(
            f"{dns.TYPES.get(each.type, each.type)} {printable_bytes(each.name.encode('utf-8', 'replace'))}"
            for each in found.questions[:3])
        code = dns.CODES.get(found.code, str(found.code))
        answer = f"answer: {code}, {len(found.answers)} records  {asked}"
        layer.summary = answer if found.response else f"who is {asked}?"
    except WireError as problem:
        layer.summary, layer.problem = "malformed", problem_of(problem)
    reader = _Names(tree, layer, start, end)
    try:
        _fields(reader)
    except (CutShort, _Malformed):
        return


class _Names(Reader):
    """A reader that also reads names, which may point back into the message."""

    def __init__(self, tree: Tree, layer: object, at: int, end: int) -> None:
        super().__init__(tree, layer, at, end)  # type: ignore[arg-type]
        self.start = at

    def name(self) -> tuple[str, int]:
        """Return the next name, and how many bytes it takes here; _Malformed for a loop, Ends at the end."""
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
        return ".".join(labels) or "<Root>", (after or place + 1) - self.at

    def take_name(self, field: str, label: str, part: bool = False) -> str:
        """Add the next name as a field."""
        name, length = self.name()
        self.add(field, label, self.at, length, name, part=part)
        self.at += length
        return name


def _fields(reader: _Names) -> None:
    reader.take("dns.id", "identifier", 2, hexadecimal)
    flags = number(reader.peek(2))
    response = flags & 0x8000 != 0
    reader.add("dns.flags", "flags", reader.at, 2, f"0x{flags:04x}")
    reader.parts(reader.at, 2, ("dns.flags.response", "an answer", yes(response)), *(
        (f"dns.flags.{name}", name, str((flags & bits) // (bits & -bits)))
        for name, bits, answers in _FLAGS if response or not answers))
    reader.at += 2
    counts = [number(reader.take(f"dns.count.{name}", label, 2)) for name, label in (
        ("queries", "questions"), ("answers", "answers"), ("auth_rr", "authorities"), ("add_rr", "additional"))]
    for _ in range(min(counts[0], MAX_RECORDS)):
        _question(reader)
    for _ in range(min(sum(counts[1:]), MAX_RECORDS)):
        _record(reader)


def _question(reader: _Names) -> None:
    at = reader.at
    name, length = reader.name()
    reader.peek(length + 4)
    reader.take_name("dns.qry.name", "question")
    labels = 0 if name == "<Root>" else name.count(".") + 1
    reader.parts(at, length, ("dns.qry.name.len", "characters", str(len(name))),
                 ("dns.count.labels", "labels", str(labels)))
    kind = number(reader.peek(2))
    reader.take("dns.qry.type", "type", 2, decimal, f"{kind} ({dns.TYPES.get(kind, 'unknown')})")
    reader.take("dns.qry.class", "class", 2, hexadecimal)


def _record(reader: _Names) -> None:
    at = reader.at
    name, length = reader.name()
    kind, length_of_data = number(reader.peek(2, length)), number(reader.peek(2, length + 8))
    reader.peek(length + 10 + length_of_data)
    if kind != dns.TYPE_SRV:
        reader.add("dns.resp.name", "record", at, length, name)
    else:
        _service(reader, name, length)
    reader.at += length
    reader.take("dns.resp.type", "type", 2, decimal, f"{kind} ({dns.TYPES.get(kind, 'unknown')})")
    if kind == dns.TYPE_OPT:
        _edns(reader)
    else:
        reader.take("dns.resp.class", "class", 2, hexadecimal)
        reader.take("dns.resp.ttl", "seconds to keep it", 4)
    reader.take("dns.resp.len", "length", 2, part=True)
    end = reader.at + length_of_data
    _data(reader, kind, end)
    reader.at = end


def _service(reader: _Names, name: str, length: int) -> None:
    """Add the three parts of the name of a service (RFC 2782)."""
    parts = name.split(".", 2)
    if len(parts) == 3:
        for field, value in zip(("service", "proto", "name"), parts, strict=True):
            reader.add(f"dns.srv.{field}", field, reader.at, length, value)


def _edns(reader: _Names) -> None:
    """Add what an OPT record has instead of class and lifetime (RFC 6891 §6.1)."""
    reader.take("dns.rr.udp_payload_size", "bytes welcome", 2)
    reader.take("dns.resp.ext_rcode", "upper bits of the code", 1, hexadecimal)
    reader.take("dns.resp.edns0_version", "version", 1)
    bits = number(reader.peek(2))
    reader.take("dns.resp.z", "flags", 2, hexadecimal)
    reader.parts(reader.at - 2, 2, ("dns.resp.z.do", "DNSSEC", yes(bits & 0x8000)),
                 ("dns.resp.z.reserved", "reserved", f"0x{bits & 0x7FFF:04x}"))


def _data(reader: _Names, kind: int, end: int) -> None:
    """Add what a record says."""
    left = end - reader.at
    if kind == dns.TYPE_A and left == 4:
        reader.take("dns.a", "address", 4, ip)
    elif kind == dns.TYPE_AAAA and left == 16:
        reader.take("dns.aaaa", "address", 16, lambda data: str(IPv6Address(data)))
    elif kind in _NAMED:
        reader.take_name(_NAMED[kind], "name")
    elif kind == dns.TYPE_MX:
        reader.take("dns.mx.preference", "preference", 2)
        reader.take_name("dns.mx.mail_exchange", "mail server")
    elif kind == dns.TYPE_SOA:
        reader.take_name("dns.soa.mname", "first server")
        reader.take_name("dns.soa.rname", "mailbox")
        for field, label in (("serial_number", "version"), ("refresh_interval", "refresh"), ("retry_interval", "retry"),
                             ("expire_limit", "expire"), ("minimum_ttl", "minimum")):
            reader.take(f"dns.soa.{field}", label, 4)
    elif kind == dns.TYPE_SRV and left >= 7:
        for field in ("priority", "weight", "port"):
            reader.take(f"dns.srv.{field}", field, 2)
        reader.take_name("dns.srv.target", "host")
    elif kind == dns.TYPE_TXT:
        while reader.at < end:
            size = reader.take("dns.txt.length", "length", 1, part=True)[0]
            size = min(size, end - reader.at)
            reader.take("dns.txt", "text", size, lambda data: data.decode("utf-8", "replace"))
    elif kind == dns.TYPE_OPT:
        while reader.at < end:
            reader.take("dns.opt.code", "option", 2)
            size = number(reader.take("dns.opt.len", "length", 2))
            if size:
                reader.take("dns.opt.data", "data", min(size, end - reader.at), colons)
    elif left:
        reader.take("dns.data", "data", left, colons)
