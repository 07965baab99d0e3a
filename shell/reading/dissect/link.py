"""Ethernet (RFC 894, IEEE 802.3) and ARP (RFC 826)."""

from __future__ import annotations

from aether.wire import arp, ethernet
from aether.wire.address import show_ip, show_mac
from aether.wire.error import WireError
from shell.reading.dissect.internet import ipv4_packet
from shell.reading.dissect.tree import (
    CutShort,
    Reader,
    Tree,
    colons,
    decimal,
    hexadecimal,
    ip,
    mac,
    number,
    problem_of,
    yes,
)

TYPES = {ethernet.TYPE_IPV4: "IPv4", ethernet.TYPE_ARP: "ARP", ethernet.TYPE_IPV6: "IPv6"}
LEAST_TYPE = 0x0600
"""From here on the field is a type, and below a length."""
LEAST_FRAME = 60
"""Bytes of the shortest frame on a wire, without its checksum."""
_OPERATIONS = {1: "request", 2: "reply", 3: "reverse request", 4: "reverse reply"}


def ethernet_frame(tree: Tree) -> None:
    """Take a whole frame apart."""
    frame = tree.frame
    if len(frame) < ethernet.HEADER_LENGTH:
        layer = tree.layer("e", "eth", 0, len(frame), "malformed")
        layer.problem = f"ethernet.truncated: {len(frame)} bytes"
        return
    kind = number(frame[12:14])
    to, sender = show_mac(frame[:6]), show_mac(frame[6:12])
    name = TYPES.get(kind, "") if kind >= LEAST_TYPE else "IEEE 802.3"
    layer = tree.layer("e", "eth", 0, 14, f"{sender} > {to}  {name or f'0x{kind:04x}'}")
    reader = Reader(tree, layer, 0, len(frame))
    for field, label, data in (("eth.dst", "destination", frame[:6]), ("eth.src", "source", frame[6:12])):
        reader.take(field, label, 6, mac)
        reader.parts(reader.at - 6, 3, (f"{field}.lg", "administered locally", yes(data[0] & 2)),
                     (f"{field}.ig", "a group", yes(data[0] & 1)))
    if kind < LEAST_TYPE:
        reader.take("eth.len", "length", 2, decimal, f"{kind} bytes")
        end = min(14 + kind, len(frame))
        tree.data(14, end)
    else:
        reader.take("eth.type", "type", 2, hexadecimal, f"0x{kind:04x} {name}".strip())
        payload = {ethernet.TYPE_IPV4: ipv4_packet, ethernet.TYPE_ARP: _arp}.get(kind)
        end = len(frame)
        if payload is not None:
            end = payload(tree, 14)
        else:
            tree.data(14, end)
    _behind(tree, end)


def _behind(tree: Tree, end: int) -> None:
    """Add what follows the packet: padding up to the least length, and a trailer."""
    frame = tree.frame
    if end >= len(frame):
        return
    layer = tree.layer("p", "padding", end, len(frame) - end, f"{len(frame) - end} bytes after the packet")
    reader = Reader(tree, layer, end, len(frame))
    padding = max(min(LEAST_FRAME, len(frame)) - end, 0)
    if padding and not any(frame[end:end + padding]):
        reader.take("eth.padding", "padding", padding, colons)
    if reader.left:
        reader.take("eth.trailer", "trailer", reader.left, colons)


def _arp(tree: Tree, start: int) -> int:
    """Take an ARP packet apart; return where it ends."""
    layer = tree.layer("a", "arp", start, len(tree.frame) - start, "malformed")
    try:
        packet = arp.parse(memoryview(tree.frame)[start:])
        sender, target = show_ip(packet.sender_ip), show_ip(packet.target_ip)
        asks = packet.operation == arp.REQUEST
        layer.summary = f"who has {target}? tell {sender}" if asks else f"{sender} is at {show_mac(packet.sender_mac)}"
    except WireError as problem:
        layer.problem = problem_of(problem)
    reader = Reader(tree, layer, start, len(tree.frame))
    try:
        _arp_fields(reader)
    except CutShort:
        return len(tree.frame)
    layer.length = reader.at - start
    return reader.at


def _arp_fields(reader: Reader) -> None:
    hardware, protocol, hardware_size, protocol_size, operation = (
        number(reader.peek(size, at)) for size, at in ((2, 0), (2, 2), (1, 4), (1, 5), (2, 6)))
    reader.take("arp.hw.type", "hardware", 2, text=f"{hardware} (Ethernet)" if hardware == 1 else None)
    reader.take("arp.proto.type", "protocol", 2, hexadecimal, "0x0800 (IPv4)" if protocol == 0x0800 else None)
    reader.take("arp.hw.size", "hardware size", 1)
    reader.take("arp.proto.size", "protocol size", 1)
    reader.take("arp.opcode", "operation", 2, text=f"{operation} ({_OPERATIONS.get(operation, 'unknown')})")
    is_mac = hardware in (1, 6) and hardware_size == 6
    is_ip = protocol == 0x0800 and protocol_size == 4
    for who, owner in (("src", "sender's"), ("dst", "target's")):
        if hardware_size:
            reader.take(f"arp.{who}.{'hw_mac' if is_mac else 'hw'}", f"{owner} MAC", hardware_size,
                        mac if is_mac else colons)
        if protocol_size:
            reader.take(f"arp.{who}.{'proto_ipv4' if is_ip else 'proto'}", f"{owner} IP", protocol_size,
                        ip if is_ip else colons)


