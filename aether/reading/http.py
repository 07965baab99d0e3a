"""HTTP/1 (RFC 9112), as far as it stands in one segment."""

from __future__ import annotations

from aether.reading.context import IpLayer
from aether.reading.layout import Field
from aether.reading.tcp import HTTP, PAYLOAD
from aether.reading.tree import Cursor, Protocol, Tree
from aether.reading.types import BOOLEAN, BYTES, TEXT, UINT16, UINT64

PORTS = frozenset((80, 3128, 3132, 5985, 8080, 8088, 11371, 1900, 2869, 2710))
"""Where Wireshark expects HTTP."""
METHODS = frozenset((
    b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH", b"PROPFIND", b"PROPPATCH",
    b"MKCOL", b"COPY", b"MOVE", b"LOCK", b"UNLOCK", b"SEARCH", b"NOTIFY", b"SUBSCRIBE", b"UNSUBSCRIBE", b"REPORT",
))
BEGINNINGS = (b"HTTP/", *(method + b" " for method in sorted(METHODS)))
"""How a message may begin."""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _field(name: str, label: str, help: str, *, part: bool = False) -> Field:
    return Field(f"http.{name}", TEXT, label, help, part=part)


REQUEST = Field("http.request", BOOLEAN, "a request", "a request begins here", only_true=True, hidden=True)
RESPONSE = Field("http.response", BOOLEAN, "a response", "a response begins here", only_true=True, hidden=True)
METHOD = _field("request.method", "method", "GET, HEAD, POST, …")
URI = _field("request.uri", "uri", "what is asked for")
REQUEST_VERSION = _field("request.version", "version", "HTTP/1.0 or HTTP/1.1")
FULL_URI = Field("http.request.full_uri", TEXT, "full uri", "what is asked for, with the host", hidden=True)
RESPONSE_VERSION = _field("response.version", "version", "HTTP/1.0 or HTTP/1.1")
CODE = Field("http.response.code", UINT16, "code", "200 OK, 404 not found, …")
PHRASE = _field("response.phrase", "phrase", "the code in words")
REQUEST_LINE = _field("request.line", "line", "each line of a request's header")
RESPONSE_LINE = _field("response.line", "line", "each line of a response's header")
CONTENT_LENGTH = Field("http.content_length", UINT64, "bytes", "the body's length in bytes", part=True)
BODY = Field("http.body", BYTES, "body", "the part of the body in this segment", ours=True, hidden=True)
FILE_DATA = _field("file_data", "body", "the part of the body in this segment, as text")
HEADERS = {
    header: _field(header.replace("-", "_"), header.replace("-", "_"), help, part=True) for header, help in (
        ("host", "the host that is asked"), ("user-agent", "the client's program"),
        ("accept", "the types that the client takes"), ("server", "the server's program"),
        ("date", "when it was sent"), ("connection", "keep-alive or close"), ("content-type", "what the body is"),
        ("content-encoding", "how the body is packed"), ("transfer-encoding", "how the body travels"),
        ("location", "where to look instead"), ("referer", "the page that led here"),
        ("cookie", "the client's cookies"), ("set-cookie", "a cookie for the client"),
        ("cache-control", "what may be kept"), ("last-modified", "when the page was changed"),
        ("accept-language", "the languages that the client takes"),
        ("accept-encoding", "how the client takes bodies packed"))
}
"""Fields of the header that have a name of their own."""
HEADERS["content-length"] = _field("content_length_header", "content_length_header",
                                   "the body's length as it was written", part=True)


class FirstLine:
    """The beginning of an HTTP message: the words of its first line, and whether it is one at all."""

    __slots__ = ("is_request", "is_response", "size", "words")

    def __init__(self, data: bytes, on_port: bool) -> None:
        first, found, _ = data.partition(b"\n")
        line = first.removesuffix(b"\r")
        self.size = len(first) + len(found)
        """Bytes of the first line, with its end."""
        self.words = words = line.split(b" ", 2)
        self.is_response = words[0].startswith(b"HTTP/") and len(words) > 1 and len(words[1]) == 3 and (
            words[1].isdigit())
        self.is_request = words[0] in METHODS and len(words) > 1 and (on_port or b" HTTP/" in line)
        """On a port of other things, it has to name the protocol."""


