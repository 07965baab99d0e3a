"""A load generator inside the world: connections, so many at a time, that ask, take, give, or just stay open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.apps.simple import BULK
from aether.sockets import TcpSocket

if TYPE_CHECKING:
    from aether.stack import Stack

KINDS = ("http", "keepalive", "down", "up", "hold")
PORTS = {"http": 80, "keepalive": 80, "down": 19, "up": 9, "hold": 9}
"""Which of the simulated services each kind talks to: HTTP, chargen and discard."""
REQUEST = b"GET / HTTP/1.0\r\nHost: lab\r\n\r\n"
REQUEST_KEPT = b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n"
PIECE = bytes(65_536)
LENGTH = b"content-length:"


@dataclass(slots=True)
class LoadReport:
    """How far a load is; times in microseconds of world time."""

    kind: str
    asked: int
    """Requests, transfers or connections in all."""
    completed: int
    failed: int
    bytes: int
    """Payload that was received, or sent when it goes up."""
    elapsed: int
    times: list[int]
    """How long each completed one took."""
    done: bool


class Load:
    """A job of the user. `keepalive` asks again and again on the same connections; `hold` leaves them open."""

    __slots__ = (
        "address", "asked", "begun", "bytes", "clients", "completed", "concurrency", "done", "failed", "finished_at",
        "host", "kind", "port", "size", "started_at", "times",
    )

    def __init__(
        self, host: Stack, kind: str, address: bytes, port: int, asked: int, concurrency: int, size: int
    ) -> None:
        """`size` is the bytes of one transfer, up or down."""
        self.host = host
        self.kind = kind
        self.address = address
        self.port = port
        self.asked = asked
        self.concurrency = concurrency
        self.size = size
        self.clients: dict[int, _Client] = {}
        """Those that are under way, or held, by a number."""
        self.begun = self.completed = self.failed = self.bytes = 0
        self.times: list[int] = []
        self.started_at = self.finished_at = host.now
        self.done = False

    def start(self) -> None:
        """Open the first connections. OSError if there is no way to the address."""
        while not self.done and self.begun < min(self.concurrency, self.asked):
            self._open()

    def _open(self) -> None:
        self.begun += 1
        client = _Client(self, self.begun)
        client.start()
        self.clients[client.number] = client

    def more(self, client: _Client) -> bool:
        """One request of a kept connection was answered; tell whether to ask again."""
        self._count(client)
        if self.begun >= self.asked or self.done:
            return False
        self.begun += 1
        return True

    def established(self, client: _Client) -> None:
        """A connection that is only held is there; the next may come."""
        self._count(client)
        self.go_on()

    def ended(self, client: _Client, *, completed: bool) -> None:
        """One connection is over; the next may come."""
        self.clients.pop(client.number, None)
        if completed:
            self._count(client)
        else:
            self.failed += 1
        self.go_on()

    def _count(self, client: _Client) -> None:
        self.completed += 1
        self.times.append(self.host.now - client.began)

    def go_on(self) -> None:
        """Open the next connection, or come to an end."""
        if self.done:
            return
        if self.completed + self.failed >= self.asked:
            self._finish()
        elif self.begun < self.asked:
            try:
                self._open()
            except OSError:  # the way is gone: so it would be for all that follow
                self.failed = self.asked - self.completed
                self._finish()

    def _finish(self) -> None:
        self.done = True
        self.finished_at = self.host.now

    def cancel(self) -> None:
        """Give up, and close what is held."""
        if not self.done:
            self._finish()
        for client in list(self.clients.values()):
            client.socket.abort()
        self.clients.clear()

    def report(self) -> LoadReport:
        """Return what happened so far."""
        end = self.finished_at if self.done else self.host.now
        return LoadReport(
            self.kind, self.asked, self.completed, self.failed, self.bytes, end - self.started_at, list(self.times),
            self.done)


class _Client:
    """One connection of a load."""

    __slots__ = ("began", "expected", "got", "left", "load", "number", "over", "socket")

    def __init__(self, load: Load, number: int) -> None:
        self.load = load
        self.number = number
        self.socket = TcpSocket(load.host, self)
        self.began = load.host.now
        self.got = b""
        """The head of an answer, as far as it has come."""
        self.expected = -1
        """Bytes of a kept connection's answer that are still to come; -1 before its head is there."""
        self.left = load.size
        self.over = False

    def start(self) -> None:
        """Connect, and leave the request with the socket."""
        load = self.load
        self.socket.connect(load.address, load.port)
        if load.kind == "http":
            self.socket.send(REQUEST)
        elif load.kind == "keepalive":
            self.socket.send(REQUEST_KEPT)
        elif load.kind == "down":
            self.socket.send(BULK)

    def ready(self, socket: TcpSocket) -> None:
        """Go on."""
        if self.over:
            return
        try:
            getattr(self, f"_{self.load.kind}")(socket)
        except BlockingIOError:
            return
        except OSError:
            self._end(completed=False)

    def _end(self, *, completed: bool) -> None:
        self.over = True
        self.socket.close()
        self.load.ended(self, completed=completed)

    def _http(self, socket: TcpSocket) -> None:
        while data := socket.receive():
            self.load.bytes += len(data)
            self.got = self.got or data[:16]
        self._end(completed=self.got.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")))

    def _keepalive(self, socket: TcpSocket) -> None:
        while data := socket.receive():
            self.load.bytes += len(data)
            if self.expected < 0:
                self.got += data
                head, blank, data = self.got.partition(b"\r\n\r\n")
                if not blank:
                    continue
                self.got = b""
                _, found, rest = head.lower().partition(LENGTH)
                if b" 200 " not in head[:13] or not found:
                    break
                self.expected = int(rest.split(b"\r\n", 1)[0])
            self.expected -= len(data)
            if self.expected > 0:
                continue
            if not self.load.more(self):
                self.over = True
                socket.close()
                self.load.clients.pop(self.number, None)
                self.load.go_on()
                return
            self.began = self.load.host.now
            self.expected = -1
            socket.send(REQUEST_KEPT)
        self._end(completed=False)

    def _down(self, socket: TcpSocket) -> None:
        while data := socket.receive():
            self.load.bytes += len(data)
            self.left -= len(data)
            if self.left <= 0:
                self.over = True
                socket.abort()
                self.load.ended(self, completed=True)
                return
        self._end(completed=False)

    def _up(self, socket: TcpSocket) -> None:
        if self.left:
            while self.left:
                taken = socket.send(PIECE[:self.left])
                self.left -= taken
                self.load.bytes += taken
            socket.shutdown()
        if not socket.receive():  # discard closes when it has read everything
            self._end(completed=True)

    def _hold(self, socket: TcpSocket) -> None:
        if not self.got:
            socket.send(b"?")
            self.got = b"held"
            self.load.established(self)
