"""What a field is, and how the tables declare those that every layer of a kind has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aether.filters.record import Record
from aether.filters.values import PROTOCOL, Type

Getter = Callable[[Record], Sequence[Any]]
"""Returns every value that a field has in a record; none if it has no such field."""

FRAME, EVENT, ANY = "frame", "event", "any"
"""What a field is about: a frame as such, an event, or either."""


@dataclass(frozen=True, slots=True)
class Field:
    """What an expression can ask of a record: how it is read, and what its values are."""

    name: str
    type: Type
    help: str
    get: Getter
    about: str = FRAME
    """FRAME, EVENT or ANY: decides which records an expression is asked of."""
    names: Mapping[str, int] | None = None
    """Names of values, in small letters, that may stand for their numbers."""
    choices: Callable[[], Iterable[str]] | None = None
    """The only words that make sense, if they can be counted."""
    examples: tuple[str, ...] = ()
    """Words to offer where others make sense too."""
    whole: Getter | None = None
    """What `contains` and `matches` search in a protocol: from its beginning to the end of the packet."""
    ours: bool = False
    """Whether Wireshark has no such field."""
    only_true: bool = False
    """Whether it exists only when it is true, as `frame.lost` does."""

    @property
    def protocol(self) -> str:
        """Return the first part of the name."""
        return self.name.partition(".")[0]


def layer_field(
    layer: str, name: str, kind: Type, help: str, read: Callable[[Any, Record], Any], **more: Any
) -> Field:
    """Declare a field with one value in each layer of a kind; `read` returns None where it is absent."""
    def get(record: Record) -> Sequence[Any]:
        layers = getattr(record.packet or record.dissect(), layer)
        if len(layers) == 1:
            value = read(layers[0], record)
            return () if value is None else (value,)
        return [value for value in [read(part, record) for part in layers] if value is not None]
    return Field(name, kind, help, get, **more)


def spread_field(
    layer: str, name: str, kind: Type, help: str, read: Callable[[Any, Record], Iterable[Any]], **more: Any
) -> Field:
    """Declare a field that may have several values in each layer of a kind."""
    def get(record: Record) -> Sequence[Any]:
        return [value for part in getattr(record.packet or record.dissect(), layer) for value in read(part, record)]
    return Field(name, kind, help, get, **more)


def protocol_field(layer: str, name: str, help: str, span: Callable[[Any, Record], tuple[int, int, int]]) -> Field:
    """Declare a protocol; `span` returns where its header begins and ends, and where its packet ends."""
    def header(record: Record) -> Sequence[bytes]:
        packet = record.packet or record.dissect()
        return [packet.data[start:end] for start, end, _ in (span(part, record) for part in getattr(packet, layer))]

    def whole(record: Record) -> Sequence[bytes]:
        packet = record.packet or record.dissect()
        return [packet.data[start:end] for start, _, end in (span(part, record) for part in getattr(packet, layer))]
    return Field(name, PROTOCOL, help, header, whole=whole)