def on_port(ports: tuple[int, int]) -> bool:
    """Tell whether one of the ports is HTTP's."""
    return ports[0] in PORTS or ports[1] in PORTS


def read(tree: Tree, start: int, end: int, ip: IpLayer | None) -> int:
    """Read a segment's payload if it is HTTP; return where it begins if it is not."""
    frame = tree.frame
    at = ip.payload if ip is not None else start
    ports = int.from_bytes(frame[at:at + 2], "big"), int.from_bytes(frame[at + 2:at + 4], "big")
    message = FirstLine(frame[start:end], on_port(ports))
    begins_here = message.is_request or message.is_response
    if not begins_here and not (tree.context is not None and tree.context.http):
        return start
    layer = tree.layer(PROTOCOL, start, end - start)
    cursor = Cursor(tree, layer, start, end)
    cursor.add(PAYLOAD, start, end - start, frame[start:end])
    if begins_here:
        words = [_text(word) for word in message.words]
        layer.summary = " ".join(words[:2]) if message.is_request else " ".join([*words[1:], ""][:2])
        _first_line(cursor, message)
        _header(cursor, message.is_request, words[1])
    else:
        layer.summary = f"{end - start} bytes of a message that began before"
    _body(cursor)
    return end


def _first_line(cursor: Cursor, message: FirstLine) -> None:
    """Add the words of the first line where they stand."""
    at, words = cursor.at, message.words
    if message.is_request:
        cursor.add(REQUEST, at, message.size, True)
        fields = METHOD, URI, REQUEST_VERSION
    else:
        cursor.add(RESPONSE, at, message.size, True)
        fields = RESPONSE_VERSION, CODE, PHRASE
    for index, field in enumerate(fields):
        word = words[index] if index < len(words) else b""
        if word or message.is_request:
            cursor.add(field, at, len(word), int(word) if field is CODE else _text(word))
        at = min(at + len(word) + 1, cursor.end)
    cursor.at += message.size


def _header(cursor: Cursor, request: bool, uri: str) -> None:
    """Add the lines of the header, and what they say."""
    frame, host = cursor.frame, ""
    while cursor.left:
        stop = frame.find(b"\n", cursor.at, cursor.end) + 1
        size = (stop or cursor.end) - cursor.at
        raw = frame[cursor.at:cursor.at + size]
        line = raw.removesuffix(b"\n").removesuffix(b"\r")
        if not line:
            cursor.skip(size)
            break
        name, colon, value = _text(line).partition(":")
        cursor.add(REQUEST_LINE if request else RESPONSE_LINE, cursor.at, size,
                   _text(line) + ("\r\n" if stop else ""), _text(line))
        field = HEADERS.get(name.strip().lower()) if colon else None
        if field is not None:
            value = value.strip()
            cursor.add(field, cursor.at, size, value)
            if name.strip().lower() == "host":
                host = host or value
            if field.name == "http.content_length_header" and value.isascii() and value.isdecimal() and (
                    len(value) < 19):
                cursor.add(CONTENT_LENGTH, cursor.at, size, int(value))
        cursor.skip(size)
    if request and host:
        whole = cursor.frame.startswith(b"CONNECT ", cursor.start) or uri.lower().startswith(("http://", "https://"))
        cursor.add(FULL_URI, cursor.start, 0, uri if whole else f"http://{host}{uri}")


def _body(cursor: Cursor) -> None:
    if cursor.left:
        body = cursor.peek(cursor.left)
        cursor.add(BODY, cursor.at, len(body), body)
        cursor.add(FILE_DATA, cursor.at, len(body), _text(body), f"{len(body)} bytes: {_text(body[:40])}")


PROTOCOL = Protocol("http", "HTTP", "w", "HTTP", (
    REQUEST, RESPONSE, METHOD, URI, REQUEST_VERSION, FULL_URI, RESPONSE_VERSION, CODE, PHRASE, REQUEST_LINE,
    RESPONSE_LINE, *HEADERS.values(), CONTENT_LENGTH, FILE_DATA, BODY), read, ((HTTP, 0),))
