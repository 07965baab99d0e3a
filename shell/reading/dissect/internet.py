"""IPv4 (RFC 791) with its options."""

from __future__ import annotations

from aether.wire import ipv4
from aether.wire.address import show_ip
from aether.wire.checksum import checksum
from aether.wire.error import WireError
from shell.reading.dissect.messages import UNVERIFIED, icmp_message, igmp_message
from shell.reading.dissect.transport import tcp_segment, udp_datagram
from shell.reading.dissect.tree import CutShort, Reader, Tree, colons, decimal, hexadecimal, ip, number, problem_of, yes

PROTOCOLS = {ipv4.PROTO_ICMP: "ICMP", ipv4.PROTO_IGMP: "IGMP", ipv4.PROTO_TCP: "TCP", ipv4.PROTO_UDP: "UDP"}


def ipv4_packet(tree: Tree, start: int) -> int:
    """Take a packet apart; return where it ends."""
    return _packet(tree, start, len(tree.frame), False)


def _packet(tree: Tree, start: int, limit: int, quoted: bool) -> int:
    """Do so for one that ends at `limit` at the latest, and that an ICMP message quotes if `quoted`."""
    body = memoryview(tree.frame)[start:limit]
    layer = tree.layer("I" if quoted else "i", "ip", start, len(body), "malformed")
    if not quoted:
        try:
            ipv4.parse(body)
        except WireError as error:
            layer.problem = problem_of(error)
    reader = Reader(tree, layer, start, limit)
    header = bytes(body[:(body[0] & 15) * 4]) if body else b""
    try:
        whole = _header(reader, header, quoted)
    except CutShort:
        return limit
    if not whole:
        return limit
    _options(Reader(tree, layer, start + 20, start + len(header)))
    total = number(header[2:4])
    end = start + total if len(header) <= total <= len(body) else limit
    complete = end == start + total and not number(header[6:8]) & 0x3FFF
    _payload(tree, start, end, header, complete, quoted)
    return end


def _header(reader: Reader, header: bytes, quoted: bool) -> bool:
    """Add the fixed fields; tell whether the header is whole. Ends if it is not."""
    start, layer = reader.at, reader.layer
    first = reader.peek(1)[0]
    reader.take("ip.version", "version", 1, lambda data: str(first >> 4))
    if first >> 4 != 4:
        return False
    length = (first & 15) * 4
    reader.add("ip.hdr_len", "header length", start, 1, str(length), f"{length} bytes")
    if length < 20:
        return False
    layer.length = min(length, reader.end - start)
    tos = reader.take("ip.dsfield", "type of service", 1, hexadecimal)[0]
    reader.parts(start + 1, 1, ("ip.dsfield.dscp", "class", str(tos >> 2)), ("ip.dsfield.ecn", "ECN", str(tos & 3)))
    total = number(reader.peek(2))
    reader.take("ip.len", "total length", 2, decimal, f"{total} bytes")
    reader.take("ip.id", "identification", 2, hexadecimal)
    _fragment(reader)
    ttl = reader.take("ip.ttl", "time to live", 1)[0]
    protocol = reader.peek(1)[0]
    name = PROTOCOLS.get(protocol, str(protocol))
    reader.take("ip.proto", "protocol", 1, decimal, f"{protocol} ({name})")
    good = len(header) == length and checksum(header) == 0
    verdict = "ok" if good else "WRONG" if len(header) == length else "unknown"
    received = number(reader.peek(2))
    reader.take("ip.checksum", "header checksum", 2, hexadecimal, f"0x{received:04x} {verdict}")
    reader.parts(reader.at - 2, 2, ("ip.checksum.status", "verdict", yes(good) if verdict != "unknown" else UNVERIFIED))
    source = show_ip(reader.take("ip.src", "source", 4, ip))
    destination = show_ip(reader.take("ip.dst", "destination", 4, ip))
    layer.summary = f"{'quoted: ' if quoted else ''}{source} > {destination}  {name}  ttl {ttl}  checksum {verdict}"
    return len(header) == length


def _fragment(reader: Reader) -> None:
    """Add flags and offset."""
    word = number(reader.peek(2))
    flags = [text for text, bit in (("DF", 0x4000), ("MF", 0x2000)) if word & bit]
    reader.add("ip.flags", "flags", reader.at, 1, f"0x{word >> 13:02x}", ",".join(flags) or "none")
    reader.parts(reader.at, 1, ("ip.flags.rb", "reserved", yes(word & 0x8000)),
                 ("ip.flags.df", "don't fragment", yes(word & 0x4000)),
                 ("ip.flags.mf", "more fragments", yes(word & 0x2000)))
    offset = word & 0x1FFF
    reader.take("ip.frag_offset", "fragment offset", 2, lambda data: str(offset), f"{offset * 8} bytes")


