"""Which protocols are read. A new one is a module like those beside this one, and a line here."""

from __future__ import annotations

from aether.reading import (
    amsdu,
    arp,
    data,
    dhcp,
    dns,
    eth,
    gre,
    http,
    icmp,
    igmp,
    ip,
    ipv6,
    llc,
    loopback,
    mpls,
    ntp,
    ppp,
    radiotap,
    raw,
    sll,
    tcp,
    tls,
    udp,
    vlan,
    vxlan,
    wlan,
)
from aether.reading.tree import Protocol

PROTOCOLS: tuple[Protocol, ...] = (
    eth.PROTOCOL,
    vlan.PROTOCOL,
    vlan.OUTER,
    llc.PROTOCOL,
    arp.PROTOCOL,
    ip.PROTOCOL,
    ipv6.PROTOCOL,
    icmp.PROTOCOL,
    igmp.PROTOCOL,
    udp.PROTOCOL,
    tcp.PROTOCOL,
    dns.PROTOCOL,
    dns.MULTICAST,
    dhcp.PROTOCOL,
    http.PROTOCOL,
    tls.PROTOCOL,
    ntp.PROTOCOL,
    data.PROTOCOL,
    mpls.PROTOCOL,
    ppp.PROTOCOL,
    ppp.SESSION,
    ppp.DISCOVERY,
    gre.PROTOCOL,
    vxlan.PROTOCOL,
    sll.PROTOCOL,
    raw.PROTOCOL,
    loopback.PROTOCOL,
    radiotap.PROTOCOL,
    wlan.PROTOCOL,
    amsdu.PROTOCOL,
)
"""In the order of the docs."""
INSIDE: dict[tuple[str, int], Protocol] = {
    place: protocol for protocol in (*PROTOCOLS, dns.STREAM) for place in protocol.over}
"""Which protocol follows, by the field that says so and its value."""
