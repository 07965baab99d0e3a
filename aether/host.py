"""A host: interfaces, the layers of its stack, its applications, its knobs and counters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from aether.apps.dhcp_client import DhcpClient
from aether.apps.dns_resolver import Resolver
from aether.knobs import Knobs
from aether.link.processor import Processor
from aether.net.icmp import Icmp
from aether.net.igmp import Igmp
from aether.net.ipv4 import Ipv4
from aether.net.neighbours import Neighbours
from aether.net.routes import Routes
from aether.streams import Stream
from aether.tcp.layer import Tcp
from aether.timers import Queue
from aether.udp import Udp
from aether.wire import ethernet

if TYPE_CHECKING:
    from aether.events import Observer
    from aether.link.port import Port
    from aether.world import World


class Job(Protocol):
    """Something that the user started and that takes time: a ping, a download."""

    done: bool

    def report(self) -> Any:
        """Return how far it is, as plain data."""

    def cancel(self) -> None:
        """End it now."""


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


class Host:
    """One complete stack. Everything in it changes only inside an occurrence of its world."""

    UNHASHED = ("elsewhere", "observer", "quick", "supersegments")

    def __init__(self, name: str, knobs: Knobs | None = None) -> None:
        self.name = name
        self.now = 0
        """World time in microseconds, as of the occurrence that this host took part in last."""
        self.knobs = knobs or Knobs()
        self.drops: dict[str, int] = {}
        """How often each reason of `events.DROPS` discarded something."""
        self.counters: dict[str, int] = {}
        self.observer: Observer | None = None
        self.quick = False
        """Whether the short way may be taken for short connections; see `World.allow_short_cuts`."""
        self.elsewhere: Callable[[bytes], bool] | None = None
        """Set where other processes share this host: takes a packet that was put together here, if it is theirs."""
        self.supersegments = 0
        """Bytes of payload, of several segments, that may leave in one frame, to be cut up at the device; 0: none."""
        self.world: World
        self.queue: Queue
        self.interfaces: list[Interface] = []
        self.local: dict[bytes, Interface] = {}
        """Our own addresses and broadcast addresses, as the stack looks them up."""
        self.routes = Routes()
        self.ipv4 = Ipv4(self)
        self.icmp = Icmp(self)
        self.igmp = Igmp(self)
        self.udp = Udp(self)
        self.tcp = Tcp(self)
        self.resolver = Resolver(self)
        self.dhcp = DhcpClient(self)
        self.processor = Processor()
        self.jobs: dict[int, Job] = {}
        self.jobs_started = 0

    def join(self, world: World) -> None:
        """Become part of a world: take its queue, and streams of its randomness."""
        self.world = world
        self.queue = world.queue
        self.tcp.seed(world.seed)
        self.igmp.seed(world.seed)
        self.udp.seed(world.seed)
        self.resolver.seed(world.seed)
        self.dhcp.seed(world.seed)

    @property
    def models_processor(self) -> bool:
        """Whether frames have to wait for a core (`aether.link.processor`)."""
        return bool(self.knobs.loop_cost or self.knobs.loop_wake)

    def stream(self, *names: str) -> Stream:
        """Return a stream of randomness for one consumer at this host."""
        return Stream(self.world.seed, self.name, *names)

    def add_interface(self, mac: bytes, ip: bytes | None = None, prefix: int = 24, mtu: int = 1500) -> Interface:
        """Add an interface, with an address if one is given."""
        interface = Interface(len(self.interfaces), mac, mtu)
        interface.neighbours = Neighbours(self, interface)
        self.interfaces.append(interface)
        if ip is not None:
            self.add_address(interface, ip, prefix)
        return interface

    def add_address(self, interface: Interface, ip: bytes, prefix: int) -> None:
        """Give an interface an address, and a route to its network."""
        interface.addresses.append(Address(ip, prefix))
        self.routes.add(ip, prefix, None, interface.index)
        self._index_addresses()

    def remove_address(self, interface: Interface, ip: bytes) -> None:
        """Take an address away, with the route to its network unless another address is in it too."""
        for address in [a for a in interface.addresses if a.ip == ip]:
            interface.addresses.remove(address)
            if not any((other.mask, other.broadcast) == (address.mask, address.broadcast)
                       for other in interface.addresses):
                self.routes.remove(ip, address.prefix)
        self._index_addresses()

    def _index_addresses(self) -> None:
        self.tcp.fast.forget()
        self.local = {a.ip: i for i in self.interfaces for a in i.addresses}

    def free_interface(self) -> int:
        """Return the index of the first interface without a link; IndexError if there is none."""
        for interface in self.interfaces:
            if interface.port is None:
                return interface.index
        raise IndexError(f"host {self.name} has no free interface")

    @property
    def address(self) -> bytes:
        """The first address of the first interface; 0.0.0.0 if there is none yet."""
        addresses = self.interfaces[0].addresses
        return addresses[0].ip if addresses else b"\0\0\0\0"

    def receive(self, frame: bytes, index: int) -> None:
        """Handle a frame that arrived at interface `index`."""
        if self.quick and not index:
            fast = self.tcp.fast
            fast.prepare(self.now)
            answer = fast.receive(frame, len(frame))
            if answer is not None:
                self.count_fast(1, 1 if answer else 0)
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
            if self.tcp.arrives(frame):
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

    def drop(self, reason: str, conn: int = 0, detail: str = "") -> None:
        """Count, and report, that something received was discarded, and why."""
        self.drops[reason] = self.drops.get(reason, 0) + 1
        if self.observer is not None:
            self.observer(self.name, "drop", reason, conn, detail)

    def count(self, counter: str, amount: int = 1) -> None:
        """Add to one of this host's counters."""
        self.counters[counter] = self.counters.get(counter, 0) + amount

    def count_fast(self, received: int, sent: int) -> None:
        """Count what the fast path took and answered."""
        counters = self.counters
        if received:
            counters["ipv4.received"] = counters.get("ipv4.received", 0) + received
            counters["tcp.received"] = counters.get("tcp.received", 0) + received
        if sent:
            counters["tcp.sent"] = counters.get("tcp.sent", 0) + sent

    def add_job(self, job: Job) -> int:
        """Remember something that the user started; return its number."""
        self.jobs_started += 1
        self.jobs[self.jobs_started] = job
        while len(self.jobs) > MAX_JOBS:
            del self.jobs[next(iter(self.jobs))]
        return self.jobs_started

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "observer": None, "elsewhere": None}


MAX_JOBS = 64
"""How many of the user's jobs a host remembers; the oldest are forgotten first."""
