"""Packets: from a line of a script to bytes, and what a packet that came says, field by field."""

from __future__ import annotations

from dataclasses import dataclass, field

from aether.wire import ipv4, tcp, udp
from aether.wire.address import parse_ip, show_ip
from aether.wire.checksum import checksum
from aether.wire.error import WireError
from shell.drill import options
from shell.drill.flows import ScriptFlow, pattern
from shell.drill.icmp import show_icmp
from shell.drill.script import IcmpPacket, IpFields, Span, TcpOption, TcpPacket, UdpPacket

FLAGS = {
    "F": tcp.FIN, "S": tcp.SYN, "R": tcp.RST, "P": tcp.PSH, ".": tcp.ACK, "U": tcp.URG, "E": tcp.ECE, "W": tcp.CWR,
    "A": tcp.AE,
}
ORDER = "SFRPEWUA."
"""How flags follow each other in what is shown."""
DEFAULT_WINDOW = 65_535
"""What an injected segment says where the script says nothing: after the handshake it is scaled."""
ECN_BITS = {"noecn": 0, "ect1": 1, "ect0": 2, "ce": 3}
TTL = 255
"""Of what the far end sends."""


@dataclass(slots=True)
class SentPacket:
    """A packet that the host has sent."""

    time: int
    """Script time in microseconds."""
    frame: int
    """The number of its frame; 0 where there are no numbers."""
    packet: bytes
    cause: int = 0
    """The frame that the host handled when it sent this; 0 for none, or where that is not known."""


@dataclass(slots=True)
class Difference:
    """One field of a packet or a result, as it was to be and as it is."""

    name: str
    expected: str
    got: str
    differs: bool = True


@dataclass(slots=True)
class ReadPacket:
    """A packet that was read."""

    sent: SentPacket
    kind: str
    """``tcp``, ``udp``, ``icmp``, or what is wrong with it."""
    ip: ipv4.Ipv4Header | None = None
    payload: bytes = b""
    """Of IP, whole."""
    tcp: tcp.TcpHeader | None = None
    data: bytes = b""
    """Of TCP, UDP or an echo."""
    problem: str = ""
    source: tuple[str, int] = ("", 0)
    destination: tuple[str, int] = ("", 0)
    icmp: tuple[int, int, int] = field(default=(0, 0, 0))
    """Type, code, and the second half of the header."""
    fragment: bool = False


def read(sent: SentPacket) -> ReadPacket:
    """Read a packet that the host has sent; whatever is wrong with it is in `problem`."""
    try:
        header = ipv4.parse(sent.packet)
    except WireError as problem:
        return ReadPacket(sent, "broken", problem=f"{problem.reason} {problem.detail}".strip())
    payload = bytes(sent.packet[header.header_length:header.total_length])
    kind = {ipv4.PROTO_TCP: "tcp", ipv4.PROTO_UDP: "udp", ipv4.PROTO_ICMP: "icmp"}.get(
        header.protocol, f"protocol {header.protocol}")
    seen = ReadPacket(sent, kind, header, payload)
    seen.source, seen.destination = (show_ip(header.source), 0), (show_ip(header.destination), 0)
    if header.more_fragments or header.fragment_offset:
        seen.fragment = True
        return seen
    try:
        _read_transport(seen, header)
    except WireError as problem:
        seen.problem = f"{problem.reason} {problem.detail}".strip()
    return seen


def _read_transport(seen: ReadPacket, header: ipv4.Ipv4Header) -> None:
    payload = seen.payload
    if seen.kind == "tcp":
        seen.tcp = tcp.parse(payload)
        seen.data = payload[seen.tcp.header_length:]
        if not tcp.verify(payload, header.source, header.destination):
            seen.problem = "the TCP checksum is wrong"
        ports = seen.tcp.source_port, seen.tcp.destination_port
    elif seen.kind == "udp":
        datagram = udp.parse(payload, header.source, header.destination)
        seen.data = payload[8:datagram.length]
        ports = datagram.source_port, datagram.destination_port
    elif seen.kind == "icmp":
        if len(payload) < 8:
            raise WireError("icmp.truncated", f"{len(payload)} bytes")
        if checksum(payload):
            seen.problem = "the ICMP checksum is wrong"
        seen.icmp = payload[0], payload[1], int.from_bytes(payload[4:8], "big")
        seen.data = payload[8:]
        return
    else:
        return
    seen.source, seen.destination = (show_ip(header.source), ports[0]), (show_ip(header.destination), ports[1])


def show_flags(bits: int) -> str:
    """Return flags as scripts write them."""
    return "".join(letter for letter in ORDER if bits & FLAGS[letter]) or "-"


def flag_bits(letters: str) -> int:
    """Return the bits of flags."""
    bits = 0
    for letter in letters:
        bits |= FLAGS[letter]
    return bits


def show(seen: ReadPacket, flow: ScriptFlow | None) -> str:
    """Return a packet as a script would expect it."""
    text = "> "
    header = seen.ip
    if header is not None and header.tos & 3:
        text += f"[{next(name for name, bits in ECN_BITS.items() if bits == header.tos & 3)}] "
    if seen.fragment and header is not None:
        start = header.fragment_offset
        more = ", mf" if header.more_fragments else ""
        return f"{text}[id {header.identification}, frag {start}:{start + len(seen.payload)}{more}] {seen.kind}"
    if seen.tcp is not None:
        return text + _show_tcp(seen, seen.tcp, flow)
    if seen.kind == "udp":
        return f"{text}udp ({len(seen.data)})"
    if seen.kind == "icmp":
        kind, code, rest = seen.icmp
        more = f" mtu {rest & 0xFFFF}" if (kind, code) == (3, 4) else ""
        if kind in (0, 8):
            more = f" id {rest >> 16} seq {rest & 0xFFFF} ({len(seen.data)})"
        return f"{text}{show_icmp(kind, code)}{more}"
    return f"{text}{seen.kind} {seen.problem}".rstrip()


