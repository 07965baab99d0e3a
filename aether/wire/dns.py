"""DNS messages (RFC 1035 §4): header, questions and records, with names as dotted text.

Names are written without the final dot, the root as ``.``; a dot or backslash inside a label is escaped by a
backslash, other bytes that are not printable ASCII as three decimal digits (RFC 1035 §5.1).
"""

from struct import Struct
from struct import error as StructError
from typing import NamedTuple

from aether.wire.checksum import Buffer
from aether.wire.error import WireError

PORT = 53
QUERY = 0
"""The only opcode that is in use for questions."""
CLASS_IN = 1
TYPE_A = 1
TYPE_NS = 2
TYPE_CNAME = 5
TYPE_SOA = 6
TYPE_PTR = 12
TYPE_MX = 15
TYPE_TXT = 16
TYPE_AAAA = 28
TYPE_SRV = 33
TYPE_OPT = 41
TYPE_ANY = 255
TYPES = {
    TYPE_A: "A", TYPE_NS: "NS", TYPE_CNAME: "CNAME", TYPE_SOA: "SOA", TYPE_PTR: "PTR", TYPE_MX: "MX", TYPE_TXT: "TXT",
    TYPE_AAAA: "AAAA", TYPE_SRV: "SRV", TYPE_OPT: "OPT", TYPE_ANY: "ANY",
}
"""What record types are called."""
NO_ERROR = 0
FORMAT_ERROR = 1
SERVER_FAILURE = 2
NAME_ERROR = 3
NOT_IMPLEMENTED = 4
REFUSED = 5
CODES = {
    NO_ERROR: "no error", FORMAT_ERROR: "format error", SERVER_FAILURE: "server failure",
    NAME_ERROR: "no such name", NOT_IMPLEMENTED: "not implemented", REFUSED: "refused",
}
"""What response codes mean."""

MAX_UDP = 512
"""Bytes of a message over UDP when nobody said that more is welcome (RFC 1035 §4.2.1)."""
MAX_LENGTH = 65_535
MAX_RECORDS = 1000
"""More questions and records than any honest message has; reading stays cheap."""
MAX_NAME = 255
"""Bytes of a name on the wire (RFC 1035 §3.1)."""
MAX_LABEL = 63
MAX_POINTERS = 127
"""How often a name may jump: as many labels as it can have, though pointers to pointers would allow more."""
_HEADER = Struct(">HHHHHH")
_QUESTION = Struct(">HH")
_PREFERENCE = Struct(">H")
_RECORD = Struct(">HHIH")
_SOA = Struct(">IIIII")
_SRV = Struct(">HHH")
_OPTION = Struct(">HH")
_POINTER = 0xC0
_ONE_NAME = (TYPE_NS, TYPE_CNAME, TYPE_PTR)


class Mx(NamedTuple):
    """Who takes mail; the lowest preference first."""

    preference: int
    exchange: str


class Soa(NamedTuple):
    """The start of a zone; times in seconds."""

    primary: str
    mailbox: str
    serial: int
    refresh: int
    retry: int
    expire: int
    minimum: int
    """How long a missing name may be remembered (RFC 2308 §4)."""


