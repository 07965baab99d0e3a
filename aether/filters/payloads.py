"""DNS, DHCP and HTTP messages, read as far as their bytes go.

The stack's own parsers refuse what is malformed; here whatever can be read can be asked about.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError
from typing import Any, NamedTuple

_DNS_HEADER = Struct("!HHHHHH")
_QUESTION = Struct("!HH")
_RECORD = Struct("!HHIH")
_SOA = Struct("!5I")
_DHCP_HEADER = Struct("!BBBBIHH4s4s4s4s16s64s128s4s")

MAX_NAME = 255
"""Characters of a DNS name (RFC 1035 §2.3.4)."""
MAX_RECORDS = 400
"""Records of a DNS message that are looked at."""
MAX_OPTIONS = 400
"""Options of a DHCP message that are looked at."""


class DnsQuestion(NamedTuple):
    """A question of a DNS message."""

    name: str
    type: int
    cls: int


class Resource(NamedTuple):
    """A resource record; `values` are its data, by the names of fields."""

    name: str
    type: int
    cls: int
    ttl: int
    length: int
    values: tuple[tuple[str, Any], ...]


class DnsView:
    """A DNS message (RFC 1035 §4)."""

    __slots__ = ("data", "header", "questions", "records")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.header = _DNS_HEADER.unpack_from(data)
        """Identifier, flags, and the four counts."""
        self.questions: list[DnsQuestion] = []
        self.records: list[Resource] = []
        place = 12
        try:
            for _ in range(min(self.header[2], MAX_RECORDS)):
                name, place = self._name(place)
                self.questions.append(DnsQuestion(name, *_QUESTION.unpack_from(data, place)))
                place += 4
            for _ in range(min(sum(self.header[3:]), MAX_RECORDS)):
                place = self._record(place)
        except (ValueError, IndexError, StructError):
            return

    def _name(self, place: int) -> tuple[str, int]:
        """Return the name at `place`, and the place behind it; ValueError for a loop."""
        data = self.data
        labels: list[str] = []
        behind = -1
        length = 0
        while size := data[place]:
            if size >= 0xC0:
                if behind < 0:
                    behind = place + 2
                target = (size & 0x3F) << 8 | data[place + 1]
                if target >= place:
                    raise ValueError("a pointer points forward")
                place = target
                continue
            length += size + 1
            if size > 63 or length > MAX_NAME or place + size >= len(data):
                raise ValueError("a name is too long")
            labels.append(data[place + 1:place + 1 + size].decode("utf-8", "replace"))
            place += 1 + size
        return ".".join(labels) or "<Root>", place + 1 if behind < 0 else behind

    def _record(self, place: int) -> int:
        name, place = self._name(place)
        length: int
        kind, cls, ttl, length = _RECORD.unpack_from(self.data, place)
        place += 10
        end: int = place + length
        if end > len(self.data):
            raise ValueError("a record is cut off")
        self.records.append(Resource(name, kind, cls, ttl, length, tuple(self._values(kind, place, end))))
        return end

    def _values(self, kind: int, place: int, end: int) -> list[tuple[str, Any]]:
        data = self.data
        if kind == 1 and end - place == 4:
            return [("dns.a", data[place:end])]
        if kind == 28 and end - place == 16:
            return [("dns.aaaa", data[place:end])]
        if kind in _NAMES:
            return [(_NAMES[kind], self._name(place)[0])]
        if kind == 15:
            preference = data[place] << 8 | data[place + 1]
            return [("dns.mx.preference", preference), ("dns.mx.mail_exchange", self._name(place + 2)[0])]
        if kind == 6:
            primary, place = self._name(place)
            mailbox, place = self._name(place)
            return [("dns.soa.mname", primary), ("dns.soa.rname", mailbox),
                    *zip(_SOA_FIELDS, _SOA.unpack_from(data, place), strict=True)]
        if kind == 33 and end - place >= 7:
            numbers = [data[at] << 8 | data[at + 1] for at in (place, place + 2, place + 4)]
            return [*zip(_SRV_FIELDS, numbers, strict=True), ("dns.srv.target", self._name(place + 6)[0])]
        values: list[tuple[str, Any]] = []
        if kind == 16:
            while place < end:
                values.append(("dns.txt", data[place + 1:min(place + 1 + data[place], end)].decode("utf-8", "replace")))
                place += 1 + data[place]
        return values


_NAMES = {2: "dns.ns", 5: "dns.cname", 12: "dns.ptr.domain_name"}
_SOA_FIELDS = (
    "dns.soa.serial_number", "dns.soa.refresh_interval", "dns.soa.retry_interval", "dns.soa.expire_limit",
    "dns.soa.minimum_ttl")
_SRV_FIELDS = ("dns.srv.priority", "dns.srv.weight", "dns.srv.port")


class DhcpView:
    """A DHCP message (RFC 2131 §2), with its options in their order, as they are on the wire."""

    __slots__ = ("header", "options")

    def __init__(self, data: bytes) -> None:
        self.header: tuple[Any, ...] = _DHCP_HEADER.unpack_from(data)
        """op, htype, hlen, hops, xid, secs, flags, four addresses, chaddr, sname, file, cookie."""
        self.options: list[tuple[int, bytes]] = []
        place = 240
        while place < len(data) and len(self.options) < MAX_OPTIONS:
            kind = data[place]
            place += 1
            if kind == 255:
                self.options.append((kind, b""))
                break
            if kind == 0:
                continue
            if place >= len(data):
                break
            length = data[place]
            self.options.append((kind, data[place + 1:place + 1 + length]))
            place += 1 + length

    def option(self, kind: int) -> list[bytes]:
        """Return the data of every option of this kind."""
        return [data for found, data in self.options if found == kind]


METHODS = frozenset((
    b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH", b"PROPFIND", b"PROPPATCH",
    b"MKCOL", b"COPY", b"MOVE", b"LOCK", b"UNLOCK", b"SEARCH", b"NOTIFY", b"SUBSCRIBE", b"UNSUBSCRIBE", b"REPORT",
))


class HttpView:
    """The beginning of an HTTP message, or a piece from its middle."""

    __slots__ = ("body", "data", "headers", "is_message", "lines", "request", "response")

    def __init__(self, data: bytes, on_port: bool) -> None:
        self.data = data
        self.request: tuple[str, str, str] | None = None
        """Method, URI and version."""
        self.response: tuple[str, int, str] | None = None
        """Version, status code and phrase."""
        self.lines: list[str] = []
        """The lines of the header, with their ends."""
        self.headers: list[tuple[str, str]] = []
        """Names in small letters, and their values."""
        self.body = b""
        first, found, rest = data.partition(b"\n")
        line = first.removesuffix(b"\r")
        self._first_line(line)
        self.is_message = self.response is not None or (
            self.request is not None and (on_port or b" HTTP/" in line))
        """Whether an HTTP message begins here: on a port of other things, it has to name the protocol."""
        if not self.is_message:
            self.request = None
        else:
            self._headers(rest if found else b"")

    def _first_line(self, line: bytes) -> None:
        words = line.split(b" ", 2)
        if words[0].startswith(b"HTTP/"):
            code = words[1] if len(words) > 1 else b""
            if code.isdigit() and len(code) == 3:
                self.response = _text(words[0]), int(code), _text(words[2]) if len(words) > 2 else ""
        elif words[0] in METHODS and len(words) > 1:
            self.request = _text(words[0]), _text(words[1]), _text(words[2]) if len(words) > 2 else ""

    def _headers(self, rest: bytes) -> None:
        while rest:
            line, found, rest = rest.partition(b"\n")
            line = line.removesuffix(b"\r")
            if not line:
                self.body = rest
                return
            self.lines.append(_text(line) + ("\r\n" if found else ""))
            name, colon, value = line.partition(b":")
            if colon:
                self.headers.append((_text(name).strip().lower(), _text(value).strip()))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
