"""Where a host touches a link, and the addresses that it has there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aether.link.port import Port
    from aether.net.neighbours import Neighbours


class Address:
    """One IPv4 address of an interface, with the length of its network's prefix in bits."""

    __slots__ = ("broadcast", "ip", "mask", "prefix")

    def __init__(self, ip: bytes, prefix: int) -> None:
        self.ip = ip
        self.prefix = prefix
        self.mask = (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF
        number = int.from_bytes(ip, "big")
        self.broadcast = ((number & self.mask) | (self.mask ^ 0xFFFFFFFF)).to_bytes(4, "big")


class Interface:
    """Where a host touches a link."""

    __slots__ = ("addresses", "index", "mac", "mtu", "neighbours", "port")

    def __init__(self, index: int, mac: bytes, mtu: int) -> None:
        self.index = index
        self.mac = mac
        self.mtu = mtu
        """The largest IPv4 packet that goes into one frame, in bytes."""
        self.addresses: list[Address] = []
        self.port: Port | None = None
        self.neighbours: Neighbours

    def source(self, next_hop: bytes) -> bytes:
        """Return our address in the network of a neighbour, or else the first; 0.0.0.0 if there is none."""
        addresses = self.addresses
        if len(addresses) > 1:
            number = int.from_bytes(next_hop, "big")
            for address in addresses:
                if (number ^ int.from_bytes(address.ip, "big")) & address.mask == 0:
                    return address.ip
        return addresses[0].ip if addresses else b"\0\0\0\0"
