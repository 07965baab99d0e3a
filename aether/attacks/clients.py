"""Attacks by bad manners: connections that are made as they should be, and then used as nobody means them."""

from __future__ import annotations

from typing import ClassVar

from aether.attacks.attack import Attack, Plan
from aether.attacks.station import OWN, PORTS, VictimSegment
from aether.tcp.states import CLOSED, TIME_WAIT
from aether.wire import tcp

PAGES = 40
"""Requests on each connection, so that there is more to send than fits into any window."""
REQUESTS = b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n" * PAGES
WINDOW = 2000
"""What a client offers at first, in bytes."""


class Client:
    """One connection of the attacker's, in as few words as TCP allows."""

    __slots__ = ("ack", "open", "port", "seq")

    def __init__(self, port: int, seq: int) -> None:
        self.port = port
        self.seq = seq
        self.ack = -1
        self.open = True


class _Clients(Attack):
    """Makes connections, one a move, and asks for pages on each."""

    __slots__ = ("bytes", "clients", "first", "segments")
    DATA = REQUESTS

    def prepare(self) -> None:
        """There is no connection yet."""
        self.first = self.stream.below(len(PORTS))
        self.clients: dict[int, Client] = {}
        self.segments = self.bytes = 0

    def move(self, index: int) -> None:
        """Ask for one more connection."""
        port = PORTS[(self.first + index) % len(PORTS)]
        client = self.clients[port] = Client(port, self.stream.bits(31))
        self.ask(self.address(OWN), port, self.plan.port, client.seq, WINDOW)
        client.seq += 1

    def say(self, client: Client, flags: int, window: int, payload: bytes = b"") -> None:
        """Send a segment on a connection."""
        self.segment(self.address(OWN), client.port, self.plan.port, client.seq, max(client.ack, 0), flags, window,
                     payload=payload)

    def heard_segment(self, segment: VictimSegment) -> None:
        """Answer what is for one of the connections."""
        client = self.clients.get(segment.header.destination_port)
        if client is None or segment.destination != self.address(OWN) or not client.open:
            return
        flags = segment.header.flags
        if flags & (tcp.RST | tcp.FIN):
            client.open = False
        elif flags & tcp.SYN:
            client.ack = segment.header.sequence + 1 & 0xFFFFFFFF
            self.opened(client)
        elif client.ack >= 0:
            self.came(client, segment)

    def opened(self, client: Client) -> None:
        """Ask for pages."""
        self.say(client, tcp.ACK | tcp.PSH, WINDOW, self.DATA)
        client.seq += len(self.DATA)

    def came(self, client: Client, segment: VictimSegment) -> None:
        """Something came on an open connection."""
        if segment.payload and segment.header.sequence == client.ack:
            self.segments += 1
            self.bytes += len(segment.payload)
            client.ack = client.ack + len(segment.payload) & 0xFFFFFFFF

    def still_open(self) -> int:
        """Return how many of the connections the victim keeps, as far as that is known."""
        host = self.victim_host()
        if host is None:
            return sum(client.open for client in self.clients.values())
        own = self.address(OWN)
        return sum(
            conn.remote_ip == own and conn.remote_port in self.clients and conn.state not in (CLOSED, TIME_WAIT)
            for conn in host.tcp.connections.values())


class SlowReader(_Clients):
    """Pages that are asked for and never taken."""

    __slots__ = ()
    NAME = "slow-reader"
    PLAN: ClassVar[Plan] = Plan(count=20, every=10_000, lasting=180_000_000, port=80, conn=0, offset=0)
    ABOUT = ("Connections that ask for pages and then close their window. TCP has to wait for as long as its questions "
             "are answered, and what is held for each stays in memory.")
    DEFENCE = "the server ends connections that take nothing for too long (http.stalled)"
    KNOBS = ("http.stalled=0",)
    RFC = "RFC 9293 §3.8.6.1, RFC 6429"

    def came(self, client: Client, segment: VictimSegment) -> None:
        """Acknowledge, and let nothing more come."""
        super().came(client, segment)
        self.say(client, tcp.ACK, 0)

    def judge(self) -> tuple[bool | None, list[str]]:
        """It works if everybody is served for ever."""
        kept = self.still_open()
        return kept == len(self.clients) > 0, [
            f"{kept} of {len(self.clients)} connections are kept open, after {self.plan.lasting // 1_000_000} s"]


class TinyWindow(_Clients):
    """Pages that are taken byte by byte."""

    __slots__ = ()
    NAME = "tiny-window"
    PLAN: ClassVar[Plan] = Plan(count=1, every=1000, lasting=5_000_000, port=80, conn=0, offset=0)
    ABOUT = ("A client that opens its window by one byte at a time: each byte of the page travels in a segment of its "
             "own, with forty bytes of headers, and costs the victim as much as 1,460 would.")
    DEFENCE = "a sender waits until the window is worth a segment (tcp.silly_window)"
    KNOBS = ("tcp.silly_window=off",)
    RFC = "RFC 9293 §3.8.6.2.1, RFC 813"
    ENOUGH = 50

    def came(self, client: Client, segment: VictimSegment) -> None:
        """Make room for one byte."""
        super().came(client, segment)
        self.say(client, tcp.ACK, 1)

    def judge(self) -> tuple[bool | None, list[str]]:
        """It works if the victim sends next to nothing in each of many segments."""
        if not self.segments:
            return False, ["no data came"]
        average = self.bytes / self.segments
        return self.segments > self.ENOUGH and average < 60, [
            f"{self.bytes:,} bytes came in {self.segments:,} segments, {average:.0f} in each"]


class SackStorm(_Clients):
    """Data full of holes."""

    __slots__ = ("told",)
    NAME = "sack-storm"
    PLAN: ClassVar[Plan] = Plan(count=4000, every=50, lasting=50_000, port=9, conn=0, offset=0)
    ABOUT = ("Single bytes with a hole between each and the next: every one is kept apart, looked at when the next one "
             "comes, and answered with an acknowledgement that lists some of them (SACK).")
    DEFENCE = "the number of holes is bounded (tcp.holes)"
    KNOBS = ("tcp.out_of_order=buffer", "tcp.holes=1048576")
    RFC = "RFC 2018, CVE-2018-5390"
    DATA = b""

    def move(self, index: int) -> None:
        """Connect first, then send byte after byte."""
        if not index:
            super().move(0)
            return
        client = self.clients[PORTS[self.first]]
        if client.ack >= 0:
            self.segment(self.address(OWN), client.port, self.plan.port, client.seq + 2 * index, client.ack, tcp.ACK,
                         WINDOW, payload=b"!")

    def opened(self, client: Client) -> None:
        """End the handshake."""
        self.say(client, tcp.ACK, WINDOW)

    def judge(self) -> tuple[bool | None, list[str]]:
        """It works if the victim keeps nearly all of them apart."""
        host = self.victim_host()
        if host is None:
            return None, []
        own = self.address(OWN)
        holes = max((
            len(conn.out_of_order.ranges) for conn in host.tcp.connections.values()
            if conn.out_of_order is not None and conn.remote_ip == own and conn.remote_port in self.clients), default=0)
        return holes > self.plan.count // 2, [f"the victim keeps {holes:,} pieces apart, of {self.moves:,} sent"]
