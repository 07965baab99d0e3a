"""Where the protocols are in a frame that expressions ask for most: read at once, without their fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aether.reading import eth
from aether.reading.packet import Dissected

Span = tuple[int, int, int]
"""Where a header begins and ends, and where its packet ends, in bytes."""


def _eth(packet: Dissected) -> Sequence[Span]:
    outer = ((0, 14, len(packet.data)),) if packet.ethernet else ()
    if packet.plain:
        return outer
    return (*outer, *((start, start + 14, end) for protocol, start, end in packet.wrapped
                      if protocol is eth.PROTOCOL and start and end - start >= 14))


def _arp(packet: Dissected) -> Sequence[Span]:
    return [(arp.start, arp.end, len(packet.data)) for arp in packet.arp]


SPANS: dict[str, Callable[[Dissected], Sequence[Span]]] = {
    "eth": _eth,
    "arp": _arp,
    "ip": lambda packet: [(ip.start, ip.payload, ip.end) for ip in packet.ip],
    "icmp": lambda packet: [(icmp.start, icmp.end, icmp.end) for icmp in packet.icmp],
    "udp": lambda packet: [(udp.start, udp.payload, udp.end) for udp in packet.udp],
    "tcp": lambda packet: [(tcp.start, tcp.payload, tcp.end) for tcp in packet.segments],
}
