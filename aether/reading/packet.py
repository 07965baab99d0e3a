"""A frame as it is asked about: where its headers are, and what they hold, no more than is wanted.

Lenient where the stack is strict: what the stack would discard can still be asked about, as far as its bytes go. An
ICMP error quotes a packet; the quoted headers are read too, so a field may have several values, as in Wireshark. Each
frame is looked at alone: fragments are not put together, nor the segments of a stream.

Most frames are plain: one header of each kind, all of them whole. What their fixed headers hold is read at once, in one
go each; messages and options when somebody asks for them. Any other frame is read as a whole when it is asked about.

Between the link and the packet there may be tags and labels, and a packet may carry another one: each protocol says
what it carries (`Protocol.inner`), and what is inside is found by going from one to the next.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from aether.reading import amsdu, arp, eth, http, ip, ipv6, tcp_options
from aether.reading.context import IpLayer
from aether.reading.icmp import HEADER as ICMP_HEADER
from aether.reading.icmp import QUOTING
from aether.reading.ip import HEADER as IP_HEADER
from aether.reading.link import ETHERNET, LINK, LinkFrame
from aether.reading.protocols import INSIDE, PROTOCOLS
from aether.reading.tcp import HEADER as TCP_HEADER
from aether.reading.tcp import HTTP
from aether.reading.tcp import PORTS as TCP_PORTS
from aether.reading.tree import DEPTH, Cursor, Protocol, Tree, Values
from aether.reading.udp import HEADER as UDP_HEADER
from aether.reading.udp import PORTS

if TYPE_CHECKING:
    from aether.reading.context import Context
    from aether.reading.tree import Protocol, ReadLayer

ARP_HEADER = Struct("!HHBBH")
HEADERS: dict[str, Struct] = {
    "arp": ARP_HEADER, "ip": IP_HEADER, "icmp": ICMP_HEADER, "udp": UDP_HEADER, "tcp": TCP_HEADER}
"""The fixed headers that are read at once. `Dissected` has a tuple of layers under each of these names."""
ARP_ADDRESSES = 8
"""Where the addresses of an ARP packet begin."""
OPENED = frozenset(kind for (field, kind), protocol in INSIDE.items() if field == "eth.type" and protocol.inner)
"""EtherTypes of what carries something else."""
TUNNELS = frozenset(kind for (field, kind), protocol in INSIDE.items()
                    if field == "ip.proto" and (protocol.inner or protocol is ip.PROTOCOL))
TUNNEL_PORTS = frozenset(port for (field, port), protocol in INSIDE.items() if field == PORTS and protocol.inner)
CARRIERS = frozenset(protocol.name for protocol in PROTOCOLS if protocol.inner)
_STUB = Struct("!HHI")


class Transport:
    """What an IPv4 packet carries, a segment, a datagram or an ICMP message; or an ARP packet, which has no `ip`."""

    __slots__ = ("end", "header", "ip", "payload", "start")

    def __init__(self, header: tuple[int, ...], start: int, payload: int, end: int, ip: IpLayer) -> None:
        self.header = header
        self.start = start
        self.payload = payload
        self.end = end
        self.ip = ip

    @property
    def carried(self) -> int:
        """Return how many bytes it carries, by its packet's length: there are fewer if the frame was cut off."""
        ip = self.ip
        total: int = ip.header[2]
        return (ip.start + total if total >= self.payload - ip.start else self.end) - self.payload


class Arp:
    """An ARP packet, to the end of its addresses."""

    __slots__ = ("end", "header", "start")

    def __init__(self, header: tuple[int, ...], start: int, end: int) -> None:
        self.header = header
        """Hardware, protocol, both lengths, operation."""
        self.start = start
        self.end = end


