"""A small HTTP server (RFC 9112). The parser is httptools; its objects cannot be pickled, so a head is parsed
in one go when it is complete, and only bytes are kept between occurrences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httptools

if TYPE_CHECKING:
    from aether.host import Host
    from aether.sockets import TcpSocket

MAX_HEAD = 16_384
"""Bytes of a request's head, at the most."""

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
REASONS = {
    200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 431: "Request Header Fields Too Large",
}


class Request:
    """What httptools tells of a request's head."""

    __slots__ = ("headers", "keep", "parser", "url")

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.keep = False
        self.url = b""
        self.headers: dict[bytes, bytes] = {}

    def on_url(self, url: bytes) -> None:
        """Collect the request target."""
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect one header field."""
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Note whether the client wants to go on; the parser forgets it at the end of the message."""
        self.keep = self.parser.should_keep_alive()


def response(status: int, body: bytes, keep: bool, content_type: str = "text/html; charset=utf-8") -> bytes:
    """Return a whole response."""
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}\r\nServer: Aether\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: {'keep-alive' if keep else 'close'}\r\n"
    )
    if status == 405:
        head += "Allow: GET, HEAD\r\n"
    return head.encode() + b"\r\n" + body


class HttpServer:
    """Serves one page at `/`."""

    __slots__ = ("host", "pages", "prepared")

    def __init__(self, host: Host) -> None:
        self.host = host
        self.pages: dict[bytes, bytes] = {b"/": PAGE}
        self.prepared: dict[tuple[bytes, bool], bytes] = {
            (path, keep): response(200, body, keep) for path, body in self.pages.items() for keep in (False, True)
        }

    def ready(self, socket: TcpSocket) -> None:
        """Accept whoever waits."""
        while socket.listener is not None and socket.listener.accepted:
            child = socket.accept()
            child.app = HttpSession(self)

    def answer(self, head: bytes) -> tuple[bytes, bool]:
        """Return the response to a request's head, and whether the connection is kept open."""
        request = Request()
        try:
            request.parser.feed_data(head)
        except httptools.HttpParserError:
            return response(400, b"<h1>400 Bad Request</h1>\n", keep=False), False
        keep = request.keep
        method = request.parser.get_method()
        path = request.url.partition(b"?")[0]
        if method not in (b"GET", b"HEAD"):
            return response(405, b"<h1>405 Method Not Allowed</h1>\n", keep=False), False
        answer = self.prepared.get((path, keep))
        if answer is None:
            answer = response(404, b"<h1>404 Not Found</h1>\n", keep)
        if self.host.observer is not None:
            self.host.observer(self.host.name, "app", "http", f"{method.decode()} {path.decode('latin-1')}")
        if method == b"HEAD":
            answer = answer[:answer.index(b"\r\n\r\n") + 4]
        return answer, keep


class HttpSession:
    """One connection to the server."""

    __slots__ = ("received", "server")

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.received = b""

    def ready(self, socket: TcpSocket) -> None:
        """Answer every request that is complete (RFC 9112 §9.3.2: pipelining)."""
        try:
            data = socket.receive()
        except BlockingIOError:
            return
        except OSError:
            socket.close()
            return
        if not data:
            socket.close()
            return
        self.received = self.received + data if self.received else data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head, self.received = self.received[:end + 4], self.received[end + 4:]
            answer, keep = self.server.answer(head)
            try:
                socket.send(answer)
            except OSError:
                keep = False
            if not keep:
                socket.close()
                return
        if len(self.received) > MAX_HEAD:
            socket.send(response(431, b"<h1>431 Request Header Fields Too Large</h1>\n", keep=False))
            socket.close()
