"""TCP (RFC 9293)."""

from __future__ import annotations

from struct import Struct

from aether.reading import tcp_options
from aether.reading.context import UNKNOWN, Context, IpLayer
from aether.reading.ip import BAD, GOOD, STATUS, UNVERIFIED
from aether.reading.layout import Field, counted
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, problem_of
from aether.reading.types import BOOLEAN, BYTES, NUMBER, UINT8, UINT16, UINT32
from aether.reading.udp import verdict
from aether.wire import ipv4, tcp
from aether.wire.checksum import transport_checksum_ok
from aether.wire.error import WireError

HEADER = Struct("!HHIIHHHH")
MASK = 0xFFFFFFFF
MORE_FRAGMENTS = 0x2000
"""The bit of the fragment field of a packet that is not all there."""
LEAST_OF_A_FRAGMENT = 16
"""So many bytes of a header are read beyond its ports, in a fragment."""
_FLAGS = (
    (tcp.FIN, "FIN"), (tcp.SYN, "SYN"), (tcp.RST, "RST"), (tcp.PSH, "PSH"), (tcp.ACK, "ACK"), (tcp.URG, "URG"),
    (tcp.ECE, "ECE"), (tcp.CWR, "CWR"), (tcp.AE, "AE"),
)


def flag_names(flags: int) -> str:
    """Return the names of flags, in the order of their bits."""
    return ",".join(name for bit, name in _FLAGS if flags & bit) or "none"


def _flag(name: str, label: str, bits: int, help: str) -> Field:
    return Field(f"tcp.flags.{name}", BOOLEAN, label, help, 12, 2, bits, part=True)


SRCPORT = Field("tcp.srcport", UINT16, "source port", "the sender's port", 0)
DSTPORT = Field("tcp.dstport", UINT16, "destination port", "the receiver's port", 2)
PORT = Field("tcp.port", UINT16, "port", "either port", hidden=True)
SEQ = Field("tcp.seq", UINT32, "sequence", "sequence number, counted from the SYN's, which is 0")
SEQ_RAW = Field("tcp.seq_raw", UINT32, "sequence as sent", "sequence number as on the wire", 4, part=True)
NEXT = Field("tcp.nxtseq", UINT32, "next sequence", "the sequence number after this segment, counted from the SYN's",
             hidden=True)
ACK = Field("tcp.ack", UINT32, "acknowledgement", "acknowledgement number, counted from the other side's SYN")
ACK_RAW = Field("tcp.ack_raw", UINT32, "acknowledgement as sent", "acknowledgement number as on the wire", 8, part=True)
HDR_LEN = Field("tcp.hdr_len", UINT8, "header length", "length of the header in bytes", 12, mask=0xF0, unit=4,
                words=counted("bytes"))
FLAGS = Field("tcp.flags", UINT16, "flags", "all flags as a number: 1 FIN, 2 SYN, 4 RST, 8 PSH, 16 ACK, 32 URG", 12,
              mask=0x0FFF, hexadecimal=True, words=flag_names)
FLAG_BITS = (
    _flag("res", "reserved", 0xE00, "the reserved bits"),
    _flag("ae", "AE", tcp.AE, "AE: accurate ECN, once the nonce (RFC 9768)"),
    _flag("cwr", "CWR", tcp.CWR, "CWR: the congestion window was reduced (RFC 3168)"),
    _flag("ece", "ECE", tcp.ECE, "ECE: congestion was experienced (RFC 3168)"),
    _flag("urg", "URG", tcp.URG, "URG: the urgent pointer counts"),
    _flag("ack", "ACK", tcp.ACK, "ACK: the acknowledgement number counts"),
    _flag("push", "PSH", tcp.PSH, "PSH: hand the data on now"),
    _flag("reset", "RST", tcp.RST, "RST: there is no such connection (any more)"),
    _flag("syn", "SYN", tcp.SYN, "SYN: opens the connection"),
    _flag("fin", "FIN", tcp.FIN, "FIN: no more data from this side"),
)
WINDOW = Field("tcp.window_size_value", UINT16, "window", "the window as on the wire", 14,
               words=lambda value: f"{value} (before scaling)")
SCALED = Field("tcp.window_size", UINT32, "scaled", "the window in bytes, scaled if the handshake was seen", part=True)
FACTOR = Field("tcp.window_size_scalefactor", NUMBER, "factor",
               "what the window is multiplied by; -1 not known, -2 not scaled", hidden=True)
CHECKSUM = Field("tcp.checksum", UINT16, "checksum", "the checksum", 16, hexadecimal=True)
CHECKSUM_STATUS = Field("tcp.checksum.status", UINT8, "verdict", "0 bad, 1 good, 2 not verified", names=STATUS,
                        part=True)
URGENT = Field("tcp.urgent_pointer", UINT16, "urgent pointer", "where urgent data ends", 18)
LEN = Field("tcp.len", UINT32, "bytes of data", "bytes of data", part=True)
PAYLOAD = Field("tcp.payload", BYTES, "all bytes", "the data", part=True)
PDU_SIZE = Field("tcp.pdu.size", UINT32, "message", "bytes of a message inside the stream", hidden=True)
HTTP = "tcp.payload"
"""Where HTTP is asked whether a payload is its own."""
PORTS = "tcp.port"
"""What the protocols above say they are found by; each is asked whether a payload is its own, the smaller one first."""


