"""Where the protocols are in a frame that expressions ask for most: read at once, without their fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aether.reading.packet import Dissected

Span = tuple[int, int, int]
"""Where a header begins and ends, and where its packet ends, in bytes."""
IPV6 = 0x86DD


def _eth(packet: Dissected) -> Sequence[Span]:
    return ((0, 14, len(packet.data)),) if packet.ethernet else ()


def _arp(packet: Dissected) -> Sequence[Span]:
    return [(14, arp.end, len(packet.data)) for arp in packet.arp]


def _ipv6(packet: Dissected) -> Sequence[Span]:
    size = len(packet.data)
    return ((14, size, size),) if packet.ethertype == IPV6 else ()


SPANS: dict[str, Callable[[Dissected], Sequence[Span]]] = {
    "eth": _eth,
    "arp": _arp,
    "ip": lambda packet: [(ip.start, ip.payload, ip.end) for ip in packet.ip],
    "ipv6": _ipv6,
    "icmp": lambda packet: [(icmp.start, icmp.end, icmp.end) for icmp in packet.icmp],
    "udp": lambda packet: [(udp.start, udp.payload, udp.end) for udp in packet.udp],
    "tcp": lambda packet: [(tcp.start, tcp.payload, tcp.end) for tcp in packet.segments],
}
