"""The first step of a segment: from a frame to its connection in one go, if nothing about its packet is special."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aether.wire import ipv4
from aether.wire.checksum import frame_ok
from aether.wire.compose import PACKET
from aether.wire.tcp import TcpHeader

if TYPE_CHECKING:
    from aether.net.ipv4 import Ipv4
    from aether.tcp.layer import Tcp

MIN_LENGTH = 54
"""Bytes of a frame with the shortest segment."""
_PLAIN = PACKET.unpack_from


class Plain(NamedTuple):
    """What TCP reads of the header of a packet (`aether.tcp.network.Packet`), where there is nothing else to it."""

    source: bytes
    destination: bytes
    tos: int


def arrives(tcp: Tcp, network: Ipv4, frame: bytes, checked: bool = False) -> bool:
    """Handle a frame if it is a plain segment for us, with nothing special and nothing wrong; else return False.

    It saves the layers below their work, one after the other, for what nearly every frame is. With `checked` its
    checksum is not looked at: the device vouches for it.
    """
    if len(frame) < MIN_LENGTH:
        return False
    (first, tos, length, _, fragment, _, protocol, _, source, destination, source_port, port, sequence,
     acknowledgement, bits, window, check, urgent) = _PLAIN(frame, 14)
    end, data_at = 14 + length, 34 + (bits >> 12 << 2)
    if (
        first != 0x45 or protocol != ipv4.PROTO_TCP or fragment & 0xBFFF or end > len(frame) or data_at < MIN_LENGTH
        or data_at > end or not (checked or frame_ok(frame, length))
    ):
        return False
    host = tcp.host
    if destination not in network.local:
        return False
    if source not in network.routes.ways and not network.plausible(source):
        return False
    counters = host.counters
    counters["ipv4.received"] = counters.get("ipv4.received", 0) + 1
    counters["tcp.received"] = counters.get("tcp.received", 0) + 1
    header = TcpHeader(
        source_port, port, sequence, acknowledgement, bits & 0x1FF, window, check, urgent, data_at - 34,
        frame[MIN_LENGTH:data_at])
    tcp.take(frame[26:38], header, frame[data_at:end], Plain(source, destination, tos))
    return True
