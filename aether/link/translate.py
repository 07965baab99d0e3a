"""Addresses and ports of a packet, read and replaced: what a NAT does to frames (RFC 3022 §4.1, RFC 5508 §4). Pure.

A checksum follows each change by increments (RFC 1624): what was right stays right, and what was wrong stays wrong.
"""

from __future__ import annotations

from typing import NamedTuple

from aether.wire.checksum import adjusted, partial_sum
from aether.wire.ethernet import HEADER_LENGTH as ETHERNET
from aether.wire.ethernet import TYPE_IPV4
from aether.wire.ipv4 import PROTO_ICMP, PROTO_TCP, PROTO_UDP

REQUESTS, REPLIES = frozenset((8, 13, 15, 17)), frozenset((0, 14, 16, 18))
"""ICMP queries, of which each has an identifier, and what answers them."""
ERRORS = frozenset((3, 4, 5, 11, 12))
"""ICMP messages that quote the packet which they are about."""
MORE, OFFSET = 0x2000, 0x1FFF
_TYPE = TYPE_IPV4.to_bytes(2, "big")
_CHECKSUM = {PROTO_ICMP: 2, PROTO_TCP: 16, PROTO_UDP: 6}
"""Where the checksum of a transport header is, in bytes from its start."""
_NEEDS = {PROTO_ICMP: 8, PROTO_TCP: 20, PROTO_UDP: 8}
"""Bytes of a transport header."""


class Malformed(ValueError):
    """A packet whose headers are not whole; the text says which."""


class Addressed(NamedTuple):
    """What a NAT has to know of an IPv4 packet, or of one that an ICMP error quotes."""

    at: int
    """Where the IPv4 header starts in the frame, in bytes."""
    transport: int
    """Where the transport header starts."""
    end: int
    """Where the packet ends, as far as it is in the frame."""
    protocol: int
    source: bytes
    destination: bytes
    identification: int
    more: bool
    """Whether more fragments follow."""
    offset: int
    """Of a fragment, in units of 8 bytes; 0 for the first one and for a whole packet."""
    kind: int = -1
    """The ICMP type; -1 for another protocol, and for a fragment that is not the first."""
    ports: tuple[int, int] = (0, 0)
    """Source and destination port; of an ICMP query, its identifier in both places."""


def packet_of(frame: bytes) -> Addressed | None:
    """Return the IPv4 packet of a frame; None if it carries something else. Malformed if its headers are not whole."""
    if frame[12:14] != _TYPE:
        return None
    return _read(frame, ETHERNET, _NEEDS)


def quoted_in(frame: bytes, outer: Addressed) -> Addressed:
    """Return the packet that an ICMP error quotes: its first 8 bytes of data at least. Malformed if it is not there."""
    return _read(frame, outer.transport + 8, dict.fromkeys(_NEEDS, 8), quoted=True)


def _read(frame: bytes, at: int, needs: dict[int, int], quoted: bool = False) -> Addressed:
    if len(frame) < at + 20 or frame[at] >> 4 != 4:
        raise Malformed("no whole IPv4 header")
    transport = at + 4 * (frame[at] & 0x0F)
    total = int.from_bytes(frame[at + 2:at + 4], "big")
    end = min(at + total, len(frame))
    if transport < at + 20 or at + total < transport or (at + total > len(frame) and not quoted) or transport > end:
        raise Malformed("lengths that do not fit the packet")
    protocol, pieces = frame[at + 9], int.from_bytes(frame[at + 6:at + 8], "big")
    header = Addressed(
        at, transport, end, protocol, frame[at + 12:at + 16], frame[at + 16:at + 20],
        int.from_bytes(frame[at + 4:at + 6], "big"), bool(pieces & MORE), pieces & OFFSET)
    if header.offset or protocol not in needs:
        return header
    if end < transport + needs[protocol]:
        raise Malformed("no whole transport header")
    first = int.from_bytes(frame[transport:transport + 2], "big")
    second = int.from_bytes(frame[transport + 2:transport + 4], "big")
    if protocol != PROTO_ICMP:
        return header._replace(ports=(first, second))
    identifier = int.from_bytes(frame[transport + 4:transport + 6], "big")
    return header._replace(kind=frame[transport], ports=(identifier, identifier))


def readdressed(frame: bytes, header: Addressed, source: bool, address: bytes, port: int | None) -> bytes:
    """Return a frame whose packet has another source (or else destination): address, and port or identifier.

    `port` is None where the packet shows none: in a fragment that is not the first, and for an ICMP error.
    """
    altered = bytearray(frame)
    _replace(altered, header, source, address, port)
    return bytes(altered)


def error_readdressed(
    frame: bytes, outer: Addressed, quoted: Addressed, source: bool, address: bytes, port: int,
) -> bytes:
    """Return a frame with an ICMP error, of which the packet has another source (or else destination).

    What it quotes went the other way, so that there the destination (or else the source) becomes the same. The
    checksums within change with it, and that of the error, which covers them (RFC 5508 §4.2).
    """
    altered = bytearray(frame)
    body = slice(outer.transport, outer.end)
    _replace(altered, quoted, not source, address, port)
    _follow(altered, outer.transport + 2, partial_sum(frame[body]), partial_sum(altered[body]))
    _replace(altered, outer, source, address, None)
    return bytes(altered)


def _replace(frame: bytearray, header: Addressed, source: bool, address: bytes, port: int | None) -> None:
    at, checksum = header.at + (12 if source else 16), header.transport + _CHECKSUM.get(header.protocol, 0)
    covered = [header.at + 10]
    there = header.protocol in _CHECKSUM and not header.offset and checksum + 2 <= header.end
    if header.protocol == PROTO_UDP and there and not any(frame[checksum:checksum + 2]):
        there = False  # RFC 768: 0 is no checksum
    if there and header.protocol != PROTO_ICMP:  # whose checksum covers no pseudo-header
        covered.append(checksum)
    _put(frame, at, address, covered, checksum if header.protocol == PROTO_UDP else -1)
    if port is None:
        return
    place = header.transport + (4 if header.protocol == PROTO_ICMP else 0 if source else 2)
    _put(frame, place, port.to_bytes(2, "big"), [checksum] if there else [],
         checksum if header.protocol == PROTO_UDP else -1)


def _put(frame: bytearray, at: int, new: bytes, checksums: list[int], never_zero: int) -> None:
    before = int.from_bytes(frame[at:at + len(new)], "big")
    frame[at:at + len(new)] = new
    for place in checksums:
        _follow(frame, place, before, int.from_bytes(new, "big"), place == never_zero)


def _follow(frame: bytearray, place: int, before: int, after: int, never_zero: bool = False) -> None:
    now = adjusted(int.from_bytes(frame[place:place + 2], "big"), before, after)
    frame[place:place + 2] = (now or 0xFFFF * never_zero).to_bytes(2, "big")
