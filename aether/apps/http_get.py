"""http get: a request and its answer; names are looked up, and redirections followed."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin

from aether.apps.http_body import Body, BodyError
from aether.socket_options import SOL_TCP, TCP_FASTOPEN_CONNECT
from aether.sockets import TcpSocket
from aether.wire.address import AddressError, parse_ip

if TYPE_CHECKING:
    from aether.apps.dns_resolver import Lookup, Resolving

KEPT = 1 << 16
"""Bytes of the body that are kept to be shown; the rest is counted only."""
MAX_REDIRECTS = 10
REDIRECTS = (301, 302, 303, 307, 308)
NEWLINE = b"\r\n"


class UrlError(ValueError):
    """A URL that cannot be fetched; the text says why."""


class Url(NamedTuple):
    """Where a page is: a name or an address, a port, and the path with its query."""

    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        return self.host if self.port == 80 else f"{self.host}:{self.port}"


def parse_url(text: str) -> Url:
    """Read a URL; without a scheme, http is meant. UrlError."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    if scheme.lower() != "http":
        raise UrlError(f"only http:// is spoken here, not {scheme}://")
    rest = rest.partition("#")[0]
    end = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    authority, path = rest[:end], rest[end:]
    path = path if path.startswith("/") else "/" + path
    host, colon, port = authority.rpartition(":")
    if not colon:
        host, port = authority, "80"
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise UrlError(f"{text}: port must be a number from 1 to 65535, not {port!r}")
    if not host or "@" in host:
        raise UrlError(f"{text}: a host belongs there, by name or address")
    if not (host + path).isascii() or any(letter <= " " or letter == "\x7f" for letter in host + path):
        raise UrlError(f"{text}: a URL has no blanks and only ASCII; write others as %20 and the like")
    return Url(host, int(port), path)


@dataclass(slots=True)
class HttpProgress:
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
    redirects: list[str]
    """The URLs that pointed here."""
    elapsed: int
    done: bool
    error: str


