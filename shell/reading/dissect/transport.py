"""UDP (RFC 768) and TCP (RFC 9293) with its options, and what they carry."""

from __future__ import annotations

from aether.filters.conversations import NONE, Context
from aether.wire import ipv4, tcp, udp
from aether.wire.checksum import checksum, transport_checksum_ok
from aether.wire.error import WireError
from shell.reading.dissect.dhcp import dhcp_message
from shell.reading.dissect.dns import dns_message
from shell.reading.dissect.http import http_message
from shell.reading.dissect.options import tcp_options
from shell.reading.dissect.tree import CutShort, Reader, Tree, colons, decimal, hexadecimal, number, problem_of, yes

MASK = 0xFFFFFFFF
DNS, DHCP = 53, (67, 68)
_FLAGS = (
    (tcp.FIN, "FIN"), (tcp.SYN, "SYN"), (tcp.RST, "RST"), (tcp.PSH, "PSH"), (tcp.ACK, "ACK"), (tcp.URG, "URG"),
    (tcp.ECE, "ECE"), (tcp.CWR, "CWR"), (256, "AE"),
)
_NAMES = {"RST": "reset", "PSH": "push"}


def udp_datagram(tree: Tree, start: int, end: int, header: bytes, complete: bool, quoted: bool) -> None:
    """Take a datagram apart."""
    source, destination = header[12:16], header[16:20]
    body = tree.frame[start:end]
    layer = tree.layer("U" if quoted else "u", "udp", start, min(8, len(body)), "malformed")
    if not quoted:
        try:
            udp.parse(body, source, destination, verify=False)
        except WireError as problem:
            layer.problem = problem_of(problem)
    reader = Reader(tree, layer, start, end)
    try:
        ports = [number(reader.take(f"udp.{name}port", f"{label} port", 2))
                 for name, label in (("src", "source"), ("dst", "destination"))]
        length = number(reader.peek(2))
        reader.take("udp.length", "length", 2, decimal, f"{length} bytes")
        received = number(reader.peek(2))
    except CutShort:
        return
    stop = start + length if 8 <= length <= len(body) else end
    sure = complete and stop - start == length
    status, verdict = _checksum(received, sure, source, destination, ipv4.PROTO_UDP, tree.frame[start:stop])
    reader.take("udp.checksum", "checksum", 2, hexadecimal, f"0x{received:04x} {verdict}" if received else verdict)
    reader.parts(reader.at - 2, 2, ("udp.checksum.status", "verdict", status))
    what = f"{length - 8} bytes" if length >= 8 else "an impossible length"
    layer.summary = f"{'quoted: ' if quoted else ''}{ports[0]} > {ports[1]}  {what}"
    if stop > start + 8 and (DNS in ports or set(DHCP) & set(ports)):
        reader.parts(start + 8, stop - start - 8, ("udp.payload", "all bytes", colons(tree.frame[start + 8:stop])))
    if DNS in ports and stop > start + 8:
        dns_message(tree, start + 8, stop, quoted)
    elif set(DHCP) & set(ports) and stop > start + 8:
        dhcp_message(tree, start + 8, stop)
    else:
        tree.data(start + 8, stop, "udp.payload")


def _checksum(received: int, complete: bool, source: bytes, destination: bytes, protocol: int,
              segment: bytes) -> tuple[str, str]:
    """Return the status of a checksum, as a number and in words."""
    if not received and protocol == ipv4.PROTO_UDP:
        return "3", "not used"
    if not complete:
        return "2", "unknown"
    if transport_checksum_ok(source, destination, protocol, segment):
        return "1", "ok"
    # A kernel that leaves the sum to the network card writes that of the pseudo-header alone.
    pseudo = checksum(source + destination + bytes((0, protocol)) + len(segment).to_bytes(2, "big")) ^ 0xFFFF
    return "0", "not yet computed" if received == pseudo else "WRONG"


