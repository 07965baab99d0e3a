"""The last step of a segment: from its numbers to a frame on the link, in one go when the way is known.

The layers below would do the same one after the other: a header each, a route, a neighbour. What they find out is
kept for each destination; where anything is special (a neighbour to ask for, a packet to cut) they do it themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.link.supersegment import SuperSegment
from aether.net.neighbours import FRESH
from aether.socket_options import IP_PMTUDISC_DONT
from aether.tcp.sequence import MASK
from aether.wire import tcp
from aether.wire.compose import HEADERS, tcp_frame
from aether.wire.ipv4 import DONT_FRAGMENT, PROTO_TCP

if TYPE_CHECKING:
    from aether.net.routes import Way
    from aether.tcp.connection import Connection

_FRAME = HEADERS.pack


def transmit(
    conn: Connection, sequence: int, acknowledgement: int, flags: int, window: int, options: bytes, payload: bytes,
    tos: int,
) -> None:
    """Send a segment; all numbers as on the wire, `options` a multiple of 4 bytes."""
    host, socket_options = conn.host, conn.options
    layer = conn.layer
    direct = layer.direct
    way = None if direct is None else direct.routes.ways.get(conn.remote_ip) or direct.find_way(conn.remote_ip)
    extra = len(options) + len(payload)
    whole = socket_options.mtu_discover != IP_PMTUDISC_DONT and not conn.may_be_cut
    if way is None or way.hop.state not in FRESH or extra + 40 > way.interface.mtu:
        segment = tcp.build(
            conn.local_ip, conn.remote_ip, conn.local_port, conn.remote_port, sequence, acknowledgement, flags, window,
            options, payload)
        if direct is not None:
            direct.routes.ways.pop(conn.remote_ip, None)
        layer.network.send(
            conn.remote_ip, PROTO_TCP, segment, source=conn.local_ip, tos=tos, ttl=socket_options.ttl,
            dont_fragment=whole)
        return
    interface, hop, packets = way
    packets.identification = identification = (packets.identification + 1) & 0xFFFF
    ttl = socket_options.ttl or host.knobs.ipv4_ttl
    interface.port.transmit(tcp_frame(  # type: ignore[union-attr]
        hop.mac, interface.mac, tos, identification, DONT_FRAGMENT if whole else 0, ttl, conn.local_ip, conn.remote_ip,
        conn.local_port, conn.remote_port, sequence, acknowledgement, flags, window, options, payload))


def transmit_several(
    conn: Connection, start: int, length: int, acknowledgement: int, flags: int, window: int, options: bytes, tos: int,
) -> None:
    """Send `length` bytes of the stream from `start` on, full segments all; numbers but this as on the wire.

    If nothing lies between us and the device, many leave as one, without a copy of what the application wrote.
    """
    direct = conn.layer.direct
    way = None if direct is None else direct.routes.ways.get(conn.remote_ip)
    if way is not None and way.hop.state in FRESH and _direct(way, len(options) + conn.mss + 40):
        _transmit_uncut(conn, way, start, length, acknowledgement, flags, window, options, tos)
        return
    for at in range(start, start + length, conn.mss):
        last = at + conn.mss >= start + length
        transmit(
            conn, at & MASK, acknowledgement, flags if last else flags & ~tcp.PSH, window, options,
            conn.send.read(at, conn.mss), tos)


def _direct(way: Way, length: int) -> bool:
    """Tell whether packets of a length fit, and nobody sees, nothing impairs, what leaves for the world outside."""
    port = way.interface.port
    assert port is not None
    return (
        length <= way.interface.mtu and port.peer.host is None and port.world.observer is None and port.transparent)


def _transmit_uncut(
    conn: Connection, way: Way, start: int, length: int, acknowledgement: int, flags: int, window: int, options: bytes,
    tos: int,
) -> None:
    """Send frames of several segments, whose checksum covers nothing yet but addresses, protocol and length."""
    interface, hop, layer = way
    size, port = conn.mss, interface.port
    assert port is not None
    most = conn.host.supersegments // size * size
    ttl = conn.options.ttl or conn.host.knobs.ipv4_ttl
    fragments = DONT_FRAGMENT if conn.options.mtu_discover != IP_PMTUDISC_DONT and not conn.may_be_cut else 0
    addresses = int.from_bytes(conn.key[:8], "big")
    base = 0x4500 + tos + fragments + (ttl << 8) + PROTO_TCP + addresses
    bits, end = 0x5000 + (len(options) << 10) | flags, start + length
    identification = (layer.identification + 1) & 0xFFFF
    layer.identification = (layer.identification + -(-length // size)) & 0xFFFF
    for at in range(start, end, most):
        count = min(most, end - at)
        whole = len(options) + count + 40
        head = _FRAME(
            hop.mac, interface.mac, 0x0800, 0x45, tos, whole, identification, fragments, ttl, PROTO_TCP,
            -(base + whole + identification) % 0xFFFF, conn.local_ip, conn.remote_ip, conn.local_port,
            conn.remote_port, at & MASK, acknowledgement, bits if at + count == end else bits & ~tcp.PSH, window,
            (addresses + PROTO_TCP + whole - 20) % 0xFFFF, 0)
        port.transmit_uncut(SuperSegment(head + options, conn.send.pieces(at, count), size))
        identification = (identification + count // size) & 0xFFFF