class Srv(NamedTuple):
    """Where a service is (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str


class Options(NamedTuple):
    """The options of an OPT record, code and data; its class is the UDP size in bytes (RFC 6891 §6.1)."""

    options: tuple[tuple[int, bytes], ...] = ()


class Text(NamedTuple):
    """The strings of a TXT record, each of at most 255 bytes."""

    strings: tuple[bytes, ...]


Data = bytes | str | Mx | Soa | Srv | Options | Text
"""A, AAAA (RFC 3596 §2.1) and unknown types: bytes. NS, CNAME and PTR: a name."""


class Question(NamedTuple):
    """What is asked."""

    name: str
    type: int = TYPE_A
    klass: int = CLASS_IN


class Record(NamedTuple):
    """An answer; `ttl` in seconds."""

    name: str
    type: int
    ttl: int
    data: Data
    klass: int = CLASS_IN


class DnsMessage:
    """A query or a response."""

    __slots__ = (
        "additionals", "answers", "authoritative", "authorities", "code", "id", "opcode", "questions",
        "recursion_available", "recursion_desired", "response", "truncated",
    )

    def __init__(
        self, id: int, questions: list[Question] | None = None, *, response: bool = False, opcode: int = QUERY,
        authoritative: bool = False, truncated: bool = False, recursion_desired: bool = True,
        recursion_available: bool = False, code: int = NO_ERROR, answers: list[Record] | None = None,
        authorities: list[Record] | None = None, additionals: list[Record] | None = None,
    ) -> None:
        self.id = id
        self.response = response
        self.opcode = opcode
        self.authoritative = authoritative
        self.truncated = truncated
        """There is more; ask again over TCP."""
        self.recursion_desired = recursion_desired
        self.recursion_available = recursion_available
        self.code = code
        """The response code (RFC 1035 §4.1.1), without the upper bits that an OPT record adds."""
        self.questions = questions or []
        self.answers = answers or []
        self.authorities = authorities or []
        self.additionals = additionals or []

    @property
    def referral(self) -> str:
        """Return whom a response refers to: a name server, empty for other responses (RFC 2308 §2.2)."""
        if not self.response or self.code or self.answers or self.authoritative:
            return ""
        kinds = {record.type: record.data for record in self.authorities}
        server = kinds.get(TYPE_NS)
        return server if isinstance(server, str) and TYPE_SOA not in kinds else ""


def parse(data: Buffer) -> DnsMessage:
    """Read a message; WireError `dns.truncated`, `dns.name` or `dns.malformed`."""
    raw = bytes(data)
    try:
        return _Reader(raw).message()
    except (StructError, IndexError):
        raise WireError("dns.truncated", f"{len(raw)} bytes") from None


class _Reader:
    """Reads one message from its start to its end."""

    __slots__ = ("at", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 0

    def message(self) -> DnsMessage:
        number, bits, *counts = self.take(_HEADER)
        if sum(counts) > MAX_RECORDS:
            raise WireError("dns.malformed", f"{sum(counts)} records")
        message = DnsMessage(
            number, response=bool(bits & 0x8000), opcode=bits >> 11 & 15, authoritative=bool(bits & 0x0400),
            truncated=bool(bits & 0x0200), recursion_desired=bool(bits & 0x0100),
            recursion_available=bool(bits & 0x0080), code=bits & 15,
        )
        message.questions = [Question(self.name(), *self.take(_QUESTION)) for _ in range(counts[0])]
        message.answers = [self.record() for _ in range(counts[1])]
        message.authorities = [self.record() for _ in range(counts[2])]
        message.additionals = [self.record() for _ in range(counts[3])]
        return message

    def take(self, layout: Struct) -> tuple[int, ...]:
        """Read fixed fields; struct.error beyond the end."""
        values = layout.unpack_from(self.raw, self.at)
        self.at += layout.size
        return values

    def octets(self, end: int) -> bytes:
        value, self.at = self.raw[self.at:end], end
        return value

    def name(self) -> str:
        """Read a name, following pointers: each must point further back than the one before (RFC 1035 §4.1.4)."""
        raw, at = self.raw, self.at
        labels: list[str] = []
        length = 1
        lowest = at
        after = pointers = 0
        while raw[at]:
            size = raw[at]
            if size >= _POINTER:
                target = (size & 0x3F) << 8 | raw[at + 1]
                after = after or at + 2
                if target >= lowest:
                    raise WireError("dns.name", f"a pointer at byte {at} does not point back")
                pointers += 1
                if pointers > MAX_POINTERS:  # chains that all records share would be much work for few bytes
                    raise WireError("dns.name", f"more than {MAX_POINTERS} pointers")
                at = lowest = target
                continue
            if size > MAX_LABEL:
                raise WireError("dns.name", f"an unknown kind of label, 0x{size:02x}, at byte {at}")
            length += size + 1
            if length > MAX_NAME:
                raise WireError("dns.name", f"longer than {MAX_NAME} bytes")
            labels.append(_show_label(raw[at + 1:at + 1 + size]))
            at += 1 + size
        self.at = after or at + 1
        return ".".join(labels) or "."

    def record(self) -> Record:
        name = self.name()
        kind, klass, ttl, length = self.take(_RECORD)
        end = self.at + length
        if end > len(self.raw):
            raise WireError("dns.truncated", f"a record of {length} bytes, and {len(self.raw) - self.at} are left")
        data = self.data(kind, end)
        if self.at != end:
            raise WireError("dns.malformed", f"{TYPES.get(kind, kind)} data that is no {length} bytes long")
        return Record(name, kind, ttl, data, klass)

    def data(self, kind: int, end: int) -> Data:
        if kind in _ONE_NAME:
            return self.name()
        if kind == TYPE_MX:
            return Mx(self.take(_PREFERENCE)[0], self.name())
        if kind == TYPE_SOA:
            return Soa(self.name(), self.name(), *self.take(_SOA))
        if kind == TYPE_SRV:
            priority, weight, port = self.take(_SRV)
            return Srv(priority, weight, port, self.name())
        if kind == TYPE_TXT:
            strings = []
            while self.at < end:
                start = self.at + 1
                strings.append(self.octets(start + self.raw[self.at])[1:])
            return Text(tuple(strings))
        if kind == TYPE_OPT:
            options = []
            while self.at < end:
                code, length = self.take(_OPTION)
                options.append((code, self.octets(self.at + length)))
            return Options(tuple(options))
        wanted = {TYPE_A: 4, TYPE_AAAA: 16}.get(kind, end - self.at)
        return self.octets(self.at + wanted)


def _show_label(label: bytes) -> str:
    if label.isalnum():
        return label.decode("ascii")
    return "".join([_show_octet(octet) for octet in label])


def _show_octet(octet: int) -> str:
    if octet in b".\\":
        return "\\" + chr(octet)
    return chr(octet) if 0x21 <= octet <= 0x7E else f"\\{octet:03d}"


def labels_of(name: str) -> list[bytes]:
    """Return the labels of a dotted name; ValueError for one that cannot be on the wire."""
    if name in (".", ""):
        return []
    labels = [bytearray()]
    at = 0
    while at < len(name):
        letter = name[at]
        if letter == ".":
            labels.append(bytearray())
            at += 1
        elif letter == "\\":
            digits = name[at + 1:at + 4]
            numeric = len(digits) == 3 and digits.isascii() and digits.isdigit()
            if not digits or not digits[0].isascii() or (numeric and int(digits) > 255):
                raise ValueError(f"a wrong escape in the name {name!r}")
            code = int(digits) if numeric else ord(digits[0])
            labels[-1].append(code)
            at += 4 if numeric else 2
        elif letter.isascii():
            labels[-1].append(ord(letter))
            at += 1
        else:
            raise ValueError(f"a name has ASCII letters only; write {name!r} in its encoded form, xn--...")
    if not labels[-1]:
        labels.pop()
    if not all(labels):
        raise ValueError(f"an empty label in the name {name!r}")
    if any(len(label) > MAX_LABEL for label in labels):
        raise ValueError(f"a label has at most {MAX_LABEL} bytes: {name!r}")
    if sum(len(label) + 1 for label in labels) + 1 > MAX_NAME:
        raise ValueError(f"a name has at most {MAX_NAME} bytes: {name!r}")
    return [bytes(label) for label in labels]


def build(message: DnsMessage, limit: int = MAX_LENGTH) -> bytes:
    """Return the message's bytes, names compressed (RFC 1035 §4.1.4).

    A message above `limit` bytes keeps its questions only, and says that it is truncated. ValueError for names,
    strings and data that cannot be on the wire.
    """
    raw = _Writer().message(message, message.truncated, (message.answers, message.authorities, message.additionals))
    if len(raw) > limit:
        raw = _Writer().message(message, True, ([], [], []))
    return raw


class _Writer:
    """Writes one message, and remembers where names are."""

    __slots__ = ("names", "out")

    def __init__(self) -> None:
        self.out = bytearray()
        self.names: dict[tuple[bytes, ...], int] = {}

    def message(self, message: DnsMessage, truncated: bool, sections: tuple[list[Record], ...]) -> bytes:
        bits = message.opcode << 11 | message.code
        for bit, flag in (
            (0x8000, message.response), (0x0400, message.authoritative), (0x0200, truncated),
            (0x0100, message.recursion_desired), (0x0080, message.recursion_available),
        ):
            if flag:
                bits |= bit
        self.out += _HEADER.pack(message.id, bits, len(message.questions), *map(len, sections))
        for question in message.questions:
            self.name(question.name)
            self.out += _QUESTION.pack(question.type, question.klass)
        for section in sections:
            for record in section:
                self.record(record)
        return bytes(self.out)

    def name(self, name: str, compress: bool = True) -> None:
        labels = tuple(labels_of(name))
        for index, label in enumerate(labels):
            known = self.names.get(labels[index:])
            if known is not None and compress:
                self.out += (_POINTER << 8 | known).to_bytes(2, "big")
                return
            if known is None and len(self.out) <= 0x3FFF:
                self.names[labels[index:]] = len(self.out)
            self.out.append(len(label))
            self.out += label
        self.out.append(0)

    def record(self, record: Record) -> None:
        self.name(record.name)
        start = len(self.out)
        self.out += _RECORD.pack(record.type, record.klass, record.ttl, 0)
        self.data(record.type, record.data)
        length = len(self.out) - start - _RECORD.size
        if length > MAX_LENGTH:
            raise ValueError(f"a record's data has at most {MAX_LENGTH} bytes, not {length}")
        self.out[start + _RECORD.size - 2:start + _RECORD.size] = length.to_bytes(2, "big")

    def data(self, kind: int, data: Data) -> None:
        if isinstance(data, str):
            self.name(data)
        elif isinstance(data, Mx):
            self.out += _PREFERENCE.pack(data.preference)
            self.name(data.exchange)
        elif isinstance(data, Soa):
            self.name(data.primary)
            self.name(data.mailbox)
            self.out += _SOA.pack(*data[2:])
        elif isinstance(data, Srv):
            self.out += _SRV.pack(*data[:3])
            self.name(data.target, compress=False)  # RFC 2782
        elif isinstance(data, Text):
            for string in data.strings:
                if len(string) > 255:
                    raise ValueError(f"a string of a TXT record has at most 255 bytes, not {len(string)}")
                self.out.append(len(string))
                self.out += string
        elif isinstance(data, Options):
            for code, value in data.options:
                self.out += _OPTION.pack(code, len(value)) + value
        elif len(data) != {TYPE_A: 4, TYPE_AAAA: 16}.get(kind, len(data)):
            raise ValueError(f"{TYPES[kind]} data is no {len(data)} bytes long")
        else:
            self.out += data


def framed(message: bytes) -> bytes:
    """Return a message as it stands in a stream, with its length in front of it (RFC 1035 §4.2.2)."""
    return len(message).to_bytes(2, "big") + message


def unframed(stream: bytes) -> tuple[bytes | None, bytes]:
    """Return the first message of a stream, None if it is not whole yet, and what follows it (RFC 1035 §4.2.2)."""
    end = 2 + int.from_bytes(stream[:2], "big")
    return (stream[2:end], stream[end:]) if 2 <= len(stream) >= end else (None, stream)
