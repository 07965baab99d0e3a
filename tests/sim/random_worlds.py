"""Random worlds: two or three hosts over links as bad as may be, what their applications do, and who injects what.

A run is a seed and a list of actions, plain data, so that one that fails can be cut down.
"""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

from aether import knobs
from aether import socket_options as so
from aether.host import Host
from aether.lab import HOST, LINK, REMOTE, WAN, YOU, listen, simulated
from aether.sockets import TcpSocket
from aether.tcp.connection import Connection
from aether.wire import ethernet, ipv4, tcp
from aether.world import World
from tests.sim.invariants import Invariants

PORT = 5000
DATA = bytes(i * 11 & 255 for i in range(256)) * 200
MASK = 0xFFFFFFFF
KNOBS = (
    ("tcp.sack", "off"), ("tcp.timestamps", "off"), ("tcp.rack", "off"), ("tcp.window_scaling", "off"),
    ("tcp.nagle", "off"), ("tcp.congestion", "reno"), ("tcp.congestion", "none"), ("tcp.dsack", "off"),
    ("tcp.frto", "off"), ("tcp.prr", "off"), ("tcp.limited_transmit", "off"), ("tcp.ecn", "on"),
    ("tcp.syn_cookies", "always"), ("tcp.receive_window", "3000"), ("tcp.delayed_ack", "0ms"), ("tcp.mss", "536"),
    ("tcp.slow_start_after_idle", "off"), ("tcp.keepalive_time", "2s"), ("tcp.time_wait", "3s"),
    ("tcp.challenge_ack", "off"), ("tcp.silly_window", "off"), ("tcp.initial_window", "2"),
)
LINKS = (
    ("loss", "3%"), ("loss", "30%"), ("loss", "0%"), ("reorder", "20%"), ("duplicate", "10%"), ("corrupt", "10%"),
    ("delay", "5ms"), ("delay", "300ms"), ("jitter", "30ms"), ("rate", "1mbit"), ("mtu", "1000"), ("mtu", "0"),
    ("drop-every", "5"), ("drop-every", "0"), ("down", "on"), ("down", "off"), ("down", "off"),
)
OPTIONS: tuple[tuple[int, int, Any], ...] = (
    (so.SOL_TCP, so.TCP_NODELAY, 1), (so.SOL_TCP, so.TCP_CORK, 1), (so.SOL_TCP, so.TCP_CORK, 0),
    (so.SOL_SOCKET, so.SO_KEEPALIVE, 1), (so.SOL_SOCKET, so.SO_LINGER, (True, 0)),
    (so.SOL_TCP, so.TCP_USER_TIMEOUT, 5000), (so.SOL_SOCKET, so.SO_RCVBUF, 4096), (so.SOL_TCP, so.TCP_LINGER2, 3),
)
FLAGS = ("A", "A", "A", "PA", "FA", "R", "RA", "S", "SA", "F", "", "UA", "SFR")
Action = tuple[Any, ...]


class Peer:
    """An application that does what it is told, and keeps all its sockets."""

    def __init__(self) -> None:
        self.sockets: list[TcpSocket] = []

    def ready(self, socket: TcpSocket) -> None:
        """Accept."""
        while socket.listener is not None and socket.listener.accepted:
            self.sockets.append(socket.accept())


def generate(seed: int) -> list[Action]:
    """Return the actions of a seed."""
    rng = random.Random(seed)
    found: list[Action] = [("profile", rng.choice(("modern", "modern", "classic")))]
    found += [("knob", rng.choice((YOU, HOST)), *rng.choice(KNOBS)) for _ in range(rng.choice((0, 0, 1, 2, 4)))]
    found += [("link", rng.choice((LINK, WAN)), rng.randrange(3), *rng.choice(LINKS)) for _ in range(rng.randrange(4))]
    found.append(("connect", rng.choice((HOST, HOST, REMOTE))))
    for _ in range(rng.randint(5, 45)):
        chance, who = rng.random(), rng.randrange(3)
        if chance < 0.25:
            found.append(("send", who, rng.randrange(4), rng.choice((1, 100, 1460, 5000, 30_000)), rng.random() < 0.1))
        elif chance < 0.4:
            found.append(("read", who, rng.randrange(4), rng.choice((1, 1000, 60_000))))
        elif chance < 0.58:
            found.append(("pass", rng.choice((500, 20_000, 45_000, 250_000, 1_500_000, 20_000_000))))
        elif chance < 0.8:
            found.append((
                "inject", rng.choice((YOU, HOST, REMOTE)), rng.randrange(4), rng.choice(FLAGS),
                rng.choice((0, 0, 0, 1, -1, -100, 100, 1460, 70_000, -70_000, 1 << 30)),
                rng.choice((0, 0, 0, 1, -1, -1460, 1460, 100_000, 1 << 30)), rng.choice((0, 0, 1, 100, 1460)),
                rng.choice((0, 100, 65_535)), rng.choice((0, 0, 1460)), rng.choice((-5, 0, 1, 1 << 30))))
        elif chance < 0.88:
            found.append((rng.choice(("shutdown", "close", "close", "abort")), who, rng.randrange(4)))
        elif chance < 0.92:
            found.append(("option", who, rng.randrange(4), rng.randrange(len(OPTIONS))))
        elif chance < 0.95:
            found.append(("connect", rng.choice((HOST, REMOTE))))
        elif chance < 0.98:
            found.append(("link", rng.choice((LINK, WAN)), rng.randrange(3), *rng.choice(LINKS)))
        else:
            found.append(("knob", rng.choice((YOU, HOST)), *rng.choice(KNOBS)))
    return found


