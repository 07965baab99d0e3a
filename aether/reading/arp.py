"""ARP (RFC 826, RFC 5227)."""

from __future__ import annotations

from aether.reading.context import IpLayer
from aether.reading.layout import Field, named
from aether.reading.tree import Cursor, CutShort, Protocol, Tree, problem_of
from aether.reading.types import BOOLEAN, BYTES, ETHER, IPV4, UINT8, UINT16
from aether.wire import arp
from aether.wire.address import show_ip, show_mac
from aether.wire.error import WireError

REVERSE_REQUEST, REVERSE_REPLY = 3, 4
SIZE = 28
"""Bytes of a packet about addresses of Ethernet and IPv4."""
_ETHERNET_AND_IPV4 = bytes.fromhex("000108000604")
OPERATIONS = {1: "request", 2: "reply", 3: "reverse request", 4: "reverse reply"}
IPV4_TYPE = 0x0800
ETHERTYPES = (0x0806, 0x8035)
"""Of ARP, and of RARP (RFC 903), whose packets look the same."""

HW_TYPE = Field("arp.hw.type", UINT16, "hardware", "kind of hardware address; 1 is Ethernet", 0,
                words=lambda value: "1 (Ethernet)" if value == 1 else str(value))
PROTO_TYPE = Field("arp.proto.type", UINT16, "protocol", "kind of protocol address; 0x0800 is IPv4", 2,
                   hexadecimal=True,
                   words=lambda value: "0x0800 (IPv4)" if value == IPV4_TYPE else f"0x{value:04x}")
HW_SIZE = Field("arp.hw.size", UINT8, "hardware size", "length of hardware addresses in bytes", 4)
PROTO_SIZE = Field("arp.proto.size", UINT8, "protocol size", "length of protocol addresses in bytes", 5)
OPCODE = Field("arp.opcode", UINT16, "operation", "1 request, 2 reply", 6, words=named(OPERATIONS),
               names={name: number for number, name in OPERATIONS.items()})
SRC_MAC = Field("arp.src.hw_mac", ETHER, "sender's MAC", "the sender's Ethernet address")
SRC_IP = Field("arp.src.proto_ipv4", IPV4, "sender's IP", "the sender's IPv4 address")
DST_MAC = Field("arp.dst.hw_mac", ETHER, "target's MAC", "the target's Ethernet address")
DST_IP = Field("arp.dst.proto_ipv4", IPV4, "target's IP", "the target's IPv4 address: the one asked for")
GRATUITOUS = Field("arp.isgratuitous", BOOLEAN, "gratuitous", "asks for, or tells, the sender's own address",
                   only_true=True, hidden=True)
PROBE = Field("arp.isprobe", BOOLEAN, "a probe", "a request from 0.0.0.0: is this address free?", only_true=True,
              hidden=True)
ANNOUNCEMENT = Field("arp.isannouncement", BOOLEAN, "an announcement", "a request for the sender's own address",
                     only_true=True, hidden=True)
SRC_HW = Field("arp.src.hw", BYTES, "sender's MAC", "the sender's hardware address, where it is no Ethernet address")
SRC_PROTO = Field("arp.src.proto", BYTES, "sender's IP", "the sender's protocol address, where it is no IPv4 address")
DST_HW = Field("arp.dst.hw", BYTES, "target's MAC", "the target's hardware address, where it is no Ethernet address")
DST_PROTO = Field("arp.dst.proto", BYTES, "target's IP", "the target's protocol address, where it is no IPv4 address")


def reversed_words(body: bytes) -> str:
    """Return what a packet of RARP asks or tells (RFC 903); empty for all others."""
    if len(body) < SIZE or body[:6] != _ETHERNET_AND_IPV4 or body[6]:
        return ""
    if body[7] == REVERSE_REQUEST:
        return f"who is {show_mac(body[18:24])}? tell {show_mac(body[8:14])}"
    if body[7] == REVERSE_REPLY:
        return f"{show_mac(body[18:24])} is {show_ip(body[24:28])}"
    return ""


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a packet."""
    layer = tree.layer(PROTOCOL, start, end - start, "malformed")
    if tree.wordy and (said := reversed_words(tree.frame[start:end])):
        layer.summary = said
    elif tree.wordy:
        try:
            packet = arp.parse(memoryview(tree.frame)[start:end])
            sender, target = show_ip(packet.sender_ip), show_ip(packet.target_ip)
            layer.summary = (f"who has {target}? tell {sender}" if packet.operation == arp.REQUEST
                             else f"{sender} is at {show_mac(packet.sender_mac)}")
        except WireError as problem:
            layer.problem = problem_of(problem)
    cursor = Cursor(tree, layer, start, end)
    try:
        cursor.header(HW_TYPE, PROTO_TYPE, HW_SIZE, PROTO_SIZE, OPCODE)
        _addresses(cursor)
    except CutShort:
        return end
    layer.length = cursor.at - start
    return cursor.at


def _addresses(cursor: Cursor) -> None:
    hardware, protocol, hardware_size, protocol_size = (
        int.from_bytes(cursor.frame[cursor.start + at:cursor.start + at + size], "big")
        for at, size in ((0, 2), (2, 2), (4, 1), (5, 1)))
    is_mac = hardware in (1, 6) and hardware_size == 6
    is_ip = protocol == IPV4_TYPE and protocol_size == 4
    for mac, hw, address, proto in ((SRC_MAC, SRC_HW, SRC_IP, SRC_PROTO), (DST_MAC, DST_HW, DST_IP, DST_PROTO)):
        if hardware_size:
            cursor.take(mac if is_mac else hw, size=hardware_size)
        if protocol_size:
            cursor.take(address if is_ip else proto, size=protocol_size)
    _kind(cursor, hardware_size, protocol_size)


def _kind(cursor: Cursor, hardware_size: int, protocol_size: int) -> None:
    """Add what kind of packet it is beside request and reply (RFC 5227 §1.1)."""
    frame, at = cursor.frame, cursor.start + 8 + hardware_size
    sender = frame[at:at + protocol_size]
    at += protocol_size + hardware_size
    target = frame[at:at + protocol_size]
    asks = frame[cursor.start + 6:cursor.start + 8] == b"\0\1"
    known = frame[cursor.start + 6:cursor.start + 8] in (b"\0\1", b"\0\2")
    for field, holds in ((GRATUITOUS, known and sender == target), (PROBE, asks and not any(sender) and any(target)),
                         (ANNOUNCEMENT, asks and sender == target)):
        if holds:
            cursor.add(field, cursor.start, 0, True)


PROTOCOL = Protocol("arp", "ARP", "a", "the Address Resolution Protocol", (
     OPCODE, SRC_MAC, SRC_IP, DST_MAC, DST_IP, GRATUITOUS, PROBE, ANNOUNCEMENT, HW_TYPE, HW_SIZE, PROTO_TYPE,
    PROTO_SIZE, SRC_HW, SRC_PROTO, DST_HW, DST_PROTO), read, tuple(("eth.type", kind) for kind in ETHERTYPES))
