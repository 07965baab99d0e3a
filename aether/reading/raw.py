"""Packets without any frame: links on which nothing but IP goes, as tunnels are captured."""

from __future__ import annotations

from aether.reading.context import IpLayer
from aether.reading.link import LINK
from aether.reading.tree import Protocol, Tree, Within

_TYPES = {4: 0x0800, 6: 0x86DD}
OTHER = "raw.version"
"""By what a packet would be found that is neither IPv4 nor IPv6."""


def by_version(frame: bytes, start: int, end: int) -> Within | None:
    """Return what a packet is by the version in its first four bits."""
    if start >= end:
        return None
    kind = _TYPES.get(frame[start] >> 4)
    return Within(OTHER, frame[start] >> 4, start, end) if kind is None else Within("eth.type", kind, start, end)


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a packet, and what is behind it."""
    tree.layer(PROTOCOL, start, end - start, "a packet without a frame around it")
    stop = tree.within(by_version(tree.frame, start, end), end, ip)
    tree.data(stop, end)
    return end


PROTOCOL = Protocol("raw", "Raw IP", "r", "a packet without a frame around it", (), read, (
    (LINK, 12), (LINK, 14), (LINK, 101), (LINK, 228), (LINK, 229)), inner=by_version)
