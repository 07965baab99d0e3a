"""The tables of fields, one module a protocol."""

from collections.abc import Sequence

from aether.filters.field import Field
from aether.filters.tables import arp, dhcp, dns, ethernet, events, frame, http, icmp, ip, tcp, udp

TABLES: dict[str, Sequence[Field]] = {
    "Frames": frame.FIELDS,
    "Ethernet": ethernet.FIELDS,
    "ARP": arp.FIELDS,
    "IPv4": ip.FIELDS,
    "ICMP": icmp.FIELDS,
    "UDP": udp.FIELDS,
    "TCP": tcp.FIELDS,
    "DNS": dns.FIELDS,
    "DHCP": dhcp.FIELDS,
    "HTTP": http.FIELDS,
    "Events": events.FIELDS,
}
"""Titles and fields, in the order of the docs."""
