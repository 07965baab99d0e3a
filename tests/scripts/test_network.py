"""Addresses that others claim, and routes that others choose: RFC 5227 §2.4, RFC 6274 §3.13.2.3."""

from __future__ import annotations

import pytest

from aether.laboratory import Laboratory
from aether.net.neighbours import DEFEND_INTERVAL
from aether.wire import arp, ethernet, ipv4
from aether.wire.address import BROADCAST_MAC

THIEF = b"\2\0\0\0\0\x66"


def claim(lab: Laboratory, operation: int) -> None:
    packet = arp.ArpPacket(operation, THIEF, lab.ours, bytes(6), lab.ours)
    lab.inject(ethernet.build(BROADCAST_MAC, THIEF, ethernet.TYPE_ARP, arp.build(packet)))


@pytest.mark.parametrize("operation", [arp.REQUEST, arp.REPLY])
def test_our_address_is_defended_once_in_ten_seconds(operation: int) -> None:
    """RFC 5227 §2.4: one announcement at the most within DEFEND_INTERVAL."""
    lab = Laboratory()
    for _ in range(5):
        claim(lab, operation)
    (frame,) = lab.sent()
    said = arp.parse(frame[14:])
    assert frame[:6] == BROADCAST_MAC
    assert (said.sender_mac, said.sender_ip, said.target_ip) == (lab.interface.mac, lab.ours, lab.ours)
    assert lab.host.drops == {"arp.bad_sender": 5}
    lab.advance(DEFEND_INTERVAL)
    claim(lab, operation)
    assert [(frame[12:14], frame[28:32]) for frame in lab.sent()] == [(b"\x08\x06", lab.ours)]


@pytest.mark.parametrize("option", [131, 137])
def test_source_routes_are_refused(option: int) -> None:
    """RFC 6274 §3.13.2.3: dropped by default, and nobody is told."""
    lab = Laboratory()
    packet = ipv4.build(lab.theirs, lab.ours, 99, b"x", options=bytes((option, 7, 4)) + lab.theirs + b"\0")
    lab.inject(ethernet.build(lab.interface.mac, b"\2\0\0\0\0\1", ethernet.TYPE_IPV4, packet))
    assert lab.host.drops == {"ipv4.source_route": 1}
    assert lab.sent() == []
