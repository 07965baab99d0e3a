"""An HTTP/1.1 server (RFC 9110, RFC 9112). The parser is httptools; its objects cannot be pickled, so a head is
parsed in one go when it is complete, and only bytes are kept between occurrences.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

import httptools

from aether.apps.http_body import Body, BodyError
from aether.apps.http_date import parse_date, show_date
from aether.apps.http_site import HTML, File, PathError, Site, path_of, range_of
from aether.socket_options import SIOCOUTQ
from aether.sockets import TcpSocket
from aether.tcp.short.record import ShortConnection
from aether.tcp.short.responder import Said
from aether.timers import Sleeper
from aether.wire.checksum import partial_sum

if TYPE_CHECKING:
    from aether.stack import Stack

MAX_HEAD = 16_384
"""Bytes of a request's head, at the most."""
MAX_LINE = 8_192
"""Bytes of a request line, at the most (RFC 9112 §3 asks for 8,000)."""
MAX_BODY = 1 << 20
"""Bytes of a request's body that are read to be thrown away."""
REQUEST_WITHIN = 15_000_000
"""Microseconds for a request to arrive, and for the next one to begin."""
SWEEP = 5_000_000
"""How often, in microseconds, connections are looked at that may have been silent for too long."""
CHUNK = 65_536
"""Bytes of a file that are cut out at a time."""
PREPARED = 65_536
"""Responses up to this many bytes are kept ready-made, at most `MAX_PREPARED` of them."""
MAX_PREPARED = 256
SECOND = 1_000_000

