"""HTTP/1 (RFC 9112), as far as it stands in one segment."""

from __future__ import annotations

from aether.filters.packet import HTTP_PORTS
from aether.filters.payloads import HttpView
from shell.reading.dissect.tree import Reader, Tree, colons
from shell.reading.escape import printable

_FIELDS = {
    "host": "host", "user-agent": "user_agent", "accept": "accept", "server": "server", "date": "date",
    "connection": "connection", "content-type": "content_type", "content-length": "content_length_header",
    "content-encoding": "content_encoding", "transfer-encoding": "transfer_encoding", "location": "location",
    "referer": "referer", "cookie": "cookie", "set-cookie": "set_cookie", "cache-control": "cache_control",
    "last-modified": "last_modified", "accept-language": "accept_language", "accept-encoding": "accept_encoding",
}
"""Fields of the header that have a name of their own."""


def http_message(tree: Tree, start: int, end: int, ports: tuple[int, int], quoted: bool) -> bool:
    """Take a segment's payload apart if it is HTTP; tell whether it is."""
    if start >= end or quoted:
        return False
    on_port = bool(HTTP_PORTS & set(ports))
    view = HttpView(tree.frame[start:end], on_port)
    spoken = tree.context is not None and tree.context.http
    if not view.is_message and not spoken:
        return False
    layer = tree.layer("w", "http", start, end - start)
    reader = Reader(tree, layer, start, end)
    reader.add("tcp.payload", "all bytes", start, end - start, colons(view.data), part=True)
    if not view.is_message:
        layer.summary = f"{end - start} bytes of a message that began before"
        _body(reader, view.data)
        return True
    if view.request is not None:
        layer.summary = printable(f"{view.request[0]} {view.request[1]}")
        _first_line(reader, tuple(zip(("method", "uri", "version"), view.request, strict=True)), "request")
    elif view.response is not None:
        version, code, phrase = view.response
        layer.summary = printable(f"{code} {phrase}")
        _first_line(reader, (("version", version), ("code", str(code)), ("phrase", phrase)), "response")
    _header(reader, view, "request" if view.request is not None else "response")
    _body(reader, view.body)
    return True


def _body(reader: Reader, body: bytes) -> None:
    if body:
        said = f"{len(body)} bytes: {printable(body[:40].decode('utf-8', 'replace'))}"
        reader.add("http.file_data", "body", reader.end - len(body), len(body), body.decode("utf-8", "replace"), said)


def _first_line(reader: Reader, words: tuple[tuple[str, str], ...], kind: str) -> None:
    """Add the words of the first line where they stand."""
    first = reader.frame[reader.at:reader.end].partition(b"\n")[0].removesuffix(b"\r").split(b" ", 2)
    sizes = [len(each) for each in first] + [0, 0, 0]
    for (name, word), size in zip(words, sizes, strict=False):
        if word or kind == "request":
            reader.add(f"http.{kind}.{name}", name, reader.at, size, word, printable(word))
        reader.at = min(reader.at + size + 1, reader.end)
    line_end = reader.frame.find(b"\n", reader.layer.offset, reader.end)
    reader.at = line_end + 1 if line_end >= 0 else reader.end


def _header(reader: Reader, view: HttpView, kind: str) -> None:
    """Add the lines of the header, and what they say."""
    for line in view.lines:
        stop = reader.frame.find(b"\n", reader.at, reader.end)
        size = (stop + 1 if stop >= 0 else reader.end) - reader.at
        name, colon, value = line.partition(":")
        reader.add(f"http.{kind}.line", "line", reader.at, size, line, printable(line.rstrip("\r\n")))
        field = _FIELDS.get(name.strip().lower()) if colon else None
        if field:
            reader.add(f"http.{field}", field, reader.at, size, value.strip(), printable(value.strip()), part=True)
        if field == "content_length_header" and value.strip().isdecimal() and len(value.strip()) < 19:
            reader.add("http.content_length", "bytes", reader.at, size, str(int(value)), part=True)
        reader.at += size
