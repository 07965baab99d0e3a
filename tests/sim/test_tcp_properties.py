"""Whatever happens, some things always hold: arbitrary losses, orders, calls, and times."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aether.lab import HOST, LINK, YOU, listen
from aether.sockets import TcpSocket
from aether.tcp.connection import Connection
from aether.tcp.states import CLOSED, SYN_RECEIVED, SYN_SENT, TABLE, TIME_WAIT
from aether.world import World
from benchmarks.transfer import make_world

DATA = bytes(i * 11 & 255 for i in range(256)) * 400


class Peer:
    """An application that is driven by the test, and remembers what it sent and received."""

    def __init__(self) -> None:
        self.socket: TcpSocket | None = None
        self.sent = 0
        self.received = b""

    def ready(self, socket: TcpSocket) -> None:
        while socket.listener is not None and socket.listener.accepted:
            self.socket = socket.accept()

    def send(self, length: int) -> None:
        if self.socket is not None and not self.socket.closed:
            try:
                self.sent += self.socket.send(DATA[self.sent:self.sent + length])
            except OSError:
                return

    def read(self, length: int) -> None:
        if self.socket is not None and not self.socket.closed:
            try:
                self.received += self.socket.receive(length)
            except OSError:
                return


def check(conn: Connection) -> None:
    """What must hold of a connection at the end of every occurrence."""
    assert conn.snd_una <= conn.snd_nxt, "snd_una <= snd_nxt"
    if conn.state in (SYN_SENT, SYN_RECEIVED, CLOSED, TIME_WAIT):
        return
    assert conn.snd_nxt <= conn.snd_una + conn.snd_wnd_max + 1, "more in flight than was ever offered"
    flight = conn.flight
    assert flight.pipe == sum(
        s.end - s.start for s in flight.segments.values() if not s.sacked and not s.lost), "bytes in flight"
    assert flight.sacked_bytes == sum(high - low for low, high in flight.sacked)
    in_flight = conn.snd_nxt > conn.snd_una
    assert ("rto" in conn.deadlines) == in_flight, "RFC 6298 §5.1, §5.2: while data is in flight"
    waiting = not in_flight and conn.unsent() > 0 and "cork" not in conn.deadlines
    assert ("persist" in conn.deadlines) == waiting, "RFC 9293 §3.8.6.1: only the window is awaited"
    assert conn.rcv_adv + conn.fin_received >= conn.rcv_nxt
    assert conn.receive.length <= conn.limit + 65_536


class Watch:
    """Notes every transition, and the largest edge offered."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.edges: dict[int, int] = {}

    def __call__(self, host: str, kind: str, *values: object) -> None:
        if kind == "tcp.state":
            _, old, new, cause = values
            transition = TABLE[old, cause]  # type: ignore[index]
            assert transition.new == new, values


who = st.sampled_from([0, 1])
sends = st.tuples(st.just("send"), who, st.integers(1, 30_000))
reads = st.tuples(st.just("read"), who, st.integers(1, 60_000))
passes = st.tuples(st.just("pass"), st.just(0), st.integers(1, 3_000_000))
drops = st.tuples(st.just("drop"), who, st.integers(1, 6))
ends = st.tuples(st.sampled_from(["shutdown", "close", "abort"]), who, st.just(0))
actions = st.builds(
    lambda talk, end, after: talk + end + after,
    st.lists(st.one_of(sends, sends, reads, reads, passes, drops), min_size=15, max_size=40),
    st.lists(ends, max_size=3),
    st.lists(st.one_of(sends, reads, passes, drops), max_size=10),
)
links = st.fixed_dictionaries({
    "loss": st.sampled_from(["0%", "2%", "15%"]), "reorder": st.sampled_from(["0%", "10%"]),
    "link": st.sampled_from([{}, {"duplicate": "5%"}, {"corrupt": "3%"}, {"rate": "5mbit"}, {"jitter": "5ms"}]),
    "buffer": st.sampled_from([0, 3000, 20_000]), "seed": st.integers(0, 1000),
    "tcp_sack": st.sampled_from(["on", "off"]), "tcp_rack": st.sampled_from(["on", "off"]),
    "tcp_congestion": st.sampled_from(["none", "reno", "cubic"]),
    "tcp_nagle": st.sampled_from(["on", "off"]), "tcp_ecn": st.sampled_from(["on", "off"]),
    "tcp_syn_cookies": st.sampled_from(["auto", "always"]), "tcp_timestamps": st.sampled_from(["on", "off"]),
})


def act(world: World, peers: list[Peer], what: str, who: int, amount: int) -> None:
    """Carry out one action, and check every connection after each occurrence that follows."""
    peer = peers[who]
    for host in world.hosts.values():
        host.now = world.now
    if what == "send":
        peer.send(amount)
    elif what == "read":
        peer.read(amount)
    elif what == "drop":
        (world.links[LINK].left, world.links[LINK].right)[who].pipe.drop(amount)
    elif what in ("shutdown", "close", "abort") and peer.socket is not None:
        with suppress(OSError):
            getattr(peer.socket, what)()
    run(world, world.now + (amount if what == "pass" else 12_000))


def run(world: World, until: int) -> None:
    """Let time pass, and check after every occurrence."""
    while world.step(until):
        for host in world.hosts.values():
            for conn in host.tcp.connections.values():
                check(conn)
    world.advance(until)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(links, actions)
def test_invariants(link: dict, script: list[tuple[str, int, int]]) -> None:  # type: ignore[type-arg]
    """snd_una <= snd_nxt <= what the window allows; delivered is a prefix of sent; timers as the RFCs say."""
    world = make_world(round_trip_ms=10, **link)
    world.observe(Watch(world))
    client, server = Peer(), Peer()
    listen(world.hosts[HOST], 5000, server)
    client.socket = TcpSocket(world.hosts[YOU], client)
    client.socket.connect(world.hosts[HOST].address, 5000)
    for what, who, amount in script:
        act(world, [client, server], what, who, amount)
        assert client.received == DATA[:len(client.received)] and len(client.received) <= server.sent
        assert server.received == DATA[:len(server.received)] and len(server.received) <= client.sent
    run(world, world.now + 3_000_000_000)
    for host in world.hosts.values():
        for conn in host.tcp.connections.values():
            assert conn.state in ("ESTABLISHED", "CLOSE-WAIT", "FIN-WAIT-1", "FIN-WAIT-2"), "nothing rests half closed"