class Dissected:
    """A frame, and what has been read of it."""

    __slots__ = (
        "_context", "_message", "_read", "arp", "data", "ethernet", "ethertype", "icmp", "ip", "plain", "stubs", "tcp",
        "udp", "wrapped")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.ethernet = len(data) >= 14 and data.__class__ is not LinkFrame
        self.ethertype = (data[12] << 8 | data[13]) if self.ethernet else -1
        self.arp: tuple[Arp, ...] = ()
        self.ip: tuple[IpLayer, ...] = ()
        self.tcp: tuple[Transport, ...] = ()
        self.stubs: tuple[Transport, ...] = ()
        """TCP headers of which an ICMP error quotes only the first 8 bytes: ports and sequence number."""
        self.udp: tuple[Transport, ...] = ()
        self.icmp: tuple[Transport, ...] = ()
        self.plain = True
        """Whether there is one header of each kind at most, and each is whole."""
        self._read: dict[str, Values] | None = None
        self._context: Context | None = None
        self._message: http.FirstLine | None = None
        self.wrapped: tuple[tuple[Protocol, int, int], ...] = ()
        """What is around the packet, apart from an ordinary frame of Ethernet: where each begins and ends."""
        if self.ethertype == 0x0800:
            self._read_ip(14, len(data), False)
        elif self.ethertype in arp.ETHERTYPES:
            self._read_arp(14, len(data))
        elif not self.ethernet or self.ethertype in OPENED or self.ethertype < eth.LEAST_TYPE:
            link_type = data.link_type if isinstance(data, LinkFrame) else ETHERNET
            self._open(LINK, link_type, 0, len(data))

    def _open(self, field: str, value: int, start: int, end: int) -> None:
        """Find what is inside, from a field that says what follows."""
        data = self.data
        while len(self.wrapped) < DEPTH:
            protocol = INSIDE.get((field, value))
            if protocol is ip.PROTOCOL:
                self._read_ip(start, end, False)
            elif protocol is arp.PROTOCOL:
                self._read_arp(start, end)
            elif protocol is ipv6.PROTOCOL or protocol is amsdu.PROTOCOL:
                self.plain = False  # it is not read further, or there may be several packets
            if protocol is None or protocol.inner is None:
                return
            self.wrapped = (*self.wrapped, (protocol, start, end))
            found = protocol.inner(data, start, end)
            if found is None:
                self.plain = False
                return
            field, value, start, end = found
        self.plain = False

    def _read_arp(self, start: int, limit: int) -> None:
        data = self.data
        if limit - start >= ARP_ADDRESSES:
            header = ARP_HEADER.unpack_from(data, start)
            end = start + ARP_ADDRESSES + 2 * (header[2] + header[3])
            if limit >= end:
                self.arp = (Arp(header, start, end),)
                return
        self.plain = False

    def _read_ip(self, start: int, limit: int, quoted: bool) -> None:
        data = self.data
        found = ip.locate(data, start, limit, quoted)
        if found is None:
            self.plain = False
            return
        self.ip += (found,)
        header, payload, end = found.header, found.payload, found.end
        fragment = header[4] & 0x3FFF
        if fragment:
            if fragment & 0x1FFF:
                return
            self.plain = False
        protocol = header[6]
        if protocol == 6:
            self._read_tcp(payload, end, found)
        elif protocol == 17:
            if end - payload < 8:
                self.plain = False
                return
            fields = UDP_HEADER.unpack_from(data, payload)
            stop = payload + fields[2] if 8 <= fields[2] <= end - payload else end
            self.udp = (*self.udp, Transport(fields, payload, payload + 8, stop, found))
            if (fields[1] in TUNNEL_PORTS or fields[0] in TUNNEL_PORTS) and not quoted:
                self._tunnel(PORTS, datagram_port(fields[0], fields[1]), payload + 8, stop)
        elif protocol == 1:
            self._read_icmp(payload, end, found)
        elif protocol in TUNNELS and not quoted:
            self._tunnel("ip.proto", protocol, payload, end)

    def _tunnel(self, field: str, value: int, start: int, end: int) -> None:
        self.plain = False
        if len(self.ip) < DEPTH and start < end:
            self._open(field, value, start, end)

    def _read_icmp(self, start: int, end: int, around: IpLayer) -> None:
        if end - start < 8:
            self.plain = False
            return
        header = ICMP_HEADER.unpack_from(self.data, start)
        self.icmp = (*self.icmp, Transport(header, start, start + 8, end, around))
        if header[0] in QUOTING and not around.quoted:
            self.plain = False
            self._read_ip(start + 8, end, True)

    def _read_tcp(self, start: int, end: int, around: IpLayer) -> None:
        if end - start < 20:
            self.plain = False
            if around.quoted and end - start >= 8:
                self.stubs = (*self.stubs, Transport(_STUB.unpack_from(self.data, start), start, end, end, around))
            return
        header = TCP_HEADER.unpack_from(self.data, start)
        payload = start + (header[4] >> 12 << 2)
        if 20 <= payload - start <= end - start:
            self.tcp += (Transport(header, start, payload, end, around),)
        else:
            self.plain = False

    @property
    def segments(self) -> tuple[Transport, ...]:
        """Return all TCP headers, whole or not."""
        return self.tcp + self.stubs

    @property
    def begins_http(self) -> bool:
        """Return whether an HTTP message begins here; quick when none does."""
        if not self.tcp or not self.data.startswith(http.BEGINNINGS, self.tcp[0].payload):
            return False
        message = self.http
        return message is not None and (message.is_request or message.is_response)

    @property
    def http(self) -> http.FirstLine | None:
        """Return the first line of what a segment carries; None where that is nothing."""
        if self._message is None and self.tcp and not self.tcp[0].ip.quoted:
            tcp = self.tcp[0]
            if tcp.payload < tcp.end:
                source, destination = tcp.header[:2]
                self._message = http.FirstLine(self.data[tcp.payload:tcp.end], http.on_port((source, destination)))
        return self._message

    def read(self, protocol: str, context: Context | None) -> Values:
        """Return what a reader finds: of a plain frame no more than the protocol has to say that is asked about."""
        known = self._read
        if known is None or self._context is not context:
            known = self._read = {}
            self._context = context
        if not self.plain:
            protocol = ""
        values = known.get(protocol)
        if values is None:
            values = known[protocol] = self._values(protocol, context)
        return values

    def _values(self, name: str, context: Context | None) -> Values:
        if not name or name in ("eth", "data") or (self.wrapped and (name in CARRIERS or not self.ip)):
            values = Values(self.data, context, INSIDE)
            values.read()
            return values
        values = Values(self.data, context, {})
        if name == "ip" and self.ip:
            here = self.ip[0]
            ip.read_options(Cursor(values, _NO_LAYER, here.start + 20, here.payload))
        elif name == "tcp" and self.tcp:
            tcp = self.tcp[0]
            tcp_options.read_options(
                Cursor(values, _NO_LAYER, tcp.start + 20, tcp.payload), context.ack_base if context else 0)
        else:
            self._read_message(values, name)
        return values

    def _read_message(self, values: Values, name: str) -> None:
        """Read a protocol by itself, if it is there."""
        data = self.data
        if not self.ip:
            found = INSIDE.get(("eth.type", self.ethertype))
            place = 14, len(data)
        elif self.udp:
            udp = self.udp[0]
            found, place = datagram(udp.header[0], udp.header[1]), (udp.payload, udp.end)
        elif self.tcp:
            tcp = self.tcp[0]
            self._read_stream(values, name, stream(tcp.header[0], tcp.header[1]), tcp)
            return
        else:
            here = self.ip[0]
            found = None if here.header[4] & 0x1FFF else INSIDE.get(("ip.proto", here.header[6]))
            place = here.payload, here.end
        if found is not None and name in (found.name, *found.also) and place[0] < place[1]:
            found.read(values, *place, self.ip[0] if self.ip else None)

    def _read_stream(self, values: Values, name: str, asked: list[Protocol], tcp: Transport) -> None:
        """Read a protocol in a segment, unless one that is asked before it takes the segment."""
        if tcp.payload == tcp.end:
            return
        for protocol in asked:
            wanted = name in (protocol.name, *protocol.also)
            target = values if wanted else Values(self.data, values.context, {})
            if protocol.read(target, tcp.payload, tcp.end, tcp.ip) > tcp.payload or wanted:
                return


