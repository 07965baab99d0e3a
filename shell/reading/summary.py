"""A frame in a few words: who to whom, which flags, and what matters of the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from aether.reading import icmp as icmp_reading
from aether.reading import igmp as igmp_reading
from aether.reading.context import UNKNOWN, Context, Conversation
from aether.wire import arp, ethernet, icmp, igmp, ipv4, tcp, udp
from aether.wire.address import show_endpoint, show_ip, show_mac
from aether.wire.error import WireError
from shell.reading.summary_services import service

MAX_FLOWS = 4096
_SYN_OR_MORE = 54
"""The least length of a frame with a TCP header, in bytes."""


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


class Flows:
    """The initial sequence numbers of flows that were seen to begin."""

    def __init__(self) -> None:
        self._first: dict[bytes, int] = {}

    def learn(self, data: bytes) -> None:
        """Take note of a frame if it is a TCP SYN."""
        if len(data) < _SYN_OR_MORE or data[12:14] != b"\x08\x00" or data[23] != ipv4.PROTO_TCP:
            return
        start = 14 + (data[14] & 15) * 4
        if len(data) < start + 20 or not data[start + 13] & tcp.SYN or data[20] & 0x1F or data[21]:
            return
        self._first[data[26:34] + data[start:start + 4]] = int.from_bytes(data[start + 4:start + 8], "big")
        if len(self._first) > MAX_FLOWS:
            del self._first[next(iter(self._first))]

    def context(self, data: bytes) -> Context:
        """Return where the sequence numbers of a frame's connection begin, as far as that is known."""
        start = 14 + (data[14] & 15) * 4 if len(data) > 14 else 14
        ports = data[start:start + 4]
        forward, back = data[26:34] + ports, data[30:34] + data[26:30] + ports[2:] + ports[:2]
        return Context(Conversation(0), self._first.get(forward, 0), self._first.get(back, 0), UNKNOWN)

    def know(self, source: bytes, destination: bytes, ports: tuple[int, int], first: int) -> None:
        """Take note of the initial sequence number of a flow."""
        key = source + destination + ports[0].to_bytes(2, "big") + ports[1].to_bytes(2, "big")
        self._first[key] = first & 0xFFFFFFFF

    def relative(self, source: bytes, destination: bytes, ports: tuple[int, int], number: int) -> int:
        """Return a sequence number counted from its flow's first; as it is where that was not seen."""
        key = source + destination + ports[0].to_bytes(2, "big") + ports[1].to_bytes(2, "big")
        first = self._first.get(key)
        return number if first is None else (number - first) & 0xFFFFFFFF


def summarise(frame: bytes, flows: Flows | None = None) -> Summary:
    """Describe a frame; whatever is malformed is said in the last field."""
    flows = flows or Flows()
    try:
        destination, source, kind = ethernet.parse(frame)
    except WireError as problem:
        return Summary("ethernet", "?", "?", "", _what_is_wrong(problem))
    body = memoryview(frame)[ethernet.HEADER_LENGTH:]
    if kind == ethernet.TYPE_IPV4:
        return _ipv4(body, flows)
    ends = show_mac(bytes(source)), show_mac(bytes(destination))
    if kind == ethernet.TYPE_ARP:
        return _arp(body, *ends)
    if kind == ethernet.TYPE_IPV6:
        return Summary("ethernet", *ends, "", f"IPv6, {len(body)} bytes")
    if kind <= 1500:
        return Summary("ethernet", *ends, "", f"IEEE 802.3, {kind} bytes")
    return Summary("ethernet", *ends, "", f"EtherType 0x{kind:04x}, {len(body)} bytes")


def _what_is_wrong(problem: WireError) -> str:
    if problem.reason.endswith(".checksum"):
        return "checksum wrong"
    return f"malformed: {problem.detail or problem.reason}"


def _arp(body: memoryview, source: str, destination: str) -> Summary:
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


def _ipv4(body: memoryview, flows: Flows) -> Summary:
    note = ""
    try:
        header = ipv4.parse(body)
    except WireError as problem:
        note = _what_is_wrong(problem)
        try:
            header = ipv4.parse(body, verify=False)
        except WireError:
            return Summary("ipv4", "?", "?", "", note)
    source, destination = show_ip(header.source), show_ip(header.destination)
    payload = body[header.header_length:header.total_length]
    if header.fragment_offset or header.more_fragments:
        last = header.fragment_offset + len(payload)
        info = f"fragment {header.fragment_offset}-{last} of id {header.identification}"
        return Summary("ipv4", source, destination, "", info + (" (more)" if header.more_fragments else " (last)"))
    try:
        if header.protocol == ipv4.PROTO_TCP:
            found = _tcp(payload, header, flows)
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


def _udp(payload: memoryview, packet: ipv4.Ipv4Header) -> Summary:
    header = udp.parse(payload, packet.source, packet.destination, verify=False)
    ports = header.source_port, header.destination_port
    layer, info = service(*ports, payload[udp.HEADER_LENGTH:header.length]) or ("udp", f"len={header.length - 8}")
    return Summary(layer, show_endpoint(packet.source, ports[0]), show_endpoint(packet.destination, ports[1]), "", info)


def _tcp(payload: memoryview, packet: ipv4.Ipv4Header, flows: Flows) -> Summary:
    header = tcp.parse(payload)
    ports = header.source_port, header.destination_port
    length = len(payload) - header.header_length
    parts = [f"seq={flows.relative(packet.source, packet.destination, ports, header.sequence)}"]
    if header.flags & tcp.ACK:
        back = flows.relative(packet.destination, packet.source, ports[::-1], header.acknowledgement)
        parts.append(f"ack={back}")
    if length or not header.flags & (tcp.SYN | tcp.RST | tcp.FIN):
        parts.append(f"len={length}")
    if not header.flags & tcp.RST:
        parts.append(f"win={header.window}")
    parts += _sacked(header.options, lambda edge: flows.relative(
        packet.destination, packet.source, ports[::-1], edge)) if header.options else []
    return Summary(
        "tcp", show_endpoint(packet.source, ports[0]), show_endpoint(packet.destination, ports[1]),
        tcp.show_flags(header.flags), " ".join(parts))


def _sacked(options: bytes, relative: Callable[[int], int]) -> list[str]:
    """Return what a segment says to have arrived beyond a hole (RFC 2018), each block with its end excluded."""
    try:
        blocks = tcp.parse_options(options).sack
    except WireError:
        return []
    shown = ",".join(f"{relative(left)}-{relative(right)}" for left, right in blocks)
    return [f"sack={shown}"] if shown else []


def _icmp(payload: memoryview, source: str, destination: str) -> Summary:
    message = icmp.parse(payload, verify=False)
    if message.type in (0, 8):
        what = "echo request" if message.type == 8 else "echo reply"
        info = f"{what} id={message.identifier} seq={message.sequence} len={len(message.payload)}"
    else:
        info = icmp_reading.name_of(message.type, message.code)
    return Summary("icmp", source, destination, "", info)
