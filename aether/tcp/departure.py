"""The last step of a segment: from its numbers to a frame on the link, in one go when the way is known.

The layers below would do the same one after the other: a header each, a route, a neighbour. What they find out is
kept for each destination; where anything is special (a neighbour to ask for, a packet to cut) they do it themselves.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from aether.net.neighbours import FRESH
from aether.socket_options import IP_PMTUDISC_DONT
from aether.tcp.sequence import MASK
from aether.wire import tcp
from aether.wire.ipv4 import PROTO_TCP

if TYPE_CHECKING:
    from aether.net.routes import Way
    from aether.tcp.connection import Connection

_FRAME = Struct(">6s6sHBBHHHBBH4s4sHHIIHHHH").pack
"""Ethernet: destination, source, type. IPv4: version and length, TOS, length, identification, fragments, TTL,
protocol, checksum, source, destination. TCP: ports, sequence and acknowledgement number, offset and flags, window,
checksum, urgent pointer."""
DONT_FRAGMENT = 0x4000


class SuperSegment(bytes):
    """A frame with several segments in one, for a device that cuts it up and computes their checksums."""

    size = 0
    """Bytes of payload of each segment but the last."""


def transmit(
    conn: Connection, sequence: int, acknowledgement: int, flags: int, window: int, options: bytes, payload: bytes,
    tos: int, size: int = 0,
) -> None:
    """Send a segment; all numbers as on the wire, `options` a multiple of 4 bytes.

    With `size`, send segments of so many bytes each: as one frame if nothing lies between us and a device that cuts
    it up, else one by one.
    """
    host, socket_options = conn.host, conn.options
    layer = host.ipv4
    way = host.routes.ways.get(conn.remote_ip) or layer.find_way(conn.remote_ip)
    extra = len(options) + len(payload)
    if size:
        if way is not None and way.hop.state in FRESH and _direct(way, len(options) + size + 40):
            _transmit_super(conn, way, sequence, acknowledgement, flags, window, options, payload, tos, size)
            return
        for at in range(0, len(payload), size):
            last = at + size >= len(payload)
            transmit(
                conn, sequence + at & MASK, acknowledgement, flags if last else flags & ~tcp.PSH, window, options,
                payload[at:at + size], tos)
        return
    whole = socket_options.mtu_discover != IP_PMTUDISC_DONT
    if way is None or way.hop.state not in FRESH or extra + 40 > way.interface.mtu:
        segment = tcp.build(
            conn.local_ip, conn.remote_ip, conn.local_port, conn.remote_port, sequence, acknowledgement, flags, window,
            options, payload)
        host.routes.ways.pop(conn.remote_ip, None)
        layer.send(
            conn.remote_ip, PROTO_TCP, segment, source=conn.local_ip, tos=tos, ttl=socket_options.ttl,
            dont_fragment=whole)
        return
    layer.identification = identification = (layer.identification + 1) & 0xFFFF
    ttl = socket_options.ttl or host.knobs.ipv4_ttl
    length = extra + 40
    fragments = DONT_FRAGMENT if whole else 0
    key = int.from_bytes(conn.key, "big")
    bits = 0x5000 + (len(options) << 10) | flags
    total = key + PROTO_TCP + extra + 20 + sequence + acknowledgement + bits + window
    if options:
        total += int.from_bytes(options, "big")
    if payload:
        number = int.from_bytes(payload, "big") % 0xFFFF
        total += number << 8 if extra & 1 else number
    interface, hop = way
    interface.port.transmit(_FRAME(  # type: ignore[union-attr]
        hop.mac, interface.mac, 0x0800, 0x45, tos, length, identification, fragments, ttl, PROTO_TCP,
        -(0x4500 + tos + length + identification + fragments + (ttl << 8) + PROTO_TCP + (key >> 32)) % 0xFFFF,
        conn.local_ip, conn.remote_ip, conn.local_port, conn.remote_port, sequence, acknowledgement, bits, window,
        -total % 0xFFFF, 0) + options + payload)


def _direct(way: Way, length: int) -> bool:
    """Tell whether packets of a length fit, and nobody sees, nothing impairs, what leaves for the world outside."""
    port = way.interface.port
    assert port is not None
    return (
        length <= way.interface.mtu and port.world.observer is None and port.ear is None and port.pipe.clear
        and not port.latency and port.peer.host is None and port.peer.tape is None)


def _transmit_super(
    conn: Connection, way: Way, sequence: int, acknowledgement: int, flags: int, window: int, options: bytes,
    payload: bytes, tos: int, size: int,
) -> None:
    """Send several segments as one frame, whose checksum covers nothing yet but addresses, protocol and length."""
    layer, socket_options = conn.host.ipv4, conn.options
    identification = (layer.identification + 1) & 0xFFFF
    layer.identification = (layer.identification + -(-len(payload) // size)) & 0xFFFF
    ttl = socket_options.ttl or conn.host.knobs.ipv4_ttl
    length = len(options) + len(payload) + 40
    fragments = DONT_FRAGMENT if socket_options.mtu_discover != IP_PMTUDISC_DONT else 0
    addresses = int.from_bytes(conn.key[:8], "big")
    interface, hop = way
    frame = SuperSegment(b"".join((_FRAME(
        hop.mac, interface.mac, 0x0800, 0x45, tos, length, identification, fragments, ttl, PROTO_TCP,
        -(0x4500 + tos + length + identification + fragments + (ttl << 8) + PROTO_TCP + addresses) % 0xFFFF,
        conn.local_ip, conn.remote_ip, conn.local_port, conn.remote_port, sequence, acknowledgement,
        0x5000 + (len(options) << 10) | flags, window, (addresses + PROTO_TCP + length - 20) % 0xFFFF, 0),
        options, payload)))
    frame.size = size
    interface.port.transmit(frame)  # type: ignore[union-attr]
