"""TCP and UDP over a network layer that is none of ours: addresses of 16 bytes, and nothing of IPv4 in it."""

from __future__ import annotations

import errno
from typing import Any, NamedTuple

import pytest

from aether.sockets import TcpSocket
from aether.statehash import state_hash
from aether.surroundings import Surroundings
from aether.tcp.layer import Tcp
from aether.tcp.states import CLOSED, ESTABLISHED, TIME_WAIT
from aether.timers import Queue
from aether.udp import Udp, UdpSocket
from aether.wire import tcp

ADDRESSES = tuple(bytes.fromhex("20010db8" + "00" * 11) + bytes((last,)) for last in (1, 2))
MTU, HEADER, PORT = 1280, 40, 80
LATENCY = 10_000


class Header(NamedTuple):
    source: bytes
    destination: bytes
    tos: int
    ttl: int = 64


class Network:
    """Two ends and a wire between them, which tells the receiver's layers what it carries after a while."""

    direct = None

    def __init__(self, world: World, address: bytes) -> None:
        self.world = world
        self.local = (address,)
        self.mtu = MTU

    def source_for(self, destination: bytes, everybody: bool = False) -> bytes | None:
        return self.local[0] if destination in ADDRESSES else None

    def room_for(self, destination: bytes) -> int:
        return self.mtu - HEADER

    def can_be_host(self, address: bytes) -> bool:
        return True

    def link_room_for(self, destination: bytes) -> int:
        return self.room_for(destination)

    def largest_for(self, destination: bytes) -> int:
        return 0xFFFF

    def narrowed(self, destination: bytes, mtu: int) -> int:
        self.mtu = min(self.mtu, mtu)
        return mtu - HEADER

    def may_be_cut(self, destination: bytes) -> bool:
        return False

    def is_everybody(self, address: bytes) -> bool:
        return False

    def mtu_for(self, destination: bytes) -> int:
        return self.mtu

    def is_group(self, address: bytes) -> bool:
        return address[0] == 0xFF

    def send(
        self, destination: bytes, protocol: int, payload: bytes, *, source: bytes, ttl: int = 0, tos: int = 0,
        dont_fragment: bool = True,
    ) -> bool:
        self.world.sent.append((source, protocol, payload))
        self.world.queue.deliver(self, self.world.now + LATENCY, (Header(source, destination, tos), protocol, payload))
        return True

    def deliver(self, data: tuple[Header, int, bytes]) -> None:
        self.world.arrive(*data)


class World:
    """What both ends live in; `lose` says which segments, counted from 1, do not arrive."""

    seed, stride, observer, teller = 3, 1, None, None

    def __init__(self, lose: tuple[int, ...] = ()) -> None:
        self.now = self.carried = self.numbers = 0
        self.lose = lose
        self.queue = Queue()
        self.sent: list[tuple[bytes, int, bytes]] = []
        self.ends = [End(self, name, address) for name, address in zip("ab", ADDRESSES, strict=True)]

    def connection_number(self, key: bytes, active: bool) -> int:
        self.numbers += active
        return self.numbers

    def connection_closed(self, key: bytes, number: int) -> None:
        pass

    def arrive(self, header: Header, protocol: int, payload: bytes) -> None:
        assert checksum_is_right(header, protocol, payload)
        self.carried += 1
        if self.carried in self.lose:
            return
        end = self.ends[ADDRESSES.index(header.destination)]
        end.now = self.now
        if protocol == tcp.PROTOCOL:
            end.tcp.receive(payload, header)
        else:
            end.udp.receive(payload, header, b"", 0)

    def run(self, microseconds: int = 5_000_000) -> None:
        until = self.now + microseconds
        while (entry := self.queue.next()) is not None and entry[0] <= until:
            self.queue.pop()
            self.now = max(self.now, entry[0])
            if entry[3] is None:
                entry[2].wake(self.now)
            else:
                entry[2].deliver(entry[3])
        self.now = until
        for end in self.ends:
            end.now = until


class End(Surroundings):
    """One host, with nothing but its two transports."""

    def __init__(self, world: World, name: str, address: bytes) -> None:
        super().__init__(name)
        self.world, self.queue = world, world.queue
        network = Network(world, address)
        self.tcp, self.udp = Tcp(self, network), Udp(self, network)
        self.tcp.join(world.seed, world)
        self.udp.seed(world.seed)