def _payload(tree: Tree, start: int, end: int, header: bytes, complete: bool, quoted: bool) -> None:
    inner = start + len(header)
    protocol, fragment = header[9], number(header[6:8])
    if fragment & 0x1FFF:
        tree.data(inner, end)
    elif protocol == ipv4.PROTO_TCP:
        tcp_segment(tree, inner, end, header, complete, quoted)
    elif protocol == ipv4.PROTO_UDP:
        udp_datagram(tree, inner, end, header, complete, quoted)
    elif protocol == ipv4.PROTO_ICMP:
        quote = icmp_message(tree, inner, end, complete, quoted)
        if quote is not None:
            _packet(tree, *quote, True)
    elif protocol == ipv4.PROTO_IGMP:
        igmp_message(tree, inner, end, complete)
    else:
        tree.data(inner, end)


_NAMES = {
    0: "end of options", 1: "padding", 7: "record route", 68: "timestamps", 130: "security", 131: "loose source route",
    136: "stream", 137: "strict source route", 148: "router alert",
}
_ROUTES = (7, 131, 137)


def _options(reader: Reader) -> None:
    """Add the options, each with its parts."""
    if reader.left:
        reader.add("ip.options", "options", reader.at, reader.left, colons(reader.peek(reader.left)),
                   reader.peek(reader.left).hex(" "))
    while reader.left:
        kind = reader.frame[reader.at]
        length = 1 if kind < 2 else reader.frame[reader.at + 1] if reader.left > 1 else 0
        name = _NAMES.get(kind, "unknown")
        reader.add("ip.opt.type", "option", reader.at, 1, str(kind), f"{kind} ({name})")
        reader.parts(reader.at, 1, ("ip.opt.type.copy", "in every fragment", yes(kind & 0x80)),
                     ("ip.opt.type.class", "class", str(kind >> 5 & 3)),
                     ("ip.opt.type.number", "number", str(kind & 31)))
        if kind > 1:
            if length < 2 or length > reader.left:
                return
            reader.add("ip.opt.len", "its length", reader.at + 1, 1, str(length), f"{length} bytes")
            _body(reader, kind, length)
        reader.at += length
        if kind == 0:
            return


def _body(reader: Reader, kind: int, length: int) -> None:
    """Add what an option says behind its type and length."""
    at, end = reader.at + 2, reader.at + length
    data = reader.frame[at:end]
    if kind in _ROUTES and data:
        reader.add("ip.opt.ptr", "next slot", at, 1, str(data[0]))
        _route(reader, kind, at + 1, end, reader.at + data[0] - 1)
    elif kind == 68 and len(data) >= 2:
        reader.add("ip.opt.ptr", "next slot", at, 1, str(data[0]))
        reader.add("ip.opt.overflow", "hosts without a slot", at + 1, 1, str(data[1] >> 4))
        reader.add("ip.opt.flag", "with addresses", at + 1, 1, f"0x{data[1] & 15:02x}")
        _timestamps(reader, at + 2, end, data[1] & 15)
    elif kind == 148 and len(data) == 2:
        reader.add("ip.opt.ra", "value", at, 2, str(number(data)))
    elif kind == 136 and len(data) == 2:
        reader.add("ip.opt.sid", "stream", at, 2, str(number(data)))


def _route(reader: Reader, kind: int, at: int, end: int, pointer: int) -> None:
    while at + 4 <= end:
        name = "ip.rec_rt" if at < pointer else "ip.empty_rt" if kind == 7 else "ip.src_rt"
        reader.add(name, "address", at, 4, show_ip(reader.frame[at:at + 4]))
        at += 4


def _timestamps(reader: Reader, at: int, end: int, flag: int) -> None:
    while at + (8 if flag else 4) <= end:
        if flag:
            reader.add("ip.opt.time_stamp_addr", "router", at, 4, show_ip(reader.frame[at:at + 4]))
            at += 4
        reader.add("ip.opt.time_stamp", "at", at, 4, str(number(reader.frame[at:at + 4])),
                   f"{number(reader.frame[at:at + 4])} ms after midnight")
        at += 4
