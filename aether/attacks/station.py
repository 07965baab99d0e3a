"""The attacker: a station on the lab's link, with addresses that nobody there has."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from aether.streams import Stream
from aether.timers import NEVER, Sleeper
from aether.wire import arp, ethernet, icmp, ipv4, tcp
from aether.wire.error import WireError

if TYPE_CHECKING:
    from aether.link.port import Port
    from aether.world import World

MAC = b"\x02\x00\x00\x00\x00\x66"
LATENCY = 200
"""Microseconds that the attacker takes to react."""
LINK = "lan"
OWN, TRUSTED = 66, 77
"""Last bytes of the attacker's own address, and of one that it pretends to be."""
MSS = tcp.build_options(mss=1460)
PORTS = range(2000, 60_000)
"""Where the ports of an attack are drawn from, so that one does not meet what is left of another."""
SPOOFED = range(100, 250)
"""Last bytes of addresses that it invents."""
HEARD = 4096
"""Frames that wait to be looked at, at the most."""


class VictimSegment:
    """A TCP segment of the victim's."""

    __slots__ = ("destination", "header", "payload", "source")

    def __init__(self, source: bytes, destination: bytes, header: tcp.TcpHeader, payload: bytes) -> None:
        self.source = source
        self.destination = destination
        self.header = header
        self.payload = payload


class Station(Sleeper):
    """What every attacker can do: hear, be found by ARP, and put frames in front of the victim."""

    __slots__ = ("echoes", "heard", "inside", "port", "sent", "stream", "victim_ip", "victim_mac", "world")

    def __init__(self, world: World, victim: str, victim_ip: bytes, victim_mac: bytes) -> None:
        """`victim` is ``you`` or ``host``: at which end of the link it is."""
        super().__init__()
        self.world = world
        self.port: Port = world.links[LINK].left
        """Our end of the link; frames are put in front of it, or leave through it."""
        self.inside = victim == "you"
        """Whether the victim is at our end."""
        self.victim_ip = victim_ip
        self.victim_mac = victim_mac
        self.heard: deque[bytes] = deque(maxlen=HEARD)
        self.echoes = 0
        """Echo replies that were heard."""
        self.sent = 0
        self.stream = Stream(world.seed, "attack", str(world.occurrence))

    def address(self, last: int) -> bytes:
        """Return an address of the lab's network."""
        return self.victim_ip[:3] + bytes((last,))

    def spoofed(self) -> bytes:
        """Return an address that nobody has, another each time."""
        while True:
            found = self.address(SPOOFED.start + self.stream.below(len(SPOOFED)))
            if found != self.victim_ip:
                return found

    def listen(self) -> None:
        """Hear what passes on the link from now on."""
        for port in (self.port, self.port.peer):
            port.ear = self

    def leave(self) -> None:
        """Hear no more, and wait for nothing."""
        self.heard.clear()
        for port in (self.port, self.port.peer):
            if port.ear is self:
                port.ear = None
        self.world.queue.wake(self, NEVER)

    def hear(self, frame: bytes) -> None:
        """A frame passes; what the victim's means is seen to in an occurrence of its own."""
        if frame[26:30] != self.victim_ip and frame[28:32] != self.victim_ip:  # the sender in IPv4, and in ARP
            return
        self.heard.append(frame)
        at = self.world.now + LATENCY
        if at < self.wake_at:
            self.world.queue.wake(self, at)

    def put(self, frame: bytes) -> None:
        """Put a frame in front of the victim."""
        self.sent += 1
        if self.inside:
            self.port.inject(frame)
        else:
            self.port.transmit(frame)

    def packet(self, source: bytes, protocol: int, payload: bytes, **how: int | bool) -> None:
        """Send an IPv4 packet to the victim."""
        self.put(ethernet.build(
            self.victim_mac, MAC, ethernet.TYPE_IPV4,
            ipv4.build(source, self.victim_ip, protocol, payload, **how)))  # type: ignore[arg-type]

    def segment(
        self, source: bytes, port: int, to: int, seq: int, ack: int, flags: int, window: int = 64_240,
        options: bytes = b"", payload: bytes = b"",
    ) -> None:
        """Send a TCP segment to the victim."""
        self.packet(source, ipv4.PROTO_TCP, tcp.build(
            source, self.victim_ip, port, to, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, flags, window, options, payload))

    def ask(self, source: bytes, port: int, to: int, seq: int, window: int = 64_240) -> None:
        """Ask the victim for a connection."""
        self.segment(source, port, to, seq, 0, tcp.SYN, window, MSS)

    def accepts(self, segment: VictimSegment) -> bool:
        """Tell whether a segment grants the attacker's own address a connection that was asked for."""
        asked_by_us = segment.destination == self.address(OWN)
        return asked_by_us and segment.header.flags & (tcp.SYN | tcp.ACK) == tcp.SYN | tcp.ACK

    def claim(self, address: bytes) -> None:
        """Say in an ARP reply that an address is ours."""
        reply = arp.ArpPacket(arp.REPLY, MAC, address, self.victim_mac, self.victim_ip)
        self.put(ethernet.build(self.victim_mac, MAC, ethernet.TYPE_ARP, arp.build(reply)))

    def take_heard(self) -> list[VictimSegment]:
        """Answer questions for our own address, and return the segments that the victim has sent."""
        found = []
        while self.heard:
            frame = self.heard.popleft()
            try:
                _, _, kind = ethernet.parse(frame)
                if kind == ethernet.TYPE_ARP:
                    asked = arp.parse(frame[14:])
                    if asked.operation == arp.REQUEST and asked.target_ip == self.address(OWN) and (
                            asked.sender_ip == self.victim_ip):
                        self.claim(asked.target_ip)
                elif kind == ethernet.TYPE_IPV4:
                    if (segment := _segment(frame[14:])) is not None:
                        found.append(segment)
                    elif frame[23] == ipv4.PROTO_ICMP and frame[34] == icmp.ECHO_REPLY:
                        self.echoes += 1
            except WireError:
                continue
        return found


def _segment(packet: bytes) -> VictimSegment | None:
    header = ipv4.parse(packet)
    if header.protocol != ipv4.PROTO_TCP or header.more_fragments or header.fragment_offset:
        return None
    data = packet[header.header_length:header.total_length]
    found = tcp.parse(data)
    return VictimSegment(header.source, header.destination, found, bytes(data[found.header_length:]))
