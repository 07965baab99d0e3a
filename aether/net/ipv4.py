"""IPv4 in and out: validation, delivery to the transports, forwarding, routing (RFC 791, RFC 1122 §3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.net import options as ip_options
from aether.net.fragments import Fragments, cut
from aether.net.routes import Way
from aether.wire import icmp, ipv4
from aether.wire.address import BROADCAST_IP, is_multicast, show_ip
from aether.wire.error import WireError
from aether.wire.ethernet import HEADER_LENGTH

if TYPE_CHECKING:
    from aether.net.interface import Interface
    from aether.net.node import Node

ANY = b"\0\0\0\0"
WITHIN = (0, 127)
"""First bytes of addresses that mean this host, or this network (RFC 1122 §3.2.1.3): nothing is sent there."""
PATH_LIFETIME = 600_000_000
"""Microseconds after which a larger packet is tried again (RFC 1191 §6.3), as on Linux."""
LEAST_MTU = 552
"""Bytes; for a path that is said to take less, segments are made no smaller, but may be cut (RFC 5927 §7.2), as on
Linux."""
MAX_PATHS = 1024
SOURCE_ROUTES = (ipv4.OPTION_LOOSE_SOURCE_ROUTE, ipv4.OPTION_STRICT_SOURCE_ROUTE)
"""Options that are refused without an answer, for us and for others (RFC 6274 §3.13.2.3), as on Linux."""


class Ipv4:
    """The IPv4 layer of one host."""

    __slots__ = ("fragments", "host", "identification", "interfaces", "local", "path_mtus", "routes")
    UNHASHED = ("interfaces", "local", "routes")

    def __init__(self, host: Node) -> None:
        self.host = host
        self.interfaces, self.local, self.routes = host.interfaces, host.local, host.routes
        self.fragments = Fragments(host)
        self.identification = 0
        self.path_mtus: dict[bytes, tuple[int, int]] = {}
        """What routers said about the path to a destination: MTU in bytes, and until when that is believed."""

    def receive(self, frame: bytes, interface: Interface) -> None:
        """Handle a frame with an IPv4 packet in it."""
        host = self.host
        packet = frame[HEADER_LENGTH:]
        try:
            header = ipv4.parse(packet)
        except WireError as problem:
            host.drop(problem.reason, detail=problem.detail)
            if problem.reason == "ipv4.options":
                self._parameter_problem(packet, ipv4.parse_quoted(packet), problem, interface)
            return
        if self._bad_source(header, interface):
            host.drop("ipv4.bad_source", detail=show_ip(header.source))
            return
        if header.options and not self._options_are_good(packet, header, interface):
            return
        if is_multicast(header.destination) and not host.igmp.listens(header.destination, interface):
            host.drop("ipv4.not_member", detail=f"group {show_ip(header.destination)}")
            return
        if not self._is_for_us(header, interface):
            self._forward(packet, header, interface)
            return
        if header.more_fragments or header.fragment_offset:
            self.fragments.receive(packet, header, interface)
            return
        host.count("ipv4.received")
        self.deliver(packet, header, interface)

    def _options_are_good(self, packet: bytes, header: ipv4.Ipv4Header, interface: Interface) -> bool:
        """Discard a packet whose options are refused, or wrong; its sender is told of the latter."""
        host = self.host
        if any(kind in SOURCE_ROUTES for kind, _ in ipv4.parse_options(header.options)):
            host.drop("ipv4.source_route", detail=f"from {show_ip(header.source)}")
            return False
        try:
            ip_options.fill(header.options, ANY, host.local, host.now)
        except WireError as problem:
            host.drop(problem.reason, detail=problem.detail)
            self._parameter_problem(packet, header, problem, interface)
            return False
        return True

    def _parameter_problem(
        self, packet: bytes, header: ipv4.Ipv4Header, problem: WireError, interface: Interface
    ) -> None:
        """Tell a sender which byte of its header is wrong, if the packet was for us or to be passed on.

        RFC 1122 §3.2.2.5, RFC 1812 §4.3.3.5.
        """
        if self._bad_source(header, interface):
            return
        if self.host.knobs.ipv4_forward or self._is_unicast(header.destination):
            self.host.icmp.error(icmp.PARAMETER_PROBLEM, 0, packet, rest=problem.offset << 24)

    def deliver(self, packet: bytes, header: ipv4.Ipv4Header, interface: Interface) -> None:
        """Hand a whole packet to its transport protocol."""
        host = self.host
        payload = packet[header.header_length:header.total_length]
        protocol = header.protocol
        if protocol == ipv4.PROTO_TCP:
            host.tcp.receive(payload, header)
        elif protocol == ipv4.PROTO_UDP:
            host.udp.receive(payload, header, packet, interface.index)
        elif protocol == ipv4.PROTO_ICMP:
            host.icmp.receive(payload, header, interface)
        elif protocol == ipv4.PROTO_IGMP:
            host.igmp.receive(payload, header, interface)
        else:
            host.drop("ipv4.protocol", detail=f"protocol {protocol}")
            if self._is_unicast(header.destination):
                host.icmp.error(icmp.DESTINATION_UNREACHABLE, icmp.PROTOCOL_UNREACHABLE, packet)

    def _is_for_us(self, header: ipv4.Ipv4Header, interface: Interface) -> bool:
        destination = header.destination
        if destination in self.host.local or destination == BROADCAST_IP or is_multicast(destination):
            return True
        if not interface.addresses:
            # A host without an address takes what a DHCP server sends to its hardware address (RFC 2131 §4.1).
            return header.protocol == ipv4.PROTO_UDP
        return any(destination == address.broadcast for address in interface.addresses)

    def _is_unicast(self, destination: bytes) -> bool:
        return destination in self.host.local

    def _bad_source(self, header: ipv4.Ipv4Header, interface: Interface) -> bool:
        """Tell whether a source address can be no host's (RFC 1122 §3.2.1.3).

        Who has none yet, 0.0.0.0, speaks to all or to a group, and expects no answer there.
        """
        source, to = header.source, header.destination
        first = source[0]
        host = self.host
        if not first:
            return source != ANY or not (to == BROADCAST_IP or is_multicast(to))
        return first >= 224 or first == 127 or (source in host.local and not host.knobs.ipv4_own_source) or any(
            source == address.broadcast for address in interface.addresses
        )

    def plausible(self, address: bytes) -> bool:
        """Tell whether an address can be that of another host (RFC 1122 §3.2.1.3)."""
        return address not in self.host.local and self.can_be_host(address)

    def can_be_host(self, address: bytes) -> bool:
        """Tell whether an address can be that of one host: of no group, nor of all, nor none, nor within a host."""
        return 0 < address[0] < 224 and address[0] != 127 and not any(
            address == one.broadcast for interface in self.host.interfaces for one in interface.addresses)

    def _forward(self, packet: bytes, header: ipv4.Ipv4Header, interface: Interface) -> None:
        host = self.host
        if not host.knobs.ipv4_forward:
            host.drop("ipv4.not_for_us", detail=f"for {show_ip(header.destination)}")
            return
        if header.ttl <= 1:
            host.drop("ipv4.ttl", detail=f"for {show_ip(header.destination)}")
            host.icmp.error(icmp.TIME_EXCEEDED, icmp.TTL_EXCEEDED, packet)
            return
        route = host.routes.find(header.destination)
        if route is None:
            host.drop("ipv4.no_route", detail=show_ip(header.destination))
            host.icmp.error(icmp.DESTINATION_UNREACHABLE, icmp.NETWORK_UNREACHABLE, packet)
            return
        out = host.interfaces[route.interface]
        if header.total_length > out.mtu and header.dont_fragment:
            host.drop("ipv4.too_big", detail=f"{header.total_length} bytes, and the MTU is {out.mtu}")
            host.icmp.error(icmp.DESTINATION_UNREACHABLE, icmp.FRAGMENTATION_NEEDED, packet, rest=out.mtu)
            return
        if host.observer is not None:
            host.observer(host.name, "ipv4.forwarded", header.source, header.destination, header.ttl - 1)
        next_hop = route.gateway or header.destination
        passed_on = ipv4.decrement_ttl(packet[:header.total_length])
        if header.options:
            passed_on = self._with_options_filled_in(passed_on, out, next_hop)
        for piece in self._fitting(passed_on, header.identification, out.mtu):
            out.neighbours.send(next_hop, piece)

    def _with_options_filled_in(self, packet: bytes, out: Interface, next_hop: bytes) -> bytes:
        """Return a packet that is passed on, with our mark on it (RFC 1812 §4.2.2.2, §5.2.4.1)."""
        header = ipv4.parse_quoted(packet)
        filled = ip_options.fill(header.options, out.source(next_hop), self.host.local, self.host.now)
        return ipv4.build(
            header.source, header.destination, header.protocol, packet[header.header_length:], ttl=header.ttl,
            tos=header.tos, identification=header.identification, dont_fragment=header.dont_fragment,
            more_fragments=header.more_fragments, fragment_offset=header.fragment_offset, options=filled)

    def _fitting(self, packet: bytes, identification: int, mtu: int) -> list[bytes]:
        """Return a packet, cut into fragments if it is larger than the MTU."""
        if len(packet) <= mtu:
            return [packet]
        pieces = cut(packet, mtu)
        self.host.count("ipv4.fragments_sent", len(pieces))
        if self.host.observer is not None:
            self.host.observer(self.host.name, "ipv4.fragmented", identification, len(pieces))
        return pieces

    @property
    def direct(self) -> Ipv4:
        """This layer itself, whose frames are simple enough to be composed and read in one go."""
        return self

    def is_everybody(self, address: bytes) -> bool:
        """Tell whether an address is that of all on a link."""
        return address == BROADCAST_IP or any(
            address == one.broadcast for interface in self.host.interfaces for one in interface.addresses)

    def is_group(self, address: bytes) -> bool:
        """Tell whether an address is a group's."""
        return is_multicast(address)

    def source_for(self, destination: bytes, everybody: bool = False) -> bytes | None:
        """Return the address that we send from to reach a destination (RFC 1122 §3.3.4); None without a route.

        Without an interface there is none (RFC 1122 §3.3.1.1).

        With `everybody` 255.255.255.255 needs none. To 0.0.0.0 or 127.0.0.1 nothing leaves a host (RFC 1122 §3.2.1.3).
        """
        if destination in self.host.local:
            return destination
        route = self.host.routes.find(destination) if destination[0] not in WITHIN else None
        if route is None:
            to_all = is_multicast(destination) or (everybody and destination == BROADCAST_IP)
            return self.host.address if to_all and self.host.interfaces else None
        return self.host.interfaces[route.interface].source(route.gateway or destination)

    def find_way(self, destination: bytes) -> Way | None:
        """Return the first step to a destination, and remember it; None if it is not plain, or not known yet."""
        host = self.host
        route = host.routes.find(destination)
        if route is None or not self.plausible(destination):
            return None
        interface = host.interfaces[route.interface]
        hop = interface.neighbours.entries.get(route.gateway or destination)
        if hop is None or interface.port is None:
            return None
        if len(host.routes.ways) >= MAX_PATHS:
            host.routes.ways.clear()
        host.routes.ways[destination] = way = Way(interface, hop, self)
        return way

    def mtu_for(self, destination: bytes) -> int:
        """Return the largest packet, in bytes, that can go to a destination without being cut."""
        mtu = self.link_mtu_for(destination)
        return min(mtu, max(self._learned(destination), LEAST_MTU))

    def _learned(self, destination: bytes) -> int:
        """Return what was claimed lately to be a path's MTU, however small; 65535 if nothing was."""
        if destination in self.path_mtus:
            learned, until = self.path_mtus[destination]
            if self.host.now < until:
                return learned
            del self.path_mtus[destination]
        return ipv4.MAX_LENGTH

    def may_be_cut(self, destination: bytes) -> bool:
        """Tell whether a path takes less than we make packets for: they arrive only if they may be cut on their way."""
        return self._learned(destination) < LEAST_MTU

    def link_mtu_for(self, destination: bytes) -> int:
        """Return the largest packet, in bytes, that the interface towards a destination takes."""
        route = self.host.routes.find(destination)
        return self.host.interfaces[route.interface].mtu if route else 1500

    def room_for(self, destination: bytes) -> int:
        """Return the largest payload, in bytes, that can go to a destination in one packet without being cut."""
        return self.mtu_for(destination) - ipv4.MIN_HEADER_LENGTH

    def link_room_for(self, destination: bytes) -> int:
        """Return the largest payload, in bytes, that the interface towards a destination takes in one packet."""
        return self.link_mtu_for(destination) - ipv4.MIN_HEADER_LENGTH

    def largest_for(self, destination: bytes) -> int:
        """Return the largest payload, in bytes, that can go to a destination at all."""
        return ipv4.MAX_LENGTH - ipv4.MIN_HEADER_LENGTH

    def narrowed(self, destination: bytes, mtu: int) -> int:
        """Take an error that says a path takes packets of `mtu` bytes; return the room in such a packet, in bytes."""
        self.learn_mtu(destination, mtu)
        return mtu - ipv4.MIN_HEADER_LENGTH

    def no_port(self, packet: bytes) -> None:
        """Tell the sender of a packet that nobody here waits for it (RFC 1122 §4.1.3.1)."""
        self.host.icmp.error(icmp.DESTINATION_UNREACHABLE, icmp.PORT_UNREACHABLE, packet)

    def join(self, group: bytes, index: int | None = None) -> int:
        """Join a group; return the index of the interface. OSError ENODEV, EINVAL, ENOBUFS."""
        interface = self.host.igmp.interface_for(group, index)
        self.host.igmp.join(group, interface)
        return interface.index

    def leave(self, group: bytes, index: int) -> None:
        """Leave a group that was joined; OSError ENODEV, EADDRNOTAVAIL."""
        self.host.igmp.leave(group, self.host.igmp.interface_for(group, index))

    def group_interface(self, group: bytes, index: int | None = None) -> int:
        """Return the index of the interface on which a group would be joined; OSError ENODEV."""
        return self.host.igmp.interface_for(group, index).index

    def learn_mtu(self, destination: bytes, mtu: int) -> bool:
        """Believe for ten minutes that a path takes no larger packets (RFC 1191 §3, §6.3); False if it is no news."""
        if mtu >= min(self.mtu_for(destination), self._learned(destination)):
            return False
        while len(self.path_mtus) >= MAX_PATHS:
            del self.path_mtus[next(iter(self.path_mtus))]
        self.path_mtus[destination] = mtu, self.host.now + PATH_LIFETIME
        if self.host.observer is not None:
            self.host.observer(self.host.name, "ipv4.pmtu", destination, mtu, "fragmentation needed")
        return True

    def send(
        self, destination: bytes, protocol: int, payload: bytes, *,
        source: bytes | None = None, ttl: int = 0, tos: int = 0, dont_fragment: bool = True, options: bytes = b"",
        interface: Interface | None = None,
    ) -> bool:
        """Send a packet, in fragments if it is larger than the MTU and may be cut.

        `ttl` 0 is the host's own, or 1 for a group (RFC 1112 §6.1); without an `interface` the routes tell.
        Return False, with a drop counted, if there is no way.
        """
        host = self.host
        route = host.routes.find(destination) if interface is None and destination[0] not in WITHIN else None
        if route is not None:
            interface = host.interfaces[route.interface]
        elif interface is None:
            if not (destination == BROADCAST_IP or is_multicast(destination)) or not host.interfaces:
                host.drop("ipv4.no_route", detail=show_ip(destination))
                return False
            interface = host.interfaces[0]
        if not ttl:
            ttl = 1 if is_multicast(destination) else host.knobs.ipv4_ttl
        length = len(payload) + ipv4.MIN_HEADER_LENGTH + len(options)
        mtu = interface.mtu
        if protocol != ipv4.PROTO_TCP and destination in self.path_mtus:  # TCP fits its segments to the path itself
            mtu = self.mtu_for(destination)
        if length > mtu and (dont_fragment or length > ipv4.MAX_LENGTH):
            host.drop("ipv4.too_big", detail=f"{length} bytes, and the MTU is {mtu}")
            return False
        self.identification = (self.identification + 1) & 0xFFFF
        next_hop = (route.gateway if route is not None else None) or destination
        if source is None:
            source = interface.source(next_hop)
        packet = ipv4.build(
            source, destination, protocol, payload, ttl=ttl, tos=tos,
            identification=self.identification, dont_fragment=dont_fragment, options=options,
        )
        for piece in self._fitting(packet, self.identification, mtu):
            self._transmit(piece, destination, next_hop, interface)
        return True

    def _transmit(self, packet: bytes, destination: bytes, next_hop: bytes, interface: Interface) -> None:
        if destination == BROADCAST_IP or any(destination == a.broadcast for a in interface.addresses):
            interface.neighbours.broadcast(packet)
        elif is_multicast(destination):
            interface.neighbours.multicast(destination, packet)
        else:
            interface.neighbours.send(next_hop, packet)

    def unreachable(self, packet: bytes) -> None:
        """Tell the sender of a packet, us or another, that its next hop does not answer (RFC 1812 §5.2.7.1)."""
        try:
            header = ipv4.parse(packet)
        except WireError:
            return
        if header.source in self.host.local:
            self.host.icmp.report(icmp.DESTINATION_UNREACHABLE, icmp.HOST_UNREACHABLE, 0, packet, header.source)
        else:
            self.host.icmp.error(icmp.DESTINATION_UNREACHABLE, icmp.HOST_UNREACHABLE, packet)
