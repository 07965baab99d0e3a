"""A frame in a few words: who to whom, which flags, and what matters of the rest."""

from __future__ import annotations

from typing import NamedTuple

from aether.reading import arp as arp_reading
from aether.reading import icmp as icmp_reading
from aether.reading import igmp as igmp_reading
from aether.reading.context import Context, IpLayer
from aether.reading.eth import LEAST_TYPE
from aether.reading.flow import MASK
from aether.reading.link import LINK, LinkFrame
from aether.reading.packet import OPENED, Dissected
from aether.reading.protocols import INSIDE
from aether.wire import arp, ethernet, icmp, igmp, ipv4, tcp, udp
from aether.wire.address import show_endpoint, show_ip, show_mac
from aether.wire.error import WireError
from shell.reading.summary_services import service

MAY_CARRY = "ipv4", "udp"
"""What a packet is called at first sight that may carry another one."""
_LINKS = frozenset(protocol.name for (field, _), protocol in INSIDE.items() if field == LINK)


class Summary(NamedTuple):
    """One frame in words."""

    layer: str
    source: str
    destination: str
    flags: str
    info: str

    @property
    def text(self) -> str:
        """All of it in one line."""
        if self.layer == "arp":
            return f"ARP {self.info}"
        named = {"udp": "UDP", "icmp": "ICMP", "igmp": "IGMP"}.get(self.layer, self.flags)
        return " ".join(part for part in (f"{self.source} > {self.destination}", named, self.info) if part)


def summarise(frame: bytes, context: Context | None = None) -> Summary:
    """Describe a frame; whatever is malformed is said in the last field.

    `context` is what is known of its conversation; without it, sequence numbers are as on the wire.
    """
    if frame.__class__ is LinkFrame:
        return _wrapped(frame, context) or _link_frame(frame)
    try:
        destination, source, kind = ethernet.parse(frame)
    except WireError as problem:
        return Summary("ethernet", "?", "?", "", _what_is_wrong(problem))
    body = memoryview(frame)[ethernet.HEADER_LENGTH:]
    if kind == ethernet.TYPE_IPV4:
        found = _ipv4(body, context) or _cut_off(Dissected(frame), None, context)
        return (_wrapped(frame, context) or found) if found.layer in MAY_CARRY else found
    if kind in OPENED or kind < LEAST_TYPE:
        inside = _wrapped(frame, context)
        if inside is not None:
            return inside
    ends = show_mac(bytes(source)), show_mac(bytes(destination))
    if kind in arp_reading.ETHERTYPES:
        return _arp(body, *ends)
    if kind == ethernet.TYPE_IPV6:
        return Summary("ethernet", *ends, "", f"IPv6, {len(body)} bytes")
    if kind <= 1500:
        return Summary("ethernet", *ends, "", f"IEEE 802.3, {kind} bytes")
    return Summary("ethernet", *ends, "", f"EtherType 0x{kind:04x}, {len(body)} bytes")


def _wrapped(frame: bytes, context: Context | None) -> Summary | None:
    """Describe the innermost packet of a frame that has more around it than Ethernet; None if there is none."""
    packet = Dissected(frame)
    around = [protocol.title for protocol, _, _ in packet.wrapped if protocol.name not in _LINKS]
    inner = [each for each in packet.ip if not each.quoted]
    if len(inner) < 2 and not (packet.wrapped and (inner or packet.arp)):
        return None
    if len(inner) > 1 and not around:
        around = ["IPv4"]
    note = f"in {', '.join(around)}" if around else ""
    if packet.arp:
        found = _arp(memoryview(frame)[packet.arp[0].start:packet.arp[0].end], "?",
                     show_mac(frame[:6]) if packet.ethernet else "?")
    else:
        here = inner[-1]
        found = _ipv4(memoryview(frame)[here.start:here.end], context) or _cut_off(packet, here, context)
    return found._replace(info=f"{found.info} {note}".strip())


def _link_frame(frame: LinkFrame) -> Summary:
    """Describe a frame of another link than Ethernet, without a packet that is read further."""
    protocol = INSIDE.get((LINK, frame.link_type))
    what = f"link type {frame.link_type}" if protocol is None else protocol.title
    return Summary("ethernet", "?", "?", "", f"{what}, {len(frame)} bytes")


def _what_is_wrong(problem: WireError) -> str:
    if problem.reason.endswith(".checksum"):
        return "checksum wrong"
    return f"malformed: {problem.detail or problem.reason}"


def _arp(body: memoryview, source: str, destination: str) -> Summary:
    if said := arp_reading.reversed_words(bytes(body[:arp_reading.SIZE])):
        return Summary("arp", source, destination, "", said)
    try:
        packet = arp.parse(body)
    except WireError as problem:
        return Summary("arp", source, destination, "", _what_is_wrong(problem))
    sender, target = show_ip(packet.sender_ip), show_ip(packet.target_ip)
    if packet.operation == arp.REQUEST:
        if sender == target:
            return Summary("arp", sender, "everybody", "", f"I have {sender}: {show_mac(packet.sender_mac)}")
        return Summary("arp", sender, "everybody" if _broadcast(destination) else target, "", f"who has {target}?")
    return Summary("arp", sender, target, "", f"{sender} is at {show_mac(packet.sender_mac)}")


def _broadcast(mac: str) -> bool:
    return mac == "ff:ff:ff:ff:ff:ff"