class HttpGet:
    """A GET (RFC 9110 §9.3.1) over a connection that the server may keep (RFC 9112 §9.3); a job of the user."""

    __slots__ = (
        "body", "done", "early", "error", "expected", "finished_at", "following", "head", "headers", "host", "kept",
        "length", "lookup", "reader", "reason", "redirects", "reused", "socket", "started_at", "status", "url",
    )

    def __init__(self, host: Resolving, url: str, early: bool = False) -> None:
        self.host = host
        self.early = early
        """Whether the request goes with the SYN, as far as it may."""
        self.url = url
        self.redirects: list[str] = []
        self.lookup: Lookup | None = None
        self.socket = TcpSocket(host, self)
        self.reused = False
        """True if the connection has brought an answer before: it may be closed before it brings another."""
        self._clear()
        self.error = ""
        self.done = False
        self.started_at = self.finished_at = host.now

    def _clear(self) -> None:
        self.head = b""
        self.status = 0
        self.reason = ""
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.length = 0
        self.expected = -1
        self.following = ""
        """Where a redirection leads to, while its own body is still read; empty otherwise."""
        self.kept = False
        """True if the server leaves the connection open behind an answer whose end can be told."""
        self.reader: Body | None = None

    def start(self) -> None:
        """Connect, or look the name up first. UrlError, or OSError of the connection."""
        url = parse_url(self.url)
        try:
            address = parse_ip(url.host)
        except AddressError:
            if url.host.replace(".", "").isdigit():
                raise UrlError(f"{self.url}: {url.host} is neither an address nor a name") from None
            try:
                self.lookup = self.host.resolver.resolve(url.host, asker=self)
            except ValueError as problem:
                raise UrlError(f"{self.url}: {problem}") from None
            self.lookup.start()
            return
        self._connect(address, url)

    def resolved(self, lookup: Lookup) -> None:
        """Connect to the address that a name stands for."""
        addresses = [each.data for each in lookup.found if isinstance(each.data, bytes)]
        if not addresses:
            why = lookup.error or lookup.report().code
            self._finish(f"{lookup.name}: {'no address' if why == 'no error' else why}")
            return
        try:
            self._connect(addresses[0], parse_url(self.url))
        except OSError as problem:
            self._finish(_name(problem))

    def _connect(self, address: bytes, url: Url) -> None:
        """Leave the request with the socket: it goes out when the handshake is done."""
        if self.early:
            self.socket.set_option(SOL_TCP, TCP_FASTOPEN_CONNECT, 1)
        self.socket.connect(address, url.port)
        self._ask(url)

    def _ask(self, url: Url) -> None:
        lines = [f"GET {url.path} HTTP/1.1", f"Host: {url.authority}", "User-Agent: aether", "Accept: */*", "", ""]
        self.socket.send("\r\n".join(lines).encode("ascii"))

    def ready(self, socket: TcpSocket) -> None:
        """Take what has arrived."""
        try:
            while not self.done and socket is self.socket:
                data = socket.receive()
                if not data:
                    self._ended()
                elif self.status:
                    self._take_body(data)
                else:
                    self._take_head(data)
        except BlockingIOError:
            return
        except OSError as problem:
            if self._is_stale():
                self._follow(anew=True)
            else:
                self._finish(_name(problem))

    def _ended(self) -> None:
        """The server closed: whether that is the end of the body depends on how it was announced (RFC 9112 §8)."""
        if self.following or self._is_stale():
            self._follow(anew=True)
        elif not self.status:
            self._finish("the connection was closed before an answer came")
        elif self.reader is not None and (self.expected >= 0 or self._is_chunked()):
            self._finish(f"the connection was closed in the middle, after {self.length} bytes")
        else:
            self._finish("")

    def _is_stale(self) -> bool:
        """Whether the server has given a kept connection up without an answer (RFC 9112 §9.3.1)."""
        return self.reused and not self.status and not self.head

    def _take_head(self, data: bytes) -> None:
        self.head += data
        head, blank, body = self.head.partition(NEWLINE * 2)
        while blank and head[:10].endswith(b" 1"):  # an interim response (RFC 9110 §15.2)
            self.head = body
            head, blank, body = body.partition(NEWLINE * 2)
        if not blank:
            if len(self.head) > KEPT:
                self._finish("the head of the answer is too long")
            return
        first, *lines = head.split(NEWLINE)
        words = first.split(b" ", 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or len(words[1]) != 3 or not words[1].isdigit():
            self._finish("the answer is not HTTP/1.1")
            return
        self.head = b""
        self.status = int(words[1])
        self.reason = words[2].decode("latin-1") if len(words) > 2 else ""
        for line in lines:
            name, _, value = line.partition(b":")
            self.headers.append((name.decode("latin-1"), value.strip().decode("latin-1")))
        length = self._header("content-length")
        chunked = self._is_chunked()
        if length and not chunked and length.isascii() and length.isdigit() and len(length) < 18:
            self.expected = int(length)
        if self.status in (204, 304):
            self.expected = 0
        self.reader = Body(None if self.expected < 0 else self.expected, chunked)
        closes = "close" in self._header("connection").lower()
        self.kept = words[0] == b"HTTP/1.1" and not closes and (chunked or self.expected >= 0)
        if self.status in REDIRECTS and self._header("location"):
            self._redirect()
        if not self.done and self.status:
            self._take_body(body)

    def _header(self, wanted: str) -> str:
        return next((value for name, value in self.headers if name.lower() == wanted), "")

    def _is_chunked(self) -> bool:
        return self._header("transfer-encoding").lower() == "chunked"

    def _redirect(self) -> None:
        """Go on elsewhere, as the answer says (RFC 9110 §15.4): behind its body if the connection is good for that."""
        self.redirects.append(self.url)
        if len(self.redirects) > MAX_REDIRECTS:
            self._finish(f"more than {MAX_REDIRECTS} redirections: they lead nowhere")
            return
        base = self.url if "://" in self.url else f"http://{self.url}"
        try:
            self.following = urljoin(base, self._header("location"))
            same = parse_url(self.following).authority.lower() == parse_url(base).authority.lower()
        except ValueError as problem:
            self._finish(str(problem))
            return
        if not (self.kept and same):
            self._follow(anew=True)

    def _follow(self, anew: bool) -> None:
        """Ask for what a redirection leads to, over a new connection or the one that there is."""
        self.url = self.following or self.url
        self._clear()
        self.reused = not anew
        try:
            if anew:
                self.socket.abort()
                self.socket = TcpSocket(self.host, self)
                self.start()
            else:
                self._ask(parse_url(self.url))
        except UrlError as problem:
            self._finish(str(problem))
        except OSError as problem:
            self._finish(_name(problem))

    def _take_body(self, data: bytes) -> None:
        assert self.reader is not None
        try:
            piece, _ = self.reader.take(data)
        except BodyError as problem:
            self._finish(str(problem))
            return
        self.length += len(piece)
        if len(self.body) < KEPT:
            self.body = (self.body + piece)[:KEPT]
        if self.following:
            if self.reader.done or self.length > KEPT:
                self._follow(anew=not self.reader.done)
        elif self.reader.done:
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
            if self.lookup is not None:
                self.lookup.cancel()
            self._finish("cancelled")

    def report(self) -> HttpProgress:
        """Return what arrived so far."""
        conn = self.socket.connection
        end = self.finished_at if self.done else self.host.now
        return HttpProgress(
            self.url, conn.number if conn is not None else 0, self.status, self.reason, list(self.headers), self.body,
            self.length, self.expected, list(self.redirects), end - self.started_at, self.done, self.error,
        )


def _name(problem: OSError) -> str:
    return errno.errorcode.get(problem.errno or 0, str(problem))
