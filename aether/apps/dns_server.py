"""A small authoritative name server: its zones are text (RFC 1034 §4.3.2, RFC 1035 §4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.apps.dns_cache import fold
from aether.apps.dns_zone import Zone, parse_zones
from aether.timers import NEVER, Sleeper
from aether.wire import dns
from aether.wire.error import WireError

if TYPE_CHECKING:
    from aether.sockets import TcpSocket
    from aether.stack import Stack
    from aether.udp import UdpSocket

EDNS_SIZE = 1232
BAD_VERSION = 16
"""The extended code for an EDNS version that we do not know (RFC 6891 §6.1.3)."""
MAX_ALIASES = 16
IDLE = 30_000_000
"""Microseconds after which a silent connection is closed (RFC 7766 §6.2.3)."""
ANSWERED_ANY = (dns.TYPE_A, dns.TYPE_MX, dns.TYPE_TXT, dns.TYPE_NS, dns.TYPE_SOA)


class DnsServer:
    """Answers for its zones, over UDP and TCP; anything else it refuses."""

    __slots__ = ("host", "zones")

    def __init__(self, host: Stack, text: str) -> None:
        """Take zones as text; ZoneError names a line that makes no sense."""
        self.host = host
        self.zones: list[Zone] = parse_zones(text)

    def ready(self, socket: UdpSocket | TcpSocket) -> None:
        """Answer every datagram that waits, and accept every connection."""
        listener = getattr(socket, "listener", None)
        if listener is not None:
            while listener.accepted:
                child = socket.accept()  # type: ignore[union-attr]
                child.app = DnsSession(self, child)
            return
        while socket.queue:  # type: ignore[union-attr]
            datagram = socket.receive()
            answer = self.answer(datagram.payload, dns.MAX_UDP)  # type: ignore[union-attr]
            if answer:
                try:
                    socket.send_to(answer, datagram.source, datagram.port)  # type: ignore[union-attr]
                except OSError:
                    self.host.count("dns.answers_failed")

    def answer(self, data: bytes, limit: int) -> bytes:
        """Return the response to a query, empty if it deserves none; `limit` in bytes without EDNS."""
        host = self.host
        try:
            query = dns.parse(data)
        except WireError as problem:
            host.drop(problem.reason, detail=problem.detail)
            if len(data) < 12 or data[2] & 0x80:
                return b""
            return dns.build(dns.DnsMessage(
                int.from_bytes(data[:2], "big"), response=True, code=dns.FORMAT_ERROR, recursion_desired=False))
        if query.response:
            host.drop("dns.not_a_query", detail=f"id {query.id}")
            return b""
        response = dns.DnsMessage(
            query.id, query.questions, response=True, opcode=query.opcode, recursion_desired=query.recursion_desired)
        extra = self._edns(query, response)
        if extra and limit == dns.MAX_UDP:
            size = next(each.klass for each in query.additionals if each.type == dns.TYPE_OPT)
            limit = min(max(size, dns.MAX_UDP), EDNS_SIZE)
        if response.code == dns.NO_ERROR and not (extra and extra[0].ttl):
            self._fill(query, response)
        if host.observer is not None:
            asked = query.questions[0] if query.questions else dns.Question("", 0)
            host.observer(host.name, "dns.served", asked.name, asked.type, response.code, len(response.answers))
        host.count("dns.served")
        response.additionals += extra
        whole = dns.build(response)
        if len(whole) <= limit:
            return whole
        response.answers, response.authorities, response.additionals, response.truncated = [], [], extra, True
        return dns.build(response)

    def _edns(self, query: dns.DnsMessage, response: dns.DnsMessage) -> list[dns.Record]:
        """Return the OPT record of a response, if the query has one (RFC 6891 §6.1.1)."""
        options = [each for each in query.additionals if each.type == dns.TYPE_OPT]
        if len(options) > 1:
            response.code = dns.FORMAT_ERROR
        if not options:
            return []
        version = options[0].ttl >> 16 & 0xFF
        return [dns.Record(".", dns.TYPE_OPT, BAD_VERSION >> 4 << 24 if version else 0, dns.Options(), EDNS_SIZE)]

    def _fill(self, query: dns.DnsMessage, response: dns.DnsMessage) -> None:
        """Find the answer (RFC 1034 §4.3.2)."""
        if query.opcode != dns.QUERY:
            response.code = dns.NOT_IMPLEMENTED
            return
        if len(query.questions) != 1:
            response.code = dns.FORMAT_ERROR
            return
        name, kind, klass = query.questions[0]
        zone = self._zone(name)
        if zone is None or klass != dns.CLASS_IN:
            response.code = dns.REFUSED
            return
        response.authoritative = True
        for _ in range(MAX_ALIASES):
            records = zone.names.get(fold(name))
            if records is None:
                response.code = dns.NAME_ERROR
                break
            found = _of_type(records, kind)
            response.answers += found
            if found and not (found[0].type == dns.TYPE_CNAME != kind):
                self._add_addresses(response)
                return
            if not found:
                break  # the name exists, perhaps only because of those below it (RFC 8020 §2)
            name = str(found[0].data)
            zone = self._zone(name)
            if zone is None:
                return  # the alias leads out of our zones; the client goes on alone
        if zone is not None:
            soa = zone.soa.data
            assert isinstance(soa, dns.Soa)
            response.authorities.append(zone.soa._replace(ttl=min(zone.soa.ttl, soa.minimum)))  # RFC 2308 §3

    def _add_addresses(self, response: dns.DnsMessage) -> None:
        """Add the addresses of the names in the answer (RFC 1035 §3.3, §3.3.9, §3.3.11, RFC 2782)."""
        for record in response.answers:
            data = record.data
            target = data.exchange if isinstance(data, dns.Mx) else data.target if isinstance(data, dns.Srv) else (
                data if record.type == dns.TYPE_NS else "")
            zone = self._zone(target) if isinstance(target, str) and target else None
            if zone is not None:
                response.additionals += [
                    each for each in zone.names.get(fold(str(target)), ()) if each.type in (dns.TYPE_A, dns.TYPE_AAAA)]

    def _zone(self, name: str) -> Zone | None:
        return next((zone for zone in self.zones if zone.holds(name)), None)


def _of_type(records: list[dns.Record], kind: int) -> list[dns.Record]:
    if kind == dns.TYPE_ANY:
        for one in ANSWERED_ANY:  # one set of records is enough for whoever asks for all (RFC 8482 §4.1)
            if found := [each for each in records if each.type == one]:
                return found
        return records[:1]
    return [each for each in records if each.type in (kind, dns.TYPE_CNAME)]


class DnsSession(Sleeper):
    """One connection: messages with their lengths in front of them (RFC 1035 §4.2.2)."""

    __slots__ = ("pending", "received", "server", "socket")

    def __init__(self, server: DnsServer, socket: TcpSocket) -> None:
        super().__init__()
        self.server = server
        self.socket = socket
        self.received = b""
        self.pending = b""
        """Answers that did not fit into the send buffer yet."""
        self._expect()

    @property
    def host(self) -> Stack:
        """The host that serves."""
        return self.server.host

    def _expect(self) -> None:
        self.host.queue.wake(self, self.host.now + IDLE)

    def ready(self, socket: TcpSocket) -> None:
        """Answer every message that is complete."""
        try:
            if self.pending:
                self.pending = self.pending[socket.send(self.pending):]
            while not self.pending:
                data = socket.receive()
                if not data:
                    self._close()
                    return
                self._expect()
                self.received += data
                self._answer_all(socket)
        except BlockingIOError:
            return
        except OSError:
            self._close()

    def _answer_all(self, socket: TcpSocket) -> None:
        out = []
        while True:
            query, self.received = dns.unframed(self.received)
            if query is None:
                break
            answer = self.server.answer(query, dns.MAX_LENGTH)
            if answer:
                out.append(dns.framed(answer))
        if out:
            whole = b"".join(out)
            self.pending = whole
            self.pending = whole[socket.send(whole):]

    def wake(self, now: int) -> None:
        """Close a connection that has been silent for too long."""
        self.host.now = now
        self._close()

    def _close(self) -> None:
        self.host.queue.wake(self, NEVER)
        self.socket.close()
