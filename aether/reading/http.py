"""HTTP/1 (RFC 9112), as far as it stands in one segment: all messages of it."""

from __future__ import annotations

from base64 import b64decode
from contextlib import suppress
from http import HTTPStatus

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


BODILESS = "204", "304"
"""Codes of answers that have no body (RFC 9110 §6.4.1)."""
BODIES = (("text/", "data-text-lines"), ("application/json", "json"), ("application/x-www-form-urlencoded",
          "urlencoded-form"), ("application/xml", "xml"), ("image/png", "png"), ("image/gif", "image-gif"),
          ("image/jpeg", "image-jfif"))
"""What Wireshark calls bodies of HTTP that it reads."""
TEXTUAL = *(kind for kind, _ in BODIES), "image/", "multipart/"
"""Types of bodies that Wireshark has a protocol for; others are data."""
MEANINGS = {int(status): status.phrase for status in HTTPStatus}
"""What codes mean."""


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
FIRST = Field("http.first_line", TEXT, "line", "the first line of a message", ours=True, hidden=True)
PATH = Field("http.request.uri.path", TEXT, "path", "what is asked for, up to the question mark", part=True)
QUERY = Field("http.request.uri.query", TEXT, "query", "what stands behind the question mark", part=True)
PARAMETER = Field("http.request.uri.query.parameter", TEXT, "parameter", "each part of the query", part=True)
MEANING = _field("response.code.desc", "means", "what the code means", part=True)
COOKIE = _field("cookie_pair", "cookie", "each of the client's cookies", part=True)
BASIC = _field("authbasic", "name and password", "the name and the password, which are in the clear", part=True)
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
        ("accept-encoding", "how the client takes bodies packed"), ("authorization", "who the client says that it is"),
        ("www-authenticate", "how the client is to say who it is"), ("x-forwarded-for", "whom a proxy speaks for"))
}
"""Fields of the header that have a name of their own."""
HEADERS["content-length"] = _field("content_length_header", "content_length_header",
                                   "the body's length as it was written", part=True)


class FirstLine:
    """The beginning of an HTTP message: the words of its first line, and whether it is one at all."""

    __slots__ = ("is_request", "is_response", "several", "size", "words")

    def __init__(self, data: bytes, on_port: bool) -> None:
        first, found, rest = data.partition(b"\n")
        self.several = b"HTTP/1." in rest
        """Whether another message may follow in the same bytes."""
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
    at = start
    while at < end:
        at = _message(tree, start, at, end, message)
        message = FirstLine(frame[at:end], on_port(ports))
    return end


def _message(tree: Tree, begin: int, start: int, end: int, message: FirstLine) -> int:
    """Read a message, the first of which begins at `begin`; return where it ends."""
    layer = tree.layer(PROTOCOL, start, end - start)
    cursor = Cursor(tree, layer, start, end)
    if start == begin:
        cursor.add(PAYLOAD, start, end - start, tree.frame[start:end])
    kind = ""
    if message.is_request or message.is_response:
        words = [_text(word) for word in message.words]
        layer.summary = " ".join(words[:2]) if message.is_request else " ".join([*words[1:], ""][:2])
        _first_line(cursor, message)
        length, kind = _header(cursor, message.is_request, words[1])
        length = length if length >= 0 else 0 if message.is_request or words[1] in BODILESS else cursor.left
        stop = min(cursor.at + length, end)
        if stop < end and not _begins(tree.frame, stop, end):
            stop = end
    else:
        stop = end
        layer.summary = f"{end - start} bytes of a message that began before"
    layer.length = stop - start
    body = Cursor(tree, layer, cursor.at, stop)
    _body(body)
    if body.left and not tree.wordy and not kind.startswith(TEXTUAL):
        tree.data(body.at, stop)
    return stop


def _begins(frame: bytes, start: int, end: int) -> bool:
    """Tell whether another message begins here."""
    message = FirstLine(frame[start:end], False)
    return message.is_request or message.is_response


def _first_line(cursor: Cursor, message: FirstLine) -> None:
    """Add the words of the first line where they stand."""
    at, words = cursor.at, message.words
    line = cursor.frame[at:at + message.size]
    cursor.add(FIRST, at, len(line), _text(line).replace("\r", "\\r").replace("\n", "\\n"))
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
            if field is CODE:
                cursor.add(MEANING, at, len(word), MEANINGS.get(int(word), "Unknown"))
            elif field is URI:
                _uri(cursor, at, _text(word))
        at = min(at + len(word) + 1, cursor.end)
    cursor.at += message.size


def _uri(cursor: Cursor, at: int, uri: str) -> None:
    """Add the parts of what is asked for, if it has a query."""
    path, mark, query = uri.partition("?")
    if not mark:
        return
    cursor.add(PATH, at, len(path), path)
    cursor.add(QUERY, at + len(path) + 1, len(query), query)
    for each in query.split("&"):
        cursor.add(PARAMETER, at + len(path) + 1, len(query), each)


def _header(cursor: Cursor, request: bool, uri: str) -> tuple[int, str]:
    """Add the lines of the header, and what they say; return the body's length, -1 for any, and its type."""
    frame, host, length, kind = cursor.frame, "", -1, ""
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
            elif field is HEADERS["content-type"]:
                kind = value.lower()
            elif field is HEADERS["transfer-encoding"] and length < 0:
                length = cursor.end - cursor.start
            elif field is HEADERS["cookie"]:
                for pair in value.split(";"):
                    cursor.add(COOKIE, cursor.at, size, pair.strip())
            elif field is HEADERS["authorization"] and value.startswith("Basic "):
                _credentials(cursor, size, value[6:])
            if field.name == "http.content_length_header" and value.isascii() and value.isdecimal() and (
                    len(value) < 19):
                length = int(value)
                cursor.add(CONTENT_LENGTH, cursor.at, size, length)
        cursor.skip(size)
    if request and host:
        whole = cursor.frame.startswith(b"CONNECT ", cursor.start) or uri.lower().startswith(("http://", "https://"))
        cursor.add(FULL_URI, cursor.start, 0, uri if whole else f"http://{host}{uri}")
    return length, kind


def _credentials(cursor: Cursor, size: int, coded: str) -> None:
    """Add name and password, which are as good as in the clear (RFC 7617)."""
    with suppress(ValueError):
        cursor.add(BASIC, cursor.at, size, _text(b64decode(coded.strip(), validate=True)))


def _body(cursor: Cursor) -> None:
    if cursor.left:
        body = cursor.peek(cursor.left)
        cursor.add(BODY, cursor.at, len(body), body)
        cursor.add(FILE_DATA, cursor.at, len(body), _text(body), f"{len(body)} bytes: {_text(body[:40])}")


PROTOCOL = Protocol("http", "HTTP", "w", "HTTP", (
    REQUEST, RESPONSE, METHOD, URI, PATH, QUERY, PARAMETER, REQUEST_VERSION, FULL_URI, RESPONSE_VERSION, CODE, MEANING,
    PHRASE, REQUEST_LINE, RESPONSE_LINE, *HEADERS.values(), COOKIE, BASIC, CONTENT_LENGTH, FILE_DATA, FIRST, BODY,
), read, ((HTTP, 0),))
