"""The last step of a segment: from its numbers to a frame on the link, in one go when the way is known.

The layers below would do the same one after the other: a header each, a route, a neighbour. What they find out is
kept for each destination; where anything is special (a neighbour to ask for, a packet to cut) they do it themselves.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from aether.net.neighbours import PROBE, REACHABLE
from aether.socket_options import IP_PMTUDISC_DONT
from aether.wire import tcp
from aether.wire.ipv4 import PROTO_TCP

if TYPE_CHECKING:
    from aether.tcp.connection import Connection

_FRAME = Struct(">6s6sHBBHHHBBH4s4sHHIIHHHH").pack
"""Ethernet: destination, source, type. IPv4: version and length, TOS, length, identification, fragments, TTL,
protocol, checksum, source, destination. TCP: ports, sequence and acknowledgement number, offset and flags, window,
checksum, urgent pointer."""
FRESH = (REACHABLE, PROBE)
DONT_FRAGMENT = 0x4000


def transmit(
    conn: Connection, sequence: int, acknowledgement: int, flags: int, window: int, options: bytes, payload: bytes,
    tos: int,
) -> None:
    """Send a segment; all numbers as on the wire, `options` a multiple of 4 bytes."""
    host, socket_options = conn.host, conn.options
    layer = host.ipv4
    way = host.routes.ways.get(conn.remote_ip) or layer.find_way(conn.remote_ip)
    extra = len(options) + len(payload)
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
