"""One connection in benchmark mode, and the far end of its device: a pair of datagram sockets in the place of a TAP."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from aether.engine.loop import Loop
from aether.engine.wakeup import Wakeup
from aether.lab import HOST_ADDRESS, HOST_MAC, YOU, YOUR_ADDRESS, YOUR_MAC, listen, tapped
from aether.link.tap import HEADER_LENGTH, PLAIN, SUPERSEGMENT, Tap
from aether.sockets import TcpSocket
from aether.tcp.connection import Connection
from aether.wire import arp, ethernet, ipv4, tcp
from aether.wire.address import parse_ip
from tests.pair import device_and_far_end, received

US, PEER = parse_ip(YOUR_ADDRESS), parse_ip(HOST_ADDRESS)
PORT, THEIRS, BEGIN = 9000, 4000, 5000
OPTIONS = tcp.build_options(mss=1460, window_scale=7, sack_permitted=True)
STAMP = b"\x08\x0a"
"""How a timestamp begins among options."""


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

    def __init__(self, device: Tap, far: socket.socket, app: App, supersegments: int, options: bytes) -> None:
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
        self.give([segment(0, tcp.SYN, options=options, sequence=BEGIN - 1)])
        self.ours = int.from_bytes(self.answers()[-1][38:42], "big") + 1
        self.give([self.ack(0, options=tcp.build_options(timestamp=(5000, 0)) if STAMP in options else b"")])

    def give(self, frames: list[bytes]) -> None:
        """Let frames be there all at once, and be handled."""
        for frame in frames:
            self.far.send(PLAIN + frame)
        while self.loop.intake.take(self.loop, self.host):
            pass

    def ack(self, count: int, window: int = 8000, **more: object) -> bytes:
        """Return an acknowledgement of our first `count` bytes."""
        return segment(self.ours + count, tcp.ACK, window=window, **more)

    def answers(self, headers: bool = False) -> list[bytes]:
        """Return the frames that have left since."""
        return [raw[0 if headers else HEADER_LENGTH:] for raw in received(self.far)]

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
def lab(
    app: App, supersegments: int = SUPERSEGMENT, unfinished: bool = False, options: bytes = OPTIONS,
) -> Iterator[Lab]:
    """Return a lab whose far end has opened a connection with these options."""
    device, far = device_and_far_end()
    device.unfinished = unfinished
    try:
        yield Lab(device, far, app, supersegments, options)
    finally:
        device.close()
        far.close()
