"""How a link damages a frame: one bit turned over, a header field replaced, or a wrong checksum. Pure.

A turned-over bit and a wrong checksum are what the checksums are for. A replaced field with checksums that are right
is what they cannot find: a router or a middlebox that went wrong.
"""

from __future__ import annotations

from typing import NamedTuple

from aether.streams import Stream
from aether.wire.checksum import adjusted

ETHERNET = 14
"""Bytes of the Ethernet header. It stays whole: a frame for somebody else teaches nothing."""
FRAGMENT = 0x3FFF
"""More fragments, and the offset: with one of these a packet is a piece; its transport checksum covers others too."""


class Extent(NamedTuple):
    """A header field: its name as filters have it, where it starts, how long it is; offsets and lengths in bytes."""

    name: str
    offset: int
    length: int


_IPV4 = (Extent("ip.tos", 1, 1), Extent("ip.id", 4, 2), Extent("ip.ttl", 8, 1))
_ARP = (Extent("arp.src.hw_mac", 8, 6), Extent("arp.src.proto_ipv4", 14, 4))
_TRANSPORT = {
    1: (Extent("icmp.ident", 4, 2), Extent("icmp.seq", 6, 2)),
    6: (Extent("tcp.srcport", 0, 2), Extent("tcp.dstport", 2, 2), Extent("tcp.seq", 4, 4), Extent("tcp.ack", 8, 4),
        Extent("tcp.window_size", 14, 2)),
    17: (Extent("udp.srcport", 0, 2), Extent("udp.dstport", 2, 2)),
}
_CHECKSUMS = {1: Extent("icmp.checksum", 2, 2), 6: Extent("tcp.checksum", 16, 2), 17: Extent("udp.checksum", 6, 2)}
_IP_CHECKSUM = 10


def damage(frame: bytes, kind: str, stream: Stream) -> tuple[bytes, str]:
    """Return the frame damaged, and what was done to it; whole and empty if there is nothing behind its header.

    Always draws twice. What has no such field, or no checksum, loses a bit instead.
    """
    where, what = stream.bits(64), stream.bits(64)
    if len(frame) <= ETHERNET:
        return frame, ""
    found = _damaged_field(frame, where, what) if kind == "field" else None
    found = _damaged_checksum(frame, what) if kind == "checksum" else found
    return found or _turned_over(frame, where)


def _turned_over(frame: bytes, where: int) -> tuple[bytes, str]:
    place, bit = divmod(where * (len(frame) - ETHERNET) * 8 >> 64, 8)
    place += ETHERNET
    altered = bytearray(frame)
    altered[place] ^= 1 << bit
    return bytes(altered), f"bit {bit} of byte {place} turned over"


def _transport(frame: bytes) -> tuple[int, int]:
    """Return the protocol of an IPv4 frame, and where its header starts; 0 as protocol for a piece or a stump."""
    start = ETHERNET + 4 * (frame[ETHERNET] & 0x0F)
    whole = not int.from_bytes(frame[20:22], "big") & FRAGMENT
    protocol = frame[23]
    checksum = _CHECKSUMS.get(protocol)
    if not whole or checksum is None or len(frame) < start + (20 if protocol == 6 else 8):
        return 0, start
    return protocol, start


def _is_ipv4(frame: bytes) -> bool:
    return frame[12:14] == b"\x08\x00" and len(frame) >= ETHERNET + 20


def _damaged_checksum(frame: bytes, what: int) -> tuple[bytes, str] | None:
    """Return the frame with a checksum that is wrong; None if it has none."""
    if not _is_ipv4(frame):
        return None
    protocol, start = _transport(frame)
    name, place = "ip.checksum", ETHERNET + _IP_CHECKSUM
    if protocol:
        name, place = _CHECKSUMS[protocol].name, start + _CHECKSUMS[protocol].offset
    altered = bytearray(frame)
    # 0xffff is left out: 0 and 65535 are the same remainder, and as a checksum both are right
    wrong = int.from_bytes(frame[place:place + 2], "big") ^ (1 + (what * 0xFFFE >> 64))
    altered[place:place + 2] = wrong.to_bytes(2, "big")
    return bytes(altered), f"{name} is wrong: 0x{wrong:04x}"


def _damaged_field(frame: bytes, where: int, what: int) -> tuple[bytes, str] | None:
    """Return the frame with another value in one field, and checksums that fit it; None if it has no such field."""
    if frame[12:14] == b"\x08\x06" and len(frame) >= ETHERNET + 28:
        field = _ARP[where * len(_ARP) >> 64]
        altered, said = _replaced(frame, ETHERNET + field.offset, field, what)
        return bytes(altered), said
    if not _is_ipv4(frame):
        return None
    protocol, start = _transport(frame)
    of_transport = _TRANSPORT.get(protocol, ())
    number = where * (len(_IPV4) + len(of_transport)) >> 64
    if number < len(_IPV4):
        field, base, checksum = _IPV4[number], ETHERNET, ETHERNET + _IP_CHECKSUM
    else:
        field, base = of_transport[number - len(_IPV4)], start
        checksum = start + _CHECKSUMS[protocol].offset
    altered, said = _replaced(frame, base + field.offset, field, what)
    if protocol != 17 or base == ETHERNET or any(frame[checksum:checksum + 2]):
        _follow(altered, frame, checksum, base + field.offset, field.length)
    return bytes(altered), said


def _replaced(frame: bytes, place: int, field: Extent, what: int) -> tuple[bytearray, str]:
    length = field.length
    old = int.from_bytes(frame[place:place + length], "big")
    new = old ^ (1 + (what * ((1 << 8 * length) - 1) >> 64))
    altered = bytearray(frame)
    altered[place:place + length] = new.to_bytes(length, "big")
    shown = (f"{old} replaced by {new}" if length < 6 and not field.name.startswith("arp")
             else f"{frame[place:place + length].hex(':')} replaced by {altered[place:place + length].hex(':')}")
    return altered, f"{field.name} {shown}, checksums made to fit"


def _follow(altered: bytearray, frame: bytes, checksum: int, place: int, length: int) -> None:
    """Let a checksum follow a change of what it covers (RFC 1624): right stays right, and wrong stays wrong.

    Headers start at even offsets from the Ethernet header's end, so that words are words.
    """
    first, end = place & ~1, (place + length + 1) & ~1
    before = int.from_bytes(frame[first:end], "big")
    after = int.from_bytes(altered[first:end], "big")
    old = int.from_bytes(frame[checksum:checksum + 2], "big")
    altered[checksum:checksum + 2] = (adjusted(old, before, after) or 0xFFFF * (frame[23] == 17)).to_bytes(2, "big")


def mark_congestion(frame: bytes) -> bytes | None:
    """Return an IPv4 frame with the mark of congestion (CE), if it says that it may carry one (RFC 3168 §5)."""
    if not _is_ipv4(frame) or not frame[ETHERNET + 1] & 0b11:
        return None
    altered = bytearray(frame)
    altered[ETHERNET + 1] |= 0b11
    _follow(altered, frame, ETHERNET + _IP_CHECKSUM, ETHERNET + 1, 1)
    return bytes(altered)
