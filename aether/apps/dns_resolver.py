"""A stub resolver: asks the name servers it knows, and remembers what they say (RFC 1034 §5.3.1, RFC 1035 §7).

Every question leaves from a random port with a random id, and an answer must repeat both and the question
(RFC 5452 §9). What does not fit into a datagram is fetched over TCP (RFC 7766 §5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from aether.apps.dns_cache import Cache, aged, fold
from aether.apps.dns_zone import show_data
from aether.sockets import TcpSocket
from aether.stack import Stack
from aether.streams import Stream
from aether.timers import NEVER, Sleeper
from aether.udp import UdpSocket
from aether.wire import dns
from aether.wire.address import show_ip
from aether.wire.error import WireError

TIMEOUTS = (1_000_000, 2_000_000, 4_000_000)
"""Microseconds to wait for each server in turn: all are asked once, then all again for longer."""
TCP_TIMEOUT = 5_000_000
EDNS_SIZE = 1232
"""Bytes of an answer over UDP that we take: with all headers it still fits into any usual MTU (RFC 6891 §6.2.5)."""
MAX_ALIASES = 16
"""Aliases that are followed, so that a ring of them ends (RFC 1034 §3.6.2)."""
TRY_ELSEWHERE = (dns.SERVER_FAILURE, dns.NOT_IMPLEMENTED, dns.REFUSED, dns.FORMAT_ERROR)


@dataclass(slots=True)
class DnsRow:
    """One record of an answer; `ttl` in seconds."""

    name: str
    type: str
    ttl: int
    data: str


@dataclass(slots=True)
class DnsProgress:
    """How far a lookup is; times in microseconds."""

    name: str
    type: str
    records: list[DnsRow]
    """The aliases that were followed, then the records asked for."""
    code: str
    """What the response code means, such as ``no such name``."""
    server: str
    """Who answered; empty when the cache did."""
    over: str
    """``udp``, ``tcp`` or ``cache``."""
    tries: int
    elapsed: int
    done: bool
    error: str


class Asker(Protocol):
    """Whoever waits for a name."""

    def resolved(self, lookup: Lookup) -> None:
        """Look at `lookup.error`, or else at `lookup.found`."""


class Resolving(Stack):
    """A stack whose applications can ask for names."""

    resolver: Resolver


class Resolver:
    """The resolver of one host."""

    __slots__ = ("cache", "domain", "host", "servers", "stream")

    def __init__(self, host: Stack) -> None:
        self.host = host
        self.servers: list[bytes] = []
        """Name servers, the preferred one first."""
        self.domain = ""
        """The domain in which names without a dot are looked for."""
        self.cache = Cache()
        self.stream: Stream

    def seed(self, seed: int) -> None:
        """Take the randomness for ids."""
        self.stream = Stream(seed, self.host.name, "dns.ids")

    def resolve(
        self, name: str, kind: int = dns.TYPE_A, asker: Asker | None = None, servers: list[bytes] | None = None
    ) -> Lookup:
        """Start to look a name up; `asker` hears of the end, at once if the cache knows. ValueError for no name."""
        dns.labels_of(name)
        known = self.servers if servers is None else servers
        whole = f"{name}.{self.domain}"
        if not self.domain or "." in name or not _is_name(whole):
            return Lookup(self, name.removesuffix(".") or ".", kind, asker, known)
        lookup = Lookup(self, whole, kind, asker, known)
        lookup.alternative = name
        return lookup


class Lookup(Sleeper):
    """One name on its way to an answer; also a job of the user."""

    __slots__ = (
        "alternative", "asker", "code", "current", "done", "edns", "error", "finished_at", "found", "host", "id",
        "kind", "name", "over", "received", "records", "referred", "resolver", "server", "servers",
        "started_at", "tcp", "tries", "udp",
    )

    def __init__(self, resolver: Resolver, name: str, kind: int, asker: Asker | None, servers: list[bytes]) -> None:
        super().__init__()
        self.resolver = resolver
        self.host = resolver.host
        self.name = name
        self.kind = kind
        self.asker = asker
        self.alternative = ""
        """The name as it was given, if it does not exist in the resolver's domain."""
        self.servers = list(servers)
        self.current = name
        """The name that is asked for now: the end of the aliases so far."""
        self.records: list[dns.Record] = []
        self.found: list[dns.Record] = []
        """The records of the type that was asked for."""
        self.code = dns.NO_ERROR
        self.referred = ""
        """The name server that the latest answer referred to, instead of being one."""
        self.server = b""
        self.over = "cache"
        self.tries = 0
        self.edns = True
        self.id = 0
        self.udp: UdpSocket | None = None
        self.tcp: TcpSocket | None = None
        self.received = b""
        self.error = ""
        self.done = False
        self.started_at = self.finished_at = self.host.now

    def start(self) -> Lookup:
        """Look into the cache, and ask."""
        if not self.servers and self.resolver.cache.find(self.current, self.kind, self.host.now) is None:
            self._finish("no name server is known")
        else:
            self._go_on()
        return self

    def _go_on(self) -> None:
        """Follow what the cache knows as far as it leads, then ask."""
        while not self.done:
            entry = self.resolver.cache.find(self.current, self.kind, self.host.now)
            if entry is None:
                self._ask()
                return
            self._note("dns.cached", self.current, self.kind, len(entry.records))
            records = aged(entry, self.host.now)
            self.records += records
            if entry.type == dns.TYPE_CNAME != self.kind:
                self._follow(records[0])
            else:
                self.found, self.code = records, entry.code
                self._finish("")

    def _follow(self, alias: dns.Record) -> None:
        assert isinstance(alias.data, str)
        self.current = alias.data
        if len(self.records) > MAX_ALIASES:
            self._finish(f"more than {MAX_ALIASES} aliases: they lead nowhere")

    def _ask(self) -> None:
        """Send the question to the server whose turn it is, from a new port and with a new id (RFC 5452 §9.2)."""
        self._close()
        rounds, turn = divmod(self.tries, max(len(self.servers), 1))
        if not self.servers or rounds >= len(TIMEOUTS):
            refused = f"the name server says: {dns.CODES.get(self.code, self.code)}" if self.code else ""
            if self.referred:
                refused = f"the name server does not know, and refers to {self.referred}; ask that one with --server"
            self._finish(refused or self._why_nobody())
            return
        self.tries += 1
        self.server = self.servers[turn]
        self.over = "udp"
        self.id = self.resolver.stream.bits(16)
        self.udp = UdpSocket(self.host, self)
        self.host.queue.wake(self, self.host.now + TIMEOUTS[rounds])
        self._note("dns.asked", self.current, self.kind, self.server, "udp")
        try:
            self.udp.connect(self.server, dns.PORT)
            self.udp.send(self._query())
        except OSError:
            self._ask()

    def _why_nobody(self) -> str:
        """Return why there is no answer: it was asked for in vain, or could not be asked for."""
        if not self.servers:
            return "no name server is known"
        if not any(self.host.routes.find(server) for server in self.servers):
            return f"no route to the name server {show_ip(self.servers[0])}"
        return "no name server answered"

    def _query(self) -> bytes:
        extra = [dns.Record(".", dns.TYPE_OPT, 0, dns.Options(), EDNS_SIZE)] if self.edns else []
        return dns.build(dns.DnsMessage(self.id, [dns.Question(self.current, self.kind)], additionals=extra))

    def _ask_over_tcp(self) -> None:
        """Ask the same server for the whole answer (RFC 7766 §5)."""
        self._close()
        self.over = "tcp"
        self.received = b""
        self.tcp = TcpSocket(self.host, self)
        self.host.queue.wake(self, self.host.now + TCP_TIMEOUT)
        self._note("dns.asked", self.current, self.kind, self.server, "tcp")
        query = self._query()
        try:
            self.tcp.connect(self.server, dns.PORT)
            self.tcp.send(dns.framed(query))
        except OSError:
            self._ask()

    def wake(self, now: int) -> None:
        """Nobody answered in time: ask the next one (RFC 1035 §7.2)."""
        self.host.now = now
        self.host.count("dns.timeouts")
        self._ask()

    def ready(self, socket: UdpSocket | TcpSocket) -> None:
        """Take what has arrived."""
        if self.done or socket not in (self.udp, self.tcp):
            return
        try:
            if isinstance(socket, UdpSocket):
                while socket is self.udp and socket.queue:
                    self._take(socket.receive().payload)
                if socket is self.udp and socket.error:
                    socket.receive()
            else:
                self._read(socket)
        except BlockingIOError:
            return
        except OSError:
            self._ask()

    def _read(self, socket: TcpSocket) -> None:
        """Read a message with its length in front of it (RFC 1035 §4.2.2)."""
        while socket is self.tcp:
            data = socket.receive()
            if not data:
                self._ask()
                return
            self.received += data
            message, self.received = dns.unframed(self.received)
            if message is not None:
                self._take(message)

    def _take(self, data: bytes) -> None:
        """Believe a message if it answers our question (RFC 5452 §9.1)."""
        try:
            message = dns.parse(data)
        except WireError as problem:
            self.host.drop(problem.reason, detail=problem.detail)
            return
        if not self._is_answer(message):
            self.host.drop("dns.unmatched", detail=f"id {message.id}, and we wait for {self.id}")
            return
        self._note("dns.answered", self.current, self.kind, message.code, len(message.answers))
        if message.truncated and self.tcp is None:
            self._ask_over_tcp()
        elif message.code == dns.FORMAT_ERROR and self.edns:
            self.edns = False  # an old server (RFC 6891 §6.2.2)
            self.tries -= 1
            self._ask()
        elif message.code in TRY_ELSEWHERE or message.code > dns.REFUSED:
            self.code = message.code
            self._ask()
        elif message.referral:
            self.referred = message.referral  # no answer, and no word about the name (RFC 2308 §2.2)
            self._ask()
        else:
            self._close()
            self._use(message)

    def _is_answer(self, message: dns.DnsMessage) -> bool:
        if not message.response or message.id != self.id or message.opcode != dns.QUERY:
            return False
        if not message.questions:
            return message.code == dns.FORMAT_ERROR  # the server could not read the question
        question = message.questions[0]
        return (fold(question.name), question.type, question.klass) == (fold(self.current), self.kind, dns.CLASS_IN)

    def _use(self, message: dns.DnsMessage) -> None:
        """Follow the aliases in an answer, and remember every step; nothing else is believed (RFC 2181 §5.4.1)."""
        cache, now, asked = self.resolver.cache, self.host.now, self.current
        self.code = message.code
        while not self.done:
            if records := _matching(message.answers, self.current, self.kind):
                cache.add(records, now)
                self.records += records
                self.found = records
                self._finish("")
            elif aliases := _matching(message.answers, self.current, dns.TYPE_CNAME):
                cache.add(aliases[:1], now)
                self.records += aliases[:1]
                self._follow(aliases[0])
            else:
                break
        if self.done:
            return
        soa = next((each for each in message.authorities if each.type == dns.TYPE_SOA), None)
        if soa is not None and _is_within(self.current, soa.name):
            cache.deny(self.current, self.kind, message.code, soa, now)
        if fold(self.current) != fold(asked) and soa is None and message.code == dns.NO_ERROR:
            self.tries = 0
            self._go_on()  # RFC 1034 §5.3.3: the alias leads out of what this server knows
        else:
            self._finish("")

    def _finish(self, error: str) -> None:
        self._close()
        if self.code == dns.NAME_ERROR and self.alternative and not error:
            self.name = self.current = self.alternative
            self.alternative, self.code, self.tries = "", dns.NO_ERROR, 0
            self.records = []
            self._go_on()
            return
        self.host.queue.wake(self, NEVER)
        self.done = True
        self.error = error
        self.finished_at = self.host.now
        if error:
            self._note("dns.failed", self.name, self.kind, error)
        if self.asker is not None:
            asker, self.asker = self.asker, None
            asker.resolved(self)

    def _close(self) -> None:
        if self.udp is not None:
            self.udp.close()
        if self.tcp is not None:
            self.tcp.close()
        self.udp = self.tcp = None

    def cancel(self) -> None:
        """Give up."""
        self.asker = None
        if not self.done:
            self._finish("cancelled")

    def _note(self, kind: str, *values: object) -> None:
        if self.host.observer is not None:
            self.host.observer(self.host.name, kind, *values)

    def report(self) -> DnsProgress:
        """Return what is known so far."""
        end = self.finished_at if self.done else self.host.now
        return DnsProgress(
            self.name, dns.TYPES.get(self.kind, str(self.kind)), rows(self.records),
            dns.CODES.get(self.code, f"code {self.code}"), show_ip(self.server) if self.server else "", self.over,
            self.tries, end - self.started_at, self.done, self.error,
        )


def rows(records: list[dns.Record]) -> list[DnsRow]:
    """Return records as a person reads them."""
    return [DnsRow(r.name, dns.TYPES.get(r.type, str(r.type)), r.ttl, show_data(r)) for r in records]


def _is_name(name: str) -> bool:
    """Tell whether a name can be on the wire: a domain that a server told us may be anything."""
    try:
        dns.labels_of(name)
    except ValueError:
        return False
    return True


def _matching(records: list[dns.Record], name: str, kind: int) -> list[dns.Record]:
    return [
        each for each in records
        if each.klass == dns.CLASS_IN and each.type == kind and fold(each.name) == fold(name)
    ]


def _is_within(name: str, zone: str) -> bool:
    return zone == "." or fold(name) == fold(zone) or fold(name).endswith("." + fold(zone))
