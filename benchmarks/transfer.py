"""One transfer in the simulated lab, over a link as bad as one likes: how long it took, and whether it was right."""

from __future__ import annotations

from dataclasses import dataclass

from aether import knobs
from aether.lab import HOST, LINK, YOU, listen, simulated
from aether.socket_options import SO_SNDBUF, SOL_SOCKET
from aether.sockets import TcpSocket
from aether.world import World

PORT = 5001
CHUNK = 65_536


class Source:
    """Sends so many bytes of a known pattern, and closes."""

    __slots__ = ("left", "position")

    def __init__(self, length: int) -> None:
        self.left = length
        self.position = 0

    def ready(self, socket: TcpSocket) -> None:
        """Send while there is room."""
        try:
            while self.left:
                taken = socket.send(PATTERN[self.position % 251:][:min(CHUNK, self.left)])
                self.position += taken
                self.left -= taken
            socket.close()
        except OSError:
            return


class Sink:
    """Takes everything, and remembers when the end came; one for all connections to its port."""

    __slots__ = ("ended", "lengths")

    def __init__(self) -> None:
        self.lengths: dict[int, int] = {}
        self.ended: dict[int, int] = {}
        """World time in microseconds, by connection number."""

    def ready(self, socket: TcpSocket) -> None:
        """Accept, or read."""
        if socket.listener is not None:
            while socket.listener.accepted:
                socket.accept()
            return
        conn = socket.connection
        assert conn is not None
        try:
            while data := socket.receive(CHUNK):
                start = self.lengths.get(conn.number, 0)
                if data != expected(start, len(data)):
                    raise AssertionError(f"connection #{conn.number} brought other bytes from {start} on")
                self.lengths[conn.number] = start + len(data)
            self.ended[conn.number] = socket.host.now
            socket.close()
        except BlockingIOError:
            return


PATTERN = bytes(index * 7 & 0xFF for index in range(251)) * (2 * CHUNK // 251 + 2)


def expected(start: int, length: int) -> bytes:
    """Return the bytes of the pattern from a position on."""
    whole = PATTERN[start % 251:][:length]
    while len(whole) < length:
        whole += PATTERN[(start + len(whole)) % 251:][:length - len(whole)]
    return whole


@dataclass(slots=True)
class Result:
    """How a transfer went."""

    complete: bool
    seconds: float
    """World time from the first SYN to the last byte."""
    goodput: float
    """Bytes a second that reached the application."""
    retransmits: int
    occurrences: int


def make_world(
    *, loss: str = "0%", reorder: str = "0%", round_trip_ms: float = 20, buffer: int = 0, seed: int = 1,
    link: dict[str, str] | None = None, **knob_texts: str,
) -> World:
    """Return a lab whose link loses, delays and reorders both ways; knobs by attribute, for both hosts."""
    world = simulated(seed)
    settings = {"loss": loss, "reorder": reorder, "delay": f"{round_trip_ms * 500:.0f}us", **(link or {})}
    for end in (world.links[LINK].left, world.links[LINK].right):
        for what, text in settings.items():
            end.pipe.set(what, text)
    for host in world.hosts.values():
        if buffer:
            host.knobs.tcp_receive_window = buffer
        for attribute, text in knob_texts.items():
            knob = knobs.find(attribute.replace("_", ".", 1))
            setattr(host.knobs, knob.attribute, knobs.parse(knob, text))
    return world


def start(world: World, length: int, direction: str = "up", buffer: int = 0, port: int = PORT) -> tuple[Sink, int]:
    """Start a transfer from you to the host (`up`) or back; return its sink and the connection's number."""
    sender, receiver = (YOU, HOST) if direction == "up" else (HOST, YOU)
    sink = Sink()
    listen(world.hosts[receiver], port, sink)
    host = world.hosts[sender]
    host.now = world.now
    socket = TcpSocket(host, Source(length))
    if buffer:
        socket.set_option(SOL_SOCKET, SO_SNDBUF, max(buffer // 2, 1))
    socket.connect(world.hosts[receiver].address, port)
    assert socket.connection is not None
    return sink, socket.connection.number


def transfer(
    length: int, direction: str = "up", limit_s: float = 36_000, buffer: int = 0, **settings: object
) -> Result:
    """Carry a transfer out to its end, or until so much world time has passed."""
    world = make_world(buffer=buffer, **settings)  # type: ignore[arg-type]
    sink, number = start(world, length, direction, buffer)
    limit = int(limit_s * 1e6)
    while number not in sink.ended and world.step(limit):
        pass
    ended = sink.ended.get(number, world.now)
    complete = number in sink.ended and sink.lengths.get(number, 0) == length
    retransmits = sum(host.counters.get("tcp.retransmitted", 0) for host in world.hosts.values())
    return Result(complete, ended / 1e6, length / max(ended / 1e6, 1e-6), retransmits, world.occurrence)
