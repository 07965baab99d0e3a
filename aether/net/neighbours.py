"""Neighbours on a link: their hardware addresses by ARP (RFC 826, RFC 1122 §2.3.2).

An entry is *incomplete* until somebody answers, *reachable* while it was confirmed lately,
*stale* afterwards, and in *probe* while it is used and asked about again. A stale entry
keeps working: an active peer is never lost to a time-out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aether.timers import NEVER, Sleeper
from aether.wire import arp, ethernet
from aether.wire.address import BROADCAST_MAC, show_ip, show_mac
from aether.wire.error import WireError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aether.net.interface import Interface
    from aether.surroundings import Surroundings

INCOMPLETE, REACHABLE, STALE, PROBE = "incomplete", "reachable", "stale", "probe"
FRESH = (REACHABLE, PROBE)
"""States in which a packet may leave at once, and nothing else has to be done."""
RETRY = 1_000_000
"""Microseconds between two requests for the same address: at most one a second (RFC 1122 §2.3.2.1)."""
ATTEMPTS = 3
MAX_WAITING = 128
"""Packets kept for a neighbour that has not answered yet: RFC 1122 §2.3.2.2 asks for at least one, and the fragments
of the largest packet are 45 on Ethernet."""
MAX_ENTRIES = 1024
DEFEND_INTERVAL = 10_000_000
"""Microseconds between two announcements that defend an address (RFC 5227 §1.1)."""


class Owner(Protocol):
    """What is asked of the network layer, whose packets these are."""

    @property
    def local(self) -> Mapping[bytes, Interface]:
        """The addresses that are ours, on any interface."""

    def unreachable(self, packet: bytes) -> None:
        """Tell the sender of a packet that its next hop does not answer."""


class Contender(Protocol):
    """An address that we would like to use."""

    def contest(self, mac: bytes) -> None:
        """Take notice that another station uses the address, or probes for it too."""


class Neighbour:
    """What is known of one neighbour."""

    __slots__ = ("address", "attempts", "deadline", "mac", "state", "waiting")

    def __init__(self, address: bytes) -> None:
        self.address = address
        self.mac = b""
        self.state = INCOMPLETE
        self.attempts = 0
        self.deadline = NEVER
        self.waiting: list[bytes] = []
        """IPv4 packets that leave as soon as the address is known."""


class Neighbours(Sleeper):
    """The ARP cache of one interface, and its packets that wait for an answer."""

    __slots__ = ("claimant", "claims", "defended_at", "entries", "host", "interface", "network", "probed")
    UNHASHED = ("network",)

    def __init__(self, host: Surroundings, interface: Interface, network: Owner) -> None:
        super().__init__()
        self.host = host
        self.interface = interface
        self.network = network
        self.entries: dict[bytes, Neighbour] = {}
        self.claims: dict[bytes, Contender] = {}
        """Addresses of ours that are not in use yet, or just announced."""
        self.defended_at = -DEFEND_INTERVAL
        """When we last defended an address of ours, in microseconds."""
        self.probed: bytes = b""
        """An address that we would like to use, while we listen whether somebody has it."""
        self.claimant: bytes = b""
        """The hardware address of whoever has, or wants, the probed address."""

    def send(self, next_hop: bytes, packet: bytes) -> None:
        """Send an IPv4 packet to a neighbour, asking for its hardware address first if need be."""
        entry = self.entries.get(next_hop)
        if entry is not None and entry.mac:
            if entry.state == STALE:
                self._probe(entry)
            self._transmit(entry.mac, packet)
            return
        if entry is None:
            entry = self._add(next_hop)
        if len(entry.waiting) >= MAX_WAITING:
            entry.waiting.pop(0)
            self.host.drop("arp.queue_full", detail=f"for {show_ip(next_hop)}")
        entry.waiting.append(packet)
        if self.host.observer is not None:
            self.host.observer(self.host.name, "arp.queued", next_hop, len(entry.waiting))
        if entry.deadline == NEVER:
            self._ask(entry)

    def broadcast(self, packet: bytes) -> None:
        """Send an IPv4 packet to every station on the link."""
        self._transmit(BROADCAST_MAC, packet)

    def multicast(self, group: bytes, packet: bytes) -> None:
        """Send an IPv4 packet to the group's Ethernet address (RFC 1112 §6.4)."""
        self._transmit(b"\x01\x00\x5e" + bytes((group[1] & 0x7F,)) + group[2:], packet)

    def ask(self, address: bytes) -> None:
        """Ask who has an address, whatever is known already: packets wait for the answer, and it is believed."""
        entry = self.entries.get(address) or self._add(address)
        if entry.mac:
            entry.mac, entry.attempts = b"", 0
            self._become(entry, INCOMPLETE, "asked for again")
        self._ask(entry)

    def clear(self) -> int:
        """Forget every neighbour; return how many there were."""
        count = len(self.entries)
        for entry in list(self.entries.values()):
            self._give_up(entry, "arp.unresolved")
        return count

    def announce(self, address: bytes) -> None:
        """Tell everybody that an address is ours (RFC 5227 §3)."""
        self._arp(arp.REQUEST, BROADCAST_MAC, b"\0" * 6, address, address)

    def probe(self, address: bytes) -> None:
        """Ask whether anybody uses an address before we do (RFC 5227 §2.1.1); `claimant` tells."""
        self.probed, self.claimant = address, b""
        self.ask_for_nobody(address)

    def ask_for_nobody(self, address: bytes) -> None:
        """Ask who has an address without saying who asks, so that no cache learns anything (RFC 5227 §2.1.1)."""
        self._arp(arp.REQUEST, BROADCAST_MAC, b"\0" * 6, address, b"\0\0\0\0")

    def receive(self, frame: bytes) -> None:
        """Handle an ARP packet (RFC 826, "Packet Reception")."""
        host = self.host
        try:
            packet = arp.parse(memoryview(frame)[ethernet.HEADER_LENGTH:])
        except WireError as problem:
            host.drop(problem.reason, detail=problem.detail)
            return
        if packet.sender_mac[0] & 1 or packet.sender_mac == self.interface.mac:
            host.drop("arp.bad_sender", detail=show_mac(packet.sender_mac))
            return
        wanted = packet.target_ip if packet.sender_ip == b"\0\0\0\0" else packet.sender_ip
        if self.probed and wanted == self.probed:
            self.claimant = packet.sender_mac
        claim = self.claims.get(wanted)
        if claim is not None:
            claim.contest(packet.sender_mac)
        if packet.sender_ip in self.network.local:
            if host.observer is not None:
                host.observer(host.name, "arp.conflict", packet.sender_ip, packet.sender_mac)
            host.drop("arp.bad_sender", detail=f"{show_mac(packet.sender_mac)} claims our {show_ip(packet.sender_ip)}")
            self._defend(packet.sender_ip)
            return
        for_us = self.network.local.get(packet.target_ip) is self.interface
        if packet.operation == arp.REQUEST:
            believed = False
            if packet.sender_ip != b"\0\0\0\0" and (for_us or packet.sender_ip in self.entries):
                believed = self._learn(packet.sender_ip, packet.sender_mac, "request", solicited=for_us)
            if for_us:
                self._arp(arp.REPLY, packet.sender_mac, packet.sender_mac, packet.sender_ip, packet.target_ip)
            elif not (believed and packet.target_ip == packet.sender_ip):  # an announcement is for whoever knows it
                host.drop("arp.not_for_us", detail=f"asks for {show_ip(packet.target_ip)}")
        else:
            self._reply(packet)

    def overhear(self, frame: bytes, believed: bool) -> None:
        """Learn from an ARP packet that another worker of this host answers, and counts if it is discarded.

        `believed` says that it has asked for this answer. What nobody has asked for may confirm what is known, no more,
        and no group or host without an address is a neighbour (RFC 1812 §3.3.2, RFC 5227 §2.1.1).
        """
        try:
            packet = arp.parse(memoryview(frame)[ethernet.HEADER_LENGTH:])
        except WireError:
            return
        address, mac = packet.sender_ip, packet.sender_mac
        if mac[0] & 1 or mac == self.interface.mac or address in self.network.local or address == b"\0\0\0\0":
            return
        entry = self.entries.get(address)
        if packet.operation == arp.REQUEST:
            self._learn(address, mac, "request", solicited=False)
        elif believed or self.awaits(address, mac) or (entry is not None and entry.mac == mac):
            self._learn(address, mac, "reply", solicited=True)

    def awaits(self, address: bytes, mac: bytes) -> bool:
        """Tell whether we have asked who has an address, and would believe that it is `mac`."""
        entry = self.entries.get(address)
        asked = entry is not None and (entry.state == INCOMPLETE or (entry.state == PROBE and entry.mac == mac))
        return asked or bool(self.host.knobs.arp_unsolicited)

    def _defend(self, address: bytes) -> None:
        """Say once in a while that an address is ours, and keep it (RFC 5227 §2.4, the third way)."""
        if self.network.local.get(address) is self.interface and self.host.now - self.defended_at >= DEFEND_INTERVAL:
            self.defended_at = self.host.now
            self._arp(arp.REQUEST, BROADCAST_MAC, b"\0" * 6, address, address)

    def _reply(self, packet: arp.ArpPacket) -> None:
        entry = self.entries.get(packet.sender_ip)
        # Where several workers share a host, what confirms the known is likely an answer to another one of them.
        confirms = self.host.world.stride > 1 and entry is not None and entry.mac == packet.sender_mac
        if confirms or self.awaits(packet.sender_ip, packet.sender_mac):
            self._learn(packet.sender_ip, packet.sender_mac, "reply", solicited=True)
        else:
            self.host.drop("arp.unsolicited", detail=f"{show_ip(packet.sender_ip)} is-at {show_mac(packet.sender_mac)}")

    def _learn(self, address: bytes, mac: bytes, how: str, solicited: bool) -> bool:
        """Take a neighbour's hardware address; return False if it is not believed, or not of interest."""
        entry = self.entries.get(address)
        if entry is not None and entry.mac and entry.mac != mac and not self.host.knobs.arp_unsolicited:
            self._probe(entry)  # believe the neighbour itself, not whoever claims its address
            return False
        if entry is None:
            if not solicited:
                return False
            entry = self._add(address)
        if entry.mac != mac and self.host.observer is not None:
            self.host.observer(self.host.name, "arp.learned", address, mac, how)
        entry.mac = mac
        entry.attempts = 0
        self._become(entry, REACHABLE, how)
        self._arm(entry, self.host.now + self.host.knobs.arp_timeout)
        waiting, entry.waiting = entry.waiting, []
        for packet in waiting:
            self._transmit(mac, packet)
        return True

    def _add(self, address: bytes) -> Neighbour:
        if len(self.entries) >= MAX_ENTRIES:
            self._evict()
        self.entries[address] = entry = Neighbour(address)
        return entry

    def _evict(self) -> None:
        """Make room: a stale neighbour goes first, then whoever was added first."""
        for entry in self.entries.values():
            if entry.state in (STALE, INCOMPLETE):
                break
        else:
            entry = next(iter(self.entries.values()))
        self._give_up(entry, "arp.unresolved")

    def _probe(self, entry: Neighbour) -> None:
        if entry.state != PROBE:
            entry.attempts = 0
            self._become(entry, PROBE, "in use, and not confirmed lately")
            self._ask(entry)

    def _ask(self, entry: Neighbour) -> None:
        if not self.interface.addresses:
            return
        entry.attempts += 1
        if self.host.observer is not None:
            self.host.observer(self.host.name, "arp.asked", entry.address, entry.attempts)
        target = entry.mac if entry.state == PROBE else BROADCAST_MAC
        self._arp(arp.REQUEST, target, b"\0" * 6, entry.address, self.interface.source(entry.address))
        self._arm(entry, self.host.now + RETRY)

    def _arp(self, operation: int, to: bytes, target_mac: bytes, target_ip: bytes, sender_ip: bytes) -> None:
        packet = arp.ArpPacket(operation, self.interface.mac, sender_ip, target_mac, target_ip)
        if self.interface.port is not None:
            self.interface.port.transmit(ethernet.build(to, self.interface.mac, ethernet.TYPE_ARP, arp.build(packet)))

    def _transmit(self, mac: bytes, packet: bytes) -> None:
        if self.interface.port is not None:
            self.interface.port.transmit(mac + self.interface.mac + b"\x08\x00" + packet)

    def _become(self, entry: Neighbour, state: str, why: str) -> None:
        if entry.state != state:
            if self.host.observer is not None:
                self.host.observer(self.host.name, "arp.state", entry.address, entry.state, state, why)
            entry.state = state

    def _arm(self, entry: Neighbour, deadline: int) -> None:
        entry.deadline = deadline
        self.host.queue.wake(self, min(deadline, self.wake_at))

    def _give_up(self, entry: Neighbour, reason: str) -> None:
        self.entries.pop(entry.address, None)
        entry.state = INCOMPLETE  # whoever still holds it knows by that
        if entry.waiting:
            if self.host.observer is not None:
                self.host.observer(self.host.name, "arp.failed", entry.address, len(entry.waiting))
            for packet in entry.waiting:
                self.host.drop(reason, detail=f"no answer from {show_ip(entry.address)}")
                self.network.unreachable(packet)

    def wake(self, now: int) -> None:
        """Handle the entry whose time has come."""
        self.host.now = now
        due = min(self.entries.values(), key=_deadline, default=None)
        if due is not None and due.deadline <= now:
            due.deadline = NEVER
            if due.state == REACHABLE:
                self._become(due, STALE, "not confirmed lately")
            elif due.attempts < ATTEMPTS:
                self._ask(due)
            else:
                self._give_up(due, "arp.unresolved")
        self.host.queue.wake(self, min((entry.deadline for entry in self.entries.values()), default=NEVER))


def _deadline(entry: Neighbour) -> int:
    return entry.deadline
