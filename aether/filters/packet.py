"""A frame, dissected for asking: where its headers are, and what they hold.

Lenient where the stack is strict: what the stack would discard can still be asked about, as
far as its bytes go. An ICMP error quotes a packet; the quoted headers are dissected too, so a
field may have several values, as in Wireshark. Each frame is looked at alone: fragments are
not put together, nor the segments of a stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Any

from aether.filters.payloads import METHODS, DhcpView, DnsView, HttpView

IP_HEADER = Struct("!BBHHHBBH4s4s")
TCP_HEADER = Struct("!HHIIHHHH")
UDP_HEADER = Struct("!HHHH")
ICMP_HEADER = Struct("!BBHHH")
ARP_HEADER = Struct("!HHBBH")

QUOTING = (3, 4, 5, 11, 12)
"""ICMP types that quote a packet (RFC 792)."""
HTTP_PORTS = frozenset((80, 3128, 3132, 5985, 8080, 8088, 11371, 1900, 2869, 2710))
"""Where Wireshark expects HTTP."""
BEGINNINGS = (b"HTTP/", *(method + b" " for method in sorted(METHODS)))


class IpLayer:
    """An IPv4 packet: the numbers of its header, and the places where things begin."""

    __slots__ = ("complete", "end", "header", "payload", "quoted", "start")

    def __init__(
        self, header: tuple[Any, ...], start: int, payload: int, end: int, complete: bool, quoted: bool,
    ) -> None:
        self.header = header
        """Version and length, tos, total length, identification, fragment, ttl, protocol, checksum, from, to."""
        self.start = start
        self.payload = payload
        """Where what it carries begins."""
        self.end = end
        """Where it ends; never beyond the frame."""
        self.complete = complete
        """Whether it is all there: neither a fragment nor cut off."""
        self.quoted = quoted
        """Whether an ICMP error quotes it."""


class Transport:
    """What an IPv4 packet carries: a TCP segment, a UDP datagram or an ICMP message."""

    __slots__ = ("end", "header", "ip", "payload", "start")

    def __init__(self, header: tuple[int, ...], start: int, payload: int, end: int, ip: IpLayer) -> None:
        self.header = header
        self.start = start
        self.payload = payload
        self.end = end
        self.ip = ip


class Dissected:
    """A dissected frame."""

    __slots__ = ("_dhcp", "_dns", "_http", "arp", "data", "ethernet", "ethertype", "icmp", "ip", "stubs", "tcp", "udp")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.ethernet = len(data) >= 14
        self.ethertype = (data[12] << 8 | data[13]) if self.ethernet else -1
        self.arp: tuple[Any, ...] | None = None
        """Hardware, protocol, both lengths, operation; then sender's and target's addresses."""
        self.ip: tuple[IpLayer, ...] = ()
        self.tcp: tuple[Transport, ...] = ()
        self.stubs: tuple[Transport, ...] = ()
        """TCP headers of which an ICMP error quotes only the first 8 bytes: ports and sequence number."""
        self.udp: tuple[Transport, ...] = ()
        self.icmp: tuple[Transport, ...] = ()
        self._dns: tuple[DnsView, ...] | None = None
        self._dhcp: tuple[DhcpView, ...] | None = None
        self._http: HttpView | None = None
        if self.ethertype == 0x0800:
            self._read_ip(14, False)
        elif self.ethertype == 0x0806:
            self._read_arp()

    def _read_arp(self) -> None:
        data = self.data
        if len(data) < 22:
            return
        header = ARP_HEADER.unpack_from(data, 14)
        hardware, protocol = header[2], header[3]
        end = 22 + 2 * (hardware + protocol)
        if len(data) >= end:
            middle = 22 + hardware + protocol
            self.arp = (
                *header, data[22:22 + hardware], data[22 + hardware:middle],
                data[middle:middle + hardware], data[middle + hardware:end],
            )

    def _read_ip(self, start: int, quoted: bool) -> None:
        data = self.data
        size = len(data)
        if size - start < 20:
            return
        header = IP_HEADER.unpack_from(data, start)
        length = (header[0] & 15) << 2
        payload = start + length
        if header[0] >> 4 != 4 or length < 20 or payload > size:
            return
        total: int = header[2]
        end = start + total if length <= total <= size - start else size
        ip = IpLayer(header, start, payload, end, not header[4] & 0x3FFF and end == start + total, quoted)
        self.ip = (*self.ip, ip)
        if header[4] & 0x1FFF:
            return
        protocol = header[6]
        if protocol == 6:
            self._read_tcp(payload, end, ip)
        elif protocol == 17:
            if end - payload >= 8:
                fields = UDP_HEADER.unpack_from(data, payload)
                stop = payload + fields[2] if 8 <= fields[2] <= end - payload else end
                self.udp = (*self.udp, Transport(fields, payload, payload + 8, stop, ip))
        elif protocol == 1 and end - payload >= 8:
            fields = ICMP_HEADER.unpack_from(data, payload)
            self.icmp = (*self.icmp, Transport(fields, payload, payload + 8, end, ip))
            if fields[0] in QUOTING and not quoted:
                self._read_ip(payload + 8, True)

    def _read_tcp(self, start: int, end: int, ip: IpLayer) -> None:
        if end - start < 20:
            if ip.quoted and end - start >= 8:
                header = tuple(int.from_bytes(self.data[start + at:start + to], "big") for at, to in _STUB)
                self.stubs = (*self.stubs, Transport(header, start, end, end, ip))
            return
        header = TCP_HEADER.unpack_from(self.data, start)
        payload = start + (header[4] >> 12 << 2)
        if 20 <= payload - start <= end - start:
            self.tcp = (*self.tcp, Transport(header, start, payload, end, ip))

    @property
    def segments(self) -> tuple[Transport, ...]:
        """Return all TCP headers, whole or not."""
        return self.tcp + self.stubs

    @property
    def dns(self) -> tuple[DnsView, ...]:
        """Return the DNS messages in it: what travels from or to UDP port 53."""
        if self._dns is None:
            self._dns = tuple(
                DnsView(self.data[udp.payload:udp.end]) for udp in self.udp
                if 53 in udp.header[:2] and udp.end - udp.payload >= 12)
        return self._dns

    @property
    def dhcp(self) -> tuple[DhcpView, ...]:
        """Return the DHCP messages in it: what travels between UDP ports 67 and 68."""
        if self._dhcp is None:
            self._dhcp = tuple(
                DhcpView(self.data[udp.payload:udp.end]) for udp in self.udp
                if (67 in udp.header[:2] or 68 in udp.header[:2]) and udp.end - udp.payload >= 240)
        return self._dhcp

    @property
    def http(self) -> HttpView | None:
        """Return its TCP payload, read as HTTP, which it need not be; None without payload."""
        if self._http is None and self.tcp and self.tcp[0].payload < self.tcp[0].end and not self.tcp[0].ip.quoted:
            tcp = self.tcp[0]
            on_port = tcp.header[0] in HTTP_PORTS or tcp.header[1] in HTTP_PORTS
            self._http = HttpView(self.data[tcp.payload:tcp.end], on_port)
        return self._http

    @property
    def begins_http(self) -> bool:
        """Return whether an HTTP message begins here; quick when none does."""
        if not self.tcp or not self.data.startswith(BEGINNINGS, self.tcp[0].payload):
            return False
        view = self.http
        return view is not None and view.is_message


def options(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Give the options of an IPv4 or TCP header, kind and whole bytes, as far as they can be read.

    Both are built alike: 0 ends them, 1 is one byte of padding, and all others have their length
    in the second byte (RFC 791 §3.1, RFC 9293 §3.2).
    """
    while start < end:
        kind = data[start]
        length = 1 if kind < 2 else data[start + 1] if start + 1 < end else 0
        if length < 1 or (kind > 1 and length < 2) or start + length > end:
            return
        yield kind, data[start:start + length]
        if kind == 0:
            return
        start += length


_STUB = ((0, 2), (2, 4), (4, 8))

NOTHING = Dissected(b"")
"""What a record without a frame has."""