def stream(source: int, destination: int) -> list[Protocol]:
    """Return the protocols that are asked whether a segment is theirs, by its ports; HTTP is asked last."""
    low, high = (source, destination) if source < destination else (destination, source)
    return [INSIDE[place] for place in ((TCP_PORTS, low), (TCP_PORTS, high), (HTTP, 0)) if place in INSIDE]


def datagram(source: int, destination: int) -> Protocol | None:
    """Return the protocol of a datagram, by its ports; the smaller one says it where both could."""
    return INSIDE.get((PORTS, datagram_port(source, destination)))


def datagram_port(source: int, destination: int) -> int:
    """Return the port that says what a datagram is."""
    low, high = (source, destination) if source < destination else (destination, source)
    return low if (PORTS, low) in INSIDE else high


def segment_in(frame: bytes) -> Transport | None:
    """Return the TCP segment that a frame carries; None if there is none, or only a fragment of it."""
    return segment_of(Dissected(frame))


def segment_of(packet: Dissected) -> Transport | None:
    """Return the TCP segment of a frame that is read already."""
    if not packet.tcp or packet.tcp[0].ip.quoted or packet.tcp[0].ip.header[4] & 0x3FFF:
        return None
    return packet.tcp[0]


def payload_of(frame: bytes) -> int:
    """Return where what an IPv4 packet carries begins; the end of the frame if that is nowhere."""
    found = ip.locate(frame, 14, len(frame), False) if frame[12:14] == b"\x08\x00" else None
    return len(frame) if found is None else found.payload


def layers(frame: bytes, context: Context | None = None) -> list[ReadLayer]:
    """Take a frame apart: its layers, outermost first, with every field.

    `context` is what is known of its conversation; without it, sequence numbers are as on the wire.
    """
    tree = Tree(frame, context, INSIDE)
    tree.read()
    return tree.layers


NOTHING = Dissected(b"")
"""What a record without a frame has."""
_NO_LAYER = Tree(b"", None, {}).layer(eth.PROTOCOL, 0, 0)
"""Options that are read alone belong to no layer."""
