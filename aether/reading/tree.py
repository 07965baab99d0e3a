"""A frame while it is read: its layers, and the fields that are found one after the other.

A reader is given a `Tree` and adds what it finds, each field with its place, its value and perhaps words for it. Who
only wants values gives it a `Values`, which keeps nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from aether.reading.context import Context, IpLayer
from aether.reading.layout import Field
from aether.reading.link import LINK, link_type_of
from aether.reading.types import BYTES, UINT32
from aether.wire.error import WireError

DEPTH = 32
"""How many protocols may be inside each other; what is deeper is data. Wireshark does not go much further."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol: what it is called, its fields, and who reads it."""

    name: str
    """As Wireshark calls it, and the first part of its fields' names."""
    title: str
    """As people write it, such as ``IPv4``."""
    key: str
    """One letter that marks its bytes in a dump."""
    help: str
    fields: tuple[Field, ...]
    read: Callable[[Tree, int, int, IpLayer | None], int]
    """Takes a tree, where the header begins, where the packet ends at the latest, and the IPv4 packet around it. It
    returns where it ended, and never raises: what cannot be read is left out, and `ReadLayer.problem` says why."""
    over: tuple[tuple[str, int], ...] = ()
    """What says that it follows: a field of the protocol below, such as `eth.type`, `ip.proto` or `udp.port`, and its
    value; or `link` and a link type."""
    also: tuple[str, ...] = ()
    """Other protocols whose fields it has as well."""
    inner: Callable[[bytes, int, int], Within | None] | None = None
    """What a frame of this protocol carries that begins and ends so; None where it carries no frame or packet, and for
    a protocol that carries none."""


class Within(NamedTuple):
    """What a protocol carries: the field that says what it is, the field's value, and where it begins and ends."""

    field: str
    value: int
    start: int
    end: int


class CutShort(Exception):
    """The packet ends inside a header, or what it says cannot be."""


class Found(NamedTuple):
    """A field of a frame."""

    field: Field
    label: str
    offset: int
    """Where it begins in the frame, in bytes."""
    length: int
    value: Any
    words: str
    part: bool

    @property
    def text(self) -> str:
        """Its value as Wireshark's JSON has it."""
        return self.field.text(self.value)


class ReadLayer:
    """One header, or the data, of a frame."""

    __slots__ = ("fields", "key", "length", "name", "offset", "problem", "summary")

    def __init__(self, key: str, name: str, offset: int, length: int, summary: str) -> None:
        self.key = key
        self.name = name
        self.offset = offset
        self.length = length
        self.summary = summary
        self.fields: list[Any] = []
        """Each a `Found`, unless the tree makes something else of them."""
        self.problem = ""
        """What is malformed, or empty."""


class Tree:
    """The layers of one frame, and what is known of its conversation."""

    frame_at = 0
    """Where the frame of Ethernet begins that is being read: it is padded to a least length."""
    _depth = 0
    wordy = True
    """Whether anybody wants words: readers need not look for any where nobody does."""

    def __init__(
        self, frame: bytes, context: Context | None, protocols: Mapping[tuple[str, int], Protocol],
    ) -> None:
        self.frame = frame
        self.context = context
        self.protocols = protocols
        """Which protocol follows, by the field that says so and its value."""
        self.layers: list[ReadLayer] = []

    def read(self) -> None:
        """Read the whole frame, from what its link type says."""
        self.inside(LINK, link_type_of(self.frame), 0, len(self.frame), None)

    def layer(self, protocol: Protocol, offset: int, length: int, summary: str = "", quoted: bool = False) -> ReadLayer:
        """Begin a layer; the letter of a quoted one is a capital."""
        return self.begin(protocol.key.upper() if quoted else protocol.key, protocol.name, offset, length, summary)

    def begin(self, key: str, name: str, offset: int, length: int, summary: str) -> ReadLayer:
        """Begin a layer of any name."""
        layer = ReadLayer(key, name, offset, length, summary)
        self.layers.append(layer)
        return layer

    def inside(self, field: str, value: int, start: int, end: int, ip: IpLayer | None) -> int:
        """Read what follows a field that says what it is; as data where no protocol does. Return where it ends."""
        protocol = self.protocols.get((field, value))
        if protocol is not None and self._depth < DEPTH:
            self._depth += 1
            return protocol.read(self, start, end, ip)
        self.data(start, end)
        return end

    def within(self, found: Within | None, end: int, ip: IpLayer | None) -> int:
        """Read what a protocol carries; return where it ends, `end` if that is nowhere."""
        return end if found is None else self.inside(*found, ip)

    def data(self, offset: int, end: int, field: Field | None = None) -> None:
        """Add a layer of bytes that nobody here takes apart."""
        if end > offset:
            data = self.frame[offset:end]
            shown = data[:16].decode("utf-8", "surrogateescape") + ("…" if len(data) > 16 else "")
            layer = self.begin("d", "data", offset, len(data), f"{len(data)} byte{'s' * (len(data) != 1)}")
            self.add(layer, field or DATA, offset, len(data), data, shown, DATA.label, False)
            if not self.wordy:
                if field is not None:
                    self.add(layer, DATA, offset, len(data), data)
                self.add(layer, DATA_LENGTH, offset, len(data), len(data))

    def add(
        self, layer: ReadLayer, field: Field, offset: int, length: int, value: Any, words: str | None = None,
        label: str = "", part: bool | None = None,
    ) -> None:
        """Add a field to a layer."""
        if field.hidden:
            return
        if words is None:
            said = field.words
            words = field.text(value) if said is None else said(value)
        layer.fields.append(Found(
            field, label or field.label, offset, length, value, words, field.part if part is None else part))


