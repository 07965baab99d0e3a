"""Random programs: what a peer sends and what an application calls, with times, as lines of packet scripts.

A program is made by a seeded generator that follows roughly what both ends would have in flight, so that most of its
segments mean something: near the edges of windows, of what was sent, and of what was acknowledged.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

LONGEST = 2_600_000
"""Microseconds that a program takes at the most."""
WAITS = (1_000, 1_000, 1_000, 1_000, 1_000, 2_000, 12_000, 70_000, 120_000, 330_000, 700_000, 1_300_000)
LISTEN = (
    "socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3",
    "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
    "bind(3, ..., ...) = 0",
    "listen(3, 5) = 0",
)
CONNECT = (
    "socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3",
    "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
    "bind(3, ..., ...) = 0",
    "connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)",
)
ACCEPT = "accept4(3, ..., ..., SOCK_NONBLOCK) = 4"
OPTIONS = (
    "SOL_TCP, TCP_NODELAY, [1], 4", "SOL_TCP, TCP_CORK, [1], 4", "SOL_TCP, TCP_CORK, [0], 4",
    "SOL_SOCKET, SO_KEEPALIVE, [1], 4", "SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8",
    "SOL_TCP, TCP_DEFER_ACCEPT, [0], 4",
)
ASKED = ("SOL_SOCKET, SO_ERROR", "SOL_TCP, TCP_NODELAY", "SOL_TCP, TCP_MAXSEG", "SOL_SOCKET, SO_KEEPALIVE")


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a program."""

    wait: int
    """Microseconds since the step before."""
    text: str
    """As in a packet script, without the time."""


@dataclass(frozen=True, slots=True)
class Program:
    """Steps, and the sysctls that they are played with."""

    steps: tuple[Step, ...]
    sysctls: tuple[tuple[str, str], ...] = ()

    def without(self, begin: int, end: int) -> Program:
        """Return it without some steps; what follows comes as much later."""
        gap = sum(step.wait for step in self.steps[begin:end])
        rest = list(self.steps[end:])
        if rest:
            rest[0] = replace(rest[0], wait=rest[0].wait + gap)
        return replace(self, steps=self.steps[:begin] + tuple(rest))

    @property
    def times(self) -> list[int]:
        """When each step is due, in microseconds."""
        now, found = 0, []
        for step in self.steps:
            now += step.wait
            found.append(now)
        return found


SYSCTLS: tuple[tuple[tuple[str, str], ...], ...] = (
    (), (("net.ipv4.tcp_timestamps", "0"),), (("net.ipv4.tcp_sack", "0"),), (("net.ipv4.tcp_ecn", "1"),),
)
"""How a host may be set: each program is for one of them."""


