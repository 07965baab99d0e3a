"""http get: one request over a new connection, and the answer."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.sockets import TcpSocket
from aether.wire.address import show_endpoint

if TYPE_CHECKING:
    from aether.host import Host

KEPT = 1 << 16
"""Bytes of the body that are kept to be shown; the rest is counted only."""
NEWLINE = b"\r\n"


@dataclass(slots=True)
class HttpReport:
    """How far a request is; times in microseconds, lengths in bytes."""

    url: str
    conn: int
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes
    """The first part of the body."""
    length: int
    """Length of the whole body so far."""
    expected: int
    """Content-Length; -1 if the answer did not say."""
    elapsed: int
    done: bool
    error: str


class HttpGet:
    """A GET (RFC 9110 §9.3.1) over HTTP/1.1 with `Connection: close`; a job of the user."""

    __slots__ = (
        "body", "done", "error", "expected", "finished_at", "head", "headers", "host", "length", "path", "reason",
        "socket", "started_at", "status", "url",
    )

    def __init__(self, host: Host, url: str, path: str) -> None:
        self.host = host
        self.url = url
        self.path = path
        self.socket = TcpSocket(host, self)
        self.head = b""
        self.status = 0
        self.reason = ""
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.length = 0
        self.expected = -1
        self.error = ""
        self.done = False
        self.started_at = self.finished_at = host.now

    def start(self, address: bytes, port: int) -> None:
        """Connect, and leave the request with the socket: it goes out when the handshake is done."""
        self.socket.connect(address, port)
        lines = [f"GET {self.path} HTTP/1.1", f"Host: {show_endpoint(address, port).removesuffix(':80')}",
                 "User-Agent: aether", "Accept: */*", "Connection: close", "", ""]
        self.socket.send("\r\n".join(lines).encode())

    def ready(self, socket: TcpSocket) -> None:
        """Take what has arrived."""
        try:
            while not self.done:
                data = socket.receive()
                if not data:
                    self._finish("" if self.status else "the connection was closed before an answer came")
                elif self.status:
                    self._take_body(data)
                else:
                    self._take_head(data)
        except BlockingIOError:
            return
        except OSError as problem:
            self._finish(errno.errorcode.get(problem.errno or 0, str(problem)))

    def _take_head(self, data: bytes) -> None:
        self.head += data
        head, blank, body = self.head.partition(NEWLINE * 2)
        if not blank:
            if len(self.head) > KEPT:
                self._finish("the head of the answer is too long")
            return
        first, *lines = head.split(NEWLINE)
        words = first.split(b" ", 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
            self._finish("the answer is not HTTP")
            return
        self.status = int(words[1])
        self.reason = words[2].decode("latin-1") if len(words) > 2 else ""
        for line in lines:
            name, _, value = line.partition(b":")
            self.headers.append((name.decode("latin-1"), value.strip().decode("latin-1")))
            if name.lower() == b"content-length" and value.strip().isdigit():
                self.expected = int(value)
        self.head = b""
        self._take_body(body)

    def _take_body(self, data: bytes) -> None:
        self.length += len(data)
        if len(self.body) < KEPT:
            self.body = (self.body + data)[:KEPT]
        if 0 <= self.expected <= self.length:
            self._finish("")

    def _finish(self, error: str) -> None:
        if not self.done:
            self.done = True
            self.error = error
            self.finished_at = self.host.now
            self.socket.close()

    def cancel(self) -> None:
        """Give up."""
        if not self.done:
            self._finish("cancelled")

    def report(self) -> HttpReport:
        """Return what arrived so far."""
        conn = self.socket.connection
        end = self.finished_at if self.done else self.host.now
        return HttpReport(
            self.url, conn.number if conn is not None else 0, self.status, self.reason, list(self.headers), self.body,
            self.length, self.expected, end - self.started_at, self.done, self.error,
        )
