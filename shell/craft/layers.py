"""The layers that may be crafted, by scapy, and what they need so that scapy asks nobody anything.

scapy is imported here and nowhere else, when the first frame is crafted: it takes a quarter of a second or more.
Left alone, it would look up routes, names and hardware addresses of the machine it runs on; so every field that it
would find out that way is given before a frame is built.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from shell.language.grammar import CommandError

if TYPE_CHECKING:
    from scapy.packet import Packet

NAMES = (
    "Ether", "Dot1Q", "ARP", "IP", "ICMP", "IGMP", "TCP", "UDP", "DNS", "DNSQR", "DNSRR", "BOOTP", "DHCP", "Raw",
    "Padding", "IPerror", "TCPerror", "UDPerror", "ICMPerror", "IPOption", "IPOption_EOL", "IPOption_NOP",
    "IPOption_RR", "IPOption_Timestamp", "IPOption_LSRR", "IPOption_SSRR", "IPOption_Router_Alert",
    "IPOption_Security", "IPOption_Stream_Id", "IPOption_MTU_Probe", "IPOption_MTU_Reply", "IPOption_Traceroute",
)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Who a frame is from and for, unless it says so itself."""

    source_mac: str
    source: str
    destination_mac: str
    destination: str


@cache
def load() -> dict[str, type[Packet]]:
    """Import scapy; return the layers by name."""
    from scapy.config import conf

    conf.route_autoload = False
    conf.route6_autoload = False
    from scapy.base_classes import Net
    from scapy.contrib import igmp
    from scapy.layers import dhcp, dns, inet, l2
    from scapy.packet import Padding, Raw
    from scapy.utils6 import Net6

    found: dict[str, type[Packet]] = {"Raw": Raw, "Padding": Padding, "IGMP": vars(igmp)["IGMP"]}
    for name in NAMES:
        for module in (l2, inet, dns, dhcp):
            if name in vars(module):
                found.setdefault(name, vars(module)[name])
    # Whatever field an address stands in, and however deep: a name there is not looked up, a neighbour not asked for.
    for network in (Net, Net6):
        network.name2addr = classmethod(_no_name)  # type: ignore[assignment]
    conf.neighbor.resolvers.clear()
    return found


class NameAsked(CommandError):
    """A name stands where an address belongs."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name!r} is a name, and nothing that is crafted is looked up: write an address such as "
                         "192.168.1.1")


def _no_name(network: type[Any], name: str) -> str:
    try:
        socket.inet_pton(network.family, name)
    except OSError:
        raise NameAsked(str(name)) from None
    return name


def loaded() -> bool:
    """Tell whether the next frame is crafted at once."""
    return bool(load.cache_info().currsize)


def complete(packet: Packet, ends: Endpoints) -> bytes:
    """Give a packet what it lacks (Ethernet, addresses), and return its bytes; CommandError if it cannot be built."""
    layers = load()
    if not isinstance(packet, layers["Ether"]):
        packet = layers["Ether"](type=0x0806 if isinstance(packet, layers["ARP"]) else 0x0800) / packet
    _address(packet, ends)
    try:
        frame = bytes(packet)
    except NameAsked:
        raise
    except Exception as problem:  # scapy raises whatever its fields raise
        raise CommandError(f"scapy cannot build it: {problem}. Look at the values once more") from None
    if len(frame) > MAX_FRAME:
        raise CommandError(f"the frame has {len(frame):,} bytes; {MAX_FRAME:,} is the most that fits onto the wire")
    return frame


MAX_FRAME = 65_549
"""Bytes of a frame: Ethernet's header, and the largest packet that IPv4 can describe."""


def _address(packet: Packet, ends: Endpoints) -> None:
    """Fill the addresses that scapy would ask the machine for."""
    layers = load()
    at: Any = packet
    outer = True
    while at is not None and at.fields_desc:
        given = at.fields
        if isinstance(at, layers["Ether"]):
            given.setdefault("src", ends.source_mac)
            asks = isinstance(at.payload, layers["ARP"]) and at.payload.fields.get("op", 1) in (1, "who-has")
            given.setdefault("dst", "ff:ff:ff:ff:ff:ff" if asks else ends.destination_mac)
        elif isinstance(at, layers["ARP"]):
            given.setdefault("hwsrc", ends.source_mac)
            given.setdefault("psrc", ends.source)
            given.setdefault("pdst", ends.destination)
            given.setdefault("hwdst", "00:00:00:00:00:00")
        elif isinstance(at, (layers["IP"], layers["IPerror"])):
            given.setdefault("src", ends.source if outer else ends.destination)
            given.setdefault("dst", ends.destination if outer else ends.source)
            outer = False
        at = at.payload
