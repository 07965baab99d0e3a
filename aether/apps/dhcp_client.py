"""A DHCP client: an address, a mask, a router and name servers for one interface (RFC 2131 §4.4, RFC 2132).

When nobody offers anything in time, the host falls back on a static address, and goes on asking behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aether.streams import Stream
from aether.timers import NEVER, Sleeper
from aether.udp import UdpSocket
from aether.wire import dhcp, ipv4, udp
from aether.wire.address import BROADCAST_IP, show_ip, show_mac
from aether.wire.error import WireError

if TYPE_CHECKING:
    from aether.apps.dns_resolver import Resolving
    from aether.net.interface import Interface

SECOND = 1_000_000
OFF, INIT, SELECTING, REQUESTING, CHECKING = "off", "init", "selecting", "requesting", "checking"
BOUND, RENEWING, REBINDING, INFORMING = "bound", "renewing", "rebinding", "informing"
HOLDING = (BOUND, RENEWING, REBINDING)
"""The states in which a leased address is in use."""
BACKOFF = (4, 8, 16, 32, 64)
"""Seconds between retransmissions, each a second more or less (RFC 2131 §4.1)."""
REQUESTS = 4
"""How often an offer is asked for before the search begins again (RFC 2131 §3.1.5)."""
FALLBACK = 5 * SECOND
"""Microseconds until the static address is taken."""
STATIC_ADDRESS, STATIC_PREFIX = b"\xc0\xa8\x01\x02", 24
PROBES, PROBE_GAP = 3, 200_000
"""How often, and how far apart in microseconds, an address is asked about before it is used (RFC 2131 §3.1.5)."""
AFTER_DECLINE = 10 * SECOND
"""The least wait after a conflict (RFC 2131 §3.1.5)."""
AFTER_NAK = SECOND
"""A server that refuses what it offers must not be asked in a tight loop."""
LEAST_RETRY = 60 * SECOND
"""The least time between two attempts to renew (RFC 2131 §4.4.5)."""
FOREVER = 0xFFFFFFFF
DEFAULT_PREFIX = 24
MTU_LOW, MTU_HIGH = 576, 1500
ANY = dhcp.ANY
WANTED = bytes((
    dhcp.OPTION_SUBNET_MASK, dhcp.OPTION_ROUTERS, dhcp.OPTION_DNS_SERVERS, dhcp.OPTION_DOMAIN_NAME, dhcp.OPTION_MTU,
    dhcp.OPTION_BROADCAST, dhcp.OPTION_LEASE_TIME, dhcp.OPTION_RENEWAL_TIME, dhcp.OPTION_REBINDING_TIME,
))


class Settings(NamedTuple):
    """How an interface is configured; the address is empty when it has none."""

    address: bytes
    prefix: int
    router: bytes
    servers: tuple[bytes, ...]
    domain: str
    mtu: int


class Lease(NamedTuple):
    """What a server granted; times are world time in microseconds, NEVER for a lease without end."""

    settings: Settings
    server: bytes
    obtained: int
    renew_at: int
    rebind_at: int
    expires_at: int


HANDLERS = {
    (SELECTING, dhcp.OFFER): "_offered", (REQUESTING, dhcp.ACK): "_granted", (REQUESTING, dhcp.NAK): "_refused",
    (RENEWING, dhcp.ACK): "_granted", (RENEWING, dhcp.NAK): "_refused", (REBINDING, dhcp.ACK): "_granted",
    (REBINDING, dhcp.NAK): "_refused", (INFORMING, dhcp.ACK): "_informed",
}
"""Which method handles what arrives, by state and type; anything else is unexpected."""


class DhcpClient(Sleeper):
    """The client of a host's first interface."""

    __slots__ = (
        "asked_at", "deadlines", "host", "last", "lease", "offer", "probes", "sent_at", "socket", "state", "static",
        "static_used", "stream", "tries", "xid",
    )

    def __init__(self, host: Resolving) -> None:
        super().__init__()
        self.host = host
        self.state = OFF
        self.lease: Lease | None = None
        self.offer: Lease | None = None
        """What was offered, or granted and is not in use yet."""
        self.last = ANY
        """The address of the last lease: what we would like to have again."""
        self.static: Settings | None = None
        """What was configured before, and what we fall back on."""
        self.static_used = False
        self.socket: UdpSocket | None = None
        self.xid = 0
        self.tries = 0
        self.probes = 0
        self.asked_at = 0
        """When the exchange began; `sent_at` is when its last message left."""
        self.sent_at = 0
        self.deadlines: dict[str, int] = {}
        self.stream: Stream

    def seed(self, seed: int) -> None:
        """Take the randomness for transaction ids and retransmissions."""
        self.stream = Stream(seed, self.host.name, "dhcp")

    @property
    def interface(self) -> Interface:
        """The interface that is configured."""
        return self.host.interfaces[0]

    # What the user asks for.

    def start(self) -> None:
        """Give up the address there is, and look for a server. OSError if the port is in use."""
        if self.state == OFF:
            self._open()
        if self.static is None:
            present = self._present()
            none = present._replace(address=STATIC_ADDRESS, prefix=STATIC_PREFIX)
            self.static = present if present.address else none
        self.deadlines.clear()
        self._unconfigure()
        self.lease = self.offer = None
        self._discover("the user asks")
        self._set("fall back", self.host.now + FALLBACK)

    def renew(self) -> bool:
        """Ask for more time now instead of at T1; False without a lease."""
        if self.lease is None or self.state not in HOLDING:
            return False
        self.deadlines.pop("renew", None)
        self._renew("the user asks")
        return True

    def release(self) -> bool:
        """Give the address back (RFC 2131 §4.4.6); False without a lease."""
        lease = self.lease
        if lease is None or self.state not in HOLDING:
            return False
        self._transaction()
        self._send(dhcp.RELEASE, {dhcp.OPTION_SERVER_IDENTIFIER: lease.server}, lease.server, lease.settings.address)
        self._unconfigure()
        self._stop("released")
        return True

    def inform(self) -> bool:
        """Ask for everything but an address (RFC 2131 §3.4); False unless it has one and DHCP is off. OSError."""
        if self.state != OFF or not self.interface.addresses:
            return False
        self._open()
        self._transaction()
        self._become(INFORMING, "the user asks")
        self._again()
        return True

    def _open(self) -> None:
        socket = UdpSocket(self.host, self)
        socket.bind(dhcp.CLIENT_PORT)
        self.socket = socket

    def _stop(self, why: str) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None
        self.lease = self.offer = None
        self.deadlines.clear()
        self._arm()
        self._become(OFF, why)

    # Sending (RFC 2131 §4.4.1, table 5).

    def _transaction(self) -> None:
        self.xid = self.stream.bits(32)
        self.tries = 0
        self.asked_at = self.host.now

    def _discover(self, why: str) -> None:
        self._transaction()
        self.offer = None
        for name in ("renew", "rebind", "expire", "probe"):
            self.deadlines.pop(name, None)
        self._become(SELECTING, why)
        self._again()

    def _again(self) -> None:
        """Send what the state asks for, the first time or again, and say when it is sent once more."""
        lease = self.lease
        if self.state == SELECTING:
            wish = {dhcp.OPTION_REQUESTED_ADDRESS: self.last} if self.last != ANY else {}
            self._send(dhcp.DISCOVER, wish, BROADCAST_IP)
        elif self.state == REQUESTING and self.offer is not None:
            self._send(dhcp.REQUEST, {
                dhcp.OPTION_REQUESTED_ADDRESS: self.offer.settings.address,
                dhcp.OPTION_SERVER_IDENTIFIER: self.offer.server,
            }, BROADCAST_IP)
        elif self.state == INFORMING:
            self._send(dhcp.INFORM, {}, BROADCAST_IP, self.host.address)
        elif lease is not None:
            rebinding = self.state == REBINDING
            self._send(dhcp.REQUEST, {}, BROADCAST_IP if rebinding else lease.server, lease.settings.address)
            end = lease.expires_at if rebinding else lease.rebind_at
            wait = max((end - self.host.now) // 2, LEAST_RETRY)
            self._set("retransmit", self.host.now + wait)
            return
        wait = BACKOFF[min(self.tries, len(BACKOFF)) - 1] * SECOND + self.stream.between(-SECOND, SECOND)
        self._set("retransmit", self.host.now + wait)

    def _send(self, kind: int, options: dict[int, bytes], destination: bytes, ours: bytes = ANY) -> None:
        """Send a message; `ours` is the address that we hold already."""
        host = self.host
        self.tries += 1
        self.sent_at = host.now
        options = {dhcp.OPTION_CLIENT_IDENTIFIER: b"\1" + self.interface.mac, **options}
        if kind not in (dhcp.DECLINE, dhcp.RELEASE):
            options[dhcp.OPTION_PARAMETER_LIST] = WANTED  # RFC 2132 §9.8
            options[dhcp.OPTION_MAX_MESSAGE_SIZE] = MTU_HIGH.to_bytes(2, "big")
        secs = min((host.now - self.asked_at) // SECOND, 0xFFFF)
        message = dhcp.of_kind(
            kind, dhcp.BOOT_REQUEST, self.xid, self.interface.mac, options, ciaddr=ours,
            broadcast=ours == ANY and bool(self.interface.addresses),  # we take unicast for our own address only then
            secs=0 if kind in (dhcp.DECLINE, dhcp.RELEASE) else secs)
        datagram = udp.build(ours, destination, dhcp.CLIENT_PORT, dhcp.SERVER_PORT, dhcp.build(message))
        if host.observer is not None:
            host.observer(host.name, "dhcp.sent", dhcp.NAMES[kind], self.xid, destination)
        host.count("dhcp.sent")
        host.ipv4.send(destination, ipv4.PROTO_UDP, datagram, source=ours, dont_fragment=False)

    # Receiving.

    def ready(self, socket: UdpSocket) -> None:
        """Take every message that waits."""
        while self.socket is socket and socket.queue:
            try:
                self._take(socket.receive().payload)
            except OSError:
                return

    def _take(self, data: bytes) -> None:
        host = self.host
        try:
            message = dhcp.parse(data)
        except WireError as problem:
            host.drop(problem.reason, detail=problem.detail)
            return
        kind = message.message_type
        if message.op != dhcp.BOOT_REPLY or message.xid != self.xid or message.chaddr != self.interface.mac:
            host.drop("dhcp.unmatched", detail=f"xid {message.xid:08x} for {show_mac(message.chaddr)}")
            return
        handler = HANDLERS.get((self.state, kind))
        if handler is None:
            host.drop("dhcp.unexpected", detail=f"{dhcp.NAMES.get(kind, 'BOOTP')} while {self.state}")
            return
        if host.observer is not None:
            server = message.server_identifier or ANY
            host.observer(host.name, "dhcp.received", dhcp.NAMES[kind], message.xid, server, message.yiaddr)
        getattr(self, handler)(message)

    def _offered(self, message: dhcp.DhcpMessage) -> None:
        """Ask for the first offer that is complete (RFC 2131 §4.4.1)."""
        self.offer = self._read(message)
        if self.offer is not None:
            self.tries = 0
            self._become(REQUESTING, f"{show_ip(self.offer.server)} offers {show_ip(self.offer.settings.address)}")
            self._again()

    def _granted(self, message: dhcp.DhcpMessage) -> None:
        """Take a lease: a new one after a look whether anybody has the address (RFC 2131 §3.1, step 5)."""
        lease = self._read(message)
        if lease is None:
            return
        if self.state != REQUESTING:
            self._bind(lease, "renewed")
            return
        if self.offer is None or lease.server != self.offer.server:
            self.host.drop("dhcp.unmatched", detail=f"from {show_ip(lease.server)}, which was not asked")
            return
        self.offer = lease
        for name in ("retransmit", "fall back"):
            self.deadlines.pop(name, None)
        self._become(CHECKING, "does anybody use the address?")
        self.probes = 0
        self._probe()

    def _refused(self, message: dhcp.DhcpMessage) -> None:
        """Begin again (RFC 2131 §4.4.1, §4.4.5)."""
        asked = {REQUESTING: self.offer, RENEWING: self.lease}.get(self.state)  # in REBINDING it was all of them
        chosen = asked.server if asked is not None else None
        if chosen is not None and message.server_identifier not in (None, chosen):
            self.host.drop("dhcp.unmatched", detail="a NAK of a server that was not asked")
            return
        self.last = ANY
        self._lose(message.message or "the server refuses", AFTER_NAK)

    def _informed(self, message: dhcp.DhcpMessage) -> None:
        """Take everything but the address (RFC 2131 §4.4.3)."""
        present = self._present()
        read = self._settings(message, present.address, present.prefix)
        if read is not None:
            self._configure(read._replace(prefix=present.prefix, router=read.router or present.router))
        self._stop("informed")

    def _read(self, message: dhcp.DhcpMessage) -> Lease | None:
        """Return the lease in a message; None, with a drop counted, if something that matters is missing."""
        server, seconds = message.server_identifier, message.lease_time
        address = message.yiaddr
        usable = 0 < address[0] < 224 and address[0] != 127
        settings = self._settings(message, address, DEFAULT_PREFIX) if usable else None
        if server is None or not seconds or settings is None:
            self.host.drop("dhcp.incomplete", detail=f"address {show_ip(address)}, lease time {seconds}")
            return None
        now = self.sent_at  # time counts from the request (RFC 2131 §4.4.5)
        if seconds == FOREVER:
            return Lease(settings, server, now, NEVER, NEVER, NEVER)  # RFC 2131 §3.3
        renew, rebind = message.renewal_time or 0, message.rebinding_time or 0
        whole = seconds * SECOND
        if not 0 < renew < rebind < seconds:
            return Lease(settings, server, now, now + whole // 2, now + whole * 7 // 8, now + whole)
        return Lease(settings, server, now, now + renew * SECOND, now + rebind * SECOND, now + whole)

    def _settings(self, message: dhcp.DhcpMessage, address: bytes, prefix: int) -> Settings | None:
        mask = message.subnet_mask
        if mask is not None:
            ones = bin(int.from_bytes(mask, "big"))[2:].rstrip("0")
            if "0" in ones or mask[0] < 128:
                return None
            prefix = len(ones)
        router = next((one for one in message.routers if one != ANY), b"")
        mtu = message.mtu or self._usual_mtu()
        return Settings(
            address, prefix, router, tuple(message.dns_servers), message.domain_name.strip("."),
            min(max(mtu, MTU_LOW), MTU_HIGH))  # RFC 2132 §5.1, which allows less than a link can work with

    # Using an address.

    def _probe(self) -> None:
        """Ask whether anybody has the address; if nobody said so in time, use it (RFC 5227 §2.1.1)."""
        assert self.offer is not None
        neighbours = self.interface.neighbours
        address = self.offer.settings.address
        if self.probes and neighbours.claimant:
            self._decline(self.offer, neighbours.claimant)
        elif self.probes < PROBES:
            self.probes += 1
            neighbours.probe(address)
            self._set("probe", self.host.now + PROBE_GAP)
        else:
            neighbours.probed = b""
            self._bind(self.offer, "nobody else has the address")

    def _decline(self, offer: Lease, claimant: bytes) -> None:
        """Tell the server that somebody has its address already (RFC 2131 §4.4.4)."""
        self.interface.neighbours.probed = b""
        self._send(dhcp.DECLINE, {
            dhcp.OPTION_REQUESTED_ADDRESS: offer.settings.address, dhcp.OPTION_SERVER_IDENTIFIER: offer.server,
        }, BROADCAST_IP)
        self.last = ANY
        self._lose(f"{show_mac(claimant)} has {show_ip(offer.settings.address)} already", AFTER_DECLINE)

    def _bind(self, lease: Lease, why: str) -> None:
        changed = self.lease is None or self.lease.settings != lease.settings
        self.lease, self.offer, self.last = lease, None, lease.settings.address
        self.deadlines.clear()
        for name, at in (("renew", lease.renew_at), ("rebind", lease.rebind_at), ("expire", lease.expires_at)):
            self._set(name, at)
        if changed:
            self._configure(lease.settings)
            self.interface.neighbours.announce(lease.settings.address)
        self.static_used = False
        self._become(BOUND, why)
        self.host.count("dhcp.bound")

    def _renew(self, why: str) -> None:
        self._transaction()
        self._become(RENEWING, why)
        self._again()

    def _lose(self, why: str, wait: int) -> None:
        """Do without an address, and begin again after a while."""
        if self.lease is not None:
            self._unconfigure()
        self.lease = self.offer = None
        fall_back = self.deadlines.get("fall back", self.host.now + FALLBACK)
        self.deadlines.clear()
        self._become(INIT, why)
        if not self.static_used:
            self._set("fall back", fall_back)
        self._set("begin", self.host.now + wait)

    def _present(self) -> Settings:
        addresses = self.interface.addresses
        route = self.host.routes.find(BROADCAST_IP)
        gateway = route.gateway if route is not None and route.gateway is not None else b""
        resolver = self.host.resolver
        return Settings(
            addresses[0].ip if addresses else b"", addresses[0].prefix if addresses else DEFAULT_PREFIX, gateway,
            tuple(resolver.servers), resolver.domain, self.interface.mtu)

    def _usual_mtu(self) -> int:
        return self.static.mtu if self.static is not None else self.interface.mtu

    def _unconfigure(self) -> None:
        for address in list(self.interface.addresses):
            self.host.remove_address(self.interface, address.ip)
        self.host.routes.remove(ANY, 0)
        self.static_used = False

    def _configure(self, wanted: Settings) -> None:
        host, interface = self.host, self.interface
        self._unconfigure()
        host.add_address(interface, wanted.address, wanted.prefix)
        route = host.routes.find(wanted.router) if wanted.router else None
        if route is not None and route.gateway is None:
            host.routes.add(ANY, 0, wanted.router, interface.index)
        if wanted.servers:
            host.resolver.servers = list(wanted.servers)
        host.resolver.domain = wanted.domain
        host.set_mtu(interface, wanted.mtu)

    def _fall_back(self) -> None:
        """Nobody answered in time: use the static address, and go on asking."""
        assert self.static is not None
        self._configure(self.static)
        self.static_used = True
        if self.host.observer is not None:
            self.host.observer(self.host.name, "dhcp.fell_back", self.static.address)

    # Time.

    def _set(self, name: str, at: int) -> None:
        if at < NEVER:
            self.deadlines[name] = at
        self._arm()

    def _arm(self) -> None:
        self.host.queue.wake(self, min(self.deadlines.values(), default=NEVER))

    def wake(self, now: int) -> None:
        """Handle the one deadline that is due."""
        self.host.now = now
        name = min(self.deadlines, key=self.deadlines.__getitem__)
        if self.deadlines[name] <= now:
            del self.deadlines[name]
            self._due(name)
        self._arm()

    def _due(self, name: str) -> None:
        if name == "probe":
            self._probe()
        elif name == "begin":
            self._discover("trying again")
        elif name == "fall back":
            self._fall_back()
        elif name == "renew":
            self._renew("T1")
        elif name == "rebind":
            self._transaction()
            self._become(REBINDING, "T2")
            self._again()
        elif name == "expire":
            self._lose("the lease ran out", 0)
        elif self.state == INFORMING and self.tries >= REQUESTS:
            self._stop("nobody answers")
        elif self.state == REQUESTING and self.tries >= REQUESTS:
            self._discover("the server has gone")
        else:
            self._again()

    def _become(self, state: str, why: str) -> None:
        if state != self.state:
            if self.host.observer is not None:
                self.host.observer(self.host.name, "dhcp.state", self.state, state, why)
            self.state = state