def checksum_is_right(header: Header, protocol: int, payload: bytes) -> bool:
    """As RFC 8200 §8.1 has it for addresses of 16 bytes: length in four bytes, three zeros, the protocol."""
    whole = header.source + header.destination + len(payload).to_bytes(4, "big") + bytes((0, 0, 0, protocol)) + payload
    whole += bytes(len(whole) % 2)
    total = sum(int.from_bytes(whole[at:at + 2], "big") for at in range(0, len(whole), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total == 0xFFFF


class Keeps:
    """An application that keeps everything, and answers what `answer` says once it has had so much."""

    def __init__(self, answer: bytes = b"", after: int = 0) -> None:
        self.answer, self.after = answer, after
        self.received = b""
        self.ended = False

    def ready(self, socket: Any) -> None:
        if socket.listener is not None:
            while socket.listener.accepted:
                self.ready(socket.accept())
            return
        while True:
            try:
                data = socket.receive()
            except OSError:
                break
            if not data:
                self.ended = True
                break
            self.received += data
        if self.answer and len(self.received) >= self.after:
            self.answer = self.answer[socket.send(self.answer):]


def opened(world: World, app: Keeps) -> tuple[TcpSocket, Keeps]:
    """Return the socket of a client that is connecting to `app`, and who reads it."""
    listener = TcpSocket(world.ends[1], app)
    listener.bind(PORT, ADDRESSES[1])
    listener.listen()
    reader = Keeps()
    socket = TcpSocket(world.ends[0], reader)
    socket.connect(ADDRESSES[1], PORT)
    return socket, reader


@pytest.mark.parametrize("lose", [(), (1,), (2,), (5, 8, 9), (12, 13, 40)])
def test_a_connection_from_its_handshake_to_its_close(lose: tuple[int, ...]) -> None:
    world = World(lose)
    request, response = bytes(range(256)) * 20, b"an answer, " * 3000
    server = Keeps(response, len(request))
    socket, client = opened(world, server)
    world.run()
    conn = socket.connection
    assert conn is not None
    assert (conn.state, conn.remote_ip, conn.local_ip, conn.remote_port) == (ESTABLISHED, *ADDRESSES[::-1], PORT)
    assert len(conn.key) == 36
    assert conn.mss == MTU - HEADER - 20 - 12  # a TCP header, and the timestamps
    socket.send(request)
    world.run()
    assert (server.received, client.received) == (request, response)
    assert max(len(payload) for _, _, payload in world.sent) == MTU - HEADER
    [peer] = world.ends[1].tcp.connections.values()
    assert peer.number == conn.number
    socket.shutdown()
    world.run()
    assert server.ended
    peer.socket.close()
    world.run()
    assert client.ended
    assert (conn.state, peer.state) == (TIME_WAIT, CLOSED)
    world.run(70_000_000)
    assert [end.tcp.count() for end in world.ends] == [0, 0]
    assert lose or [end.drops for end in world.ends] == [{}, {}]
    assert len(state_hash(world.ends[0].tcp)) == 32


def test_a_port_where_nobody_listens() -> None:
    world = World()
    socket = TcpSocket(world.ends[0])
    socket.connect(ADDRESSES[1], PORT)
    world.run()
    with pytest.raises(ConnectionRefusedError):
        socket.receive()
    assert world.ends[1].drops == {"tcp.no_listener": 1}


def test_no_route_and_no_address() -> None:
    world = World()
    with pytest.raises(OSError, match="no route") as problem:
        TcpSocket(world.ends[0]).connect(bytes(16), PORT)
    assert problem.value.errno == errno.ENETUNREACH
    with pytest.raises(OSError, match="not an address") as problem:
        TcpSocket(world.ends[0]).bind(PORT, ADDRESSES[1])
    assert problem.value.errno == errno.EADDRNOTAVAIL


@pytest.mark.parametrize("error", [errno.ECONNREFUSED, errno.EHOSTUNREACH])
def test_an_error_ends_an_attempt_to_connect(error: int) -> None:
    world = World()
    socket = TcpSocket(world.ends[0])
    socket.connect(ADDRESSES[1], PORT)
    _, _, syn = world.sent[0]
    world.ends[0].tcp.failed(Header(*ADDRESSES, 0), syn[:8], error)
    assert socket.connection is not None
    assert (socket.connection.state, socket.connection.error) == (CLOSED, error)


def test_a_path_becomes_narrower() -> None:
    world = World()
    server = Keeps()
    socket, _ = opened(world, server)
    world.run()
    socket.send(bytes(5000))
    _, _, segment = world.sent[-1]
    world.ends[0].tcp.failed(Header(*ADDRESSES, 0), segment[:8], errno.EMSGSIZE, 600)
    assert socket.connection is not None
    assert socket.connection.mss == 600 - HEADER - 20 - 12
    world.run()
    assert server.received == bytes(5000)


def test_syn_cookies() -> None:
    world = World()
    world.ends[1].knobs.tcp_syn_cookies = "always"
    server = Keeps()
    socket, _ = opened(world, server)
    world.run()
    socket.send(b"hello")
    world.run()
    assert server.received == b"hello"
    assert world.ends[1].counters["tcp.cookies_accepted"] == 1


def test_datagrams() -> None:
    world = World()
    here, there = (UdpSocket(end) for end in world.ends)
    there.bind(7, ADDRESSES[1])
    here.connect(ADDRESSES[1], 7)
    here.send(b"hello")
    world.run()
    datagram = there.receive()
    assert (datagram.payload, datagram.source, datagram.destination) == (b"hello", *ADDRESSES)
    there.send_to(b"and back", datagram.source, datagram.port)
    world.run()
    assert here.receive().payload == b"and back"
    here.host.udp.failed(Header(*ADDRESSES, 0), here.port.to_bytes(2, "big") + bytes((0, 7)), errno.ECONNREFUSED)
    with pytest.raises(ConnectionRefusedError):
        here.send(b"gone")