PAGE = b"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Project Aether</title></head>
<body>
<h1>Project Aether</h1>
<p>This page came through a TCP/IP stack written in Python: every segment of it was made,
numbered, acknowledged and could have been lost in plain sight.</p>
<p>Look at it: <code>tcp conns</code>, <code>frames</code>, <code>frame 1</code>.</p>
</body>
</html>
"""
REASONS = {  # RFC 9110 §15, RFC 6585 §5
    200: "OK", 206: "Partial Content", 301: "Moved Permanently", 304: "Not Modified", 400: "Bad Request",
    404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout", 413: "Content Too Large",
    414: "URI Too Long", 416: "Range Not Satisfiable", 431: "Request Header Fields Too Large", 501: "Not Implemented",
    505: "HTTP Version Not Supported",
}
METHODS = (b"GET", b"HEAD")
KNOWN = (b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH")
"""Methods that exist and are not allowed here; any other is not implemented (RFC 9110 §9.1)."""
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VERSION = re.compile(rb"HTTP/(\d)\.(\d)")


class Refusal(Exception):
    """A request that cannot be carried out: the status, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Request:
    """What httptools tells of a request's head."""

    __slots__ = ("headers", "hosts", "keep", "parser", "url")

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.keep = False
        self.url = b""
        self.headers: dict[bytes, bytes] = {}
        self.hosts = 0

    def on_url(self, url: bytes) -> None:
        """Collect the request target."""
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect one header field; lines of the same name make one list (RFC 9110 §5.3)."""
        name = name.lower()
        if name == b"host":
            self.hosts += 1
        known = self.headers.get(name)
        self.headers[name] = value if known is None else known + b", " + value

    def on_headers_complete(self) -> None:
        """Note whether the client wants to go on; the parser forgets it at the end of the message."""
        self.keep = self.parser.should_keep_alive()


class Answer:
    """A response: its head, the file that follows, and which part of it."""

    __slots__ = ("begin", "data", "end", "head", "keep")

    def __init__(self, head: bytes, data: bytes, begin: int, end: int, keep: bool) -> None:
        self.head = head
        self.data = data
        self.begin = begin
        self.end = end
        self.keep = keep


class HttpServer(Sleeper):
    """Serves a site, GET and HEAD only."""

    __slots__ = ("epoch", "host", "prepared", "prepared_at", "sessions", "site")
    request_within: ClassVar[int] = REQUEST_WITHIN

    def __init__(self, host: Stack, epoch: int = -1) -> None:
        """`epoch` is what a clock showed when the world began, in microseconds since 1970; -1 if there is none.

        Without a clock there is no Date header (RFC 9110 §6.6.1).
        """
        super().__init__()
        self.host = host
        self.epoch = epoch
        self.site = Site()
        self.site.add("/index.html", File(PAGE, HTML))
        self.prepared: dict[bytes, tuple[bytes, bool, int]] = {}
        """By the head of a request: the response, whether the connection is kept open, and what the response's words
        add up to, modulo 65535 (RFC 1071)."""
        self.prepared_at = -1
        """The second since 1970 that their dates tell."""
        self.sessions: dict[int, HttpSession | ShortConnection] = {}
        """By the numbers of their connections; in trace mode also those that were not shown to us yet."""

    def serve(self, site: Site) -> None:
        """Serve something else from now on."""
        self.site = site
        self.prepared.clear()

    def ready(self, socket: TcpSocket) -> None:
        """Accept whoever waits."""
        while socket.listener is not None and socket.listener.accepted:
            child = socket.accept()
            assert child.connection is not None
            number = child.connection.number
            child.app = self.sessions[number] = HttpSession(self, child, number)
            if len(self.sessions) == 1:
                self._sweep_next()

    def ready_answer(self, request: bytes) -> tuple[bytes, bool, int] | None:
        """Return what is prepared for exactly these bytes, None if that is nothing."""
        if self.epoch >= 0 and (self.epoch + self.host.now) // SECOND != self.prepared_at:
            return None
        return self.prepared.get(request)

    def adopt(self, socket: TcpSocket, since: int) -> None:
        """Take over a connection that has waited for a request since then, and was not shown to us before."""
        assert socket.connection is not None
        number = socket.connection.number
        first = not self.sessions
        socket.app = self.sessions[number] = session = HttpSession(self, socket, number)
        session.since = since
        if first:
            self._sweep_next()

    def expect(self, short: ShortConnection) -> None:
        """Note a connection that was not shown to us: it counts as a session."""
        self.sessions[short.number] = short
        if len(self.sessions) == 1:
            self._sweep_next()

    def leave(self, number: int) -> None:
        """Forget a connection, which was closed after its answer."""
        del self.sessions[number]

    @staticmethod
    def said(request: bytes) -> Said:
        """Return what `answer` reports of a request."""
        method, target = request.split(b" ", 2)[:2]
        words = f"{method.decode()} {target.decode('latin-1')}"
        return "http", words, HttpServer.answer, TcpSocket.shutdown

    def wake(self, now: int) -> None:
        """Look for connections that have been silent for too long."""
        self.host.now = now
        for session in list(self.sessions.values()):
            if isinstance(session, ShortConnection):
                self.host.tcp.fast.promote(session.key)
        for session in list(self.sessions.values()):
            assert isinstance(session, HttpSession)
            session.time_out(now - session.since)
        if self.sessions:
            self._sweep_next()

    def _sweep_next(self) -> None:
        """Look again at the next multiple of `SWEEP`: so it does not matter who came when."""
        self.host.queue.wake(self, (self.host.now // SWEEP + 1) * SWEEP)

    def answer(self, head: bytes) -> tuple[Answer, Body | None]:
        """Return the response to a request's head, and the body that has to be read before; Refusal."""
        request = parse(head)
        method = request.parser.get_method()
        if self.host.observer is not None:
            said = f"{method.decode()} {request.url.decode('latin-1')}"
            self.host.observer(self.host.name, "app", "http", said)
        body = body_of(request)
        keep = request.keep
        if method not in METHODS:
            keep = keep and b"expect" not in request.headers
            return self.refusal(405, f"{method.decode()} is not allowed here", keep), body  # RFC 9110 §15.5.6
        try:
            path = path_of(request.url)
        except PathError as problem:
            self.host.count("http.bad_path")
            raise Refusal(400, str(problem)) from None
        file = self.site.find(path)
        if file is None and self.site.is_folder(path):
            to = request.url.partition(b"?")[0].decode("latin-1") + "/"
            return self.refusal(301, "it is a folder", keep, f"Location: {to}\r\n", method == b"HEAD"), body
        if file is None:
            return self.refusal(404, "there is no such file", keep, head_only=method == b"HEAD"), body
        return self._file(request, file, method == b"HEAD", keep), body

    def _file(self, request: Request, file: File, head_only: bool, keep: bool) -> Answer:
        """Answer with a file, a part of it, or that it has not changed.

        RFC 9110 §8.8.2 (Last-Modified), §9.3.2 (HEAD), §13.1.3 and §13.1.5 (conditions), §14.2 (Range).
        """
        length = len(file.data)
        begin, end, status = 0, length, 200
        extra = "Accept-Ranges: bytes\r\n"
        modified = show_date(file.modified) if file.modified >= 0 else ""
        if modified:
            extra += f"Last-Modified: {modified}\r\n"
        headers = request.headers
        since = parse_date(headers.get(b"if-modified-since", b"").decode("latin-1"))
        if modified and since is not None and file.modified <= since:
            return Answer(self.head(304, keep, None, "", extra), b"", 0, 0, keep)
        whole = b"if-range" in headers and headers[b"if-range"].decode("latin-1") != (modified or None)
        asked = None if whole or head_only else headers.get(b"range")
        part = range_of(asked.decode("latin-1"), length) if asked is not None else None
        if part is not None:
            begin, end = part
            if begin >= end:
                return self.refusal(416, "beyond the end of the file", keep, f"Content-Range: bytes */{length}\r\n")
            status = 206
            extra += f"Content-Range: bytes {begin}-{end - 1}/{length}\r\n"
        head = self.head(status, keep, end - begin, file.type, extra)
        return Answer(head, file.data, begin, begin if head_only else end, keep)

    def head(self, status: int, keep: bool, length: int | None, content_type: str, extra: str = "") -> bytes:
        """Return the head of a response, with the blank line; `length` None for one that never has a body."""
        lines = f"HTTP/1.1 {status} {REASONS[status]}\r\nServer: Aether\r\n"
        if self.epoch >= 0:
            lines += f"Date: {show_date((self.epoch + self.host.now) // SECOND)}\r\n"
        if length is not None:
            lines += f"Content-Type: {content_type}\r\nContent-Length: {length}\r\n"
        return f"{lines}{extra}Connection: {'keep-alive' if keep else 'close'}\r\n\r\n".encode("latin-1")

    def refusal(self, status: int, why: str, keep: bool, extra: str = "", head_only: bool = False) -> Answer:
        """Return a response that says why there is nothing else (RFC 9110 §15.5, §15.6)."""
        body = f"<!DOCTYPE html>\n<title>{status}</title>\n<h1>{status} {REASONS[status]}</h1>\n<p>{why}</p>\n".encode()
        if status == 405:
            extra += "Allow: GET, HEAD\r\n"
        return Answer(self.head(status, keep, len(body), HTML, extra), body, 0, 0 if head_only else len(body), keep)

    def remember(self, head: bytes, answer: Answer) -> None:
        """Keep a small response ready-made; one with a date is true for this second only."""
        if self.epoch >= 0 and (now := (self.epoch + self.host.now) // SECOND) != self.prepared_at:
            self.prepared_at = now
            self.prepared.clear()
        if len(self.prepared) < MAX_PREPARED and answer.end - answer.begin <= PREPARED:
            response = answer.head + answer.data[answer.begin:answer.end]
            self.prepared[head] = response, answer.keep, partial_sum(response) % 65535


def parse(head: bytes) -> Request:
    """Read a request's head; Refusal if it is none, or asks for what does not exist (RFC 9110 §15.6.2)."""
    line = head.partition(b"\r\n")[0]
    words = line.split(b" ")
    if len(words) != 3 or not _TOKEN.fullmatch(words[0]):
        raise Refusal(400, "that is no HTTP request")
    version = _VERSION.fullmatch(words[2])
    if version is None:
        raise Refusal(400, "that is no HTTP version")
    if version[1] != b"1":
        raise Refusal(505, "only HTTP/1.0 and HTTP/1.1 are spoken here")
    if words[0] not in METHODS and words[0] not in KNOWN:
        raise Refusal(501, "no such method")
    request = Request()
    try:
        request.parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        request.keep = False  # what would follow is no HTTP/1.1
    except httptools.HttpParserError:
        raise Refusal(400, "the request is malformed") from None
    if request.hosts > 1 or (version[2] != b"0" and not request.hosts):
        raise Refusal(400, "a request names one host (RFC 9112 §3.2)")
    return request


def body_of(request: Request) -> Body | None:
    """Return what reads a request's body, None if it has none; Refusal (RFC 9112 §6.1, §6.3)."""
    coding = request.headers.get(b"transfer-encoding")
    length = request.headers.get(b"content-length")
    if coding is not None:
        if length is not None:
            raise Refusal(400, "a length and chunks at once")
        if coding.strip().lower() != b"chunked":
            raise Refusal(501, "only chunked bodies are understood")
        return Body(chunked=True)
    if length is None:
        return None
    if not length.isdigit() or len(length) > 18:
        raise Refusal(400, "the length is no number")
    if int(length) > MAX_BODY:
        raise Refusal(413, f"at most {MAX_BODY} bytes")
    return Body(int(length)) if int(length) else None


class HttpSession:
    """One connection to the server."""

    __slots__ = ("answer", "body", "head", "lingering", "number", "read", "received", "server", "since", "socket")

    def __init__(self, server: HttpServer, socket: TcpSocket, number: int) -> None:
        self.server = server
        self.socket = socket
        self.number = number
        self.received = b""
        self.answer: Answer | None = None
        """The response under way: `head` and the part of its file from `begin` on are still to be sent."""
        self.head = b""
        self.body: Body | None = None
        """The request's body, which has to be read before the answer."""
        self.read = 0
        """Bytes of it that were read."""
        self.lingering = False
        """True after a refusal: we have closed our side, and throw away what still comes (RFC 9112 §9.6)."""
        self.since = server.host.now
        """When something was heard or got away last."""

    def ready(self, socket: TcpSocket) -> None:
        """Go on: send what there is room for, answer every request that is complete (RFC 9112 §9.3.2)."""
        try:
            while self.lingering:
                if not socket.receive():
                    self._close()
                    return
            while True:
                if self.body is None and self.answer is not None and not self._send(socket):
                    return
                if self.body is None and self._next(socket):
                    continue
                if not self._receive(socket):
                    return
        except Refusal as refusal:
            self._refuse(refusal)
        except BlockingIOError:
            return
        except OSError:
            self._close()

    def _receive(self, socket: TcpSocket) -> bool:
        """Take more bytes; False when the connection is at its end."""
        data = socket.receive()
        if not data:
            self._close()
            return False
        if not self.received:
            self.since = self.server.host.now
        if self.body is None:
            self.received = self.received + data if self.received else data
        else:
            self._skip_body(data)
        return True

    def _skip_body(self, data: bytes) -> None:
        assert self.body is not None
        try:
            piece, self.received = self.body.take(data)
        except BodyError as problem:
            raise Refusal(400, str(problem)) from None
        self.read += len(piece)
        if self.read > MAX_BODY:
            raise Refusal(413, f"at most {MAX_BODY} bytes")
        if self.body.done:
            self.body = None

    def _next(self, socket: TcpSocket) -> bool:
        """Begin to answer the next request; False if none is complete."""
        received = self.received
        if received[:2] == b"\r\n":
            received = self.received = received.lstrip(b"\r\n")  # RFC 9112 §2.2
        end = received.find(b"\r\n\r\n") + 4
        if end < 4 or end > MAX_HEAD:
            if received.find(b"\r\n", 0, MAX_LINE) < 0 and len(received) > MAX_LINE:
                raise Refusal(414, f"a request line has at most {MAX_LINE} bytes")
            if len(received) > MAX_HEAD:
                raise Refusal(431, f"a head has at most {MAX_HEAD} bytes")
            return False
        head, self.received = received[:end], received[end:]
        server = self.server
        known = server.ready_answer(head) if server.host.short_cuts else None
        if known is not None:
            self.head = known[0]
            self.answer = Answer(b"", b"", 0, 0, known[1])
            return True
        if head.find(b"\r\n", 0, MAX_LINE) < 0:
            raise Refusal(414, f"a request line has at most {MAX_LINE} bytes")
        self.answer, self.body = server.answer(head)
        self.head = self.answer.head
        self.read = 0
        if self.body is None:
            server.remember(head, self.answer)
        elif self.received:
            rest, self.received = self.received, b""
            self._skip_body(rest)
        return True

    def _send(self, socket: TcpSocket) -> bool:
        """Send what is left of the response; True when all of it is on its way and another may follow.

        BlockingIOError when there is no more room: the socket calls again.
        """
        answer = self.answer
        assert answer is not None
        while self.head or answer.begin < answer.end:
            piece = answer.data[answer.begin:min(answer.begin + CHUNK, answer.end)]
            taken = socket.send(self.head + piece)
            in_head = min(taken, len(self.head))
            self.head = self.head[in_head:]
            answer.begin += taken - in_head
            self.since = self.server.host.now
        self.answer = None
        if not answer.keep:
            self._close()
            return False
        return True

    def _refuse(self, refusal: Refusal) -> None:
        """Say what is wrong, and close: what follows cannot be understood any more."""
        server = self.server
        if server.host.observer is not None:
            server.host.observer(server.host.name, "app", "http", f"{refusal.status}: {refusal}")
        server.host.count(f"http.{refusal.status}")
        answer = server.refusal(refusal.status, str(refusal), keep=False)
        try:
            self.socket.send(answer.head + answer.data)
            self.socket.shutdown()
        except OSError:
            self._close()
            return
        self.lingering = True  # a reset now could overtake the answer (RFC 9112 §9.6)
        self.received, self.answer, self.body = b"", None, None
        self.ready(self.socket)

    def time_out(self, silent: int) -> None:
        """End a connection that was silent for too long (microseconds); one amid a request hears why.

        RFC 9112 §9.5, RFC 9110 §15.5.9.
        """
        sending = (self.answer is not None and self.body is None) or self._untaken()
        stalled = self.server.host.knobs.http_stalled
        if (sending and not stalled) or silent < (stalled if sending else self.server.request_within):
            return
        if sending:
            self.server.sessions.pop(self.number, None)
            self.socket.abort()
        elif self.received or self.body is not None:
            self._refuse(Refusal(408, "the request did not come in time"))
        else:
            self._close()

    def _untaken(self) -> bool:
        """Tell whether the client has not taken all that was sent."""
        try:
            return self.socket.ioctl(SIOCOUTQ) > 0
        except OSError:
            return False

    def _close(self) -> None:
        self.server.sessions.pop(self.number, None)
        self.socket.close()
