"""HTTP/1 (RFC 9112), as far as it stands in one segment."""

from collections.abc import Callable, Sequence
from typing import Any

from aether.filters.field import Field
from aether.filters.payloads import HttpView
from aether.filters.record import Record
from aether.filters.values import BOOLEAN, BYTES, PROTOCOL, TEXT, UINT16, UINT64, Type


def _view(record: Record) -> HttpView | None:
    """Return the HTTP in a frame: a message that begins there, or what follows one in its connection."""
    packet = record.packet or record.dissect()
    view = packet.http if packet.tcp else None
    if view is None or view.is_message:
        return view
    context = record.conversation()
    return view if context is not None and context.http else None


def _http(name: str, kind: Type, help: str, read: Callable[[HttpView], Any], **more: Any) -> Field:
    def get(record: Record) -> Sequence[Any]:
        view = _view(record)
        value = None if view is None else read(view)
        return () if value is None else (value,)
    return Field(name, kind, help, get, **more)


def _several(name: str, kind: Type, help: str, read: Callable[[HttpView], Sequence[Any]], **more: Any) -> Field:
    def get(record: Record) -> Sequence[Any]:
        view = _view(record)
        return () if view is None else read(view)
    return Field(name, kind, help, get, **more)


def _request(name: str, help: str, index: int) -> Field:
    return _http(name, TEXT, help, lambda http: http.request[index] if http.request else None)


def _header(name: str, help: str, header: str) -> Field:
    return _several(name, TEXT, help, lambda http: [value for found, value in http.headers if found == header])


def _lines(http: HttpView, wanted: object) -> Sequence[str]:
    return http.lines if wanted is not None else ()


def _content_length(http: HttpView) -> Sequence[int]:
    return [int(value) for name, value in http.headers
            if name == "content-length" and value.isascii() and value.isdecimal() and len(value) < 19]


def _full_uri(http: HttpView) -> str | None:
    host = next((value for name, value in http.headers if name == "host"), "")
    return f"http://{host}{http.request[1]}" if http.request and host else None


def _bytes(record: Record) -> Sequence[bytes]:
    view = _view(record)
    return () if view is None else (view.data,)


FIELDS = (
    Field("http", PROTOCOL, "HTTP", _bytes, whole=_bytes),
    _http("http.request", BOOLEAN, "a request begins here", lambda http: True if http.request else None,
          only_true=True),
    _http("http.response", BOOLEAN, "a response begins here", lambda http: True if http.response else None,
          only_true=True),
    _request("http.request.method", "GET, HEAD, POST, …", 0),
    _request("http.request.uri", "what is asked for", 1),
    _request("http.request.version", "HTTP/1.0 or HTTP/1.1", 2),
    _http("http.request.full_uri", TEXT, "what is asked for, with the host", _full_uri),
    _http("http.response.version", TEXT, "HTTP/1.0 or HTTP/1.1", lambda http: http.response and http.response[0]),
    _http("http.response.code", UINT16, "200 OK, 404 not found, …", lambda http: http.response and http.response[1]),
    _http("http.response.phrase", TEXT, "the code in words", lambda http: http.response and http.response[2]),
    _several("http.request.line", TEXT, "each line of a request's header",
             lambda http: _lines(http, http.request)),
    _several("http.response.line", TEXT, "each line of a response's header",
             lambda http: _lines(http, http.response)),
    _header("http.host", "the host that is asked", "host"),
    _header("http.user_agent", "the client's program", "user-agent"),
    _header("http.accept", "the types that the client takes", "accept"),
    _header("http.server", "the server's program", "server"),
    _header("http.date", "when it was sent", "date"),
    _header("http.connection", "keep-alive or close", "connection"),
    _header("http.content_type", "what the body is", "content-type"),
    _header("http.content_length_header", "the body's length as it was written", "content-length"),
    _several("http.content_length", UINT64, "the body's length in bytes", _content_length),
    _header("http.content_encoding", "how the body is packed", "content-encoding"),
    _header("http.transfer_encoding", "how the body travels", "transfer-encoding"),
    _header("http.location", "where to look instead", "location"),
    _header("http.referer", "the page that led here", "referer"),
    _header("http.cookie", "the client's cookies", "cookie"),
    _header("http.set_cookie", "a cookie for the client", "set-cookie"),
    _header("http.cache_control", "what may be kept", "cache-control"),
    _header("http.last_modified", "when the page was changed", "last-modified"),
    _http("http.body", BYTES, "the part of the body in this segment", lambda http: http.body or None, ours=True),
)
