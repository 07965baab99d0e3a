"""Addresses that a host would like to use: asked for first, then announced (RFC 5227 §2.1, §2.3).

A claim is *probing* while it asks whether anybody has the address, *announcing* once it is in use, and ends in
*conflict* if somebody does have it, or wants it at the same time. An address is *given up* when it is taken away, in
whichever of these it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aether.timers import NEVER, Sleeper
from aether.wire.address import show_ip, show_mac

if TYPE_CHECKING:
    from aether.net.interface import Interface
    from aether.net.node import Node
    from aether.streams import Stream

UNUSED, PROBING, ANNOUNCING, CONFLICT, DONE, GIVEN_UP = (
    "unused", "probing", "announcing", "conflict", "in use", "given up")
PROBE_WAIT = 1_000_000
"""Microseconds: the first probe is sent within them, so that many that start at once do not ask at once."""
PROBES = 3
PROBE_MIN, PROBE_MAX = 1_000_000, 2_000_000
ANNOUNCE_WAIT = 2_000_000
"""Microseconds after the last probe until the address is used."""
ANNOUNCEMENTS = 2
ANNOUNCE_INTERVAL = 2_000_000


class Claim(Sleeper):
    """One address of an interface on its way to be used; it ends by itself unless there is a conflict."""

    __slots__ = ("address", "claimant", "host", "interface", "prefix", "sent", "state", "stream")

    def __init__(self, host: Node, interface: Interface, address: bytes, prefix: int) -> None:
        super().__init__()
        self.host = host
        self.interface = interface
        self.address = address
        self.prefix = prefix
        self.state = UNUSED
        self.sent = 0
        """Probes, or announcements, sent so far."""
        self.claimant = b""
        """The hardware address of whoever has the address."""
        self.stream: Stream = host.stream("claim", show_ip(address))

    def start(self) -> None:
        """Wait for a moment, then ask."""
        self.interface.neighbours.claims[self.address] = self
        self._become(PROBING, "wanted")
        self.host.queue.wake(self, self.host.now + self.stream.between(0, PROBE_WAIT))

    def stop(self) -> None:
        """Ask and announce no more."""
        self.interface.neighbours.claims.pop(self.address, None)
        self.host.queue.wake(self, NEVER)

    def give_up(self) -> None:
        """Ask and announce no more: the address is not wanted."""
        self.stop()
        self._become(GIVEN_UP, "taken away")

    def contest(self, mac: bytes) -> None:
        """Take notice that another station uses the address, or probes for it too (RFC 5227 §2.1.1)."""
        if self.state == PROBING:
            self.claimant = mac
            self._become(CONFLICT, f"{show_mac(mac)} has it, or wants it too")
            self.host.queue.wake(self, NEVER)

    def wake(self, now: int) -> None:
        """Send what is due: a probe (RFC 5227 §2.1.1), or an announcement (§2.3)."""
        host = self.host
        host.now = now
        if self.state == PROBING:
            if self.sent < PROBES:
                self.sent += 1
                self.interface.neighbours.ask_for_nobody(self.address)
                last = self.sent == PROBES
                wait = ANNOUNCE_WAIT if last else self.stream.between(PROBE_MIN, PROBE_MAX)
                host.queue.wake(self, now + wait)
                return
            host.add_address(self.interface, self.address, self.prefix)
            self.sent = 0
            self._become(ANNOUNCING, "nobody else has it")
        self.sent += 1
        self.interface.neighbours.announce(self.address)
        if self.sent < ANNOUNCEMENTS:
            host.queue.wake(self, now + ANNOUNCE_INTERVAL)
        else:
            self.stop()
            self._become(DONE, "announced")

    def _become(self, state: str, why: str) -> None:
        tell(self.host, self.address, self.state, state, why)
        self.state = state


def tell(host: Node, address: bytes, old: str, new: str, why: str) -> None:
    """Tell what becomes of an address of a host."""
    if host.observer is not None:
        host.observer(host.name, "arp.claim", address, old, new, why)


def claims_of(interface: Interface) -> dict[bytes, Claim]:
    """Return the claims of an interface, by their addresses."""
    return cast("dict[bytes, Claim]", interface.neighbours.claims)