class _Generator:
    """Makes one program."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.steps: list[Step] = []
        self.length = 0
        self.mss = rng.choice((536, 1000, 1000, 1460))
        self.sack = rng.random() < 0.6
        self.stamps = rng.random() < 0.35
        self.scale = rng.random() < 0.4
        self.window = rng.choice((65_535, 65_535, 20_000, 3_000))
        self.peer = 1
        """The peer's next number."""
        self.sent: list[tuple[int, int]] = []
        """What the peer sent, or holds back for now: holes."""
        self.written = 1
        """The number after the last byte that the application wrote; beyond it the FIN."""
        self.acked = 1
        self.fin = self.peer_fin = False
        self.fd = 4
        self.clock = 700

    def add(self, text: str, wait: int = -1) -> None:
        if wait < 0:
            wait = self.rng.choice(WAITS)
        if self.length + wait > LONGEST:
            wait = 1_000
        self.length += wait
        self.steps.append(Step(wait, text))

    def option_list(self, flags: str, sack: str = "", age: int = 0) -> str:
        found, syn = [], "S" in flags
        if syn:
            found.append(f"mss {self.mss}")
            if self.sack:
                found.append("sackOK")
        if self.stamps:
            self.clock += 1
            found.append(f"TS val {self.clock - age} ecr {0 if '.' not in flags else 100}")
        if syn and self.scale:
            found.append("nop,wscale 4")
        if sack and self.sack and not syn:
            found.append(f"nop,nop,sack {sack}")
        return f" <{','.join(found)}>" if found else ""

    def segment(
        self, flags: str, seq: int, length: int = 0, ack: int | None = None, *, window: int = -1, sack: str = "",
        age: int = 0, wait: int = -1,
    ) -> None:
        seq, said = seq & 0xFFFFFFFF, ""
        if "." in flags:
            said = f" ack {(self.acked if ack is None else ack) & 0xFFFFFFFF}"
        window = self.window if window < 0 else window
        options = self.option_list(flags, sack, age)
        self.add(f"< {flags} {seq}:{(seq + length) & 0xFFFFFFFF}({length}){said} win {window}{options}", wait)

    # Beginnings.

    def passive(self) -> None:
        for line in LISTEN:
            self.add(line, 1_000)
        self.segment("S", 0, wait=1_000)
        if self.rng.random() < 0.15:
            return  # whatever comes next
        self.segment(".", 1, ack=1, wait=self.rng.choice((1_000, 12_000, 70_000)))
        if self.rng.random() < 0.95:
            self.add(ACCEPT, 1_000)
            self.impatience()

    def active(self) -> None:
        self.fd = 3
        for line in CONNECT:
            self.add(line, 1_000)
        chance = self.rng.random()
        if chance < 0.8:
            self.segment("S.", 0, ack=1, wait=self.rng.choice((1_000, 12_000, 70_000)))
            self.impatience()
        elif chance < 0.9:
            self.segment("S", 0, wait=1_000)

    def impatience(self) -> None:
        """Mostly, small segments are not held back: what one host holds back and not the other ends a comparison."""
        if self.rng.random() < 0.75:
            self.add(f"setsockopt({self.fd}, SOL_TCP, TCP_NODELAY, [1], 4) = 0", 1_000)

    # What follows.

    def odd_number(self, right: int) -> int:
        return self.rng.choice((
            right - 1, right + 1, right - self.mss, right + self.mss, right + 3 * self.mss, right - 100, right + 100,
            1, 0, right + 70_000, right - 70_000, right + 0x40000000))

    def data(self) -> None:
        rng = self.rng
        length = rng.choice((1, 100, 500, self.mss, self.mss, self.mss))
        chance = rng.random()
        flags = rng.choice(("P.", "."))
        if chance < 0.6 and not self.peer_fin:
            self.segment(flags, self.peer, length)
            self.peer += length
        elif chance < 0.75:
            self.segment(flags, self.peer + length * rng.choice((1, 1, 2)), length)  # a hole
            if rng.random() < 0.6:
                self.segment(flags, self.peer, length, wait=rng.choice(WAITS[:8]))
                self.peer += 2 * length
        elif chance < 0.9:
            self.segment(flags, max(self.peer - length - rng.choice((0, 0, 50)), 1), length + rng.choice((0, 0, 30)))
        else:
            self.segment(flags, self.odd_number(self.peer), length)

    def acknowledge(self) -> None:
        rng = self.rng
        top = self.written + self.fin
        chance = rng.random()
        if chance < 0.6:
            steps = max((top - self.acked) // self.mss, 1)
            self.acked = min(self.acked + self.mss * rng.randint(1, steps), top) if chance < 0.4 else top
            self.segment(".", self.peer + self.peer_fin, window=rng.choice((-1,) * 9 + (0, 500, 2_000)))
        elif chance < 0.85 and self.sack and top > self.acked + self.mss:
            left = min(self.acked + self.mss * rng.choice((1, 1, 2)), top - 1)
            right = min(left + self.mss * rng.choice((1, 1, 2, 3)), top)
            for _ in range(rng.choice((1, 2, 3))):
                self.segment(".", self.peer + self.peer_fin, sack=f"{left}:{right}", wait=rng.choice(WAITS[:7]))
                right = min(right + self.mss, top)
        elif chance < 0.93:
            for _ in range(rng.choice((1, 2, 3, 4))):
                self.segment(".", self.peer + self.peer_fin, wait=1_000)
        else:
            self.segment(".", self.peer + self.peer_fin, ack=self.odd_number(self.acked))

    def finish(self) -> None:
        length = self.rng.choice((0, 0, 0, 100))
        self.segment(self.rng.choice(("F.", "F.", "FP.")), self.peer - (self.rng.random() < 0.1), length)
        if not self.peer_fin:
            self.peer += length
        self.peer_fin = True

    def odd(self) -> None:
        rng = self.rng
        flags = rng.choice(("R", "R.", "S", "S.", ".", "P.", "F.", "-", "F", "SF", "R", "S", "U.", "SR", "FR"))
        seq = rng.choice((self.peer + self.peer_fin, self.odd_number(self.peer)))
        ack = rng.choice((None, self.written + self.fin, self.odd_number(self.acked)))
        length = rng.choice((0, 0, 0, 1, 100))
        self.segment(flags, seq, length, ack, window=rng.choice((-1, -1, 0)), age=rng.choice((0, 0, 50)))

    def icmp(self) -> None:
        if self.written == 1:
            return
        kind = self.rng.choice((
            "unreachable host_unreachable", "unreachable port_unreachable", "time_exceeded ttl",
            "unreachable frag_needed mtu 800"))
        first = self.rng.choice((self.acked, self.acked, self.written, 1))
        self.add(f"< [{first}:{first + 500}(500)] icmp {kind}")

    def write(self) -> None:
        rng = self.rng
        length = rng.choice((1, 100, self.mss - 10, self.mss, 2 * self.mss, 3 * self.mss + 7, 5 * self.mss, 14_000))
        if self.fin or self.written + length > 40_000:
            length = 1
        more = ", MSG_MORE" if rng.random() < 0.12 else ", 0"
        self.add(f"send({self.fd}, ..., {length}{more}) = ?" if more != ", 0" or rng.random() < 0.5 else (
            f"write({self.fd}, ..., {length}) = ?"))
        if not self.fin:
            self.written += length

    def call(self) -> None:
        rng, fd = self.rng, self.fd
        chance = rng.random()
        if chance < 0.4:
            self.write()
        elif chance < 0.6:
            self.add(f"read({fd}, ..., {rng.choice((1, 100, 2_000, 60_000))}) = ?")
        elif chance < 0.67:
            self.add(f"shutdown({fd}, {rng.choice(('SHUT_WR', 'SHUT_WR', 'SHUT_RD', 'SHUT_RDWR'))}) = ?")
            self.fin = True
        elif chance < 0.75:
            self.add(f"close({fd}) = ?")
            self.fin = True
        elif chance < 0.83:
            self.add(f"setsockopt({fd}, {rng.choice(OPTIONS)}) = ?")
        elif chance < 0.9:
            self.add(f"getsockopt({fd}, {rng.choice(ASKED)}, [0], [4]) = ?")
        elif chance < 0.96:
            self.add(f"poll([{{fd={fd}, events=POLLIN|POLLOUT, revents=POLLIN}}], 1, 0) = ?")
        else:
            self.add(rng.choice((
                ACCEPT.replace("= 4", "= ?"), "close(3) = ?", "listen(3, 1) = ?", "connect(3, ..., ...) = ?",
                f"ioctl({fd}, SIOCINQ, [0]) = ?", f"ioctl({fd}, SIOCOUTQ, [0]) = ?")))

    def make(self) -> tuple[Step, ...]:
        rng = self.rng
        chance = rng.random()
        if chance < 0.72:
            self.passive()
        elif chance < 0.97:
            self.active()
        kinds = (self.data, self.acknowledge, self.write, self.call, self.finish, self.odd, self.icmp)
        for _ in range(rng.randint(2, 14)):
            rng.choices(kinds, (22, 24, 14, 22, 5, 9, 3))[0]()
        return tuple(self.steps)


def generate(seed: int) -> Program:
    """Return the program of a seed."""
    rng = random.Random(seed)
    sysctls = SYSCTLS[0] if rng.random() < 0.6 else rng.choice(SYSCTLS[1:])
    return Program(_Generator(rng).make(), sysctls)
