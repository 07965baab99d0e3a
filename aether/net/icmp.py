"""ICMP: echo, errors to send and errors received (RFC 792, RFC 1122 §3.2.2)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Protocol

from aether.net.options import fill, returned
from aether.wire import icmp, ipv4
from aether.wire.address import BROADCAST_IP, is_multicast, show_ip
from aether.wire.error import WireError

if TYPE_CHECKING:
    from aether.net.interface import Interface
    from aether.net.node import Node

NO_ERROR_ABOUT = (icmp.DESTINATION_UNREACHABLE, icmp.TIME_EXCEEDED, icmp.PARAMETER_PROBLEM, 4, 5)
"""ICMP errors are never answered with an ICMP error (RFC 1122 §3.2.2)."""
FRAGMENTATION_NEEDED = (icmp.DESTINATION_UNREACHABLE, icmp.FRAGMENTATION_NEEDED)
"""No limit holds this one back: path MTU discovery depends on it."""
UNREACHABLE = (
    errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENOPROTOOPT, errno.ECONNREFUSED, errno.EMSGSIZE, errno.EOPNOTSUPP,
    errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENONET, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETUNREACH,
    errno.EHOSTUNREACH, errno.EHOSTUNREACH, errno.EHOSTUNREACH, errno.EHOSTUNREACH,
)
"""What applications are told of an unreachable destination, by code, as on Linux."""
LASTING = (2, 3, 4, 6, 7, 8, 9, 10, 13)
"""Codes of unreachable destinations that are not taken for something that may pass, as on Linux."""
PLATEAUS = (32_000, 17_914, 8_166, 4_352, 2_002, 1_492, 1_006, 552)
"""What to try when an old router names no MTU (RFC 1191 §7.1)."""
BURST = 6
"""Errors that one destination may get at once before `icmp.interval` applies, as on Linux."""
MAX_DESTINATIONS = 1024
"""How many destinations of errors are remembered; the oldest are forgotten first."""


class EchoListener(Protocol):
    """Whoever waits for echo replies: a ping."""

    def replied(self, source: bytes, message: icmp.IcmpMessage, ttl: int) -> bool:
        """Take a reply; return False if it answers nothing that was asked."""

    def failed(self, kind: int, code: int, sequence: int, reporter: bytes) -> None:
        """Take an ICMP error about the request with this sequence number; `reporter` is who sent the error."""


class Icmp:
    """The ICMP layer of one host."""

    __slots__ = (
        "allowances", "errors_left", "errors_until", "host", "limited", "listeners", "received", "sent", "traces",
    )

    def __init__(self, host: Node) -> None:
        self.host = host
        self.listeners: dict[int, EchoListener] = {}
        """Who waits for replies, by identifier."""
        self.traces: dict[int, EchoListener] = {}
        """Who waits for errors about UDP datagrams, by source port; the destination port is the sequence number."""
        self.errors_left = 0
        self.errors_until = 0
        self.allowances: dict[bytes, tuple[int, int]] = {}
        """By destination: what it has saved up for errors, in microseconds, and when that was so."""
        self.received: dict[tuple[int, int], int] = {}
        """How many messages came with an intact checksum, by type and code."""
        self.sent: dict[tuple[int, int], int] = {}
        self.limited = 0
        """Errors that were not sent because of a rate limit."""

    def receive(self, payload: bytes, header: ipv4.Ipv4Header, interface: Interface) -> None:
        """Handle an ICMP message."""
        host = self.host
        try:
            message = icmp.parse(payload)
        except WireError as problem:
            host.drop(problem.reason, detail=problem.detail)
            return
        which = message.type, message.code
        self.received[which] = self.received.get(which, 0) + 1
        if message.type == icmp.ECHO_REQUEST:
            self._echo(message, header)
        elif message.type == icmp.ECHO_REPLY:
            listener = self.listeners.get(message.identifier)
            if listener is None or not listener.replied(header.source, message, header.ttl):
                host.drop("icmp.unmatched", detail=f"echo reply, identifier {message.identifier}")
        elif message.type in (icmp.DESTINATION_UNREACHABLE, icmp.TIME_EXCEEDED, icmp.PARAMETER_PROBLEM):
            if host.observer is not None:
                host.observer(host.name, "icmp.error_received", message.type, message.code, header.source)
            self.report(message.type, message.code, message.rest, message.payload, header.source)
        else:
            host.drop("icmp.unknown_type", detail=f"type {message.type} code {message.code}")

    def _echo(self, request: icmp.IcmpMessage, header: ipv4.Ipv4Header) -> None:
        host = self.host
        to_us = header.destination in host.local
        if not to_us and not host.knobs.icmp_broadcast:
            host.drop("icmp.broadcast_echo")
            return
        if not host.knobs.icmp_echo:
            host.drop("icmp.echo_off")
            return
        if host.observer is not None:
            host.observer(host.name, "icmp.echo", header.source, request.identifier, request.sequence)
        self._send(
            header.source, icmp.IcmpMessage(icmp.ECHO_REPLY, 0, request.rest, request.payload),
            source=header.destination if to_us else None, tos=header.tos, options=self._answer_options(header))

    def _answer_options(self, header: ipv4.Ipv4Header) -> bytes:
        """Return the request's record route and timestamps with ours (RFC 1122 §3.2.2.6)."""
        if not header.options:
            return b""
        host = self.host
        return fill(returned(header.options), header.destination, host.local, host.now)

    def _send(
        self, destination: bytes, message: icmp.IcmpMessage, *, source: bytes | None = None, ttl: int = 0,
        tos: int = 0, dont_fragment: bool = False, options: bytes = b"",
    ) -> bool:
        """Send a message, and count it; return False if there is no route, or it is too large."""
        which = message.type, message.code
        self.sent[which] = self.sent.get(which, 0) + 1
        return self.host.ipv4.send(
            destination, ipv4.PROTO_ICMP, icmp.build(message), source=source, ttl=ttl, tos=tos,
            dont_fragment=dont_fragment, options=options)

    def send_echo(
        self, destination: bytes, identifier: int, sequence: int, payload: bytes, ttl: int = 0, *,
        tos: int = 0, dont_fragment: bool = False,
    ) -> bool:
        """Send an echo request; return False if there is no route, or it is too large and must not be cut."""
        message = icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, identifier << 16 | sequence, payload)
        return self._send(destination, message, ttl=ttl, tos=tos, dont_fragment=dont_fragment)

    def error(self, kind: int, code: int, packet: bytes, rest: int = 0) -> None:
        """Send an ICMP error about a packet, unless RFC 1122 §3.2.2 forbids it or the rate is reached."""
        host = self.host
        try:
            header = ipv4.parse_quoted(packet)
        except WireError:
            return
        if header.fragment_offset or header.source == b"\0\0\0\0" or header.source[0] >= 224:
            return
        if header.destination == BROADCAST_IP or is_multicast(header.destination):
            return
        if any(header.destination == a.broadcast for i in host.interfaces for a in i.addresses):
            return
        if header.protocol == ipv4.PROTO_ICMP:
            kind_of_packet = packet[header.header_length:header.total_length][:1]
            if not kind_of_packet or kind_of_packet[0] in NO_ERROR_ABOUT:
                return
        if (kind, code) != FRAGMENTATION_NEEDED and not self._within_rate(header.source):
            self.limited += 1
            host.count("icmp.rate_limited")
            return
        if host.observer is not None:
            host.observer(host.name, "icmp.error_sent", kind, code, header.source)
        quoted = packet[:min(header.total_length, 548)]  # as much as fits into 576 bytes (RFC 1812 §4.3.2.3)
        self._send(header.source, icmp.IcmpMessage(kind, code, rest, quoted))

    def _within_rate(self, destination: bytes) -> bool:
        """Tell whether an error may be sent: not too many to one destination, nor altogether (RFC 1812 §4.3.2.8)."""
        now, interval = self.host.now, self.host.knobs.icmp_interval
        if interval:
            saved, since = self.allowances.pop(destination, (BURST * interval, now))
            saved = min(saved + now - since, BURST * interval)
            allowed = saved >= interval
            while len(self.allowances) >= MAX_DESTINATIONS:
                del self.allowances[next(iter(self.allowances))]
            self.allowances[destination] = saved - interval if allowed else saved, now
            if not allowed:
                return False
        if now >= self.errors_until:
            self.errors_until = now + 1_000_000
            self.errors_left = self.host.knobs.icmp_rate
        self.errors_left -= 1
        return self.errors_left >= 0

    def report(self, kind: int, code: int, rest: int, quoted: bytes, reporter: bytes) -> None:
        """Deliver an ICMP error about a packet of ours to whoever sent that packet."""
        try:
            header = ipv4.parse_quoted(quoted)
        except WireError as problem:
            self.host.drop(problem.reason, detail="in the packet that an ICMP error quotes")
            return
        inner = quoted[header.header_length:]
        if header.source not in self.host.local or len(inner) < 8:
            self.host.drop("icmp.unmatched", detail=f"about a packet from {show_ip(header.source)}")
        elif header.protocol == ipv4.PROTO_TCP:
            mtu = _mtu(rest & 0xFFFF, header.total_length) if (kind, code) == FRAGMENTATION_NEEDED else 0
            self.host.tcp.failed(header, inner, errno.EMSGSIZE if mtu else _errno(kind, code), mtu)
        elif header.protocol == ipv4.PROTO_UDP:
            trace = self.traces.get(inner[0] << 8 | inner[1])
            if trace is not None:
                trace.failed(kind, code, inner[2] << 8 | inner[3], reporter)
            else:
                lasting = kind == icmp.DESTINATION_UNREACHABLE and code in LASTING
                mtu = _mtu(rest & 0xFFFF, header.total_length) if (kind, code) == FRAGMENTATION_NEEDED else 0
                ours = self.host.udp.failed(header, inner, _errno(kind, code), lasting, (kind, code, mtu))
                if ours and mtu:
                    self.host.ipv4.learn_mtu(header.destination, mtu)
        elif header.protocol == ipv4.PROTO_ICMP and inner[0] == icmp.ECHO_REQUEST:
            listener = self.listeners.get(inner[4] << 8 | inner[5])
            if listener is not None:
                if (kind, code) == FRAGMENTATION_NEEDED and rest & 0xFFFF:
                    self.host.ipv4.learn_mtu(header.destination, rest & 0xFFFF)
                listener.failed(kind, code, inner[6] << 8 | inner[7], reporter)
        else:
            self.host.drop("icmp.unmatched", detail=f"about protocol {header.protocol}")


def _errno(kind: int, code: int) -> int:
    """Return what applications are told of an error, by type and code; 0 for a code that there is not."""
    if kind == icmp.DESTINATION_UNREACHABLE:
        return UNREACHABLE[code] if code < len(UNREACHABLE) else 0
    return errno.EHOSTUNREACH if kind == icmp.TIME_EXCEEDED else errno.EPROTO


def _mtu(named: int, length: int) -> int:
    """Return the MTU that an error about a packet of `length` bytes speaks of; old routers name none."""
    return named or next((size for size in PLATEAUS if size < length), PLATEAUS[-1])
