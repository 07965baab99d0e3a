"""Echo requests in benchmark mode: a plain one is answered in one go, with the frame that the layers would make.

Anything special about it (options, fragments, an address that is not ours alone, a neighbour that is not known for
sure) is left to them. It reports no events: with an observer nobody calls this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.net.neighbours import FRESH
from aether.wire import icmp
from aether.wire.compose import ECHO, ECHO_REPLY, PLAIN
from aether.wire.ipv4 import DONT_FRAGMENT, PROTO_ICMP

if TYPE_CHECKING:
    from aether.net.icmp import Icmp
    from aether.net.ipv4 import Ipv4

SHORTEST = 42
"""Bytes of a frame with an echo request and no data."""
_ARRIVED = ECHO.unpack_from
_REPLY = ECHO_REPLY.pack
REQUEST, REPLY = icmp.ECHO_REQUEST << 8, icmp.ECHO_REPLY << 8
ASKED, ANSWERED = (icmp.ECHO_REQUEST, 0), (icmp.ECHO_REPLY, 0)
"""Type and code, as they are counted."""


def reply(layer: Ipv4, frame: bytearray | bytes | memoryview, length: int) -> bytes | None:
    """Return the reply to the first `length` bytes of a buffer, if they are a plain echo request; else None.

    What that adds to the counters, `count` adds, for many at a time.
    """
    if length < SHORTEST:
        return None
    mac, kind, total, identification, fragments, ttl, protocol, check, source, us, what, message_check, rest = _ARRIVED(
        frame)
    interface, local, knobs = layer.interfaces[0], layer.local, layer.host.knobs
    if (
        kind != PLAIN or protocol != PROTO_ICMP or what != REQUEST or mac != interface.mac or total != length - 14
        or fragments & ~DONT_FRAGMENT or total > interface.mtu or not knobs.icmp_echo or layer.path_mtus
        or source in local or local.get(us) is not interface
    ):
        return None
    addresses = int.from_bytes(source, "big") + int.from_bytes(us, "big")
    if (
        (0x4500 + total + identification + fragments + (ttl << 8 | PROTO_ICMP) + check + addresses) % 65535
        or (int.from_bytes(frame[34:length], "big") << 8 * (length & 1)) % 65535
    ):
        return None
    way = layer.routes.ways.get(source) or layer.find_way(source)
    if way is None or way.interface is not interface or way.hop.state not in FRESH:
        return None
    layer.identification = identification = (layer.identification + 1) & 0xFFFF
    ttl = knobs.ipv4_ttl
    # Of the message only the type changes, and the checksum by as much (RFC 1624 §3). Only a sum over nothing but
    # zeros is 0 itself, and so its complement is not 0 but all ones.
    check = (REQUEST + message_check) % 65535
    if not check and not rest and not any(frame[SHORTEST:length]):
        check = 0xFFFF
    return _REPLY(
        way.hop.mac, mac, PLAIN, total, identification, 0, ttl, PROTO_ICMP,
        -(0x4500 + total + identification + (ttl << 8 | PROTO_ICMP) + addresses) % 65535, us, source, REPLY,
        check, rest) + frame[SHORTEST:length]


def count(layer: Icmp, replies: int) -> None:
    """Count requests that were answered here."""
    layer.host.count("ipv4.received", replies)
    received, sent = layer.received, layer.sent
    received[ASKED] = received.get(ASKED, 0) + replies
    sent[ANSWERED] = sent.get(ANSWERED, 0) + replies