def _ipv4(body: memoryview, context: Context | None) -> Summary | None:
    """Describe a packet; None where only its beginning is there, by its own length."""
    note = ""
    try:
        header = ipv4.parse(body)
    except WireError as problem:
        note = _what_is_wrong(problem)
        try:
            header = ipv4.parse(body, verify=False)
        except WireError as worse:
            if worse.reason == "ipv4.truncated" and len(body) >= ipv4.MIN_HEADER_LENGTH:
                return None
            return Summary("ipv4", "?", "?", "", note)
    source, destination = show_ip(header.source), show_ip(header.destination)
    payload = body[header.header_length:header.total_length]
    if header.fragment_offset or header.more_fragments:
        last = header.fragment_offset + len(payload)
        info = f"fragment {header.fragment_offset}-{last} of id {header.identification}"
        return Summary("ipv4", source, destination, "", info + (" (more)" if header.more_fragments else " (last)"))
    try:
        if header.protocol == ipv4.PROTO_TCP:
            found = _tcp(payload, header, context)
        elif header.protocol == ipv4.PROTO_UDP:
            found = _udp(payload, header)
        elif header.protocol == ipv4.PROTO_ICMP:
            found = _icmp(payload, source, destination)
        elif header.protocol == ipv4.PROTO_IGMP:
            found = Summary("igmp", source, destination, "", igmp_reading.name_of(igmp.parse(payload)))
        else:
            found = Summary("ipv4", source, destination, "", f"protocol {header.protocol}, {len(payload)} bytes")
    except WireError as problem:
        layer = {
            ipv4.PROTO_TCP: "tcp", ipv4.PROTO_UDP: "udp", ipv4.PROTO_ICMP: "icmp", ipv4.PROTO_IGMP: "igmp",
        }[header.protocol]
        return Summary(layer, source, destination, "", _what_is_wrong(problem))
    return found._replace(info=f"{found.info} {note}".strip())


def _cut_off(packet: Dissected, here: IpLayer | None, context: Context | None) -> Summary:
    """Describe a packet of which the frame has only the beginning, as in a capture that cut frames off."""
    if here is None:
        if not packet.ip:
            return Summary("ipv4", "?", "?", "", "malformed: the packet is said to be shorter than its header")
        here = packet.ip[0]
    header = here.header
    ends = show_ip(header[8]), show_ip(header[9])
    note = f"cut off: {here.end - here.start} of {header[2]} bytes"
    transport = next((each for each in packet.tcp + packet.udp if each.ip is here), None)
    if transport is None or here.quoted:
        return Summary("ipv4", *ends, "", f"protocol {header[6]}, {note}")
    ends = show_endpoint(header[8], transport.header[0]), show_endpoint(header[9], transport.header[1])
    if transport in packet.udp:
        return Summary("udp", *ends, "", f"len={max(transport.header[2] - 8, 0)} {note}")
    _, _, sequence, acknowledgement, flags, window = transport.header[:6]
    info = _numbers(sequence, acknowledgement, flags, window, transport.carried, context)
    return Summary("tcp", *ends, tcp.show_flags(flags & 0x1FF), f"{' '.join(info)} {note}")


def _udp(payload: memoryview, packet: ipv4.Ipv4Header) -> Summary:
    header = udp.parse(payload, packet.source, packet.destination, verify=False)
    ports = header.source_port, header.destination_port
    layer, info = service(*ports, payload[udp.HEADER_LENGTH:header.length]) or ("udp", f"len={header.length - 8}")
    return Summary(layer, show_endpoint(packet.source, ports[0]), show_endpoint(packet.destination, ports[1]), "", info)


def _tcp(payload: memoryview, packet: ipv4.Ipv4Header, context: Context | None) -> Summary:
    header = tcp.parse(payload)
    ports = header.source_port, header.destination_port
    parts = _numbers(header.sequence, header.acknowledgement, header.flags, header.window,
                     len(payload) - header.header_length, context)
    parts += _sacked(header.options, context.ack_base if context is not None else 0) if header.options else []
    return Summary(
        "tcp", show_endpoint(packet.source, ports[0]), show_endpoint(packet.destination, ports[1]),
        tcp.show_flags(header.flags), " ".join(parts))


def _numbers(
    sequence: int, acknowledgement: int, flags: int, window: int, length: int, context: Context | None,
) -> list[str]:
    """Return what a segment counts, from the beginning of its connection, and its window in bytes, where known."""
    seq_base, ack_base = (context.seq_base, context.ack_base) if context is not None else (0, 0)
    if context is not None and context.scale > 0:
        window <<= context.scale
    parts = [f"seq={(sequence - seq_base) & MASK}"]
    if flags & tcp.ACK:
        parts.append(f"ack={(acknowledgement - ack_base) & MASK}")
    if length or not flags & (tcp.SYN | tcp.RST | tcp.FIN):
        parts.append(f"len={length}")
    if not flags & tcp.RST:
        parts.append(f"win={window}")
    return parts


def _sacked(options: bytes, base: int) -> list[str]:
    """Return what a segment says to have arrived beyond a hole (RFC 2018), each block with its end excluded."""
    try:
        blocks = tcp.parse_options(options).sack
    except WireError:
        return []
    shown = ",".join(f"{(left - base) & MASK}-{(right - base) & MASK}" for left, right in blocks)
    return [f"sack={shown}"] if shown else []


def _icmp(payload: memoryview, source: str, destination: str) -> Summary:
    message = icmp.parse(payload, verify=False)
    if message.type in (0, 8):
        what = "echo request" if message.type == 8 else "echo reply"
        info = f"{what} id={message.identifier} seq={message.sequence} len={len(message.payload)}"
    else:
        info = icmp_reading.name_of(message.type, message.code)
    return Summary("icmp", source, destination, "", info)
