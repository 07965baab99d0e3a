"""A DHCP server for a small network: a pool of addresses, and who has which (RFC 2131 §4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aether.wire import dhcp
from aether.wire.address import BROADCAST_IP, show_ip, show_mac
from aether.wire.error import WireError

if TYPE_CHECKING:
    from aether.stack import Stack
    from aether.udp import UdpSocket

SECOND = 1_000_000
OFFER_TIME = 60
"""Seconds for which an offered address is kept for whom it was offered to."""
DECLINE_TIME = 600
"""Seconds for which an address rests that somebody else seems to use."""
NOBODY = b""


class Scope(NamedTuple):
    """What a server hands out; `lease` in seconds."""

    first: bytes
    last: bytes
    mask: bytes
    router: bytes
    servers: tuple[bytes, ...]
    domain: str = ""
    lease: int = 3600
    mtu: int = 1500


class Binding:
    """Who has an address, and until when (world time in microseconds); NOBODY for one that rests."""

    __slots__ = ("client", "granted", "until")

    def __init__(self, client: bytes, until: int) -> None:
        self.client = client
        self.until = until
        self.granted = False
        """False for what was offered only."""


HANDLERS = {
    dhcp.DISCOVER: "_discover", dhcp.REQUEST: "_request", dhcp.DECLINE: "_decline", dhcp.RELEASE: "_release",
    dhcp.INFORM: "_inform",
}
"""Which method handles what arrives, by type."""


class DhcpServer:
    """Answers on port 67 of one host. A client is its identifier, or its hardware address (RFC 2131 §4.2)."""

    __slots__ = ("bindings", "host", "scope")

    def __init__(self, host: Stack, scope: Scope) -> None:
        self.host = host
        self.scope = scope
        self.bindings: dict[bytes, Binding] = {}

    def ready(self, socket: UdpSocket) -> None:
        """Answer every message that waits."""
        while socket.queue:
            self._take(socket, socket.receive().payload)

    def _take(self, socket: UdpSocket, data: bytes) -> None:
        host = self.host
        try:
            message = dhcp.parse(data)
        except WireError as problem:
            host.drop(problem.reason, detail=problem.detail)
            return
        kind = message.message_type
        if message.op != dhcp.BOOT_REQUEST or kind not in HANDLERS or message.giaddr != dhcp.ANY:
            relayed = ", relayed" if message.giaddr != dhcp.ANY else ""
            host.drop("dhcp.unexpected", detail=f"{dhcp.NAMES.get(kind, 'BOOTP')} at a server{relayed}")
            return
        if host.observer is not None:
            host.observer(host.name, "dhcp.served", dhcp.NAMES[kind], message.xid, message.chaddr)
        host.count("dhcp.served")
        answer: dhcp.DhcpMessage | None = getattr(self, HANDLERS[kind])(message)
        if answer is not None:
            self._send(socket, message, answer)

    def _send(self, socket: UdpSocket, query: dhcp.DhcpMessage, answer: dhcp.DhcpMessage) -> None:
        """Send to the client's address if it has one, else to everybody (RFC 2131 §4.1)."""
        refused = answer.message_type == dhcp.NAK
        destination = BROADCAST_IP if refused or query.ciaddr == dhcp.ANY else query.ciaddr
        try:
            socket.may_broadcast = True
            socket.send_to(dhcp.build(answer), destination, dhcp.CLIENT_PORT)
        except OSError:
            self.host.count("dhcp.answers_failed")

    def _discover(self, message: dhcp.DhcpMessage) -> dhcp.DhcpMessage | None:
        """Offer the address that the client had, the one it asks for, or a free one (RFC 2131 §4.3.1)."""
        client = _client(message)
        address = self._held(client)
        wish = message.requested_address
        if address is None and wish is not None and self._is_free(wish):
            address = wish
        if address is None:
            address = self._free()
        if address is None:
            self.host.drop("dhcp.pool_empty", detail=f"for {show_mac(message.chaddr)}")
            return None
        if self._held(client) != address or not self.bindings[address].granted:
            self.bindings[address] = Binding(client, self.host.now + OFFER_TIME * SECOND)
        return self._answer(message, dhcp.OFFER, address)

    def _request(self, message: dhcp.DhcpMessage) -> dhcp.DhcpMessage | None:
        """Grant or refuse, by what the client already is (RFC 2131 §4.3.2)."""
        client = _client(message)
        chosen = message.server_identifier
        if chosen is not None and chosen != self.host.address:
            self._forget(client)  # it took another server's offer
            return None
        address = message.requested_address or message.ciaddr
        if self._held(client) == address and address != dhcp.ANY:
            binding = self.bindings[address]
            binding.until = self.host.now + self.scope.lease * SECOND
            binding.granted = True
            return self._answer(message, dhcp.ACK, address)
        if chosen is None and self._in_pool(address) and self._is_free(address) and message.ciaddr == dhcp.ANY:
            return None  # we know nothing of this client, and stay silent (RFC 2131 §4.3.2)
        return self._refuse(message, f"{show_ip(address)} is not yours")

    def _decline(self, message: dhcp.DhcpMessage) -> None:
        """Let an address rest that somebody else uses (RFC 2131 §4.3.3)."""
        address = message.requested_address
        if address is not None and self._held(_client(message)) == address:
            self.bindings[address] = Binding(NOBODY, self.host.now + DECLINE_TIME * SECOND)

    def _release(self, message: dhcp.DhcpMessage) -> None:
        """Take an address back (RFC 2131 §4.3.4)."""
        if self._held(_client(message)) == message.ciaddr:
            del self.bindings[message.ciaddr]

    def _inform(self, message: dhcp.DhcpMessage) -> dhcp.DhcpMessage:
        """Tell everything but an address (RFC 2131 §4.3.5)."""
        answer = self._answer(message, dhcp.ACK, dhcp.ANY)
        for option in (dhcp.OPTION_LEASE_TIME, dhcp.OPTION_RENEWAL_TIME, dhcp.OPTION_REBINDING_TIME):
            del answer.options[option]
        return answer

    def _answer(self, message: dhcp.DhcpMessage, kind: int, address: bytes) -> dhcp.DhcpMessage:
        scope = self.scope
        options = {
            dhcp.OPTION_SERVER_IDENTIFIER: self.host.address,
            dhcp.OPTION_LEASE_TIME: scope.lease.to_bytes(4, "big"),
            dhcp.OPTION_RENEWAL_TIME: (scope.lease // 2).to_bytes(4, "big"),
            dhcp.OPTION_REBINDING_TIME: (scope.lease * 7 // 8).to_bytes(4, "big"),
            dhcp.OPTION_SUBNET_MASK: scope.mask,
            dhcp.OPTION_ROUTERS: scope.router,
            dhcp.OPTION_DNS_SERVERS: b"".join(scope.servers),
            dhcp.OPTION_MTU: scope.mtu.to_bytes(2, "big"),
        }
        if scope.domain:
            options[dhcp.OPTION_DOMAIN_NAME] = scope.domain.encode("ascii")
        return dhcp.of_kind(
            kind, dhcp.BOOT_REPLY, message.xid, message.chaddr, options, broadcast=message.broadcast,
            ciaddr=message.ciaddr if kind == dhcp.ACK else dhcp.ANY, yiaddr=address)

    def _refuse(self, message: dhcp.DhcpMessage, why: str) -> dhcp.DhcpMessage:
        options = {
            dhcp.OPTION_SERVER_IDENTIFIER: self.host.address, dhcp.OPTION_MESSAGE: why.encode("ascii")}
        return dhcp.of_kind(
            dhcp.NAK, dhcp.BOOT_REPLY, message.xid, message.chaddr, options, broadcast=message.broadcast)

    # The pool.

    def _held(self, client: bytes) -> bytes | None:
        for address, binding in self.bindings.items():
            if binding.client == client and binding.until > self.host.now:
                return address
        return None

    def _forget(self, client: bytes) -> None:
        address = self._held(client)
        if address is not None and not self.bindings[address].granted:
            del self.bindings[address]

    def _in_pool(self, address: bytes) -> bool:
        return self.scope.first <= address <= self.scope.last

    def _is_free(self, address: bytes) -> bool:
        binding = self.bindings.get(address)
        return self._in_pool(address) and (binding is None or binding.until <= self.host.now)

    def _free(self) -> bytes | None:
        first, last = (int.from_bytes(one, "big") for one in (self.scope.first, self.scope.last))
        for number in range(first, last + 1):
            if self._is_free(number.to_bytes(4, "big")):
                return number.to_bytes(4, "big")
        return None


def _client(message: dhcp.DhcpMessage) -> bytes:
    return message.options.get(dhcp.OPTION_CLIENT_IDENTIFIER) or message.chaddr
