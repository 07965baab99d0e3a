"""Benchmark mode on a device gathers and cuts segments: TCP and the peer must not notice.

The device is a TAP whose other end we hold: a pair of datagram sockets.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import example, given, settings
from hypothesis import strategies as st

from aether.engine.bench import take_frames
from aether.engine.loop import Loop
from aether.engine.wakeup import Wakeup
from aether.lab import HOST_ADDRESS, HOST_MAC, YOU, YOUR_ADDRESS, YOUR_MAC, listen, tapped
from aether.link.tap import HEADER_LENGTH, PLAIN, SUPERSEGMENT, Tap
from aether.sockets import TcpSocket
from aether.tcp.connection import Connection
from aether.wire import arp, ethernet, ipv4, tcp
from aether.wire.address import parse_ip
from aether.wire.checksum import frame_ok

US, PEER = parse_ip(YOUR_ADDRESS), parse_ip(HOST_ADDRESS)
PORT, THEIRS, BEGIN = 9000, 4000, 5000
LARGEST = 70_000


class App:
    """Takes what comes, and sends what it is told to."""

    def __init__(self, pending: bytes = b"") -> None:
        self.pending = pending
        self.taken = b""

    def ready(self, socket: TcpSocket) -> None:
        if socket.listener is not None:
            while socket.listener.accepted:
                self.ready(socket.accept())
            return
        try:
            while self.pending:
                self.pending = self.pending[socket.send(self.pending):]
        except BlockingIOError:
            pass
        try:
            while data := socket.receive():
                self.taken += data
        except BlockingIOError:
            pass


class Lab:
    """One connection in benchmark mode, and the far end of its device."""

    def __init__(self, device: Tap, far: socket.socket, app: App, supersegments: int) -> None:
        self.world = tapped(1)
        self.host = self.world.hosts[YOU]
        self.host.supersegments = supersegments
        self.far, self.device = far, device
        wakeup = Wakeup(None)
        self.loop = Loop(self.world, device, wakeup, {}, mode="bench", speed=1.0, clock=lambda: 0)
        wakeup.close()
        listen(self.host, PORT, app)
        asked = arp.build(arp.ArpPacket(arp.REQUEST, HOST_MAC, PEER, bytes(6), US))
        self.world.arrive(ethernet.build(b"\xff" * 6, HOST_MAC, ethernet.TYPE_ARP, asked))
        self.world.wire_out.clear()
        self.ours = 0
        options = tcp.build_options(mss=1460, window_scale=7, sack_permitted=True)
        self.give([segment(0, tcp.SYN, options=options, sequence=BEGIN - 1)])
        self.ours = int.from_bytes(self.answers()[-1][38:42], "big") + 1
        self.give([self.ack(0)])

    def give(self, frames: list[bytes]) -> None:
        """Let frames be there all at once, and be handled."""
        for frame in frames:
            self.far.send(PLAIN + frame)
        while take_frames(self.loop, self.host):
            pass

    def ack(self, count: int, window: int = 8000, **more: object) -> bytes:
        """Return an acknowledgement of our first `count` bytes."""
        return segment(self.ours + count, tcp.ACK, window=window, **more)

    def answers(self, headers: bool = False) -> list[bytes]:
        """Return the frames that have left since."""
        found = []
        while True:
            try:
                found.append(self.far.recv(LARGEST)[0 if headers else HEADER_LENGTH:])
            except BlockingIOError:
                return found

    @property
    def connection(self) -> Connection:
        """The one that there is."""
        (conn,) = self.host.tcp.connections.values()
        return conn


def segment(
    acknowledgement: int, flags: int, payload: bytes = b"", sequence: int = BEGIN, window: int = 8000,
    options: bytes = b"", tos: int = 0, port: int = THEIRS,
) -> bytes:
    inside = tcp.build(
        PEER, US, port, PORT, sequence & 0xFFFFFFFF, acknowledgement & 0xFFFFFFFF, flags, window, options, payload)
    return ethernet.build(
        YOUR_MAC, HOST_MAC, ethernet.TYPE_IPV4, ipv4.build(PEER, US, ipv4.PROTO_TCP, inside, tos=tos))


@contextmanager
def lab(app: App, supersegments: int = SUPERSEGMENT, unfinished: bool = False) -> Iterator[Lab]:
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for end in (near, far):
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    device = Tap("pair", descriptor=near.detach())
    device.unfinished = unfinished
    try:
        yield Lab(device, far, app, supersegments)
    finally:
        device.close()
        far.close()


STREAM = bytes(i * 31 & 255 for i in range(9000))
DATA = st.tuples(st.integers(0, 8000), st.integers(1, 1460), st.booleans())
"""Where a segment begins, its length, and whether it has PSH."""
ODD = st.sampled_from(["checksum", "header", "elsewhere", "other port", "fin beyond", "ce", "sack"])


def frames_of(here: Lab, pieces: list[tuple[int, int, bool] | str]) -> list[bytes]:
    """Return the stream in order, with other segments in between: repeated, too early, damaged, for somebody else."""
    frames, at = [], 0

    def data(start: int, length: int, **more: object) -> bytes:
        return segment(
            here.ours, tcp.ACK, STREAM[start:start + length], BEGIN + start, **more)  # type: ignore[arg-type]

    for piece in pieces:
        if isinstance(piece, tuple):
            start, length, push = piece
            if push:  # the next in order, most of the time
                start = at
                at = min(at + length, len(STREAM))
            frames.append(data(start, length))
        elif piece == "checksum":
            frames.append(data(at, 100)[:-1] + b"\xff")
        elif piece == "header":
            frames.append(data(at, 100)[:24] + b"\x12\x34" + data(at, 100)[26:])
        elif piece == "elsewhere":
            frames.append(b"\x02\0\0\0\0\x77" + data(at, 100)[6:])
        elif piece == "other port":
            frames.append(data(at, 100, port=THEIRS + 1))
        elif piece == "fin beyond":
            frames.append(segment(here.ours, tcp.ACK | tcp.FIN, b"", BEGIN + at + 500))
        elif piece == "ce":
            frames.append(data(at, 100, tos=3))
        else:
            frames.append(here.ack(0, options=tcp.build_options(sack=((here.ours + 10, here.ours + 20),))))
    frames += [data(start, 1400) for start in range(at, len(STREAM), 1400)]
    return frames


@given(st.lists(st.one_of(DATA, DATA, ODD), max_size=30))
@settings(deadline=None)
def test_data_arrives_as_one_by_one(pieces: list[tuple[int, int, bool] | str]) -> None:
    """The same bytes, the same place in the stream, the same drops."""
    found = []
    for together in (True, False):
        with lab(App()) as here:
            frames = frames_of(here, pieces)
            for one in [frames] if together else [[frame] for frame in frames]:
                here.give(one)
            last = here.answers()[-1:]
            conn = here.connection
            drops = {name: count for name, count in here.host.counters.items() if name.startswith("drop.")}
            app = conn.socket.app if conn.socket is not None else None
            assert isinstance(app, App)
            found.append((app.taken, conn.rcv_nxt, conn.snd_una, conn.state, conn.bytes_received, drops,
                          here.host.counters["tcp.received"], last and last[0][42:46]))
    assert found[0][0] == STREAM
    assert found[0][:-1] == found[1][:-1]
    assert found[0][-1] in (found[1][-1], [])


def test_much_data_is_one_arrival() -> None:
    with lab(App()) as here:
        before = here.world.occurrence
        here.give([segment(here.ours, tcp.ACK, bytes(1460), BEGIN + at) for at in range(0, 40 * 1460, 1460)])
        assert here.world.occurrence == before + 1
        assert here.connection.rcv_nxt == BEGIN + 40 * 1460
        assert here.host.counters["tcp.received"] == 42
        assert len(here.answers()) == 1


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=20))
@settings(deadline=None)
def test_acknowledgements_are_as_one_by_one(marks: list[tuple[int, bool]]) -> None:
    """In whatever order they come, repeated, with windows that close: TCP ends where it ends with each by itself."""
    found = []
    for together in (True, False):
        with lab(App(STREAM * 10)) as here:
            here.answers()
            sent = here.connection.snd_nxt - here.ours
            frames = [here.ack(min(1000 * mark, sent), window=100 if narrow else 8000) for mark, narrow in marks]
            here.give(frames) if together else [here.give([frame]) for frame in frames]
            conn = here.connection
            found.append((conn.snd_una, conn.snd_wnd, conn.flight_size() > 0, conn.state))
    assert found[0][:2] == found[1][:2]
    assert found[0][3] == found[1][3] == "ESTABLISHED"


@given(st.integers(1, 120_000), st.lists(st.integers(1, 60), max_size=6))
@example(8 * 1460, [])
@settings(deadline=None, max_examples=40)
def test_what_leaves_together_is_cut_into_the_same_frames(length: int, acks: list[int]) -> None:
    """By us, for a device that does not cut it; byte for byte."""
    found = []
    for supersegments in (0, SUPERSEGMENT, 5000):
        with lab(App(bytes(i * 7 & 255 for i in range(length))), supersegments) as here:
            frames = here.answers()
            at = 0
            for count in acks:
                at = min(at + count * 700, here.connection.snd_nxt - here.ours)
                here.give([here.ack(at, window=2000)])
                frames += here.answers()
            found.append(frames)
    assert found[0] == found[1] == found[2]
    assert all(frame_ok(frame, len(frame) - 14) for frame in found[1])


def test_a_device_that_cuts_gets_them_whole() -> None:
    data = bytes(i * 7 & 255 for i in range(200_000))
    with lab(App(data), unfinished=True) as here:
        whole = here.answers(headers=True)
        while here.connection.snd_una < here.ours + len(data):
            here.give([here.ack(here.connection.snd_nxt - here.ours, window=2000)])
            whole += here.answers(headers=True)
    several = [frame for frame in whole if frame[1]]
    assert max(map(len, several)) > 30_000
    payload = b"".join(frame[HEADER_LENGTH + 54:] for frame in whole)
    assert payload == data
    for frame in several:
        assert int.from_bytes(frame[4:6], "little") == 1460
        assert int.from_bytes(frame[HEADER_LENGTH + 16:HEADER_LENGTH + 18], "big") == len(frame) - HEADER_LENGTH - 14