def tcp_segment(tree: Tree, start: int, end: int, header: bytes, complete: bool, quoted: bool) -> None:
    """Take a segment apart."""
    segment = tree.frame[start:end]
    layer = tree.layer("T" if quoted else "t", "tcp", start, min(20, len(segment)), "malformed")
    if not quoted:
        try:
            tcp.parse(segment)
        except WireError as problem:
            layer.problem = problem_of(problem)
    reader = Reader(tree, layer, start, end)
    try:
        ports = (number(reader.take("tcp.srcport", "source port", 2)),
                 number(reader.take("tcp.dstport", "destination port", 2)))
        _numbers(tree, reader, header, ports, quoted)
        payload = _flags_and_window(tree, reader, header, complete, quoted)
    except CutShort:
        return
    names = _flag_names(segment)
    layer.summary = f"{'quoted: ' if quoted else ''}{ports[0]} > {ports[1]}  {names}"
    if payload:
        layer.length = payload - start
        layer.length = min(layer.length, end - start)
        if not quoted:
            size = max(end - payload, 0)
            reader.add("tcp.len", "bytes of data", start, layer.length, str(size), part=True)
        acknowledged = tree.context.ack_base if tree.context is not None and not quoted else 0
        tcp_options(Reader(tree, layer, start + 20, min(payload, end)), acknowledged)
        if not http_message(tree, payload, end, ports, quoted):
            tree.data(payload, end, "tcp.payload")


def _flag_names(segment: bytes) -> str:
    flags = number(segment[12:14]) & 0x1FF
    return ",".join(name for bit, name in _FLAGS if flags & bit) or "none"


def _numbers(tree: Tree, reader: Reader, header: bytes, ports: tuple[int, int], quoted: bool) -> None:
    """Add sequence and acknowledgement numbers, counted from the first and as they are."""
    source, destination = header[12:16], header[16:20]
    sequence = number(reader.peek(4))
    seq_base, ack_base = _bases(tree.context, quoted)
    value = str((sequence - seq_base) & MASK)
    relative = tree.flows.relative(source, destination, ports, sequence)
    reader.add("tcp.seq", "sequence", reader.at, 4, value, sequence_text(relative, sequence))
    if not quoted:
        reader.add("tcp.seq_raw", "sequence as sent", reader.at, 4, str(sequence), part=True)
    reader.at += 4
    acknowledged, flags = number(reader.peek(4)), reader.peek(2, 4)
    used = flags[1] & tcp.ACK
    back = tree.flows.relative(destination, source, ports[::-1], acknowledged)
    value = str((acknowledged - ack_base) & MASK if used else acknowledged)
    said = sequence_text(back, acknowledged) if used else "not used"
    reader.add("tcp.ack", "acknowledgement", reader.at, 4, value, said)
    reader.add("tcp.ack_raw", "acknowledgement as sent", reader.at, 4, str(acknowledged), part=True)
    reader.at += 4


def _bases(context: Context | None, quoted: bool) -> tuple[int, int]:
    return (0, 0) if context is None or quoted else (context.seq_base, context.ack_base)


def sequence_text(relative: int, absolute: int) -> str:
    """Write a sequence number, counted from the first where that is known."""
    return str(absolute) if relative == absolute else f"{relative} (on the wire {absolute})"


def _flags_and_window(tree: Tree, reader: Reader, header: bytes, complete: bool, quoted: bool) -> int:
    """Add the second half of the header; return where the payload begins, 0 if nowhere."""
    start = reader.at - 12
    word = number(reader.peek(2))
    length, flags = word >> 12 << 2, word & 0xFFF
    reader.add("tcp.hdr_len", "header length", reader.at, 1, str(length), f"{length} bytes")
    if length < 20:
        raise CutShort
    reader.add("tcp.flags", "flags", reader.at, 2, f"0x{flags:04x}", _flag_names(reader.frame[start:start + 14]))
    reader.parts(reader.at, 2, ("tcp.flags.res", "reserved", yes(flags >> 9)),
                 *((f"tcp.flags.{_NAMES.get(name, name.lower())}", name, yes(flags & bit))
                   for bit, name in reversed(_FLAGS)))
    reader.at += 2
    window = number(reader.peek(2))
    context = None if quoted else tree.context
    reader.take("tcp.window_size_value", "window", 2, decimal, f"{window} (before scaling)")
    scale = context.scale if context is not None else NONE
    reader.parts(reader.at - 2, 2, ("tcp.window_size", "scaled", str(window << scale if scale > 0 else window)))
    received = number(reader.peek(2))
    status, verdict = _checksum(
        received, complete, header[12:16], header[16:20], ipv4.PROTO_TCP, reader.frame[start:reader.end])
    reader.take("tcp.checksum", "checksum", 2, hexadecimal, f"0x{received:04x} {verdict}")
    reader.parts(reader.at - 2, 2, ("tcp.checksum.status", "verdict", status))
    reader.take("tcp.urgent_pointer", "urgent pointer", 2)
    return start + length


