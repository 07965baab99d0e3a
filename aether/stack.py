"""A host's stack: its interfaces and layers, and which of them a frame goes to first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from aether.knobs import Knobs, Value
from aether.net.icmp import Icmp
from aether.net.igmp import Igmp
from aether.net.interface import Interface
from aether.net.ipv4 import Ipv4
from aether.net.neighbours import Neighbours
from aether.net.node import Node
from aether.surroundings import Setting
from aether.tcp import arrival
from aether.tcp.layer import Ledger, Tcp
from aether.tcp.short import trace
from aether.udp import Udp
from aether.wire import ethernet

if TYPE_CHECKING:
    from aether.link.port import Port


class StackNetwork(Setting, Ledger, Protocol):
    """What a stack asks of the world that it lives in."""


class Stack(Node):
    """One complete stack. Everything in it changes only inside an occurrence of its world."""

    UNHASHED = ("elsewhere", "observer", "short_cuts", "supersegments")
    ipv4: Ipv4
    icmp: Icmp
    igmp: Igmp
    udp: Udp
    tcp: Tcp

    def __init__(self, name: str, knobs: Knobs | None = None) -> None:
        super().__init__(name, knobs)
        self.ipv4 = Ipv4(self)
        self.icmp = Icmp(self)
        self.igmp = Igmp(self)
        self.udp = Udp(self, self.ipv4)
        self.tcp = Tcp(self, self.ipv4)

    def join(self, world: StackNetwork) -> None:
        """Become part of a world: take its queue, and streams of its randomness."""
        self.world = world
        self.queue = world.queue
        self.tcp.join(world.seed, world)
        self.igmp.seed(world.seed)
        self.udp.seed(world.seed)

    def add_interface(self, mac: bytes, ip: bytes | None = None, prefix: int = 24, mtu: int = 1500) -> Interface:
        """Add an interface, with an address if one is given."""
        interface = Interface(len(self.interfaces), mac, mtu)
        interface.neighbours = Neighbours(self, interface, self.ipv4)
        self.interfaces.append(interface)
        if ip is not None:
            self.add_address(interface, ip, prefix)
        return interface

    def changes(self) -> None:
        """Predict nothing any more from what is about to change."""
        self.tcp.fast.forget()

    def turn(self, attribute: str, value: Value) -> None:
        """Give a knob a value, and let what waits for it go on."""
        super().turn(attribute, value)
        self.tcp.turned(attribute)

    def free_interface(self) -> int:
        """Return the index of the first interface without a link; IndexError if there is none."""
        for interface in self.interfaces:
            if interface.port is None:
                return interface.index
        raise IndexError(f"host {self.name} has no free interface")

    def receive(self, frame: bytes, index: int) -> None:
        """Handle a frame that arrived at interface `index`."""
        fast = self.tcp.fast
        if self.short_cuts and not index and (fast.shorts or fast.opens(frame)):
            fast.prepare(self.now)
            answer = fast.receive(frame, len(frame))
            if answer is not None:
                self.tcp.count_fast(1, 1 if answer else 0)
                if answer:
                    self.interfaces[0].port.transmit(answer)  # type: ignore[union-attr]
                return
        interface = self.interfaces[index]
        if len(frame) < ethernet.HEADER_LENGTH:
            self.drop("ethernet.truncated", detail=f"{len(frame)} bytes")
            return
        if frame[:6] != interface.mac and not frame[0] & 1:
            self.drop("ethernet.not_for_us")
            return
        ethertype = frame[12] << 8 | frame[13]
        if ethertype == ethernet.TYPE_IPV4:
            if arrival.arrives(self.tcp, self.ipv4, frame):
                return
            self.ipv4.receive(frame, interface)
        elif ethertype == ethernet.TYPE_ARP:
            interface.neighbours.receive(frame)
        elif ethertype == ethernet.TYPE_IPV6:
            self.drop("ethernet.ipv6_unsupported")
        elif ethertype <= 1500:
            self.drop("ethernet.ieee_802_3")
        else:
            self.drop("ethernet.unknown_type", detail=f"0x{ethertype:04x}")

    def foresees(self, port: Port, frame: bytes) -> bool:
        """Handle a frame that enters the link at `port` from outside, if it is as predicted; else return False."""
        return trace.arrives(self.tcp, port, frame)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "observer": None, "elsewhere": None}
