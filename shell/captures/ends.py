"""Who sent a frame of a capture, and to whom: by the addresses of its link, or of its packet where that has none."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from aether.reading import sll
from aether.reading.eth import LEAST_TYPE
from aether.reading.link import LINK, LinkFrame
from aether.reading.packet import OPENED, Dissected
from aether.reading.protocols import INSIDE
from aether.wire.address import show_ip, show_mac

IPV4, ARP = b"\x08\x00", b"\x08\x06"
"""EtherTypes of what has addresses at places that are always the same."""
_shown = lru_cache(4096)(show_ip)
_OPENED = frozenset(kind.to_bytes(2, "big") for kind in OPENED)
_LEAST = LEAST_TYPE.to_bytes(2, "big")


def peer(data: bytes, sender: bool) -> str:
    """Return what to call the other end of a frame: its IPv4 address, or its Ethernet address; ``wire`` for nobody."""
    kind = data[12:14]
    if data.__class__ is bytes:
        if kind == IPV4 and len(data) >= 34:
            return _shown(data[26:30] if sender else data[30:34])
        if kind == ARP and len(data) >= 42:
            return _shown(data[28:32] if sender else data[38:42])
    if data.__class__ is not bytes or kind in _OPENED or kind < _LEAST:
        packet = Dissected(data)
        inner = [each for each in packet.ip if not each.quoted]
        if inner:
            return _shown(inner[-1].header[8 if sender else 9])
        if not packet.ethernet:
            return "wire"
    return show_mac(data[6:12] if sender else data[:6]) if len(data) >= 14 else "wire"


def _ends(data: bytes) -> tuple[bytes, bytes]:
    """Return who sent a frame and to whom, by the addresses of its link; by those of its packet where it has none."""
    if not isinstance(data, LinkFrame):
        return data[6:12], data[:6]
    packet = Dissected(data)
    return packet.ip[0].header[8:10] if packet.ip else _ends_of_arp(packet)


def _ends_of_arp(packet: Dissected) -> tuple[bytes, bytes]:
    found = packet.read("arp", None).found if packet.arp else {}
    source, target = (found.get(f"arp.{end}.proto_ipv4", [b""])[0] for end in ("src", "dst"))
    return source, target


def sent_from(data: bytes, station: bytes) -> bool:
    """Return whether a frame was sent from where the capture is seen from; some link types say it themselves."""
    if isinstance(data, LinkFrame) and INSIDE.get((LINK, data.link_type)) is sll.PROTOCOL:
        return sll.outgoing(data)
    return _ends(data)[0] == station


def station(frames: list[bytes]) -> bytes:
    """Return the address from which the capture is seen: that with the most frames, the first of equals."""
    seen: Counter[bytes] = Counter()
    pairs = Counter(data[:12] if data.__class__ is bytes else _ends(data) for data in frames)
    for pair, count in pairs.items():
        for address in (pair[6:], pair[:6]) if isinstance(pair, bytes) else pair:
            if len(address) == 4 or (len(address) == 6 and not address[0] & 1):
                seen[address] += count
    return seen.most_common(1)[0][0] if seen else b""
