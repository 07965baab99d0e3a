"""traceroute: which routers lie on the way, found by packets that live for one hop more each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.timers import NEVER, Sleeper
from aether.udp import UdpSocket
from aether.wire import icmp
from aether.wire.address import show_ip

if TYPE_CHECKING:
    from aether.stack import Stack
    from aether.wire.icmp import IcmpMessage

METHODS = ("udp", "icmp")
WAIT = 1_000_000
"""How long an answer to a probe is waited for, in microseconds."""
FIRST_PORT = 33_434
"""The first probe by UDP goes to this port, where hardly anybody listens; each next one to the next."""
PAYLOAD = bytes(32)
MARKS = {0: "!N", 1: "!H", 2: "!P", 4: "!F", 5: "!S", 13: "!X"}
"""How traceroute has always marked the codes of destination unreachable."""


@dataclass(slots=True)
class TraceProbe:
    """One probe: who answered (empty: nobody yet), after how many microseconds (-1), and a mark such as ``!H``."""

    address: str
    rtt: int
    mark: str = ""


@dataclass(slots=True)
class HopProbes:
    """The probes with one time to live."""

    ttl: int
    probes: list[TraceProbe]


@dataclass(slots=True)
class TraceProgress:
    """How far a trace is."""

    destination: str
    method: str
    done: bool
    reached: bool
    hops: list[HopProbes]


class Traceroute(Sleeper):
    """Sends one probe after another, each when the one before was answered or given up; a job of the user."""

    __slots__ = (
        "destination", "done", "host", "identifier", "last_hop", "method", "per_hop", "probes", "reached", "sent_at",
        "socket",
    )

    def __init__(
        self, host: Stack, destination: bytes, identifier: int, method: str, max_hops: int, per_hop: int
    ) -> None:
        super().__init__()
        self.host = host
        self.destination = destination
        self.identifier = identifier
        self.method = method
        self.last_hop = max_hops
        self.per_hop = per_hop
        self.probes: list[TraceProbe] = []
        self.sent_at: list[int] = []
        self.reached = False
        self.done = False
        self.socket = UdpSocket(host)

    def start(self) -> None:
        """Send the first probe."""
        if self.method == "udp":
            self.host.icmp.traces[self.socket.bind()] = self
        else:
            self.host.icmp.listeners[self.identifier] = self
        self._next()

    def _next(self) -> None:
        """Send the next probe, or end after the last."""
        number = len(self.probes)
        ttl = number // self.per_hop + 1
        if ttl > self.last_hop:
            self.cancel()
            return
        self.probes.append(TraceProbe("", -1))
        self.sent_at.append(self.host.now)
        self.host.queue.wake(self, self.host.now + WAIT)
        if not self._send(number, ttl):
            self.probes[number].mark = "no route"
            self.cancel()

    def _send(self, number: int, ttl: int) -> bool:
        if self.method == "icmp":
            return self.host.icmp.send_echo(self.destination, self.identifier, number + 1, PAYLOAD, ttl)
        self.socket.ttl = ttl
        self.socket.may_broadcast = True
        try:
            self.socket.send_to(PAYLOAD, self.destination, FIRST_PORT + number)
        except OSError:
            return False
        return True

    def wake(self, now: int) -> None:
        """Give up the last probe."""
        self.host.now = now
        self._next()

    def replied(self, source: bytes, message: IcmpMessage, ttl: int) -> bool:
        """Take an echo reply: the destination is reached."""
        return self._answered(message.sequence - 1, source, "", arrived=True)

    def failed(self, kind: int, code: int, sequence: int, reporter: bytes) -> None:
        """Take an ICMP error about a probe: from a router, or from the destination."""
        number = sequence - (FIRST_PORT if self.method == "udp" else 1)
        arrived, mark = False, ""
        if kind == icmp.DESTINATION_UNREACHABLE:
            arrived = True
            if code != icmp.PORT_UNREACHABLE:
                mark = MARKS.get(code, f"!<{code}>")
        elif (kind, code) != (icmp.TIME_EXCEEDED, icmp.TTL_EXCEEDED):
            mark = f"!<{kind}-{code}>"
        self._answered(number, reporter, mark, arrived)

    def _answered(self, number: int, source: bytes, mark: str, arrived: bool) -> bool:
        """Note an answer; late ones count too. False if no such probe waits."""
        if self.done or not 0 <= number < len(self.probes) or self.probes[number].rtt >= 0:
            return False
        self.probes[number] = TraceProbe(show_ip(source), self.host.now - self.sent_at[number], mark)
        if arrived:
            self.last_hop = min(self.last_hop, number // self.per_hop + 1)
            self.reached = self.reached or not mark
        if number == len(self.probes) - 1:
            self._next()
        return True

    def cancel(self) -> None:
        """Stop."""
        if not self.done:
            self.done = True
            self.host.icmp.listeners.pop(self.identifier, None)
            self.host.icmp.traces.pop(self.socket.port, None)
            self.host.udp.unregister(self.socket)
            self.host.queue.wake(self, NEVER)

    def since(self, shown: int) -> list[HopProbes]:
        """Return the hops after the first `shown` for which no more probes are waited for."""
        hops = self._hops()
        return hops[shown:] if self.done else hops[shown:-1]

    def _hops(self) -> list[HopProbes]:
        return [
            HopProbes(start // self.per_hop + 1, self.probes[start:start + self.per_hop])
            for start in range(0, len(self.probes), self.per_hop)
        ][:self.last_hop]

    def report(self) -> TraceProgress:
        """Return the hops so far."""
        return TraceProgress(show_ip(self.destination), self.method, self.done, self.reached, self._hops())