class Run:
    """One world, played."""

    def __init__(self, seed: int) -> None:
        self.world: World = simulated(seed)
        self.hosts = [self.world.hosts[name] for name in (YOU, HOST, REMOTE)]
        self.peers = [Peer() for _ in self.hosts]
        for host, peer in zip(self.hosts, self.peers, strict=True):
            listen(host, PORT, peer)
        self.invariants = Invariants(self.world)
        self.world.observe(self.invariants.note)

    def play(self, actions: list[Action]) -> None:
        """Do everything, and then let time pass until nothing more can come."""
        for what, *arguments in actions:
            for host in self.hosts:
                host.now = self.world.now
            self.invariants.begin_step()
            with suppress(OSError):
                getattr(self, f"_{what}")(*arguments)
            self.invariants.check()
            self.run(self.world.now + 3_000)
        self.run(self.world.now + 200_000_000)

    def run(self, until: int) -> None:
        """Let time pass, and check after every occurrence."""
        world, invariants = self.world, self.invariants
        while True:
            invariants.begin_step()
            if not world.step(until):
                break
            invariants.check()
        world.advance(until)

    def _profile(self, name: str) -> None:
        wanted = knobs.profile(name)
        for knob in knobs.KNOBS.values():
            setattr(self.hosts[0].knobs, knob.attribute, getattr(wanted, knob.attribute))

    def _knob(self, host: str, name: str, value: str) -> None:
        knob = knobs.find(name)
        setattr(self.world.hosts[host].knobs, knob.attribute, knobs.parse(knob, value))

    def _link(self, link: str, direction: int, what: str, value: str) -> None:
        found = self.world.links[link]
        for number, end in enumerate((found.left, found.right)):
            if direction in (number, 2):
                end.pipe.set(what, value, self.world.now)

    def _socket(self, who: int, which: int) -> TcpSocket | None:
        sockets = self.peers[who].sockets
        return sockets[which % len(sockets)] if sockets else None

    def _connect(self, target: str) -> None:
        socket = TcpSocket(self.hosts[0], self.peers[0])
        self.peers[0].sockets.append(socket)
        socket.connect(self.world.hosts[target].address, PORT)

    def _send(self, who: int, which: int, length: int, more: bool) -> None:
        if (socket := self._socket(who, which)) is not None:
            socket.send(DATA[:length], so.MSG_MORE if more else 0)

    def _read(self, who: int, which: int, length: int) -> None:
        if (socket := self._socket(who, which)) is not None:
            socket.receive(length)

    def _shutdown(self, who: int, which: int) -> None:
        if (socket := self._socket(who, which)) is not None:
            socket.shutdown(so.SHUT_WR)

    def _close(self, who: int, which: int) -> None:
        if (socket := self._socket(who, which)) is not None:
            socket.close()

    def _abort(self, who: int, which: int) -> None:
        if (socket := self._socket(who, which)) is not None:
            socket.abort()

    def _option(self, who: int, which: int, option: int) -> None:
        if (socket := self._socket(who, which)) is not None:
            socket.set_option(*OPTIONS[option])

    def _pass(self, time: int) -> None:
        self.run(self.world.now + time)

    def _inject(
        self, name: str, which: int, flags: str, seq: int, ack: int, length: int, window: int, sack: int, stamp: int,
    ) -> None:
        host = self.world.hosts[name]
        conns = [conn for conn in host.tcp.connections.values() if conn.local_port == PORT or conn.remote_port == PORT]
        if not conns:
            return
        conn = conns[which % len(conns)]
        host.interfaces[0].port.inject(forged(host, conn, flags, seq, ack, length, window, sack, stamp))


def forged(
    host: Host, conn: Connection, flags: str, seq: int, ack: int, length: int, window: int, sack: int, stamp: int,
) -> bytes:
    """Return a frame as if from a connection's far end; numbers count from what its host expects."""
    bits = 0
    for letter in flags:
        bits |= {"F": tcp.FIN, "S": tcp.SYN, "R": tcp.RST, "P": tcp.PSH, "A": tcp.ACK, "U": tcp.URG}[letter]
    blocks = ((conn.snd_una + 1 & MASK, conn.snd_una + sack & MASK),) if sack and "S" not in flags else ()
    options = tcp.build_options(
        mss=1460 if "S" in flags else None, sack=blocks,
        timestamp=(conn.ts_recent + stamp & MASK, conn.ts_offset & MASK) if conn.ts_ok else None)
    segment = tcp.build(
        conn.remote_ip, conn.local_ip, conn.remote_port, conn.local_port, conn.rcv_nxt + seq & MASK,
        (conn.snd_una + ack & MASK) if "A" in flags else 0, bits, window, options, DATA[:length])
    packet = ipv4.build(conn.remote_ip, conn.local_ip, ipv4.PROTO_TCP, segment)
    return ethernet.build(host.interfaces[0].mac, b"\x02\0\0\0\0\x77", ethernet.TYPE_IPV4, packet)