def status(ip: IpLayer | None, segment: bytes) -> int:
    """Return whether a segment's checksum is right."""
    if ip is None or not ip.complete:
        return UNVERIFIED
    return GOOD if transport_checksum_ok(ip.header[8], ip.header[9], ipv4.PROTO_TCP, segment) else BAD


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a segment."""
    quoted = ip is not None and ip.quoted
    frame = tree.frame
    layer = tree.layer(PROTOCOL, start, min(20, end - start), "malformed", quoted)
    if tree.wordy and not quoted:
        try:
            tcp.parse(frame[start:end])
        except WireError as problem:
            layer.problem = problem_of(problem)
    fragment = ip is not None and ip.header[4] & MORE_FRAGMENTS != 0
    context = None if quoted or fragment else tree.context
    cursor = Cursor(tree, layer, start, end)
    try:
        ports = tuple(cursor.take(field) for field in (SRCPORT, DSTPORT))
        for port in () if tree.wordy else ports:
            cursor.add(PORT, start, 4, port)
        if fragment and not quoted and end - start < LEAST_OF_A_FRAGMENT:
            layer.summary = f"{ports[0]} > {ports[1]}  the first {end - start} bytes of a header"
            return end
        _numbers(cursor, context, quoted)
        payload = _flags_and_window(cursor, context, ip)
    except CutShort:
        return end
    flags = int.from_bytes(frame[start + 12:start + 14], "big")
    layer.summary = f"{'quoted: ' if quoted else ''}{ports[0]} > {ports[1]}  {flag_names(flags)}"
    layer.length = min(payload, end) - start
    if not quoted and not fragment:
        cursor.add(LEN, start, layer.length, max(end - payload, 0))
        if payload <= end and not tree.wordy:
            cursor.add(NEXT, start, layer.length, next_sequence(frame[start:start + 14], end - payload, context))
        if not flags & tcp.SYN and not tree.wordy:
            cursor.add(FACTOR, start, layer.length, factor(context))
    tcp_options.read_options(Cursor(tree, layer, start + 20, min(payload, end)), context.ack_base if context else 0)
    if payload < end:
        places = () if quoted else ((PORTS, min(ports)), (PORTS, max(ports)), (HTTP, 0))
        inside = (tree.protocols[place] for place in places if place in tree.protocols)
        if not any(protocol.read(tree, payload, end, ip) > payload for protocol in inside):
            tree.data(payload, end, PAYLOAD)
    return end


def _numbers(cursor: Cursor, context: Context | None, quoted: bool) -> None:
    """Add sequence and acknowledgement numbers, counted from the first and as they are."""
    raw = cursor.number(4)
    value = (raw - (context.seq_base if context else 0)) & MASK
    cursor.add(SEQ, cursor.at, 4, value, sequence_text(value, raw))
    if not quoted:
        cursor.add(SEQ_RAW, cursor.at, 4, raw)
    cursor.skip(4)
    raw, flags = cursor.number(4), cursor.peek(2, 4)
    if flags[1] & tcp.ACK:
        value = (raw - (context.ack_base if context else 0)) & MASK
        cursor.add(ACK, cursor.at, 4, value, sequence_text(value, raw))
    else:
        cursor.add(ACK, cursor.at, 4, raw, "not used")
    cursor.add(ACK_RAW, cursor.at, 4, raw)
    cursor.skip(4)


def next_sequence(header: bytes, length: int, context: Context | None) -> int:
    """Return the sequence number after a segment, counted from the SYN's."""
    used = length + (header[13] & (tcp.SYN | tcp.FIN) != 0)
    return (int.from_bytes(header[4:8], "big") - (context.seq_base if context else 0) + used) & MASK


def factor(context: Context | None) -> int:
    """Return what a window is multiplied by; -1 if that is not known, -2 if windows are not scaled."""
    scale = context.scale if context else UNKNOWN
    return 1 << scale if scale >= 0 else scale


def sequence_text(relative: int, absolute: int) -> str:
    """Write a sequence number, counted from the first where that is known."""
    return str(absolute) if relative == absolute else f"{relative} (on the wire {absolute})"


def _flags_and_window(cursor: Cursor, context: Context | None, ip: IpLayer | None) -> int:
    """Add the second half of the header; return where the payload begins. CutShort if nowhere."""
    start = cursor.start
    cursor.peek(2)
    cursor.header(HDR_LEN)
    length = cursor.frame[start + 12] >> 4 << 2
    if length < 20:
        raise CutShort
    cursor.header(FLAGS, *FLAG_BITS, WINDOW)
    window = int.from_bytes(cursor.frame[start + 14:start + 16], "big")
    cursor.add(SCALED, start + 14, 2, window << context.scale if context and context.scale > 0 else window)
    received = cursor.number(2)
    segment = cursor.frame[start:cursor.end]
    found = status(ip, segment)
    said = f"0x{received:04x} {verdict(found, received, ip, segment)}" if cursor.tree.wordy else ""
    cursor.take(CHECKSUM, said)
    cursor.add(CHECKSUM_STATUS, start + 16, 2, found)
    cursor.take(URGENT)
    return start + length


PROTOCOL = Protocol("tcp", "TCP", "t", "the Transmission Control Protocol", (
     SRCPORT, DSTPORT, PORT, LEN, SEQ, SEQ_RAW, NEXT, ACK, ACK_RAW, HDR_LEN, FLAGS, *FLAG_BITS[::-1], WINDOW,
    SCALED, FACTOR, CHECKSUM, CHECKSUM_STATUS, URGENT, PAYLOAD, *tcp_options.FIELDS
), read, (("ip.proto", 6),))