class Values(Tree):
    """Only the values of the fields, by their names, each in the order of the frame."""

    wordy = False

    def __init__(
        self, frame: bytes, context: Context | None, protocols: Mapping[tuple[str, int], Protocol],
    ) -> None:
        super().__init__(frame, context, protocols)
        self.found: dict[str, list[Any]] = {}

    def add(
        self, layer: ReadLayer, field: Field, offset: int, length: int, value: Any, words: str | None = None,
        label: str = "", part: bool | None = None,
    ) -> None:
        """Keep a value."""
        values = self.found.get(field.name)
        if values is None:
            self.found[field.name] = [value]
        else:
            values.append(value)


DATA = Field("data.data", BYTES, "bytes", "what no protocol here takes apart")
DATA_LENGTH = Field("data.len", UINT32, "length", "how many bytes that are", hidden=True)


class Cursor:
    """Reads the fields of one layer from `at` to `end`."""

    __slots__ = ("at", "end", "frame", "layer", "start", "tree")

    def __init__(self, tree: Tree, layer: ReadLayer, at: int, end: int) -> None:
        self.tree = tree
        self.frame = tree.frame
        self.layer = layer
        self.start = at
        self.at = at
        self.end = end

    @property
    def left(self) -> int:
        """How many bytes there are."""
        return self.end - self.at

    def peek(self, length: int, skip: int = 0) -> bytes:
        """Return the next bytes without taking them; CutShort if they are not there."""
        begin = self.at + skip
        if begin + length > self.end:
            raise CutShort
        return self.frame[begin:begin + length]

    def skip(self, length: int) -> bytes:
        """Take bytes that are not shown; CutShort if they are not there."""
        data = self.peek(length)
        self.at += length
        return data

    def number(self, length: int, skip: int = 0) -> int:
        """Return the number that the next bytes are, without taking them."""
        return int.from_bytes(self.peek(length, skip), "big")

    def take(self, field: Field, words: str | None = None, *, size: int = 0, label: str = "") -> Any:
        """Add the next bytes as a field, and return its value; CutShort if they are not there."""
        size = size or field.width
        at = self.at
        stop = at + size
        if stop > self.end:
            raise CutShort
        value = field.of(self.frame[at:stop])
        self.tree.add(self.layer, field, at, size, value, words, label)
        self.at = stop
        return value

    def add(
        self, field: Field, offset: int, length: int, value: Any, words: str | None = None, *, label: str = "",
        part: bool | None = None,
    ) -> None:
        """Add a field wherever it is."""
        self.tree.add(self.layer, field, offset, length, value, words, label, part)

    def header(self, *fields: Field) -> None:
        """Add fields of the fixed header, where they are declared to stand; CutShort if they are not there."""
        frame, start, end, layer, add = self.frame, self.start, self.end, self.layer, self.tree.add
        stop = self.at
        for field in fields:
            at, width = start + field.at, field.width
            stop = at + width
            if stop > end:
                raise CutShort
            add(layer, field, at, width, field.of(frame[at:stop]))
        self.at = stop


def problem_of(error: WireError) -> str:
    """Return what a parser of the stack has to object."""
    return f"{error.reason}: {error.detail}" if error.detail else error.reason