def _show_tcp(seen: ReadPacket, header: tcp.TcpHeader, flow: ScriptFlow | None) -> str:
    seq = flow.scripted(header.sequence) if flow is not None else header.sequence
    length = len(seen.data)
    text = f"{show_flags(header.flags)} {seq}:{(seq + length) & 0xFFFFFFFF}({length})"
    if header.flags & tcp.ACK:
        text += f" ack {header.acknowledgement}"
    text += f" win {header.window}"
    if header.urgent:
        text += f" urg {header.urgent}"
    found = scripted_options(header.options, flow)
    return f"{text} <{options.show(found)}>" if found else text


def scripted_options(raw: bytes, flow: ScriptFlow | None) -> list[TcpOption]:
    """Return the options of the host's segment, with its timestamps as the script calls them."""
    found = options.decode(raw)
    if flow is None:
        return found
    return [
        TcpOption("timestamp", (flow.stamp(each.values[0]), each.values[1]))
        if each.name == "timestamp" and len(each.values) == 2 else each for each in found]


# What we send.


def _ip(source: str, destination: str, protocol: int, payload: bytes, fields: IpFields) -> bytes:
    tos = fields.tos if fields.tos is not None else 0
    if fields.ecn:
        tos = tos & ~3 | ECN_BITS.get(fields.ecn, 2)
    piece, more, offset = payload, fields.more_fragments, 0
    if fields.fragment is not None:
        offset, end = fields.fragment
        piece = payload[offset:end]
        more = more or end < len(payload)
    fragmented = more or offset > 0
    return ipv4.build(
        parse_ip(source), parse_ip(destination), protocol, piece, ttl=fields.ttl or TTL, tos=tos,
        identification=fields.identification or 0, fragment_offset=offset, more_fragments=more,
        dont_fragment=fields.dont_fragment if fields.dont_fragment is not None else not fragmented)


def build_tcp(packet: TcpPacket, flow: ScriptFlow) -> bytes:
    """Return a segment of the far end, as an IPv4 packet."""
    ack = flow.live(packet.ack) if packet.ack is not None else 0
    raw = options.encode(packet.options or (), flow.live, flow.echo)
    window = packet.window if packet.window is not None else DEFAULT_WINDOW
    segment = tcp.build(
        parse_ip(flow.remote_ip), parse_ip(flow.local_ip), flow.remote_port, flow.local_port, packet.span.first, ack,
        flag_bits(packet.flags), window, raw,
        flow.payload_of_peer(packet.span.first, packet.span.length, "S" in packet.flags),
        packet.urgent or 0)
    return _ip(flow.remote_ip, flow.local_ip, ipv4.PROTO_TCP, segment, packet.ip)


def build_udp(packet: UdpPacket, flow: ScriptFlow) -> bytes:
    """Return a datagram of the far end, as an IPv4 packet."""
    datagram = udp.build(
        parse_ip(flow.remote_ip), parse_ip(flow.local_ip), flow.remote_port, flow.local_port,
        pattern(0, packet.length))
    return _ip(flow.remote_ip, flow.local_ip, ipv4.PROTO_UDP, datagram, packet.ip)


def whole_udp(packet: UdpPacket, flow: ScriptFlow) -> bytes:
    """Return what a datagram of the host is in full, without its IPv4 header."""
    return udp.build(
        parse_ip(flow.local_ip), parse_ip(flow.remote_ip), flow.local_port, flow.remote_port, pattern(0, packet.length))


def build_icmp(packet: IcmpPacket, flow: ScriptFlow, router: str) -> bytes:
    """Return an ICMP message: an echo from the far end, or an error from a router about a packet of the host's."""
    rest, data = packet.mtu, b""
    source = router
    if packet.type in (0, 8):
        rest, data, source = packet.identifier << 16 | packet.sequence, pattern(0, packet.length), flow.remote_ip
    elif packet.quoted_span is not None:
        data = _quoted_tcp(packet.quoted_span, flow)
    elif packet.quoted_udp is not None:
        data = ipv4.build(
            parse_ip(flow.local_ip), parse_ip(flow.remote_ip), ipv4.PROTO_UDP,
            whole_udp(UdpPacket(packet.place, False, packet.ip, packet.quoted_udp), flow), ttl=63)[:28]
    head = bytes((packet.type, packet.code, 0, 0)) + rest.to_bytes(4, "big")
    total = checksum(head + data)
    message = head[:2] + total.to_bytes(2, "big") + head[4:] + data
    return _ip(source, flow.local_ip, ipv4.PROTO_ICMP, message, packet.ip)


def _quoted_tcp(span: Span, flow: ScriptFlow) -> bytes:
    """Return the first 28 bytes of a segment of the host's, as a router has seen them."""
    segment = (
        flow.local_port.to_bytes(2, "big") + flow.remote_port.to_bytes(2, "big")
        + flow.live(span.first).to_bytes(4, "big"))
    whole = segment + bytes(12 + span.length)
    return ipv4.build(parse_ip(flow.local_ip), parse_ip(flow.remote_ip), ipv4.PROTO_TCP, whole, ttl=63)[:28]


